// What changed between revisions of the patch format: old patches keep their sound when their
// numbers are put into today's terms.
#pragma once

#include "surge/patch.h"

namespace synthrl::surge {

// Brings `patch`, which holds what a file of revision `patch.revision` stores, to the current
// revision. Selections (types, modes) end in their ranges, unknown oscillators as Sine and unknown
// filters and waveshapers as off. Modulation is the reader's business.
void migrate(Patch& patch);

// Renumbers a modulation source.
int migrate_mod_source(int source, int revision);

}  // namespace synthrl::surge
