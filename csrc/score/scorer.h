// How alike a sound and a target are: SynthRL's distances, and the reward made of them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/thread_pool.h"
#include "score/features.h"
#include "score/lanes.h"

namespace synthrl::score {

// What each distance adds to the cost, of which the reward is the inverse.
struct RewardWeights {
  float spectrogram, convergence, mfcc13;
};

// All distances are 0 for equal sounds; all members are NaN for a sound that has samples which are
// infinite or no numbers.
struct Score {
  float spectrogram;  // mean absolute difference of log10 magnitudes
  float convergence;  // Frobenius norm of their difference over that of the target, at most 5
  float mfcc13;       // mean absolute difference of the first 13 cepstral coefficients
  float mfcc40;       // of 40
  float reward;       // 0.2 to 10, higher is better
};

// Sounds that others are compared with, analysed once. Read-only after construction; share freely.
class Targets {
 public:
  // Takes sounds `audio` [count, num_samples] at kSampleRate, peak-normalised. Throws
  // std::invalid_argument if they are too short to be mirrored at the ends, or hold samples that
  // are no audio. Of no use if `keep_going` ended it early.
  Targets(const float* audio, std::size_t count, std::size_t num_samples, std::size_t num_threads,
          const ThreadPool::KeepGoing& keep_going);

  std::size_t count() const { return norms_.size(); }
  const FrameGrid& grid() const { return grid_; }

  const Lanes* magnitudes(std::size_t target, std::size_t group) const;  // [kNumBins]
  const Lanes* cepstra(std::size_t target, std::size_t group) const;     // [kNumCoefficients]
  double norm(std::size_t target) const { return norms_[target]; }       // of all magnitudes

 private:
  void analyse(std::span<const float> audio, std::size_t target,
               FeatureExtractor& extractor) noexcept;

  FrameGrid grid_;
  LaneBuffer magnitudes_;  // [count, num_groups, kNumBins]
  LaneBuffer cepstra_;     // [count, num_groups, kNumCoefficients]
  std::vector<double> norms_;
};

// Compares one sound after the other.
class Scorer {
 public:
  explicit Scorer(FrameGrid grid);

  const FrameGrid& grid() const { return extractor_.grid(); }

  // Compares a render [num_samples] at kSampleRate, which is peak-normalised first, with a target.
  Score score(std::span<const float> audio, const Targets& targets, std::size_t target,
              const RewardWeights& weights) noexcept;

 private:
  FeatureExtractor extractor_;
  // Sums over each frame, [num_groups].
  LaneBuffer octaves_, squares_, cepstral13_, cepstral40_;
};

}  // namespace synthrl::score
