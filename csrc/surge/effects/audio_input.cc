#include "surge/effects/audio_input.h"

#include <algorithm>

namespace synthrl::surge {
namespace {

// Each source has a channel, a pan and a level. The first three are those of audio from outside.
enum : std::size_t { kInput = 3, kOtherScene = 6, kWidth = 9, kMix };
constexpr std::size_t kChannel = 0;
constexpr std::size_t kPan = 1;
constexpr std::size_t kLevel = 2;

constexpr float kSilentDb = -96.0f;

float limit_bipolar(float value) { return std::clamp(value, -1.0f, 1.0f); }

}  // namespace

const EffectType kAudioInputType = {
    .id = 29,
    .params = {{{EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, kSilentDb, 12, kSilentDb},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, kSilentDb, 12, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, kSilentDb, 12, kSilentDb},
                {EffectParamKind::kFloat, -1, 1, 1},
                {EffectParamKind::kFloat, 0, 1, 1},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<AudioInputEffect>(plan);
    },
    // From the other scene, whose level may be modulated.
    .generates = [](const EffectModel&) { return true; },
    .reads_other_scene = true,
};

void AudioInputEffect::Source::set(float channel, float pan, float gain) {
  const float from_left = gain * (1.0f - std::max(channel, 0.0f));
  const float from_right = gain * (1.0f + std::min(channel, 0.0f));
  const float keep_left = 1.0f - std::max(pan, 0.0f);
  const float keep_right = 1.0f + std::min(pan, 0.0f);
  left_to_left.set_line(keep_left * from_left);
  right_to_left.set_line((1.0f - keep_right) * from_right);
  left_to_right.set_line((1.0f - keep_left) * from_left);
  right_to_right.set_line(keep_right * from_right);
}

void AudioInputEffect::Source::add(const float* left, const float* right, StereoBlock out) const {
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    out.left[i] += left_to_left.at(i) * left[i] + right_to_left.at(i) * right[i];
    out.right[i] += left_to_right.at(i) * left[i] + right_to_right.at(i) * right[i];
  }
}

void AudioInputEffect::start(const EffectModel&, std::uint64_t) noexcept {
  input_ = other_scene_ = Source();
  width_ = mix_ = BlockRamp();
}

void AudioInputEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  const auto set = [&](Source& source, std::size_t params) {
    source.set(limit_bipolar(values[params + kChannel]), limit_bipolar(values[params + kPan]),
               plan_->decibels.amplitude(values[params + kLevel]));
  };
  set(input_, kInput);
  set(other_scene_, kOtherScene);

  StereoBuffer wet;
  wet.clear();
  input_.add(audio.left.data(), audio.right.data(), wet.block());
  if (controls.other_left != nullptr && controls.other_right != nullptr) {
    other_scene_.add(controls.other_left, controls.other_right, wet.block());
  }
  width_.set_line(limit_bipolar(values[kWidth]));
  scale_side(width_, wet.block());
  mix_.set_line(std::clamp(values[kMix], 0.0f, 1.0f));
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
