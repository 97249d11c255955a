#include "surge/effects/conditioner.h"

#include <algorithm>
#include <cmath>

#include "surge/dsp/estimates.h"

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kBass,
  kTreble,
  kWidth,
  kBalance,
  kThreshold,
  kAttack,
  kRelease,
  kGain,
  kSideLowCut,
};

constexpr float kBassSemitones = -30.0f;
constexpr float kTrebleSemitones = 57.0f;
constexpr double kBandwidth = 2.0;
constexpr double kSideCutQ = 0.4;
// The only place of the lookahead that the detector reads.
constexpr std::size_t kDetectorPlace = 126;

void migrate(EffectModel& model, int revision) {
  if (revision <= 15) {
    model.options[kBass].deactivated = false;
    model.options[kTreble].deactivated = false;
  }
  if (revision <= 16) {
    model.values[kSideLowCut] = -60.0f;
    model.options[kSideLowCut].deactivated = true;
  }
}

}  // namespace

const EffectType kConditionerType = {
    .id = 8,
    .params = {{{EffectParamKind::kFloat, -12, 12, 0},
                {EffectParamKind::kFloat, -12, 12, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -48, 0, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -48, 0, 0},
                {EffectParamKind::kFloat, -60, 70, -60},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<ConditionerEffect>(plan);
    },
    .migrate = migrate,
};

void ConditionerEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  for (EffectBiquad* filter : {&bass_, &treble_, &side_cut_}) filter->restart();
  set_filters({});  // all parameters are still 0
  width_ = left_gain_ = right_gain_ = gain_ = BlockRamp();
  left_ = {};
  right_ = {};
  position_ = 0;
  squared_peak_ = 0.0f;
  fast_ = slow_ = 1.0f;
}

ConditionerEffect::Speed ConditionerEffect::speed_of(const EffectValues& values) {
  const float attack = 1.0f + 0.9f * std::clamp(values[kAttack], -1.1f, 10.0f);
  const float release = 1.0f + 0.9f * std::clamp(values[kRelease], -1.1f, 10.0f);
  return {.attack = 0.001f * attack * attack, .release = 0.0001f * release * release};
}

void ConditionerEffect::set_filters(const EffectValues& values) {
  bass_.set_peak(omega_of(*plan_, kBassSemitones), kBandwidth, static_cast<double>(values[kBass]),
                 plan_->decibels);
  treble_.set_peak(omega_of(*plan_, kTrebleSemitones), kBandwidth,
                   static_cast<double>(values[kTreble]), plan_->decibels);
  side_cut_.set_highpass(omega_of(*plan_, values[kSideLowCut]), kSideCutQ);
}

float ConditionerEffect::follow(Speed speed) {
  const float level = std::max(1.0f, std::sqrt(2.0f * squared_peak_));
  fast_ = (1.0f - speed.attack) * fast_ + speed.attack * level;
  slow_ = (1.0f - speed.release) * slow_ + speed.release * fast_;
  slow_ = std::max(slow_, fast_);
  return reciprocal_estimate(slow_);
}

void ConditionerEffect::limit(Speed speed, StereoBlock audio) {
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float gain = follow(speed);
    const float left = gain * left_[position_];
    const float right = gain * right_[position_];
    left_[position_] = audio.left[i];
    right_[position_] = audio.right[i];
    if (position_ == kDetectorPlace) {
      constexpr float kMost = 1e18f;
      const float peak = std::max(std::fabs(audio.left[i]), std::fabs(audio.right[i]));
      squared_peak_ = std::min(peak, kMost) * std::min(peak, kMost);
    }
    audio.left[i] = left;
    audio.right[i] = right;
    position_ = (position_ + 1) % kLookahead;
  }
}

void ConditionerEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  set_filters(values);
  width_.set(std::clamp(values[kWidth], -1.0f, 1.0f));
  const float balance = values[kBalance];
  const float drive = 0.5f * plan_->decibels.amplitude(-values[kThreshold]);
  left_gain_.set(drive * std::clamp(1.0f - balance, -1.0f, 1.0f));
  right_gain_.set(drive * std::clamp(1.0f + balance, -1.0f, 1.0f));
  gain_.set(plan_->decibels.amplitude(values[kGain]));

  EffectBiquad::process_series(
      {model_->active(kBass) ? &bass_ : nullptr, model_->active(kTreble) ? &treble_ : nullptr},
      audio);

  std::array<float, kBlockSamples> middle;
  std::array<float, kBlockSamples> side;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    middle[i] = 0.5f * (audio.left[i] + audio.right[i]);
    side[i] = 0.5f * (audio.left[i] - audio.right[i]);
  }
  if (model_->active(kSideLowCut)) side_cut_.process_mono(side.data(), side.size());
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float wide = side[i] * width_.at(i);
    audio.left[i] = (middle[i] + wide) * left_gain_.at(i);
    audio.right[i] = (middle[i] - wide) * right_gain_.at(i);
  }

  limit(speed_of(values), audio);
  gain_.multiply(audio);
}

void ConditionerEffect::idle(const EffectControls& controls) noexcept {
  const Speed speed = speed_of(controls.values);
  squared_peak_ = 0.0f;
  for (int i = 0; i < kBlockSamples; ++i) follow(speed);
}

}  // namespace synthrl::surge
