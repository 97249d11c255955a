// What of a patch the engine renders.
#pragma once

#include "surge/usage.h"

namespace synthrl::surge {

// Whether the engine plays it as Surge XT does, or nearly so. The only place that knows.
bool is_rendered(const Feature& feature);

}  // namespace synthrl::surge
