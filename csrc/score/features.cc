#include "score/features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "core/multiversion.h"

namespace synthrl::score {

namespace {

// Power of mel bands → dB, in place; returns the loudest of each lane.
SYNTHRL_MULTIVERSION void to_levels(Lanes* bands, Lanes* loudest) {
  constexpr float kDbPerOctave = 3.0102999566398120f;  // 10 log10(2)
  Lanes largest = broadcast(-std::numeric_limits<float>::max());
  for (std::size_t band = 0; band < kNumBands; ++band) {
    const Lanes level = log2(larger(bands[band], broadcast(kPowerFloor))) * kDbPerOctave;
    bands[band] = level;
    largest = larger(level, largest);
  }
  *loudest = largest;
}

// In place.
SYNTHRL_MULTIVERSION void to_magnitudes(Lanes* power) {
  for (std::size_t bin = 0; bin < kNumBins; ++bin) {
    power[bin] = larger(square_root(power[bin]), broadcast(kMagnitudeFloor));
  }
}

}  // namespace

FeatureTables::FeatureTables() : mel(kSampleRate) {
  for (std::size_t i = 0; i < kFftSize; ++i) {
    const double turn = static_cast<double>(i) / static_cast<double>(kFftSize);
    window[i] = static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * turn));
  }
}

const FeatureTables& feature_tables() {
  static const FeatureTables tables;
  return tables;
}

FeatureExtractor::FeatureExtractor(FrameGrid grid)
    : tables_(feature_tables()),
      frames_(grid),
      samples_(kFftSize),
      spectrum_(kNumBins),
      levels_(grid.num_groups * kNumBands),
      cepstra_(kNumCoefficients) {}

void FeatureExtractor::start(std::span<const float> audio, float divisor) noexcept {
  frames_.load(audio, divisor);
  loudest_db_ = -std::numeric_limits<float>::max();
}

const Lanes* FeatureExtractor::magnitudes(std::size_t group) noexcept {
  frames_.copy_windowed(group, tables_.window.data(), samples_.data());
  tables_.fft.power(samples_.data(), spectrum_.data());
  Lanes* const bands = levels_.data() + group * kNumBands;
  tables_.mel.apply(spectrum_.data(), bands);
  Lanes loudest;
  to_levels(bands, &loudest);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    if (grid().has_frame(group, lane)) loudest_db_ = std::max(loudest_db_, loudest[lane]);
  }
  to_magnitudes(spectrum_.data());
  return spectrum_.data();
}

const Lanes* FeatureExtractor::cepstra(std::size_t group) noexcept {
  tables_.cosines.apply(levels_.data() + group * kNumBands, loudest_db_ - kDynamicRangeDb,
                        cepstra_.data());
  return cepstra_.data();
}

}  // namespace synthrl::score
