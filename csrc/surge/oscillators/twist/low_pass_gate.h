// Twist's low-pass gate: an amplifier and filter that are opened together and close slowly.
#pragma once

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// How far the gate is open: opened by a note, closing like a photoresistor.
class GateEnvelope {
 public:
  void trigger() noexcept {
    rising_ = true;
    ramp_ = level_;
  }

  // One call. `decay` and `colour` in [0, 1].
  float next(float frequency, float decay, float colour) noexcept;

 private:
  float level_ = 0.0f;
  float ramp_ = 0.0f;
  bool rising_ = false;
};

// One channel.
class LowPassGate {
 public:
  // In place. `level` is that of the envelope, `colour` in [0, 1].
  void process(float level, float colour, float* samples, int num_frames) noexcept;

 private:
  float last_level_ = 0.0f;
  Svf filter_;
};

}  // namespace synthrl::surge::twist
