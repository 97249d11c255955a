// Constant tables of the DX7/Dexed engine that do not depend on the sample rate.
//
// "Q24" is a value scaled by 2^24. Phases have 2^24 units per cycle.
#pragma once

#include <array>
#include <cstdint>

namespace synthrl::dx7 {

// How one operator is wired. Bus 0 is the voice's output, buses 1 and 2 are scratch.
struct Route {
  std::uint8_t input;   // bus that modulates it; 0 is none
  std::uint8_t output;  // bus it writes
  bool adds;            // to what the bus holds, else replaces it
  bool feeds_back;
};

extern const std::array<std::uint8_t, 64> kVelocityLevel;
extern const std::array<std::uint8_t, 33> kExponentialScaling;
extern const std::array<std::int32_t, 32> kCoarseRatio;
extern const std::array<std::int32_t, 77> kStaticSamples;
extern const std::array<std::uint8_t, 100> kPitchRate;
extern const std::array<std::int8_t, 100> kPitchLevel;
extern const std::array<double, 100> kLfoHz;
extern const std::array<std::array<Route, 6>, 32> kAlgorithms;

inline constexpr std::array<std::int32_t, 8> kPitchModSensitivityDepth = {0,  10, 20,  33,
                                                                          55, 92, 153, 255};
inline constexpr std::array<std::int32_t, 4> kAmpModSensitivityDepth = {0, 4342338, 7171437,
                                                                        16777216};

// Level or output level 0 … 99 → 0 … 127.
int scaled_level(int level);

// Wave tables, computed once when the library is loaded.
struct WaveTables {
  WaveTables();

  // Modern engine, and the LFO's sine.
  std::array<std::int32_t, 1025> sine;         // Q24
  std::array<std::int32_t, 1025> exponential;  // 2^30 · 2^(i / 1024); 2^31 as bits

  // Mark I engine, indexed by phase >> 12: attenuation in 1/1024 octaves, and the sign in bit 15.
  // The last entry is never used, but read along with the one before.
  std::array<std::uint16_t, 4097> log_sine;
  // Attenuation modulo an octave → mantissa 4096 … 8191.
  std::array<std::int32_t, 1024> log_to_linear;
  // Entry i of the same is mantissa_coarse[i / 32] · mantissa_fine[i % 32], rounded.
  std::array<float, 32> mantissa_coarse;
  std::array<float, 32> mantissa_fine;

  // OPL engine, the same with 1/256 octaves, indexed by phase >> 14.
  std::array<std::int32_t, 1024> opl_log_sine;
  std::array<std::int32_t, 256> opl_log_to_linear;
};

const WaveTables& wave_tables();

// Sine of a phase, Q24, interpolated.
std::int32_t sine_q24(std::int32_t phase);

// 2^x of a Q24 exponent, Q24 … the Modern engine's gain.
std::int32_t exp2_q24(std::int32_t exponent);

}  // namespace synthrl::dx7
