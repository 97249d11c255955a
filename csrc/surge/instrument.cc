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

// The output opens in the first block of an instance.
void fade_in(std::span<float> samples) {
  const float step = 1.0f / static_cast<float>(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] *= step * static_cast<float>(i + 1);
}

float normalised_velocity(int velocity) { return static_cast<float>(velocity) / 127.0f; }

}  // namespace

std::array<bool, kNumScenes> scenes_that_play(const PreparedPatch& patch, const NoteEvent& note) {
  const Patch& stored = patch.patch();
  const bool single =
      stored.integer(GlobalParam::kSceneMode) == static_cast<std::int32_t>(SceneMode::kSingle);
  std::array<bool, kNumScenes> plays{};
  for (int i = 0; i < kNumScenes; ++i) {
    const bool active = !single || stored.integer(GlobalParam::kActiveScene) == i;
    const bool latches = patch.scene(i).scene->integer(SceneParam::kPlayMode) == kLatch;
    plays[static_cast<std::size_t>(i)] = stored.scene_sounds(i, note.key) || (active && latches);
  }
  return plays;
}

Instrument::Instrument(const Plan& plan, const FormulaFactory* formulas)
    : plan_(&plan), scenes_{SceneEngine(plan, formulas), SceneEngine(plan, formulas)} {}

void Instrument::start(const PreparedPatch& patch, const NoteEvent& note,
                       std::uint64_t seed) noexcept {
  patch_ = &patch;
  const Patch& stored = patch.patch();
  scene_active_ = scenes_that_play(patch, note);
  for (int i = 0; i < kNumScenes; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    scenes_[slot].start(patch, i, seed);
    if (!scene_active_[slot]) continue;
    if (stored.scene_sounds(i, note.key)) {
      scenes_[slot].play(note.key, normalised_velocity(note.velocity));
    } else {
      scenes_[slot].play(kLatchKey, normalised_velocity(kLatchVelocity));
    }
  }
  first_block_ = true;
  smoothed_volume_ = 0.0f;
  volume_.restart(0.0f);
}

// The other scene may listen to both channels of the first.
bool Instrument::needs_right(bool stereo) const {
  return stereo || (scene_active_[0] && scene_active_[1] && patch_->scene(1).reads_scene_a);
}

void Instrument::route_globals() {
  globals_ = patch_->patch().globals.values;
  for (const PreparedGlobalRoute& global : patch_->global_routes()) {
    const SourceValues& sources = scenes_[static_cast<std::size_t>(global.scene)].sources();
    float& value = globals_[global.route.destination];
    value = bounded(value + global.route.depth * sources[global.route.source]);
  }
}

void Instrument::clip_scenes(std::array<Block, kNumScenes>& left,
                             std::array<Block, kNumScenes>& right) const {
  for (std::size_t i = 0; i < kNumScenes; ++i) {
    const HardClip clip = patch_->scene(static_cast<int>(i)).scene->hard_clip;
    hard_clip(clip, left[i]);
    hard_clip(clip, right[i]);
  }
}

void Instrument::process(EffectChain* effects, Block& left, Block& right, bool stereo) noexcept {
  for (SceneEngine& scene : scenes_) scene.advance();
  route_globals();

  std::array<Block, kNumScenes> scene_left{};
  std::array<Block, kNumScenes> scene_right{};
  std::array<bool, kNumScenes> has_voice{};
  for (std::size_t i = 0; i < kNumScenes; ++i) {
    if (!scene_active_[i]) continue;
    const bool with_right = needs_right(stereo) && (stereo || i == 0);
    const SceneEngine* scene_a = i == 1 && scene_active_[0] ? &scenes_[0] : nullptr;
    scenes_[i].process(scene_left[i],
                       with_right ? std::span<float>(scene_right[i]) : std::span<float>(), scene_a);
    has_voice[i] = scenes_[i].had_voice();
  }

  const std::array<StereoBlock, kNumScenes> scenes = {
      {{scene_left[0], scene_right[0]}, {scene_left[1], scene_right[1]}}};
  if (effects != nullptr) effects->process_inserts(scenes, has_voice, globals_);
  clip_scenes(scene_left, scene_right);
  for (std::size_t i = 0; i < left.size(); ++i) {
    left[i] = scene_left[0][i] + scene_left[1][i];
    right[i] = scene_right[0][i] + scene_right[1][i];
  }
  if (effects != nullptr) {
    EffectChain::SendLevels sends{};
    for (std::size_t i = 0; i < kNumScenes; ++i) {
      for (int s = 0; s < kNumSends; ++s) {
        sends[i][static_cast<std::size_t>(s)] = scenes_[i].value(send_param(s));
      }
    }
    effects->process_sum(scenes, sends, globals_, {left, right});
  }

  const float target = plan_->decibels.amplitude(globals_[index_of(GlobalParam::kVolume)]);
  smoothed_volume_ = (1.0f - kFollow) * smoothed_volume_ + kFollow * target;
  volume_.set(smoothed_volume_);
  const HardClip clip = patch_->patch().hard_clip;
  for (Block* channel : {&left, &right}) {
    volume_.multiply(*channel);
    if (first_block_) fade_in(*channel);
    hard_clip(clip, *channel);
  }
  first_block_ = false;
}

void Instrument::render(const PreparedPatch& patch, const NoteEvent& note, std::uint64_t seed,
                        EffectChain* effects, std::span<float> left,
                        std::span<float> right) noexcept {
  start(patch, note, seed);
  if (effects != nullptr && !effects->active()) effects = nullptr;
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
    process(effects, left_block, right_block, stereo || effects != nullptr);
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
