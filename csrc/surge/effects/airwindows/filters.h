// Filters that the plugins share.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "surge/effects/airwindows/stereo.h"

namespace synthrl::surge::airwindows {

// What a lowpass can take. Amounts are meant for 44.1 kHz and above; scaled to lower rates they may
// exceed this, from where it is not stable.
inline double stable_amount(double amount) { return std::min(amount, 1.5); }

// One-pole lowpass.
class LowPass {
 public:
  Stereo process(Stereo in, double amount) {
    return state_ = (1.0 - amount) * state_ + amount * in;
  }
  Stereo process(Stereo in, Stereo amount) {
    return state_ = (1.0 - amount) * state_ + amount * in;
  }

 private:
  Stereo state_{};
};

// Two copies of a state, which take turns from sample to sample.
template <class State>
using TwoPhase = std::array<State, 2>;

struct BiquadDesign {
  double a0 = 0.0;
  double a1 = 0.0;
  double a2 = 0.0;
  double b1 = 0.0;
  double b2 = 0.0;

  // `frequency` in cycles per sample, below 0.5.
  static BiquadDesign lowpass(double frequency, double q) {
    const double k = std::tan(std::numbers::pi * frequency);
    BiquadDesign design = poles(k, q);
    design.a0 = k * k / (1.0 + k / q + k * k);
    design.a1 = 2.0 * design.a0;
    design.a2 = design.a0;
    return design;
  }
  static BiquadDesign bandpass(double frequency, double q) {
    const double k = std::tan(std::numbers::pi * frequency);
    BiquadDesign design = poles(k, q);
    design.a0 = k / q / (1.0 + k / q + k * k);
    design.a2 = -design.a0;
    return design;
  }

 private:
  static BiquadDesign poles(double k, double q) {
    const double norm = 1.0 / (1.0 + k / q + k * k);
    return {.b1 = 2.0 * (k * k - 1.0) * norm, .b2 = (1.0 - k / q + k * k) * norm};
  }
};

class Biquad {
 public:
  Stereo process(Stereo in, const BiquadDesign& design) {
    const Stereo out = design.a0 * in + z1_;
    z1_ = design.a1 * in - design.b1 * out + z2_;
    z2_ = design.a2 * in - design.b2 * out;
    return out;
  }

 private:
  Stereo z1_{};
  Stereo z2_{};
};

}  // namespace synthrl::surge::airwindows
