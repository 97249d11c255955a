// Signal types of processors that run one channel, or two that share all control values.
//
// Processors are templates over `S`, either `float` or `Pair`. Both take the usual arithmetic
// operators, also with a `float` on one side; what is missing for vectors is declared here.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <type_traits>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace synthrl::surge {

// Left and right channel in lanes 0 and 1. Lanes 2 and 3 only fill the register.
using Pair = float __attribute__((vector_size(16)));
using PairMask = std::int32_t __attribute__((vector_size(16)));

template <class S>
concept Lanes = std::same_as<S, float> || std::same_as<S, Pair>;

inline Pair make_pair(float left, float right) { return Pair{left, right, 0.0f, 0.0f}; }

template <Lanes S>
S splat(float value) {
  if constexpr (std::same_as<S, float>) {
    return value;
  } else {
    return Pair{value, value, value, value};
  }
}

inline float select(bool mask, float yes, float no) { return mask ? yes : no; }
inline Pair select(PairMask mask, Pair yes, Pair no) { return mask ? yes : no; }

// The second argument if one is not a number.
inline float minimum(float a, float b) { return a < b ? a : b; }
inline float maximum(float a, float b) { return a > b ? a : b; }
#ifdef __SSE2__
inline Pair minimum(Pair a, Pair b) { return _mm_min_ps(a, b); }
inline Pair maximum(Pair a, Pair b) { return _mm_max_ps(a, b); }
#else
inline Pair minimum(Pair a, Pair b) { return select(a < b, a, b); }
inline Pair maximum(Pair a, Pair b) { return select(a > b, a, b); }
#endif

// `low` if `value` is not a number.
template <Lanes S>
S clamp(S value, float low, float high) {
  return minimum(maximum(value, splat<S>(low)), splat<S>(high));
}

inline float magnitude(float value) { return std::fabs(value); }
inline Pair magnitude(Pair value) {
  const PairMask sign_off = {0x7fffffff, 0x7fffffff, 0x7fffffff, 0x7fffffff};
  return (Pair)((PairMask)value & sign_off);
}

// To the nearest whole number, halves to even, for magnitudes below 2^22 and round-to-nearest mode.
template <Lanes S>
S round_half_even(S value) {
  // Where floats are whole numbers, adding rounds.
  constexpr float kWholeFloats = 12582912.0f;
  return (value + kWholeFloats) - kWholeFloats;
}

// Applies a function of one float to every channel.
template <class F>
float map_lanes(float value, F function) {
  return function(value);
}
template <class F>
Pair map_lanes(Pair value, F function) {
  return make_pair(function(value[0]), function(value[1]));
}

inline float square_root(float value) { return std::sqrt(value); }
inline Pair square_root(Pair value) {
  return Pair{std::sqrt(value[0]), std::sqrt(value[1]), 0.0f, 0.0f};
}

}  // namespace synthrl::surge
