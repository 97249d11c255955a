// Where effects meet the sound of an instrument.
#pragma once

#include <array>
#include <span>

#include "surge/patch.h"

namespace synthrl::surge {

// The effects of one render. An instrument without one is dry: its scenes are added as they are.
class EffectChain {
 public:
  virtual ~EffectChain() = default;

  // One block of both channels at the host's rate.
  struct Block {
    std::span<float> left;
    std::span<float> right;
  };

  // The inserts of a scene, in place.
  virtual void process_scene(int scene, Block audio) noexcept = 0;

  // Adds what the sends return to `sum`, then runs the global effects on it in place. `sends` are
  // the levels of each scene, as stored in patches (gain is the cube) and modulated, likewise
  // `globals`, the parameters of effects among them.
  using SendLevels = std::array<std::array<float, kNumSends>, kNumScenes>;
  virtual void process_sum(std::span<const Block, kNumScenes> scenes, const SendLevels& sends,
                           const std::array<float, kNumGlobalParams>& globals,
                           Block sum) noexcept = 0;
};

}  // namespace synthrl::surge
