// The combinators of the mixer's ring modulators.
#pragma once

#include <cstdint>
#include <span>

namespace synthrl::surge {

// Sample by sample, by the mode's number in patches; numbers that do not exist multiply.
void ring_modulate(std::int32_t mode, std::span<const float> a, std::span<const float> b,
                   std::span<float> out) noexcept;

}  // namespace synthrl::surge
