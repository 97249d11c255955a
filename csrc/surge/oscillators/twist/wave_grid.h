// Twist's wavetable engine: three banks of waves in an 8 x 8 grid.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/spectrum_oscillator.h"

namespace synthrl::surge::twist {

// Harmonics: bank. Timbre and morph: column and row. The alternative signal has 5 bits. The waves
// are spectra of our own; the original's data belong to its firmware.
class WaveGrid {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumHarmonics = 32;
  using Wave = SpectrumOscillator<kNumHarmonics>;

  static Wave::Spectrum spectrum(float bank, float x, float y) noexcept;

  Wave wave_;
  float bank_ = 0.0f;
  float x_ = 0.0f;
  float y_ = 0.0f;
  std::array<float, 3> spectrum_for_{};  // what the spectrum was computed for
  Wave::Spectrum spectrum_{};
  bool started_ = false;
};

}  // namespace synthrl::surge::twist
