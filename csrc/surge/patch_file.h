// Reads Surge XT patch files.
#pragma once

#include <cstddef>
#include <span>

#include "surge/patch.h"

namespace synthrl::surge {

// Reads the content of an `.fxp` file. Takes any bytes: throws std::invalid_argument with what is
// wrong and at which byte if they are no patch; never crashes, and needs time and memory in
// proportion to the size of the content.
Patch read_patch(std::span<const std::byte> content);

}  // namespace synthrl::surge
