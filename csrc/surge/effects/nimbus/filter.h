// The state-variable filter of the Nimbus effect, on both sides.
#pragma once

#include <numbers>

#include "surge/effects/nimbus/frame.h"

namespace synthrl::surge::nimbus {

class Filter {
 public:
  void start() { state_1_ = state_2_ = {}; }

  // Cutoff in cycles per sample, below 0.5.
  void set(float cutoff, float q) {
    constexpr float kPi = std::numbers::pi_v<float>;
    // The tangent of pi x cutoff, but for the pole.
    constexpr float kCubic = 0.326f * kPi * kPi * kPi;
    constexpr float kQuintic = 0.1823f * kPi * kPi * kPi * kPi * kPi;
    const float square = cutoff * cutoff;
    g_ = cutoff * (kPi + square * (kCubic + kQuintic * square));
    r_ = 1.0f / q;
    h_ = 1.0f / (1.0f + r_ * g_ + g_ * g_);
  }

  Frame lowpass(Frame x) { return run(x).low; }
  Frame highpass(Frame x) { return run(x).high; }

 private:
  struct Bands {
    Frame low;
    Frame high;
  };
  Bands run(Frame x) {
    const Frame high = h_ * (x - (r_ + g_) * state_1_ - state_2_);
    const Frame band = g_ * high + state_1_;
    state_1_ = g_ * high + band;
    const Frame low = g_ * band + state_2_;
    state_2_ = g_ * band + low;
    return {low, high};
  }

  float g_ = 0.0f;
  float r_ = 1.0f;
  float h_ = 1.0f;
  Frame state_1_;
  Frame state_2_;
};

}  // namespace synthrl::surge::nimbus
