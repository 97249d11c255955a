// Twist's kick, snare and hi-hat.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"
#include "surge/oscillators/twist/filtered_noise.h"

namespace synthrl::surge::twist {

// Harmonics: sharpness of the attack and overdrive. Timbre: brightness. Morph: decay, or the level
// of a note that is sustained. The alternative signal is a synthetic kick.
class Kick {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  Rng random_;
  int pulse_frames_ = 0;
  float pulse_ = 0.0f;
  OnePole pulse_highpass_;
  float attack_fm_ = 0.0f;
  float last_body_ = 0.0f;
  Svf body_;
  OnePole tone_;
  float sine_phase_ = 0.0f;
  float last_gain_ = 0.0f;

  float synthetic_phase_ = 0.0f;
  float synthetic_level_ = 0.0f;
  float synthetic_bend_ = 0.0f;
  float click_ = 0.0f;
};

// Harmonics: from the drum's tone to noise. Timbre: balance of the modes. Morph: decay. The
// alternative signal is a synthetic snare.
class Snare {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumModes = 5;

  Rng random_;
  int pulse_frames_ = 0;
  std::array<Svf, kNumModes> modes_{};
  std::array<float, kNumModes> sine_phases_{};
  float noise_level_ = 0.0f;
  Svf noise_filter_;

  TwoLineOscillator triangle1_;
  TwoLineOscillator triangle2_;
  float synthetic_level_ = 0.0f;
  Svf synthetic_filter_;
};

// Harmonics: from metal to noise. Timbre: low cut. Morph: decay, or the level of a note that is
// sustained. The alternative signal is made of ring-modulated squares.
class HiHat {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumSquares = 6;
  static constexpr std::size_t kNumPairs = 3;

  Rng random_;
  std::array<TwoLineOscillator, kNumSquares> squares_{};
  std::array<TwoLineOscillator, kNumPairs> pair_squares_{};
  std::array<TwoLineOscillator, kNumPairs> pair_saws_{};
  float envelope_ = 0.0f;
  float last_level_ = 0.0f;
  ClockedNoise noise_;
  ClockedNoise aux_noise_;
  Svf colour_;
  Svf aux_colour_;
  Svf highpass_;
  Svf aux_highpass_;
};

}  // namespace synthrl::surge::twist
