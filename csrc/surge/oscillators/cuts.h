// The low cut and high cut of an oscillator.
#pragma once

#include <array>

#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/oscillator_tables.h"

namespace synthrl::surge {

// Second-order section, normalised by a0.
struct Section {
  double b0 = 1.0;
  double b1 = 0.0;
  double b2 = 0.0;
  double a1 = 0.0;
  double a2 = 0.0;
};

// `omega` in radians per sample. Above pi the high-pass is silent.
Section highpass_section(double omega, double q) noexcept;
// With the gain of an analogue filter at the Nyquist frequency. Above pi it lets all pass.
Section corrected_lowpass_section(double omega, double q) noexcept;

// One section for two channels, whose coefficients glide.
class GlidingSection {
 public:
  // The first target is taken at once.
  void set_target(const Section& target) noexcept;
  // In place; `right` may be null.
  void process(float* left, float* right, int count) noexcept;

 private:
  // Both channels are lanes of one vector.
  using Lanes2 = double __attribute__((vector_size(16)));

  template <bool kStereo>
  void run(float* left, float* right, int count) noexcept;

  Section now_;
  Section target_;
  bool started_ = false;
  bool gliding_ = false;
  Lanes2 z1_{};
  Lanes2 z2_{};
};

// The two filters in a row, each only if its parameter is active.
class Cuts {
 public:
  Cuts() = default;
  Cuts(bool low_cut, bool high_cut, const OscillatorTables& tables) noexcept
      : rate_hz_(tables.rate_hz), has_low_cut_(low_cut), has_high_cut_(high_cut) {}

  // In place; the corner frequencies are in semitones from A4. `right` may be null.
  void process(float low_cut, float high_cut, float* left, float* right) noexcept;

 private:
  float rate_hz_ = 88200.0f;
  bool has_low_cut_ = false;
  bool has_high_cut_ = false;
  float low_note_ = -1000.0f;
  float high_note_ = -1000.0f;
  GlidingSection low_cut_;
  GlidingSection high_cut_;
};

}  // namespace synthrl::surge
