// The effects of a patch between its scenes and its output.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/effect.h"
#include "surge/effects/registry.h"
#include "surge/prepared_patch.h"

namespace synthrl::surge {

// Up to four inserts per scene, four sends, and four effects on the sum. Units are made when a
// patch first needs them, and kept for the next.
class EffectChain {
 public:
  // `plan` must outlive the chain.
  explicit EffectChain(const Plan& plan) : plan_(&plan) {}

  // Clears all state. Allocates units that are missing. `plays`: which scenes will have a voice.
  // `patch` must outlive the render.
  void start(const PreparedPatch& patch, std::array<bool, kNumScenes> plays, std::uint64_t seed);

  // Whether there is anything to do: otherwise sound passes unchanged.
  bool active() const { return active_; }

  // All the global parameters, with modulation; effects have only that.
  using Globals = std::array<float, kNumGlobalParams>;

  // The inserts of both scenes, in place. `has_voice`: whether a scene plays in this block.
  void process_inserts(std::array<StereoBlock, kNumScenes> scenes,
                       std::array<bool, kNumScenes> has_voice, const Globals& globals) noexcept;

  // Levels of each scene's sends as in patches; the gain is the cube.
  using SendLevels = std::array<std::array<float, kNumSends>, kNumScenes>;

  // Adds what the sends make of the scenes to `sum`. Then come the effects on the sum, in place.
  void process_sum(std::array<StereoBlock, kNumScenes> scenes, const SendLevels& sends,
                   const Globals& globals, StereoBlock sum) noexcept;

 private:
  static constexpr std::size_t kSlotsPerChain = 4;

  struct Slot {
    EffectModel model;
    EffectUnit* unit = nullptr;  // null: none
    bool runs = false;           // false: it only ever gets and gives silence
    bool rings_forever = false;
    EffectControls controls;
    std::vector<std::size_t> modulated;  // parameters
  };

  struct PooledUnit {
    int type = 0;
    int variant = 0;
    std::unique_ptr<EffectUnit> unit;
    bool used = false;
  };

  EffectUnit* acquire(const EffectModel& model);
  void start_slot(const PreparedPatch& patch, int slot, std::uint64_t seed);
  static bool generates(const Slot& slot);
  // Returns whether the effect is present for what follows.
  bool run(Slot& slot, bool present, StereoBlock audio, const Globals& globals) noexcept;

  const Plan* plan_;
  std::vector<PooledUnit> pool_;
  std::array<Slot, kNumEffectSlots> slots_;
  bool active_ = false;
  bool inserts_read_other_scene_ = false;
  std::array<bool, kNumScenes> sounds_{};  // others are silent to the end
  std::array<bool, kNumScenes> present_{};
  std::array<std::array<BlockRamp, kNumSends>, kNumScenes> send_gains_;
  std::array<BlockRamp, kNumSends> return_gains_;
};

}  // namespace synthrl::surge
