// The CRC of zlib, in which stored figures name whole tables and renders.
#pragma once

#include <cstdint>
#include <span>

namespace synthrl::test {

// Of the values as little-endian 32-bit integers.
inline std::uint32_t crc32(std::span<const std::int32_t> values) {
  std::uint32_t crc = 0xffffffffu;
  for (const std::int32_t value : values) {
    for (int byte = 0; byte < 4; ++byte) {
      crc ^= (static_cast<std::uint32_t>(value) >> (8 * byte)) & 0xffu;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1u) ? 0xedb88320u : 0u);
    }
  }
  return ~crc;
}

}  // namespace synthrl::test
