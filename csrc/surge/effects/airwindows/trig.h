// Sines of both channels at once, to some 1e-13.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "surge/effects/airwindows/stereo.h"

namespace synthrl::surge::airwindows {

template <std::size_t kCount>
Stereo polynomial(Stereo x, const std::array<double, kCount>& coefficients) {
  Stereo sum = both(coefficients[kCount - 1]);
  for (std::size_t i = kCount - 1; i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

// Of the sine's odd powers, the first left out; enough up to a quarter turn.
inline constexpr std::array<double, 8> kSineSeries{
    -1.0 / 6.0,        1.0 / 120.0,        -1.0 / 5040.0,          1.0 / 362880.0,
    -1.0 / 39916800.0, 1.0 / 6227020800.0, -1.0 / 1307674368000.0, 1.0 / 355687428096000.0};

// Of angles up to some 1e9.
inline Stereo sine(Stereo angle) {
  // Adding this rounds to integers, which are then in the lowest bits.
  constexpr double kRounder = 0x1.8p52;
  constexpr double kPiHigh = 0x1.921fb544p1;
  constexpr double kPiLow = std::numbers::pi - kPiHigh;
  const Stereo rounded = angle * std::numbers::inv_pi + kRounder;
  const Stereo half_turns = rounded - kRounder;
  const Stereo x = angle - half_turns * kPiHigh - half_turns * kPiLow;
  const Stereo square = x * x;
  const Stereo value = x + x * square * polynomial(square, kSineSeries);
  const StereoBits flip = (StereoBits)rounded << 63;  // after an odd number of half turns
  return (Stereo)((StereoBits)value ^ flip);
}

// 1 - cos, exactly 0 at 0.
inline Stereo one_less_cosine(Stereo angle) {
  const Stereo half = sine(0.5 * angle);
  return 2.0 * half * half;
}

// Fitted to (asin(s) / s - 1) / s^2, of s^2 up to 1 / 4.
inline constexpr std::array<double, 10> kArcSineSeries{
    0.1666666666666218,    0.07500000003584001, 0.04464285243842125, 0.03038218275744807,
    0.02236606634056957,   0.01744149072969918, 0.01318795176945906, 0.01567551592477102,
    -0.002939473852160794, 0.02790674702328859,
};

// Of what is limited to the domain of the arc sine.
inline Stereo arc_sine(Stereo value) {
  const Stereo size = minimum(magnitude(value), both(1.0));
  const auto far = size > 0.5;
  const Stereo half = 0.5 * (1.0 - size);
  const Stereo square = far ? half : size * size;
  const Stereo root = far ? each([](double v) { return std::sqrt(v); }, half) : size;
  const Stereo angle = root + root * square * polynomial(square, kArcSineSeries);
  return with_sign(far ? std::numbers::pi / 2.0 - 2.0 * angle : angle, value);
}

}  // namespace synthrl::surge::airwindows
