// The plugin's 155 parameters, generated from third_party/dexed/parameters.csv.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace synthrl::dx7 {

inline constexpr std::size_t kNumParameters = 155;

struct Parameter {
  std::string_view name;
  int byte;     // offset in an unpacked voice, or -1 if the voice does not hold it
  int maximum;  // largest integer, or 0 for a continuous parameter
};

extern const std::array<Parameter, kNumParameters> kParameters;

// Positions of the parameters that are no voice byte.
inline constexpr std::size_t kCutoff = 0;
inline constexpr std::size_t kResonance = 1;
inline constexpr std::size_t kOutput = 2;
inline constexpr std::size_t kMasterTune = 3;

}  // namespace synthrl::dx7
