// Curves and clippers that the plugins share.
#pragma once

#include <cmath>
#include <numbers>

#include "surge/effects/airwindows/stereo.h"
#include "surge/effects/airwindows/trig.h"

namespace synthrl::surge::airwindows {

// A quarter of a sine, flat beyond.
inline Stereo sine_clip(Stereo value) { return sine(clamp(value, kHalfPi)); }

// Loud but round up to 1; folds beyond.
inline Stereo mojo(Stereo value) {
  const Stereo root = each([](double v) { return std::sqrt(std::sqrt(std::fabs(v))); }, value);
  const Stereo bent = sine(value * root * (std::numbers::pi / 2.0)) / root;
  return each([](double b, double r) { return r > 0.0 ? b : 0.0; }, bent, root);
}

// Clips at `limit`, but rounds the corners of what it clips by mixing in neighbours: `hard` parts
// of the limit with `soft` parts of them. One channel.
class CornerClip {
 public:
  double process(double value, double limit, double hard, double soft) {
    if (last_ >= limit) last_ = value < limit ? hard * limit + soft * value : limit;
    if (last_ <= -limit) last_ = value > -limit ? -hard * limit + soft * value : -limit;
    if (value > limit) value = last_ < limit ? hard * limit + soft * last_ : limit;
    if (value < -limit) value = last_ > -limit ? -hard * limit + soft * last_ : -limit;
    return last_ = value;
  }

 private:
  double last_ = 0.0;
};

}  // namespace synthrl::surge::airwindows
