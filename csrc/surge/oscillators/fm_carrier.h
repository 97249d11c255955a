// What the oscillators with frequency modulation of their own share: sine operators and a carrier
// that feeds back.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"

namespace synthrl::surge {

using OscillatorTrack = std::array<float, kOscillatorBlockSamples>;

// A sine that modulates the carrier.
class FmModulator {
 public:
  // `turns` is the phase.
  void start(double turns) noexcept;
  // Adds the modulation of a block to `phases`, in turns. `step` is in turns per sample; `depth` in
  // turns too, and smoothed. The phase advances before each sample.
  void add(double step, float depth, std::array<double, kOscillatorBlockSamples>& phases) noexcept;

 private:
  double turns_ = 0.0;
  Lag<float> depth_;
};

class FmCarrier {
 public:
  void start(double turns, const OscillatorOptions& feedback_options) noexcept;

  // Replaces `phases`, the modulation in turns, by the phases including the carrier's own, which
  // advances after each sample, and that of another oscillator.
  void advance(double step, const OscillatorControls& controls,
               std::array<double, kOscillatorBlockSamples>& phases) noexcept;

  // The sine of `phases` plus feedback, which is the parameter of the patch.
  void render(const std::array<double, kOscillatorBlockSamples>& phases, float feedback,
              OscillatorSpan out) noexcept;

 private:
  double turns_ = 0.0;
  float last_ = 0.0f;
  float before_last_ = 0.0f;
  bool average_ = false;  // feed back the mean of two outputs
  float range_ = 1.0f;    // of the feedback
  Lag<float> feedback_;   // its magnitude
  Lag<float> fm_depth_;   // turns
};

// Turns per sample, at most half a turn.
double fm_step(float note, float rate_hz) noexcept;

}  // namespace synthrl::surge
