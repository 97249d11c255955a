#include "surge/scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/dsp/hard_clip.h"
#include "surge/seeds.h"

namespace synthrl::surge {
namespace {

constexpr std::int32_t kLatch = 5;
constexpr int kFirstPreviousKey = 60;
constexpr float kNormalDeviation = 0.33f;
// What follows a scene's last voice is dropped below this.
constexpr float kSilence = 1e-9f;

float normal(Rng& rng) {
  const float radius = std::sqrt(-2.0f * std::log(1.0f - rng.unipolar()));
  return radius * std::cos(2.0f * std::numbers::pi_v<float> * rng.unipolar());
}

}  // namespace

SceneEngine::SceneEngine(const Plan& plan, const FormulaFactory* formulas)
    : plan_(&plan), formula_factory_(formulas), voice_(plan), highpass_(plan.sample_rate()) {}

void SceneEngine::start(const PreparedPatch& patch, int scene, std::uint64_t seed) noexcept {
  patch_ = &patch;
  scene_ = &patch.scene(scene);
  seed_ = seed;
  key_ = kFirstPreviousKey;
  playing_ = had_voice_ = attacked_ = advanced_ = false;
  tail_is_over_ = true;
  values_ = {};
  sources_ = {};
  decimator_.restart();
  highpass_.restart();
  left_ = {};
  right_ = {};
  for (int i = 0; i < kNumMacros; ++i) {
    sources_[source_slot(nth(ModSource::kMacro1, i))] =
        patch.patch().macros[static_cast<std::size_t>(i)];
  }
  start_formulas();
  for (int i = 0; i < kNumSceneLfos; ++i) {
    const auto lfo = static_cast<std::size_t>(kNumVoiceLfos + i);
    if (!scene_->lfo_runs[lfo]) continue;
    LfoModel model = scene_->lfos[lfo];
    model.formula = formulas_[lfo].get();
    model.surroundings = &scene_surroundings_;
    lfos_[static_cast<std::size_t>(i)].start(plan_->modulators, model, patch.patch().tempo_bpm,
                                             stream_seed(seed, SeedPurpose::kSceneLfo, scene, i));
  }
}

void SceneEngine::start_formulas() {
  const Patch& patch = patch_->patch();
  for (int i = 0; i < kNumLfos; ++i) {
    const auto lfo = static_cast<std::size_t>(i);
    formulas_[lfo].reset();
    if (formula_factory_ == nullptr || !scene_->lfo_runs[lfo] ||
        scene_->lfos[lfo].shape != LfoShape::kFormula) {
      continue;
    }
    formulas_[lfo] =
        formula_factory_->make(scene_->scene->lfos[lfo].formula, scene_->index * kNumLfos + i + 1);
  }
  scene_surroundings_ = {};
  scene_surroundings_.sample_rate = plan_->sample_rate();
  scene_surroundings_.tempo_bpm = patch.tempo_bpm;
  scene_surroundings_.macros = patch.macros;
  scene_surroundings_.bend_range_up = scene_->scene->integer(SceneParam::kPitchBendUp);
  scene_surroundings_.bend_range_down = scene_->scene->integer(SceneParam::kPitchBendDown);
  scene_surroundings_.poly_limit = patch.integer(GlobalParam::kPolyphonyLimit);
  scene_surroundings_.scene_mode = patch.integer(GlobalParam::kSceneMode);
  scene_surroundings_.play_mode = scene_->scene->integer(SceneParam::kPlayMode);
  scene_surroundings_.split_key = patch.integer(GlobalParam::kSplitKey);
  scene_surroundings_.voice = false;
  voice_surroundings_ = scene_surroundings_;
  voice_surroundings_.voice = true;
}

void SceneEngine::play(int key, float velocity) noexcept {
  for (FormulaSurroundings* surroundings : {&scene_surroundings_, &voice_surroundings_}) {
    surroundings->lowest_key = surroundings->highest_key = surroundings->latest_key = key;
    surroundings->key = key;
    surroundings->velocity = static_cast<int>(std::lround(velocity * 127.0f));
  }
  // In an instance that has not run a block, all parameters are still 0.
  for (int i = 0; i < kNumSceneLfos; ++i) {
    const int lfo = kNumVoiceLfos + i;
    if (!scene_->lfo_runs[static_cast<std::size_t>(lfo)]) continue;
    lfos_[static_cast<std::size_t>(i)].attack(lfo_controls(values_, lfo));
  }

  Rng rng(stream_seed(seed_, SeedPurpose::kRandomSource, scene_->index));
  VoiceStart start;
  start.key = key;
  start.velocity = velocity;
  start.previous_key = kFirstPreviousKey;
  start.tempo_bpm = patch_->patch().tempo_bpm;
  start.random_bipolar = {rng.bipolar(), std::clamp(kNormalDeviation * normal(rng), -1.0f, 1.0f)};
  start.random_unipolar = {rng.unipolar(),
                           std::min(1.0f, std::fabs(kNormalDeviation * normal(rng)))};
  start.seed = seed_;
  for (std::size_t i = 0; i < start.formulas.size(); ++i) start.formulas[i] = formulas_[i].get();
  start.surroundings = &voice_surroundings_;
  for (int i = 0; i < 2; ++i) {
    const auto output = static_cast<std::size_t>(i);
    sources_[source_slot(ModSource::kRandomBipolar, i)] = start.random_bipolar[output];
    sources_[source_slot(ModSource::kRandomUnipolar, i)] = start.random_unipolar[output];
  }
  sources_[source_slot(ModSource::kAlternateBipolar)] = start.alternate_bipolar;
  sources_[source_slot(ModSource::kAlternateUnipolar)] = start.alternate_unipolar;
  voice_.start(*scene_, start);

  key_ = key;
  const auto root = static_cast<float>(scene_->scene->integer(SceneParam::kKeytrackRoot));
  const float distance = (static_cast<float>(key) - root) / 12.0f;
  for (const ModSource source :
       {ModSource::kLowestKey, ModSource::kHighestKey, ModSource::kLatestKey}) {
    sources_[source_slot(source)] = distance;
  }
  playing_ = attacked_ = true;
  tail_is_over_ = false;
}

void SceneEngine::release() noexcept {
  if (!playing_ || scene_->scene->integer(SceneParam::kPlayMode) == kLatch) return;
  voice_.release();
  for (int i = 0; i < kNumSceneLfos; ++i) {
    if (scene_->lfo_runs[static_cast<std::size_t>(kNumVoiceLfos + i)]) {
      lfos_[static_cast<std::size_t>(i)].release();
    }
  }
}

void SceneEngine::advance() noexcept {
  // Without a note LFOs stand still, and nothing else moves.
  if (!attacked_ && advanced_) return;
  advanced_ = true;
  values_ = scene_->values;
  add_routes(scene_->scene_routes, sources_, values_);
  if (!attacked_) return;
  for (int i = 0; i < kNumSceneLfos; ++i) {
    const int number = kNumVoiceLfos + i;
    if (!scene_->lfo_runs[static_cast<std::size_t>(number)]) continue;
    Lfo& lfo = lfos_[static_cast<std::size_t>(i)];
    lfo.tick(lfo_controls(values_, number));
    for (int output = 0; output < kMaxLfoOutputs; ++output) {
      sources_[source_slot(nth(ModSource::kSceneLfo1, i), output)] = lfo.output(output);
    }
  }
}

void SceneEngine::process(std::span<float> left, std::span<float> right,
                          const SceneEngine* scene_a) noexcept {
  const bool stereo = !right.empty();
  had_voice_ = playing_;
  if (silent()) {
    std::fill(left.begin(), left.end(), 0.0f);
    std::fill(right.begin(), right.end(), 0.0f);
    return;
  }
  const HardClip clip = scene_->scene->hard_clip;
  if (playing_) {
    left_ = {};
    right_ = {};
    Voice::SceneInput input;
    if (scene_a != nullptr) {
      input = {.left = scene_a->left_.data(), .right = scene_a->right_.data()};
    }
    voice_.process(values_, input, left_.data(), stereo ? right_.data() : nullptr);
    playing_ = !voice_.finished();
    const double block_beats = kBlockSamples * static_cast<double>(patch_->patch().tempo_bpm) /
                               (60.0 * plan_->sample_rate());
    scene_surroundings_.song_beats += block_beats;
    voice_surroundings_.song_beats += block_beats;
    // The other scene hears this one even if it is switched off, and without its limits.
    std::array<float, kVoiceBlockSamples> bus_left{};
    std::array<float, kVoiceBlockSamples> bus_right{};
    if (scene_->audible) {
      bus_left = left_;
      bus_right = right_;
    }
    hard_clip(clip, bus_left);
    if (stereo) hard_clip(clip, bus_right);
    decimator_.process(bus_left, bus_right, left, right);
  } else {
    left_ = {};
    right_ = {};
    std::fill(left.begin(), left.end(), 0.0f);
    std::fill(right.begin(), right.end(), 0.0f);
  }
  const ParamOptions& cut = scene_->scene->option(SceneParam::kLowCut);
  if (!cut.deactivated) {
    highpass_.set_controls(values_[index_of(SceneParam::kLowCut)], cut.deform_type + 1);
    highpass_.process(left, right);
  }
  hard_clip(clip, left);
  hard_clip(clip, right);
  if (!playing_) {
    const auto inaudible = [](float sample) { return std::fabs(sample) < kSilence; };
    tail_is_over_ = std::all_of(left.begin(), left.end(), inaudible) &&
                    std::all_of(right.begin(), right.end(), inaudible);
  }
}

}  // namespace synthrl::surge
