// Both channels of one sample. Plugins compute in double precision.
#pragma once

#include <cmath>

namespace synthrl::surge::airwindows {

// Left and right channel in lanes 0 and 1.
using Stereo = double __attribute__((vector_size(16)));

// As the plugins have them: of fewer digits than the numbers they stand for.
inline constexpr double kHalfPi = 1.57079633;
inline constexpr double kGolden = 0.618033988749895;

// `function` of the left channels, and of the right ones.
template <class Function, class... Operands>
Stereo each(Function function, Operands... operands) {
  return Stereo{function(operands[0]...), function(operands[1]...)};
}

inline Stereo magnitude(Stereo value) {
  return each([](double v) { return std::fabs(v); }, value);
}

inline double clamp(double value, double limit) {
  return std::fmin(std::fmax(value, -limit), limit);
}
inline Stereo clamp(Stereo value, double limit) {
  return each([=](double v) { return clamp(v, limit); }, value);
}

inline Stereo with_sign(Stereo size, Stereo sign) {
  return each([](double m, double s) { return std::copysign(m, s); }, size, sign);
}

inline Stereo mix(Stereo dry, Stereo wet, double wetness) {
  return wetness * wet + (1.0 - wetness) * dry;
}

inline double decibels(double level) { return std::pow(10.0, level / 20.0); }

}  // namespace synthrl::surge::airwindows
