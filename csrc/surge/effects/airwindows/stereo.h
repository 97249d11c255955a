// Both channels of one sample. Plugins compute in double precision.
#pragma once

#include <cmath>
#include <cstdint>

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

inline Stereo both(double value) { return Stereo{value, value}; }

using StereoBits = std::int64_t __attribute__((vector_size(16)));
inline constexpr StereoBits kSignBits{INT64_MIN, INT64_MIN};

inline Stereo magnitude(Stereo value) { return (Stereo)((StereoBits)value & ~kSignBits); }
inline Stereo with_sign(Stereo size, Stereo sign) {
  return (Stereo)(((StereoBits)size & ~kSignBits) | ((StereoBits)sign & kSignBits));
}

// The second argument if one is not a number.
inline Stereo minimum(Stereo a, Stereo b) { return a < b ? a : b; }
inline Stereo maximum(Stereo a, Stereo b) { return a > b ? a : b; }

// To `limit` either way.
inline Stereo clamp(Stereo value, Stereo limit) { return maximum(minimum(value, limit), -limit); }
inline Stereo clamp(Stereo value, double limit) { return clamp(value, both(limit)); }
inline double clamp(double value, double limit) {
  const double below = value < limit ? value : limit;
  return below > -limit ? below : -limit;
}

inline Stereo mix(Stereo dry, Stereo wet, double wetness) {
  return wetness * wet + (1.0 - wetness) * dry;
}

inline double decibels(double level) { return std::pow(10.0, level / 20.0); }

}  // namespace synthrl::surge::airwindows
