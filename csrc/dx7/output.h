// From the raw integer signal to what is heard.
#pragma once

#include <cstdint>
#include <span>

#include "dx7/patch.h"
#include "dx7/plan.h"

namespace synthrl::dx7 {

// dexed-py's scale: no clip, values up to ±12 occur.
void to_engine_scale(std::span<const std::int32_t> raw, std::span<float> out) noexcept;

// Dexed's: clipped at ±1, where a negative overload flips to +1 as in the plugin; then DC blocker,
// output gain and, below cutoff 1, a four-pole ladder filter.
void to_plugin_output(const Plan& plan, const Patch& patch, std::span<const std::int32_t> raw,
                      std::span<float> out) noexcept;

// Whether the post filter's cutoff lies below half the sample rate, without which it explodes.
bool filter_is_stable(const Patch& patch, double sample_rate);

}  // namespace synthrl::dx7
