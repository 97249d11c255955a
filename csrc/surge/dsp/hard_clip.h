// Limits at the outputs of scenes and of the whole instrument.
#pragma once

#include <algorithm>
#include <span>

#include "surge/patch.h"

namespace synthrl::surge {

// In place. What is no number becomes the upper limit.
inline void hard_clip(HardClip mode, std::span<float> samples) {
  if (mode == HardClip::kOff) return;
  const float limit = mode == HardClip::k0Db ? 1.0f : 8.0f;
  for (float& sample : samples) sample = std::max(std::min(limit, sample), -limit);
}

}  // namespace synthrl::surge
