// Spectra of real frames.
#pragma once

#include <array>
#include <cstddef>

#include "score/lanes.h"

namespace synthrl::score {

inline constexpr std::size_t kFftSize = 1024;
inline constexpr std::size_t kNumBins = kFftSize / 2 + 1;

struct ComplexFactor {
  float re, im;
};

// The discrete Fourier transform of kLanes frames of kFftSize real samples, as one of half as many
// complex ones in three steps of eight. Read-only after construction; share freely.
class RealFft {
 public:
  RealFft();

  // Squared magnitudes [kNumBins] of frames [kFftSize], which are lost.
  void power(Lanes* frames, Lanes* power) const noexcept;

 private:
  static constexpr std::size_t kSize = kFftSize / 2;

  std::array<ComplexFactor, kSize> after_first_;  // turns between the steps, in order of use
  std::array<ComplexFactor, kSize / 8> after_second_;
  std::array<ComplexFactor, kSize / 2> unfold_;  // e^(-2πi k / kFftSize)
  std::array<std::size_t, kSize> position_;      // where the steps leave frequency k
};

}  // namespace synthrl::score
