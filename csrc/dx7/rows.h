// Batches of voice data as patches; an error names the row and the parameter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dx7/params.h"
#include "dx7/patch.h"
#include "dx7/plan.h"

namespace synthrl::dx7 {

// Throws std::invalid_argument unless all values lie in [0, 1].
void check_values(std::span<const float, kNumParameters> values, std::size_t row);

// Plugin values, row after row. Throws std::invalid_argument if a value is outside [0, 1], or if
// the plan's post filter would explode.
std::vector<Patch> patches_from_values(std::span<const float> rows, const Plan& plan);

// Packed voices, row after row; bytes out of range are brought into range.
std::vector<Patch> patches_from_packed(std::span<const std::uint8_t> rows);

}  // namespace synthrl::dx7
