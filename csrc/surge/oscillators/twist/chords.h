// Twist's chords: a string machine or wavetables on the notes of a chord.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/spectrum_oscillator.h"

namespace synthrl::surge::twist {

// Harmonics: chord. Timbre: inversion. Morph: registration of the string machine, then the wave.
// The alternative signal is the root. The waves are spectra of our own; the original's data belong
// to its firmware.
class Chords {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumVoices = 5;
  static constexpr std::size_t kNumHarmonics = 16;
  static constexpr std::size_t kNumFootages = 3;
  using Wave = SpectrumOscillator<kNumHarmonics>;

  struct Voice {
    std::array<TwoLineOscillator, kNumFootages> saws;
    std::array<TwoLineOscillator, kNumFootages> squares;
    Wave wave;
    float gain = 0.0f;
  };

  void choose_chord(float harmonics) noexcept;

  std::array<Voice, kNumVoices> voices_{};
  std::size_t chord_ = 0;
  bool started_ = false;
};

}  // namespace synthrl::surge::twist
