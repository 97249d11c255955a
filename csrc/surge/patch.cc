#include "surge/patch.h"

#include <bit>
#include <cmath>

namespace synthrl::surge {

std::int32_t EffectParam::as_integer() const { return std::bit_cast<std::int32_t>(bits); }

float EffectParam::as_float() const {
  const float value = std::bit_cast<float>(bits);
  return std::isfinite(value) ? value : 0.0f;
}

bool Patch::scene_sounds(int scene, int note) const {
  switch (static_cast<SceneMode>(integer(GlobalParam::kSceneMode))) {
    case SceneMode::kSingle:
      return scene == integer(GlobalParam::kActiveScene);
    case SceneMode::kKeySplit:
      return scene == (note < integer(GlobalParam::kSplitKey) ? 0 : 1);
    case SceneMode::kDual:
      return true;
    case SceneMode::kChannelSplit:
      return scene == 0;
  }
  return false;
}

}  // namespace synthrl::surge
