#include "score/scorer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "core/denormals.h"
#include "core/multiversion.h"

namespace synthrl::score {

namespace {

constexpr double kMaxConvergence = 5.0;
constexpr double kMinCost = 0.1, kMaxCost = 5.0;
constexpr std::size_t kFewCoefficients = 13;

// A render divided by its peak is below 2e7, so with these no magnitude reaches 2^42 and the
// product of three is a number.
constexpr float kMaxTarget = 1e6f;
constexpr std::size_t kTogether = 3;

// Sums of floats are short, and added up in double precision.
constexpr std::size_t kStretch = 27;
static_assert(kNumBins % kStretch == 0 && kStretch % kTogether == 0);

// Per lane: sums over all bins of |log2(a / b)| and (a - b)².
SYNTHRL_MULTIVERSION void compare_magnitudes(const Lanes* a, const Lanes* b, Lanes* octaves,
                                             Lanes* squares) {
  Lanes total_octaves{}, total_squares{};
  for (std::size_t start = 0; start < kNumBins; start += kStretch) {
    Product above, below;
    Lanes stretch_squares{};
    for (std::size_t first = start; first < start + kStretch; first += kTogether) {
      Lanes high = broadcast(1.0f), low = broadcast(1.0f);
      for (std::size_t bin = first; bin < first + kTogether; ++bin) {
        const Lanes x = a[bin], y = b[bin];
        high *= larger(x, y);
        low *= smaller(x, y);
        stretch_squares += (x - y) * (x - y);
      }
      above.multiply(high);
      below.multiply(low);
    }
    total_octaves += above.log2_ratio(below);
    total_squares += stretch_squares;
  }
  *octaves = total_octaves;
  *squares = total_squares;
}

SYNTHRL_MULTIVERSION void sum_of_squares(const Lanes* a, Lanes* squares) {
  Lanes total{};
  for (std::size_t start = 0; start < kNumBins; start += kStretch) {
    Lanes sum{};
    for (std::size_t bin = start; bin < start + kStretch; ++bin) sum += a[bin] * a[bin];
    total += sum;
  }
  *squares = total;
}

// Per lane: sums of |a - b| over the first coefficients, and over all.
SYNTHRL_MULTIVERSION void compare_cepstra(const Lanes* a, const Lanes* b, Lanes* few, Lanes* all) {
  Lanes sum{};
  for (std::size_t i = 0; i < kFewCoefficients; ++i) sum += magnitude(a[i] - b[i]);
  *few = sum;
  for (std::size_t i = kFewCoefficients; i < kNumCoefficients; ++i) sum += magnitude(a[i] - b[i]);
  *all = sum;
}

// Over the frames that there are, in their order.
double total(const LaneBuffer& sums, const FrameGrid& grid) {
  double sum = 0;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t group = 0; group < grid.num_groups && grid.has_frame(group, lane); ++group) {
      sum += static_cast<double>(sums[group][lane]);
    }
  }
  return sum;
}

void check(const float* audio, std::size_t count, std::size_t num_samples) {
  if (num_samples < kMinSamples) {
    throw std::invalid_argument("targets of " + std::to_string(num_samples) +
                                " samples are too short to compare; there must be " +
                                std::to_string(kMinSamples));
  }
  for (std::size_t row = 0; row < count; ++row) {
    const float peak = render_peak({audio + row * num_samples, num_samples});
    if (!(peak <= kMaxTarget)) {
      throw std::invalid_argument("target " + std::to_string(row) +
                                  " is not peak-normalised audio: it has samples that are no "
                                  "numbers, infinite or above " +
                                  std::to_string(static_cast<int>(kMaxTarget)));
    }
  }
}

}  // namespace

Targets::Targets(const float* audio, std::size_t count, std::size_t num_samples,
                 std::size_t num_threads, const ThreadPool::KeepGoing& keep_going)
    : grid_(num_samples) {
  check(audio, count, num_samples);
  magnitudes_ = LaneBuffer(count * grid_.num_groups * kNumBins);
  cepstra_ = LaneBuffer(count * grid_.num_groups * kNumCoefficients);
  norms_.resize(count);
  ThreadPool pool(std::min(num_threads, std::max<std::size_t>(count, 1)));
  std::vector<FeatureExtractor> extractors;
  for (std::size_t i = 0; i < pool.size(); ++i) extractors.emplace_back(grid_);
  pool.run(
      count,
      [&](std::size_t target, std::size_t worker) {
        analyse({audio + target * num_samples, num_samples}, target, extractors[worker]);
      },
      keep_going);
}

void Targets::analyse(std::span<const float> audio, std::size_t target,
                      FeatureExtractor& extractor) noexcept {
  const ScopedFlushDenormals flush;
  extractor.start(audio, 1.0f);
  double sum = 0;
  for (std::size_t group = 0; group < grid_.num_groups; ++group) {
    const Lanes* const found = extractor.magnitudes(group);
    std::copy_n(found, kNumBins,
                magnitudes_.data() + (target * grid_.num_groups + group) * kNumBins);
    Lanes squares;
    sum_of_squares(found, &squares);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      if (grid_.has_frame(group, lane)) sum += static_cast<double>(squares[lane]);
    }
  }
  norms_[target] = std::sqrt(sum);
  for (std::size_t group = 0; group < grid_.num_groups; ++group) {
    std::copy_n(extractor.cepstra(group), kNumCoefficients,
                cepstra_.data() + (target * grid_.num_groups + group) * kNumCoefficients);
  }
}

const Lanes* Targets::magnitudes(std::size_t target, std::size_t group) const {
  return magnitudes_.data() + (target * grid_.num_groups + group) * kNumBins;
}

const Lanes* Targets::cepstra(std::size_t target, std::size_t group) const {
  return cepstra_.data() + (target * grid_.num_groups + group) * kNumCoefficients;
}

Scorer::Scorer(FrameGrid grid)
    : extractor_(grid),
      octaves_(grid.num_groups),
      squares_(grid.num_groups),
      cepstral13_(grid.num_groups),
      cepstral40_(grid.num_groups) {}

Score Scorer::score(std::span<const float> audio, const Targets& targets, std::size_t target,
                    const RewardWeights& weights) noexcept {
  const ScopedFlushDenormals flush;
  const float peak = render_peak(audio);
  if (!(peak <= std::numeric_limits<float>::max())) {
    constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
    return {kNone, kNone, kNone, kNone, kNone};
  }
  // A constant -1e-5 would be divided by 0; it is divided as silence is.
  extractor_.start(audio, peak > 0 ? peak : 1e-5f);
  for (std::size_t group = 0; group < grid().num_groups; ++group) {
    compare_magnitudes(targets.magnitudes(target, group), extractor_.magnitudes(group),
                       &octaves_[group], &squares_[group]);
  }
  for (std::size_t group = 0; group < grid().num_groups; ++group) {
    compare_cepstra(targets.cepstra(target, group), extractor_.cepstra(group), &cepstral13_[group],
                    &cepstral40_[group]);
  }

  const auto num_frames = static_cast<double>(grid().num_frames);
  const double decades = total(octaves_, grid()) * 0.30102999566398120;  // log10(2)
  const double spectrogram = decades / (num_frames * kNumBins);
  const double convergence =
      std::min(std::sqrt(total(squares_, grid())) / targets.norm(target), kMaxConvergence);
  const double mfcc13 = total(cepstral13_, grid()) / (num_frames * kFewCoefficients);
  const double mfcc40 = total(cepstral40_, grid()) / (num_frames * kNumCoefficients);
  const double cost = static_cast<double>(weights.spectrogram) * spectrogram +
                      static_cast<double>(weights.convergence) * convergence +
                      static_cast<double>(weights.mfcc13) * mfcc13;
  return {.spectrogram = static_cast<float>(spectrogram),
          .convergence = static_cast<float>(convergence),
          .mfcc13 = static_cast<float>(mfcc13),
          .mfcc40 = static_cast<float>(mfcc40),
          .reward = static_cast<float>(1.0 / std::clamp(cost, kMinCost, kMaxCost))};
}

}  // namespace synthrl::score
