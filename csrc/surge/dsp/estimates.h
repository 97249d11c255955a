// The 12-bit estimates of 1/x and 1/sqrt(x) of x86 processors, on any processor.
//
// Some units are defined with these estimates: their error of up to 3e-4 is a gain error at best,
// and in feedback loops a different sound. Makers round them differently; these are Intel's.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "surge/dsp/lanes.h"

namespace synthrl::surge {

namespace estimates {

inline constexpr std::size_t kEntries = 2048;
inline constexpr int kFractionBits = 12;  // of a result, which is in [1/2, 1) times a power of 2
using Table = std::array<std::uint16_t, kEntries>;

// Fractions of 1/x at the middle of 2048 parts of [1, 2).
constexpr Table make_reciprocals() {
  Table table{};
  for (std::uint32_t i = 0; i < kEntries; ++i) {
    const std::uint32_t doubled = (1u << 26) / (4097 + 2 * i);
    table[i] = static_cast<std::uint16_t>(((doubled + 1) >> 1) & 0xfff);
  }
  return table;
}

// Largest integer whose square is not above `square`.
constexpr std::uint64_t integer_root(std::uint64_t square) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    if ((root | bit) * (root | bit) <= square) root |= bit;
  }
  return root;
}

// Fractions of 1/sqrt(x) at the middle of 1024 parts of [2, 4), then of [1, 2): the order of the
// lowest bit of the exponent.
constexpr Table make_reciprocal_roots() {
  Table table{};
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    // x = middle / 2048; twice the fraction is 2^14 / sqrt(x).
    const std::uint64_t middle = (2049 + 2 * (i % 1024)) * (i < 1024 ? 2 : 1);
    const std::uint64_t doubled = integer_root((std::uint64_t{1} << 39) / middle);
    table[i] = static_cast<std::uint16_t>(((doubled + 1) >> 1) & 0xfff);
  }
  return table;
}

inline constexpr Table kReciprocals = make_reciprocals();
inline constexpr Table kReciprocalRoots = make_reciprocal_roots();

}  // namespace estimates

// About 1/x, for normal numbers below 2^126.
inline float reciprocal_estimate(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t sign = bits & 0x80000000u;
  const std::uint32_t exponent = bits & 0x7f800000u;
  const std::uint32_t fraction = estimates::kReciprocals[(bits >> 12) & 0x7ffu];
  return std::bit_cast<float>(sign | ((253u << 23) - exponent) |
                              (fraction << (23 - estimates::kFractionBits)));
}

// About 1/sqrt(x), for positive normal numbers.
inline float reciprocal_root_estimate(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t exponent = bits >> 23;
  const std::uint32_t fraction = estimates::kReciprocalRoots[(bits >> 13) & 0x7ffu];
  return std::bit_cast<float>((((380u - exponent) / 2u) << 23) |
                              (fraction << (23 - estimates::kFractionBits)));
}

// The same of two channels.
inline Pair reciprocal_estimate(Pair x) {
  return make_pair(reciprocal_estimate(x[0]), reciprocal_estimate(x[1]));
}
inline Pair reciprocal_root_estimate(Pair x) {
  return make_pair(reciprocal_root_estimate(x[0]), reciprocal_root_estimate(x[1]));
}

}  // namespace synthrl::surge
