// The slow random walk of an oscillator's pitch.
#pragma once

#include "surge/dsp/rng.h"

namespace synthrl::surge {

class Drift {
 public:
  // Starts at 0, or anywhere up to 0.158 of the range if `random_start`.
  void start(bool random_start, Rng& rng) noexcept {
    walk_ = random_start ? kRandomStart * rng.unipolar() : 0.0f;
  }

  // One step, once in every block. The result is in units of the drift parameter.
  float advance(Rng& rng) noexcept {
    walk_ = walk_ * (1.0f - kStep) + kStep * rng.bipolar();
    return walk_ * kGain;
  }

 private:
  static constexpr float kStep = 1e-5f;
  static constexpr float kRandomStart = 0.0005f;
  static constexpr float kGain = 316.22777f;

  float walk_ = 0.0f;
};

}  // namespace synthrl::surge
