// Curves that limit.
#pragma once

#include <algorithm>

namespace synthrl::surge {

// Not a number becomes the upper limit in all of these.
inline float clip_hard(float x, float limit = 1.0f) { return std::max(std::min(limit, x), -limit); }

// Cubic, 1 at 1.5.
inline float clip_soft(float x) {
  const float y = clip_hard(x, 1.5f);
  return y - (4.0f / 27.0f) * y * y * y;
}

// Cubic, 1 at 1, with slope 1.5 at 0.
inline float clip_cubic(float x) {
  const float y = clip_hard(x);
  return 1.5f * y - 0.5f * y * y * y;
}

// The Taylor series of tanh to the seventh power, flat from 1.139 on.
inline float clip_tanh(float x) {
  const float y = clip_hard(x, 1.139f);
  const float q = y * y;
  return y * (1.0f + q * (-1.0f / 3.0f + q * (2.0f / 15.0f - q * (17.0f / 315.0f))));
}

// Gain of a level in patches, which is the cube root.
inline float amplitude_of_level(float level) {
  const float positive = std::max(0.0f, level);
  return positive * positive * positive;
}

}  // namespace synthrl::surge
