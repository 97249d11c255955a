// Sine and cosine of phases in turns, and the 32 wave shapes made of them.
#pragma once

#include <utility>

#include "surge/dsp/lanes.h"

namespace synthrl::surge {

inline constexpr int kNumSineShapes = 32;

// Nearest of the equal phases within half a turn. Exact up to 2^20 turns.
inline double wrap_turns(double turns) noexcept {
  constexpr double kRounder = 0x1.8p52;  // adding it leaves no bits for a fraction
  return turns - ((turns + kRounder) - kRounder);
}

template <Lanes S>
S wrap_turns(S turns) noexcept {
  constexpr float kRounder = 0x1.8p23f;
  return turns - ((turns + kRounder) - kRounder);
}

// Of up to half a turn; within 4e-7. The zeros are factors, which leaves a short polynomial, in an
// order that keeps the chain of dependent operations short where the sine feeds back.
template <Lanes S>
S sine_of_turns(S turns) noexcept {
  const S y = turns * turns;
  const S y2 = y * y;
  const S low = 6.283182595389104f - y * 16.208670277456342f;
  const S middle = 16.760974504787043f - y * 9.530799179454513f;
  const S sum = low + middle * y2 + 3.0583252665419183f * (y2 * y2);
  return (turns - 4.0f * (turns * y)) * sum;
}

template <Lanes S>
S cosine_of_turns(S turns) noexcept {
  return sine_of_turns<S>(0.25f - magnitude(turns));
}

// Value of a wave shape where the sine is `s` and the cosine `c`. Shapes are numbered as in
// patches.
template <int kShape, Lanes S>
S sine_shape(S s, S c) noexcept {
  static_assert(kShape >= 0 && kShape < kNumSineShapes);
  const S zero = splat<S>(0.0f);
  const S one = splat<S>(1.0f);
  const S s2 = 2.0f * s * c;
  const S c2 = 1.0f - 2.0f * s * s;
  const auto positive = s > zero;  // first two quadrants
  const auto upper = s >= zero;
  const auto right = c > zero;  // first and last quadrant
  const auto signed_one = [&](S x) { return select(x >= zero, one, S(-one)); };
  const auto in_upper = [&](S x) { return select(upper, x, zero); };
  // One value for each quadrant.
  const auto by_quadrant = [&](S q1, S q2, S q3, S q4) {
    return select(positive, select(right, q1, q2), select(right, q4, q3));
  };
  if constexpr (kShape == 0) {
    return s;
  } else if constexpr (kShape == 1) {
    return s * magnitude(s);
  } else if constexpr (kShape == 2) {
    return in_upper(s);
  } else if constexpr (kShape == 3) {
    return in_upper(s * s);
  } else if constexpr (kShape == 4) {
    return in_upper(s2);
  } else if constexpr (kShape == 5) {
    return in_upper(s2 * magnitude(s2));
  } else if constexpr (kShape == 6) {
    return in_upper(magnitude(s2));
  } else if constexpr (kShape == 7) {
    return in_upper(s2 * s2);
  } else if constexpr (kShape == 8) {
    return 2.0f * in_upper(s) - 1.0f;
  } else if constexpr (kShape == 9) {
    return by_quadrant(zero, s, zero, s);
  } else if constexpr (kShape == 10) {
    return by_quadrant(s, zero, s, zero);
  } else if constexpr (kShape == 11) {
    return 2.0f * in_upper(s * s) - 1.0f;
  } else if constexpr (kShape == 12) {
    return s2 * signed_one(c);
  } else if constexpr (kShape == 13) {
    return by_quadrant(s2, zero, -s2, zero);
  } else if constexpr (kShape == 14) {
    return in_upper(magnitude(c2));
  } else if constexpr (kShape == 15) {
    return by_quadrant(1.0f - s, zero, zero, -1.0f - s);
  } else if constexpr (kShape == 16) {
    return by_quadrant(1.0f - s, zero, zero, c - 1.0f);
  } else if constexpr (kShape == 17) {
    return signed_one(s) - s;
  } else if constexpr (kShape == 18) {
    return by_quadrant(s2, c, c, -s2);
  } else if constexpr (kShape == 19) {
    return by_quadrant(s2, -2.0f * s2 * c2, s, s);
  } else if constexpr (kShape == 20) {
    return by_quadrant(s, one, s, -one);
  } else if constexpr (kShape == 21) {
    return by_quadrant(one, s, -one, s);
  } else if constexpr (kShape == 22) {
    return select(c >= zero, s, zero);
  } else if constexpr (kShape == 23) {
    return select(c <= zero, s, zero);
  } else if constexpr (kShape == 24) {
    return select(upper, S(1.0f - s), s);
  } else if constexpr (kShape == 25) {
    return by_quadrant(s2, 0.5f * s2, zero, zero);
  } else if constexpr (kShape == 26) {
    return by_quadrant(s, s, zero, s);
  } else if constexpr (kShape == 27) {
    return s2 *
           by_quadrant(one, splat<S>(1.0f / 2.0f), splat<S>(1.0f / 3.0f), splat<S>(1.0f / 4.0f));
  } else if constexpr (kShape == 28) {
    return signed_one(s) * (1.0f - magnitude(c));
  } else if constexpr (kShape == 29) {
    return in_upper(1.0f - magnitude(c));
  } else if constexpr (kShape == 30) {
    return in_upper(signed_one(s2) * (1.0f - magnitude(c2)));
  } else {
    return in_upper(1.0f - magnitude(c2));
  }
}

// Calls `function` with the shape as a template argument, unless there is no such shape.
template <typename Function>
void with_sine_shape(int shape, Function function) noexcept {
  [&]<int... kShapes>(std::integer_sequence<int, kShapes...>) {
    ((shape == kShapes ? function.template operator()<kShapes>() : void()), ...);
  }(std::make_integer_sequence<int, kNumSineShapes>());
}

}  // namespace synthrl::surge
