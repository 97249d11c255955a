// A random stream of its own for every consumer of a render.
#pragma once

#include <cstdint>

#include "surge/dsp/rng.h"

namespace synthrl::surge {

enum class SeedPurpose : std::uint64_t {
  kOscillator = 1,
  kNoise = 2,
  kVoiceLfo = 3,
  kSceneLfo = 4,
  kRandomSource = 5,
  kEffect = 6,
};

constexpr std::uint64_t stream_seed(std::uint64_t seed, SeedPurpose purpose, int scene,
                                    int index = 0) {
  const std::uint64_t consumer = static_cast<std::uint64_t>(purpose) * 0x10000u +
                                 static_cast<std::uint64_t>(scene) * 0x100u +
                                 static_cast<std::uint64_t>(index);
  return Rng(Rng(seed).next() ^ (consumer * 0xd1342543de82ef95u)).next();
}

}  // namespace synthrl::surge
