// Separate random numbers for each of an oscillator's purposes.
#pragma once

#include <cstdint>

#include "surge/dsp/rng.h"

namespace synthrl::surge {

enum class RandomStream : std::uint64_t { kPhase = 1, kDrift = 2, kNoise = 3, kRightNoise = 4 };

// A consumer that draws more or fewer numbers does not shift those of the others.
inline Rng random_stream(std::uint64_t seed, RandomStream stream) noexcept {
  return Rng(Rng(seed ^ (static_cast<std::uint64_t>(stream) * 0xd1342543de82ef95u)).next());
}

}  // namespace synthrl::surge
