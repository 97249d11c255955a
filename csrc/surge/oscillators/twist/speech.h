// Twist's speech synthesizers: formant filters, three sines, and linear prediction.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// A pulse train through five formant filters. Timbre: register. Morph: vowel.
class FormantVoice {
 public:
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumFormants = 5;

  TwoLineOscillator saw_;
  float last_saw_ = 0.0f;
  OnePole pulse_;
  Svf tract_;
  std::array<Svf, kNumFormants> formants_{};
};

// Three sines that restart with every period of the voice. Timbre: shift of the formants. Morph:
// vowel.
class SineVoice {
 public:
  void render(const EngineControls& controls, Rng& random, float* out, float* aux,
              int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumFormants = 3;

  float phase_ = 0.0f;
  std::array<float, kNumFormants> formant_phases_{};
  int consonant_ = -1;
  int consonant_frames_ = 0;
  TwoLineOscillator saw_;
  OnePole smoothed_;
};

// Linear prediction: pulses or noise through a lattice filter of ten poles, at a sample rate of
// its own. Timbre: that rate. Morph: vowel.
class LatticeVoice {
 public:
  static constexpr std::size_t kNumPoles = 10;

  void render(const EngineControls& controls, Rng& random, float* out, float* aux,
              int num_frames) noexcept;

 private:
  void tick(Rng& random, float pitch) noexcept;

  // Of the frame that is spoken now.
  struct Sound {
    float pulse_energy = 0.0f;
    float noise_energy = 0.0f;
    std::array<float, kNumPoles> reflection{};
  };
  static Sound sound(std::size_t frame) noexcept;

  Sound sound_;
  std::array<float, kNumPoles> state_{};
  float pulse_phase_ = 0.0f;
  float clock_phase_ = 0.0f;
  float output_ = 0.0f;
  float excitation_ = 0.0f;
  EdgeCorrector output_edges_;
  EdgeCorrector excitation_edges_;
  int consonant_ = -1;
  int consonant_frames_ = 0;
};

// Harmonics: kind of voice. The alternative signal is the excitation. The words of the original,
// whose data we do not have, are replaced by its vowels.
class Speech {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  Rng random_;
  FormantVoice formant_;
  SineVoice sines_;
  LatticeVoice lattice_;
};

}  // namespace synthrl::surge::twist
