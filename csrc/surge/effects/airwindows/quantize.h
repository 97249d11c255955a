// Rounding to coarse steps.
#pragma once

#include <cmath>

namespace synthrl::surge::airwindows {

// To a multiple of `step`, away from 0.
inline double round_outwards(double value, double step) {
  return std::copysign(step * std::ceil(std::fabs(value) / step), value);
}

}  // namespace synthrl::surge::airwindows
