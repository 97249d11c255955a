// Random numbers of the engine: small, seedable, one stream per consumer.
#pragma once

#include <cstdint>

namespace synthrl::surge {

// SplitMix64. Streams of different seeds are independent for our purposes, so a consumer gets a
// generator of its own, seeded with a hash of what it is, and never shifts the draws of another.
class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed = 0) noexcept : state_(seed) {}

  constexpr std::uint64_t next() noexcept {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  // Uniform over 32 bits.
  constexpr std::uint32_t bits() noexcept { return static_cast<std::uint32_t>(next() >> 32); }

  // Uniform in [0, 1).
  constexpr float unipolar() noexcept { return static_cast<float>(next() >> 40) * 0x1p-24f; }

  // Uniform in [-1, 1).
  constexpr float bipolar() noexcept { return 2.0f * unipolar() - 1.0f; }

 private:
  std::uint64_t state_;
};

}  // namespace synthrl::surge
