// Saturators and rational approximations. They are the nonlinearities themselves: replacing one by
// the function that it resembles changes the sound.
#pragma once

#include "surge/dsp/lanes.h"

namespace synthrl::surge {

// Cubic that reaches +-1 with slope 0 at +-1.5.
template <Lanes S>
S soft_clip(S x) {
  const S v = clamp(x, -1.5f, 1.5f);
  return v - ((4.0f / 27.0f) * v) * (v * v);
}

// Cubic that ends at +-11.5 for +-12, with a corner.
template <Lanes S>
S soft_clip_8(S x) {
  const S v = clamp(x, -12.0f, 12.0f);
  return v - (0.00028935185185f * v) * (v * v);
}

// Pade approximant of tanh, of its argument limited to +-5.
template <Lanes S>
S pade_tanh(S x) {
  const S v = clamp(x, -5.0f, 5.0f);
  const S q = v * v;
  const S numerator = v * (135135.0f + q * (17325.0f + q * (378.0f + q)));
  const S denominator = 135135.0f + q * (62370.0f + q * (3150.0f + 28.0f * q));
  return numerator / denominator;
}

// Pade approximant of tan, for |x| < pi/2.
inline float pade_tan(float x) {
  const float q = x * x;
  const float numerator = x * (-135135.0f + q * (17325.0f + q * (-378.0f + q)));
  const float denominator = -135135.0f + q * (62370.0f + q * (-3150.0f + 28.0f * q));
  return numerator / denominator;
}

// Pade approximants of sin and cos, within 1e-5 for |x| <= pi. Single precision rounds them other
// than the functions, which resonant loops amplify.
inline float pade_sin(float x) {
  const float q = x * x;
  const float numerator =
      -x * (-11511339840.0f + q * (1640635920.0f + q * (-52785432.0f + 479249.0f * q)));
  const float denominator = 11511339840.0f + q * (277920720.0f + q * (3177720.0f + 18361.0f * q));
  return numerator / denominator;
}
inline float pade_cos(float x) {
  const float q = x * x;
  const float numerator = -(-39251520.0f + q * (18471600.0f + q * (-1075032.0f + 14615.0f * q)));
  const float denominator = 39251520.0f + q * (1154160.0f + q * (16632.0f + 127.0f * q));
  return numerator / denominator;
}

// Pade approximant of exp, good for -6 < x < 4. It tends to 1 far outside, which some users need.
template <Lanes S>
S pade_exp(S x) {
  const S numerator = 1680.0f + x * (840.0f + x * (180.0f + x * (20.0f + x)));
  const S denominator = 1680.0f + x * (-840.0f + x * (180.0f + x * (-20.0f + x)));
  return numerator / denominator;
}

// Linear in the middle with different parabolic knees below and above; limits at -1 and +1.
template <Lanes S>
S asymmetric_overdrive(S x) {
  const S below = x + 0.3f;
  const S above = x - 0.9f;
  S y = x;
  y = select(x < -0.3f, below + below * below * (1.0f / 2.8f) - 0.3f, y);
  y = select(x > 0.9f, above - above * above * (1.0f / 0.4f) + 0.9f, y);
  y = select(x <= -1.7f, splat<S>(-1.0f), y);
  return select(x >= 1.1f, splat<S>(1.0f), y);
}

}  // namespace synthrl::surge
