#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

#include "check.h"
#include "score/features.h"

using namespace synthrl::score;

namespace {

std::vector<float> noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
  std::vector<float> out(size);
  for (float& x : out) x = uniform(random);
  return out;
}

// Sample `i`, which may lie beyond the ends, of a sound mirrored there.
float mirrored(const std::vector<float>& audio, std::ptrdiff_t i) {
  const auto last = static_cast<std::ptrdiff_t>(audio.size()) - 1;
  if (i < 0) i = -i;
  if (i > last) i = 2 * last - i;
  return audio[static_cast<std::size_t>(i)];
}

}  // namespace

TEST(every_frame_is_centred_on_its_hop) {
  std::vector<float> ones(kFftSize, 1.0f);
  LaneBuffer frame(kFftSize);
  for (const std::size_t size :
       std::vector<std::size_t>{kMinSamples, kMinSamples + 1, 767, 768, 2048, 5000, 88'200}) {
    const std::vector<float> audio = noise(size, static_cast<unsigned>(size));
    const FrameGrid grid(size);
    CHECK_EQ(grid.num_frames, size / 256 + 1);
    Frames frames(grid);
    frames.load(noise(size, 9), 1.0f);  // must leave no trace
    frames.load(audio, 0.5f);
    std::size_t seen = 0, wrong = 0;
    for (std::size_t group = 0; group < grid.num_groups; ++group) {
      frames.copy_windowed(group, ones.data(), frame.data());
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        if (!grid.has_frame(group, lane)) continue;
        ++seen;
        const std::size_t start = (lane * grid.num_groups + group) * kHop;
        for (std::size_t i = 0; i < kFftSize; ++i) {
          const auto at = static_cast<std::ptrdiff_t>(start + i) - 512;
          wrong += frame[i][lane] != mirrored(audio, at) / 0.5f;
        }
      }
    }
    CHECK_EQ(seen, grid.num_frames);
    CHECK_EQ(wrong, 0u);
  }
}

TEST(the_peak_is_that_of_the_shifted_sound) {
  CHECK_EQ(render_peak(std::vector<float>{0.25f, -0.5f, 0.125f}), std::abs(-0.5f + 1e-5f));
  CHECK_EQ(render_peak(std::vector<float>(3, 0.0f)), 1e-5f);
  CHECK_EQ(render_peak(std::vector<float>(1000, -1e-5f)), 0.0f);
  for (std::size_t at : {0u, 500u, 999u}) {
    std::vector<float> audio(1000, 2.0f);
    audio[at] = -std::numeric_limits<float>::infinity();
    CHECK(std::isinf(render_peak(audio)));
    audio[at] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(render_peak(audio)));
  }
}

TEST(mel_filters_have_equal_areas_and_cover_the_spectrum) {
  const MelFilters mel(kSampleRate);
  constexpr double kBinHz = kSampleRate / kFftSize;
  for (std::size_t band = 0; band < kNumBands; ++band) {
    double area = 0;
    for (std::size_t bin = 0; bin < kNumBins; ++bin) {
      area += static_cast<double>(mel.weight(band, bin)) * kBinHz;
    }
    // Narrow triangles are sampled coarsely: the error is quadratic in bins per width.
    CHECK(area > 0);
    if (band > 60) CHECK(std::abs(area - 1.0) < 0.05);
  }
  for (std::size_t bin = 1; bin + 1 < kNumBins; ++bin) {
    float sum = 0;
    for (std::size_t band = 0; band < kNumBands; ++band) sum += mel.weight(band, bin);
    CHECK(sum > 0.0f);
  }
}

TEST(bands_are_the_weighted_sums_of_bins) {
  const MelFilters mel(kSampleRate);
  const std::vector<float> values = noise(kNumBins * kLanes, 3);
  LaneBuffer power(kNumBins), bands(kNumBands);
  for (std::size_t bin = 0; bin < kNumBins; ++bin) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      power[bin][lane] = values[bin * kLanes + lane];
  }
  mel.apply(power.data(), bands.data());
  for (std::size_t band = 0; band < kNumBands; ++band) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      double expected = 0;
      for (std::size_t bin = 0; bin < kNumBins; ++bin) {
        expected +=
            static_cast<double>(mel.weight(band, bin)) * static_cast<double>(power[bin][lane]);
      }
      CHECK(std::abs(static_cast<double>(bands[band][lane]) - expected) < 1e-7);
    }
  }
}

TEST(coefficients_are_the_direct_cosine_transform_of_raised_levels) {
  const CosineTransform cosines;
  constexpr float kFloor = -0.3f;
  const std::vector<float> values = noise(kNumBands * kLanes, 4);
  LaneBuffer levels(kNumBands), got(kNumCoefficients);
  for (std::size_t band = 0; band < kNumBands; ++band) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      levels[band][lane] = values[band * kLanes + lane];
    }
  }
  cosines.apply(levels.data(), kFloor, got.data());
  for (std::size_t k = 0; k < kNumCoefficients; ++k) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      double expected = 0;
      for (std::size_t band = 0; band < kNumBands; ++band) {
        const double level = std::max(levels[band][lane], kFloor);
        expected += level * std::cos(std::numbers::pi * static_cast<double>(k) *
                                     (static_cast<double>(band) + 0.5) / kNumBands);
      }
      expected *= std::sqrt((k == 0 ? 1.0 : 2.0) / kNumBands);
      CHECK(std::abs(static_cast<double>(got[k][lane]) - expected) < 2e-6);
    }
  }
}

TEST(levels_end_80_db_below_the_loudest_frame) {
  // A loud half and a half that is 100 dB quieter, which counts as 80 dB quieter.
  std::vector<float> audio = noise(20'000, 5), louder = audio;
  for (std::size_t i = 10'000; i < audio.size(); ++i) {
    audio[i] *= 1e-5f;
    louder[i] *= 3e-5f;
  }
  FeatureExtractor extractor{FrameGrid(audio.size())};
  const std::size_t groups = extractor.grid().num_groups;
  std::vector<float> mean_level[2];
  for (const bool is_louder : {false, true}) {
    extractor.start(is_louder ? louder : audio, 1.0f);
    for (std::size_t group = 0; group < groups; ++group) extractor.magnitudes(group);
    for (std::size_t frame : {10u, 70u}) {
      const Lanes* cepstra = extractor.cepstra(frame % groups);
      mean_level[is_louder].push_back(cepstra[0][frame / groups] / std::sqrt(128.0f));
    }
  }
  CHECK_EQ(mean_level[0][0], mean_level[1][0]);
  CHECK_EQ(mean_level[0][1], mean_level[1][1]);
  CHECK(mean_level[0][0] - mean_level[0][1] > 60.0f);
  CHECK(mean_level[0][0] - mean_level[0][1] < 80.0f);
}
