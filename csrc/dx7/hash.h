// Hashes of 64 bits that grow by a word at a time.
#pragma once

#include <cstdint>

namespace synthrl::dx7 {

inline std::uint64_t hashed(std::uint64_t hash, std::uint64_t word) {
  // An odd factor loses nothing; what it carries upwards comes down again.
  hash = (hash ^ word) * 0x9e3779b97f4a7c15;
  return hash ^ hash >> 32;
}

}  // namespace synthrl::dx7
