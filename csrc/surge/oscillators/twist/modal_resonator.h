// Twist's modal resonator: a struck body of two dozen modes.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Harmonics: material, the ratios between the modes. Timbre: brightness and, if sustained, how
// dense the excitation is. Morph: decay. The alternative signal is the exciter's.
class ModalResonator {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumModes = 24;

  void set_modes(float frequency, float structure, float brightness, float damping) noexcept;

  Rng random_;
  Svf exciter_filter_;
  SvfCoefficients exciter_coefficients_;
  float structure_ = 0.0f;
  std::array<float, 4> modes_for_{};  // what the modes were computed for

  // State-variable filters side by side, see Svf.
  using Modes = std::array<float, kNumModes>;
  Modes gain_{};
  Modes g_{};
  Modes rg_{};
  Modes h_{};
  Modes s1_{};
  Modes s2_{};
};

}  // namespace synthrl::surge::twist
