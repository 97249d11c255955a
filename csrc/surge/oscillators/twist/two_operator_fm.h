// Twist's two-operator frequency modulation.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Halves the rate twice, with a windowed sinc.
class QuarterRateFilter {
 public:
  static constexpr std::size_t kRatio = 4;

  // Takes kRatio samples.
  float process(const std::array<float, kRatio>& x) noexcept;

 private:
  static constexpr std::size_t kTaps = 32;
  std::array<float, kTaps> history_{};
  std::size_t next_ = 0;
};

// Harmonics: ratio of the modulator's frequency. Timbre: amount. Morph: feedback, of the
// modulator's frequency below 1/2 and of its phase above. The alternative signal is an octave
// lower.
class TwoOperatorFm {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  float carrier_ = 0.0f;
  float modulator_ = 0.0f;
  float sub_ = 0.0f;
  float previous_ = 0.0f;  // output of the modulator
  float last_index_ = 0.0f;
  float last_feedback_ = 0.0f;
  QuarterRateFilter main_filter_;
  QuarterRateFilter sub_filter_;
};

}  // namespace synthrl::surge::twist
