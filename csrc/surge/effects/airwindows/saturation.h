// Curves and clippers that the plugins share.
#pragma once

#include <cmath>
#include <numbers>

#include "surge/effects/airwindows/stereo.h"

namespace synthrl::surge::airwindows {

// A quarter of a sine, flat beyond.
inline double sine_clip(double value) { return std::sin(clamp(value, kHalfPi)); }
inline Stereo sine_clip(Stereo value) {
  return each([](double v) { return sine_clip(v); }, value);
}

// The arc sine of what is limited to its domain.
inline Stereo arc_sine(Stereo value) {
  return each([](double v) { return std::asin(clamp(v, 1.0)); }, value);
}

// Loud but round up to 1; folds beyond.
inline Stereo mojo(Stereo value) {
  return each(
      [](double v) {
        const double root = std::sqrt(std::sqrt(std::fabs(v)));
        return root > 0.0 ? std::sin(v * root * std::numbers::pi / 2.0) / root : 0.0;
      },
      value);
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
