// What all oscillators share: the sample rate and tables computed for it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "surge/oscillators/wavetable.h"

namespace synthrl::surge {

// Note number to frequency in Hz, twelve-tone equal temperament with A4 = 440 Hz.
float note_to_hz(float note) noexcept;
// Frequency ratio of an interval in semitones.
float interval_to_ratio(float semitones) noexcept;

// Band-limited impulse of 12 taps: a windowed sinc that peaks 5 samples after an event.
class ImpulseKernel {
 public:
  static constexpr int kTaps = 12;
  static constexpr int kPositions = 256;

  ImpulseKernel();

  // Taps of an event `fraction` in [0, 1) of a sample after tap 0's sample; row `kPositions`
  // stands for 1.
  const float* row(int position) const { return taps_[static_cast<std::size_t>(position)].data(); }

 private:
  alignas(16) std::array<std::array<float, kTaps>, kPositions + 1> taps_;
};

// Interpolation of 16-bit tables: 8 taps, 256 positions, in units of 1/16384.
class WindowKernel {
 public:
  static constexpr int kTaps = 8;
  static constexpr int kPositions = 256;

  WindowKernel();

  const std::int16_t* row(int position) const {
    return taps_[static_cast<std::size_t>(position)].data();
  }

 private:
  alignas(16) std::array<std::array<std::int16_t, kTaps>, kPositions> taps_;
};

// Lanczos kernel of 8 taps for conversion between sample rates.
class LanczosKernel {
 public:
  static constexpr int kTaps = 8;
  static constexpr int kPositions = 8192;

  LanczosKernel();

  // Value between samples 3 and 4 of `samples`, `fraction` in [0, 1) after sample 3.
  float interpolate(const float* samples, float fraction) const noexcept;

 private:
  std::vector<std::array<float, kTaps>> taps_;
};

// Read-only after construction; share freely.
class OscillatorTables {
 public:
  // Throws std::invalid_argument unless `host_rate_hz` is within 8 kHz and 192 kHz.
  explicit OscillatorTables(double host_rate_hz);

  float host_rate_hz;
  float rate_hz;  // of the oscillators: twice the host's
  ImpulseKernel impulse;
  WindowKernel window_kernel;
  LanczosKernel lanczos;
  Wavetable windows;            // the nine windows of the Window oscillator
  Wavetable default_wavetable;  // for slots without data
};

}  // namespace synthrl::surge
