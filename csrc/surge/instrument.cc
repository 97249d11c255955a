#include "surge/instrument.h"

#include <algorithm>
#include <cmath>

#include "surge/dsp/hard_clip.h"

namespace synthrl::surge {
namespace {

constexpr std::int32_t kLatch = 5;
// A scene that latches and was not played starts by itself with this.
constexpr int kLatchKey = 60;
constexpr int kLatchVelocity = 100;
// Gains at the output approach their value by this part per block, from 0.
constexpr float kFollow = 0.25f;

float normalised_velocity(int velocity) { return static_cast<float>(velocity) / 127.0f; }

}  // namespace

Instrument::Instrument(const Plan& plan, const FormulaFactory* formulas)
    : plan_(&plan), scenes_{SceneEngine(plan, formulas), SceneEngine(plan, formulas)} {}

void Instrument::start(const PreparedPatch& patch, const NoteEvent& note,
                       std::uint64_t seed) noexcept {
  patch_ = &patch;
  const Patch& stored = patch.patch();
  const auto mode = static_cast<SceneMode>(stored.integer(GlobalParam::kSceneMode));
  for (int i = 0; i < kNumScenes; ++i) {
    SceneEngine& scene = scenes_[static_cast<std::size_t>(i)];
    scene.start(patch, i, seed);
    const bool active = mode == SceneMode::kSingle
                            ? stored.integer(GlobalParam::kActiveScene) == i
                            : true;
    bool& plays = scene_active_[static_cast<std::size_t>(i)];
    plays = true;
    if (stored.scene_sounds(i, note.key)) {
      scene.play(note.key, normalised_velocity(note.velocity));
    } else if (active && patch.scene(i).scene->integer(SceneParam::kPlayMode) == kLatch) {
      scene.play(kLatchKey, normalised_velocity(kLatchVelocity));
    } else {
      plays = false;
    }
  }
  smoothed_volume_ = 0.0f;
  volume_.restart(0.0f);
}

// The other scene may listen to both channels of the first.
bool Instrument::needs_right(bool stereo) const {
  return stereo || (scene_active_[0] && scene_active_[1] && patch_->scene(1).reads_scene_a);
}

void Instrument::process(EffectChain* effects, std::span<float> left,
                         std::span<float> right) noexcept {
  const Patch& stored = patch_->patch();
  const bool stereo = !right.empty();
  globals_ = stored.globals.values;
  for (const PreparedGlobalRoute& global : patch_->global_routes()) {
    const SourceValues& sources = scenes_[static_cast<std::size_t>(global.scene)].sources();
    float& value = globals_[global.route.destination];
    value = bounded(value + global.route.depth * sources[global.route.source]);
  }

  std::array<Block, kNumScenes> scene_left{};
  std::array<Block, kNumScenes> scene_right{};
  for (int i = 0; i < kNumScenes; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    if (!scene_active_[slot]) continue;
    const bool with_right = needs_right(stereo) && (stereo || i == 0);
    const SceneEngine* scene_a = i == 1 && scene_active_[0] ? &scenes_[0] : nullptr;
    scenes_[slot].process(scene_left[slot],
                          with_right ? std::span<float>(scene_right[slot]) : std::span<float>(),
                          scene_a);
    if (effects != nullptr) {
      effects->process_scene(i, {scene_left[slot], scene_right[slot]});
    }
    const HardClip clip = patch_->scene(i).scene->hard_clip;
    hard_clip(clip, scene_left[slot]);
    hard_clip(clip, scene_right[slot]);
  }

  for (std::size_t i = 0; i < left.size(); ++i) left[i] = scene_left[0][i] + scene_left[1][i];
  for (std::size_t i = 0; i < right.size(); ++i) right[i] = scene_right[0][i] + scene_right[1][i];
  if (effects != nullptr) {
    EffectChain::SendLevels sends{};
    for (int i = 0; i < kNumScenes; ++i) {
      for (int s = 0; s < kNumSends; ++s) {
        sends[static_cast<std::size_t>(i)][static_cast<std::size_t>(s)] =
            scenes_[static_cast<std::size_t>(i)].value(send_param(s));
      }
    }
    const std::array<EffectChain::Block, kNumScenes> scenes = {
        {{scene_left[0], scene_right[0]}, {scene_left[1], scene_right[1]}}};
    effects->process_sum(scenes, sends, globals_, {left, right});
  }

  const float target =
      plan_->decibels.amplitude(globals_[index_of(GlobalParam::kVolume)]);
  smoothed_volume_ = (1.0f - kFollow) * smoothed_volume_ + kFollow * target;
  volume_.set(smoothed_volume_);
  volume_.multiply(left);
  volume_.multiply(right);
  hard_clip(stored.hard_clip, left);
  hard_clip(stored.hard_clip, right);
}

void Instrument::render(const PreparedPatch& patch, const NoteEvent& note, std::uint64_t seed,
                        EffectChain* effects, std::span<float> left,
                        std::span<float> right) noexcept {
  start(patch, note, seed);
  const bool stereo = !right.empty();
  const std::int64_t gate_blocks = note.gate_samples / kBlockSamples;
  std::int64_t block = 0;
  for (std::size_t begin = 0; begin < left.size(); begin += kBlockSamples, ++block) {
    if (block == gate_blocks) {
      for (SceneEngine& scene : scenes_) scene.release();
    }
    const bool over = effects == nullptr && scenes_[0].silent() && scenes_[1].silent();
    if (over) {
      std::fill(left.begin() + static_cast<std::ptrdiff_t>(begin), left.end(), 0.0f);
      if (stereo) std::fill(right.begin() + static_cast<std::ptrdiff_t>(begin), right.end(), 0.0f);
      return;
    }
    Block left_block;
    Block right_block;
    process(effects, left_block, stereo ? std::span<float>(right_block) : std::span<float>());
    const std::size_t length = std::min<std::size_t>(kBlockSamples, left.size() - begin);
    const auto copy = [&](const Block& from, std::span<float> to) {
      for (std::size_t i = 0; i < length; ++i) {
        to[begin + i] = std::isfinite(from[i]) ? from[i] : 0.0f;
      }
    };
    copy(left_block, left);
    if (stereo) copy(right_block, right);
  }
}

}  // namespace synthrl::surge
