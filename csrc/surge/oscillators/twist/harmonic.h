// Twist's additive oscillator.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Harmonics: number of bumps in the spectrum. Timbre: where it peaks. Morph: how wide the peak is.
// The alternative signal has the drawbars of an organ instead of all harmonics.
class Harmonic {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumHarmonics = 24;
  static constexpr std::size_t kNumDrawbars = 8;

  float phase_ = 0.0f;
  std::array<float, kNumHarmonics> amplitudes_{};
  std::array<float, kNumDrawbars> drawbars_{};
  // With what is above half the sample rate left out, at the end of the last call.
  std::array<float, kNumHarmonics> last_amplitudes_{};
  std::array<float, kNumDrawbars> last_drawbars_{};
};

}  // namespace synthrl::surge::twist
