#include "surge/effects/chain.h"

#include <algorithm>

#include "surge/effects/blocks/clippers.h"
#include "surge/seeds.h"

namespace synthrl::surge {
namespace {

// Slots in the order of the signal.
constexpr std::array<std::array<std::size_t, 4>, kNumScenes> kInserts{
    {{0, 1, 8, 9}, {2, 3, 10, 11}}};
constexpr std::array<std::size_t, kNumSends> kSends{4, 5, 12, 13};
constexpr std::array<std::size_t, 4> kGlobals{6, 7, 14, 15};

// Before the first input, an effect is as if it had rung out.
constexpr std::int64_t kLongAgo = 10'000'000;

// Units that no patch of the current render needs are kept up to this number.
constexpr std::size_t kMaxPooledUnits = 48;

bool is_routed(const PreparedPatch& patch, GlobalParam param) {
  return std::ranges::any_of(patch.global_routes(), [&](const PreparedGlobalRoute& route) {
    return route.route.destination == index_of(param);
  });
}

bool may_send(const PreparedScene& scene, int send) {
  const SceneParam level = send_param(send);
  return scene.values[index_of(level)] > 0.0f ||
         std::ranges::any_of(scene.scene_routes, [&](const Route& route) {
           return route.destination == index_of(level);
         });
}

}  // namespace

EffectUnit* EffectChain::acquire(const EffectModel& model) {
  const int variant = effect_variant(model);
  for (PooledUnit& pooled : pool_) {
    if (pooled.used || pooled.type != model.type || pooled.variant != variant) continue;
    pooled.used = true;
    return pooled.unit.get();
  }
  if (!effect_is_rendered(model.type, variant)) return nullptr;
  std::unique_ptr<EffectUnit> unit = find_effect_type(model.type)->make(*plan_, variant);
  if (unit == nullptr) return nullptr;
  if (pool_.size() >= kMaxPooledUnits) {
    std::erase_if(pool_, [](const PooledUnit& pooled) { return !pooled.used; });
  }
  pool_.push_back({model.type, variant, std::move(unit), true});
  return pool_.back().unit.get();
}

bool EffectChain::generates(const Slot& slot) {
  if (slot.unit == nullptr) return false;
  const EffectType* type = find_effect_type(slot.model.type);
  return type->generates != nullptr && type->generates(slot.model);
}

void EffectChain::start_slot(const PreparedPatch& patch, int number, std::uint64_t seed) {
  Slot& slot = slots_[static_cast<std::size_t>(number)];
  slot.unit = nullptr;
  slot.runs = false;
  slot.rings_forever = false;
  slot.modulated.clear();
  if ((patch.patch().integer(GlobalParam::kEffectDisable) >> number & 1) != 0) return;
  slot.model = make_effect_model(patch.patch(), number);
  if (slot.model.type == 0) return;
  slot.unit = acquire(slot.model);
  if (slot.unit == nullptr) return;

  const EffectType& type = *find_effect_type(slot.model.type);
  for (std::size_t i = 0; i < kNumEffectParams; ++i) {
    if (type.params[i].kind == EffectParamKind::kFloat &&
        is_routed(patch, effect_param(number, static_cast<int>(i)))) {
      slot.modulated.push_back(i);
    }
  }
  slot.controls = {};
  slot.controls.values = slot.model.values;
  slot.controls.blocks_since_input = kLongAgo;
  slot.unit->start(slot.model, stream_seed(seed, SeedPurpose::kEffect, 0, number));
  slot.rings_forever = slot.unit->ring_out_blocks() < 0;
  slot.runs = true;
}

void EffectChain::start(const PreparedPatch& patch, std::array<bool, kNumScenes> plays,
                        std::uint64_t seed) {
  for (PooledUnit& pooled : pool_) pooled.used = false;
  for (int slot = 0; slot < kNumEffectSlots; ++slot) start_slot(patch, slot, seed);
  present_ = {};
  send_gains_ = {};
  return_gains_ = {};

  inserts_read_other_scene_ = false;
  sounds_ = {};
  for (std::size_t s = 0; s < kNumScenes; ++s) {
    bool heard = plays[s];
    for (const std::size_t number : kInserts[s]) {
      Slot& slot = slots_[number];
      if (slot.unit == nullptr) continue;
      heard = heard || generates(slot);
      slot.runs = heard;
      inserts_read_other_scene_ |= heard && find_effect_type(slot.model.type)->reads_other_scene;
    }
    sounds_[s] = heard;
  }
  for (int send = 0; send < kNumSends; ++send) {
    Slot& slot = slots_[kSends[static_cast<std::size_t>(send)]];
    if (slot.unit == nullptr) continue;
    bool heard = generates(slot);
    for (int s = 0; s < kNumScenes; ++s) {
      heard = heard || (sounds_[static_cast<std::size_t>(s)] && may_send(patch.scene(s), send));
    }
    const GlobalParam level = return_param(send);
    slot.runs = heard && (patch.patch().value(level) > 0.0f || is_routed(patch, level));
  }
  active_ = std::ranges::any_of(slots_, [](const Slot& slot) { return slot.runs; });
}

bool EffectChain::run(Slot& slot, bool present, StereoBlock audio,
                      const Globals& globals) noexcept {
  if (!slot.runs) return present || slot.rings_forever;
  EffectControls& controls = slot.controls;
  for (const std::size_t i : slot.modulated) {
    controls.values[i] =
        bounded(slot.model.values[i] + globals[index_of(effect_param(slot.model.slot, 0)) + i]);
  }
  controls.blocks_since_input = present ? 0 : controls.blocks_since_input + 1;
  const std::int64_t ring_out = slot.unit->ring_out_blocks();
  if (present || ring_out < 0 || controls.blocks_since_input < ring_out) {
    slot.unit->process(controls, audio);
    return true;
  }
  slot.unit->idle(controls);
  return false;
}

void EffectChain::process_inserts(std::array<StereoBlock, kNumScenes> scenes,
                                  std::array<bool, kNumScenes> has_voice,
                                  const Globals& globals) noexcept {
  std::array<StereoBuffer, kNumScenes> before;
  if (inserts_read_other_scene_) {
    for (std::size_t s = 0; s < kNumScenes; ++s) before[s].copy(scenes[s]);
  }
  for (std::size_t s = 0; s < kNumScenes; ++s) {
    bool present = has_voice[s];
    for (const std::size_t number : kInserts[s]) {
      Slot& slot = slots_[number];
      if (slot.unit == nullptr) continue;
      if (inserts_read_other_scene_) {
        StereoBuffer& other = before[1 - s];
        slot.controls.other_left = other.left.data();
        slot.controls.other_right = other.right.data();
      }
      present = run(slot, present, scenes[s], globals);
    }
    present_[s] = present;
  }
}

void EffectChain::process_sum(std::array<StereoBlock, kNumScenes> scenes, const SendLevels& sends,
                              const Globals& globals, StereoBlock sum) noexcept {
  const bool any_scene = present_[0] || present_[1];
  bool present = any_scene;
  for (std::size_t i = 0; i < kNumSends; ++i) {
    Slot& slot = slots_[kSends[i]];
    if (slot.unit == nullptr) continue;
    StereoBuffer buffer;
    if (slot.runs) {
      buffer.clear();
      for (std::size_t s = 0; s < kNumScenes; ++s) {
        if (!sounds_[s]) continue;
        BlockRamp& gain = send_gains_[s][i];
        gain.set(amplitude_of_level(sends[s][i]));
        gain.accumulate(scenes[s].left, buffer.left);
        gain.accumulate(scenes[s].right, buffer.right);
      }
      return_gains_[i].set(
          amplitude_of_level(globals[index_of(return_param(static_cast<int>(i)))]));
    }
    present |= run(slot, any_scene, buffer.block(), globals);
    if (slot.runs) {
      return_gains_[i].accumulate(buffer.left, sum.left);
      return_gains_[i].accumulate(buffer.right, sum.right);
    }
  }
  for (const std::size_t number : kGlobals) {
    Slot& slot = slots_[number];
    if (slot.unit != nullptr) present = run(slot, present, sum, globals);
  }
}

}  // namespace synthrl::surge
