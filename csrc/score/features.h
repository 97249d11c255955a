// What is compared of two sounds: magnitudes of their short-time spectra, and cepstra.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "score/cepstrum.h"
#include "score/fft.h"
#include "score/frames.h"
#include "score/lanes.h"
#include "score/mel.h"

namespace synthrl::score {

inline constexpr double kSampleRate = 22050.0;   // Hz, that of the method
inline constexpr float kMagnitudeFloor = 1e-4f;  // lower ones count as this
inline constexpr float kPowerFloor = 1e-10f;     // of a mel band
inline constexpr float kDynamicRangeDb = 80.0f;  // levels further below the loudest are raised

// The constants of the analysis.
struct FeatureTables {
  FeatureTables();

  std::array<float, kFftSize> window;  // Hann, periodic
  RealFft fft;
  MelFilters mel;
  CosineTransform cosines;
};

// Made at the first call, and read-only.
const FeatureTables& feature_tables();

// Analyses one sound after the other, in two passes over the groups of its frames.
class FeatureExtractor {
 public:
  explicit FeatureExtractor(FrameGrid grid);

  const FrameGrid& grid() const { return frames_.grid(); }

  // Takes a sound [num_samples] divided by `divisor`.
  void start(std::span<const float> audio, float divisor) noexcept;

  // Magnitudes [kNumBins] of the frames of a group, from kMagnitudeFloor; until the next call.
  const Lanes* magnitudes(std::size_t group) noexcept;

  // Cepstra [kNumCoefficients] of the frames of a group, once the magnitudes of every group have
  // been asked for; until the next call.
  const Lanes* cepstra(std::size_t group) noexcept;

 private:
  const FeatureTables& tables_;
  Frames frames_;
  LaneBuffer samples_;   // [kFftSize] of the group at hand
  LaneBuffer spectrum_;  // [kNumBins] power, then magnitude
  LaneBuffer levels_;    // [num_groups][kNumBands] in dB
  LaneBuffer cepstra_;   // [kNumCoefficients]
  float loudest_db_ = 0;
};

}  // namespace synthrl::score
