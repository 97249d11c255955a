// Filter coefficients, and how they move from block to block.
#pragma once

#include <array>
#include <cstddef>

namespace synthrl::surge {

// Samples at the filters' rate for which one set of coefficients is computed.
inline constexpr int kFilterBlockSamples = 64;

inline constexpr std::size_t kMaxCoefficients = 8;

// Meaning and order are those of the filter family; the unused ones at the end are 0.
using Coefficients = std::array<float, kMaxCoefficients>;

// Coefficients of the present sample. They follow those submitted through a one-pole lowpass per
// block, joined by straight lines; the first submission is taken as it is.
class CoefficientRamp {
 public:
  void restart() { *this = CoefficientRamp(); }

  // Once per block, before its first sample (filters that mix two designs submit both).
  void submit(const Coefficients& coefficients);

  float operator[](std::size_t index) const { return value_[index]; }

  // To the next sample, or a fraction of the way.
  void advance() {
    for (std::size_t i = 0; i < kMaxCoefficients; ++i) value_[i] += step_[i];
  }
  void advance(float fraction) {
    for (std::size_t i = 0; i < kMaxCoefficients; ++i) value_[i] += fraction * step_[i];
  }

 private:
  alignas(16) Coefficients value_{};
  alignas(16) Coefficients step_{};
  alignas(16) Coefficients smoothed_{};
  bool started_ = false;
};

}  // namespace synthrl::surge
