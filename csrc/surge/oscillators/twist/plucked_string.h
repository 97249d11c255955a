// Twist's inharmonic string: a delay loop with damping, stiffness or a curved bridge.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Harmonics: from a curved bridge (below 1/4) to a stiff string. Timbre: brightness and, if
// sustained, how dense the excitation is. Morph: decay. The alternative signal is the exciter's.
class PluckedString {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kLineSamples = 1024;
  static constexpr std::size_t kStretchSamples = 256;

  // What the loop needs in one call.
  struct Loop {
    float delay;         // samples of the loop
    float damping_note;  // semitones of the damping filter above the note
    float curvature;     // of the bridge, 0 to 1
    float stiffness;     // 0 to 1
    float noise_gain;    // of the jitter of the delay
    float noise_pole;
  };

  float run_loop(float input, const Loop& loop, float delay) noexcept;
  float read(float delay) const noexcept;
  float read_smoothly(float delay) const noexcept;

  Rng random_;
  Svf exciter_filter_;
  SvfCoefficients exciter_coefficients_;
  float burst_left_ = 0.0f;  // samples

  std::array<float, kLineSamples> line_{};
  std::size_t next_ = 0;
  std::array<float, kStretchSamples> stretch_{};
  std::size_t stretch_next_ = 0;
  Svf damping_;
  SvfCoefficients damping_coefficients_;
  float last_delay_ = 0.0f;
  float bridge_ = 0.0f;
  float jitter_ = 0.0f;
  float dc_input_ = 0.0f;
  float dc_output_ = 0.0f;
  // A loop that would be too long runs at a lower rate.
  float slow_phase_ = 0.0f;
  std::array<float, 2> slow_output_{};
};

}  // namespace synthrl::surge::twist
