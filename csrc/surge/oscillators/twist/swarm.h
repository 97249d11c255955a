// Twist's granular cloud: a swarm of enveloped saws or sines.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Harmonics: how far the voices stray in pitch. Timbre: density of the grains. Morph: their
// duration. The alternative signal is made of sines.
class Swarm {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumVoices = 8;

  struct Voice {
    // A grain lasts while the phase goes from 0 to 1.
    float grain_phase = 0.0f;
    float grain_speed = 1.0f;
    // Where the pitch comes from and goes to, in units of the spread.
    float from = 0.0f;
    float to = 0.0f;
    OnePole amplitude;
    float last_amplitude = 0.0f;
    TwoLineOscillator saw;
    float sine_phase = 0.0f;
  };

  Rng random_;
  std::array<Voice, kNumVoices> voices_{};
};

}  // namespace synthrl::surge::twist
