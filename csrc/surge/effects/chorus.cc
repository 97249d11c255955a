#include "surge/effects/chorus.h"

#include <algorithm>
#include <cmath>

#include "surge/effects/blocks/clippers.h"

namespace synthrl::surge {
namespace {

enum : std::size_t { kTime, kRate, kDepth, kFeedback, kLowCut, kHighCut, kMix, kWidth };

constexpr double kCutQ = 0.707;
// The part of the way to their target that delays go per sample.
constexpr float kFollow = 0.001f;

void migrate(EffectModel& model, int revision) {
  if (revision > 15) return;
  model.options[kLowCut].deactivated = false;
  model.options[kHighCut].deactivated = false;
}

float feedback_gain(float value) { return 0.5f * amplitude_of_level(value); }

}  // namespace

const EffectType kChorusType = {
    .id = 9,
    .params = {{{EffectParamKind::kFloat, -11, -3, -6},
                {EffectParamKind::kFloat, -7, 9, -2},
                {EffectParamKind::kFloat, 0, 1, 0.3f},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, -60, 70, -36},
                {EffectParamKind::kFloat, -60, 70, 36},
                {EffectParamKind::kFloat, 0, 1, 1},
                {EffectParamKind::kFloat, -24, 24, 0},
                {},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<ChorusEffect>(plan);
    },
    .migrate = migrate,
};

ChorusEffect::ChorusEffect(const Plan& plan) : plan_(&plan), line_(plan.effects) {}

void ChorusEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  first_block_ = true;
  samples_ = Pair{};
  for (std::size_t i = 0; i < kVoices; ++i) {
    const double place = static_cast<double>(i) / 3.0;
    const double pan = 2.0 * place - 1.0;
    phases_[i] = place;
    left_gain_[i] = static_cast<float>(0.5 * std::sqrt(0.5 - 0.5 * pan));
    right_gain_[i] = static_cast<float>(0.5 * std::sqrt(0.5 + 0.5 * pan));
  }
  low_cut_.restart();
  high_cut_.restart();
  high_cut_.set_matched_lowpass(omega_of(*plan_, model.values[kHighCut]), kCutQ);
  low_cut_.set_highpass(omega_of(*plan_, model.values[kLowCut]), kCutQ);
  feedback_.set_at_once(feedback_gain(model.values[kFeedback]));
  mix_.set_at_once(model.values[kMix]);
  width_.set_at_once(plan_->decibels.amplitude(model.values[kWidth]));
  line_.restart();
}

void ChorusEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectModel& model = *model_;
  const EffectValues& values = controls.values;
  const EffectTables& tables = plan_->effects;
  const auto rate_hz = static_cast<float>(plan_->sample_rate());

  const float step =
      kBlockSamples / rate_hz * tables.octaves(values[kRate]) * model.rate_scale(kRate);
  const float centre = rate_hz * tables.ratio(12.0f * values[kTime]) / model.rate_scale(kTime);
  Pair target;
  for (std::size_t i = 0; i < kVoices; ++i) {
    double& phase = phases_[i];
    phase += static_cast<double>(step);
    if (phase > 1.0) phase -= std::floor(phase);
    const auto triangle = static_cast<float>(2.0 * std::fabs(2.0 * phase - 1.0) - 1.0);
    target[i] = centre * (1.0f + triangle * values[kDepth]);
  }
  if (first_block_) samples_ = target;
  first_block_ = false;

  StereoBuffer wet;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    samples_ = samples_ * (1.0f - kFollow) + target * kFollow;
    const Pair taps = line_.read_four(samples_, i);
    const Pair left = taps * left_gain_;
    const Pair right = taps * right_gain_;
    wet.left[i] = (left[0] + left[1]) + (left[2] + left[3]);
    wet.right[i] = (right[0] + right[1]) + (right[2] + right[3]);
  }
  high_cut_.set_matched_lowpass(omega_of(*plan_, values[kHighCut]), kCutQ);
  low_cut_.set_highpass(omega_of(*plan_, values[kLowCut]), kCutQ);
  EffectBiquad::process_series(
      {model.active(kHighCut) ? &high_cut_ : nullptr, model.active(kLowCut) ? &low_cut_ : nullptr},
      wet.block());

  feedback_.set(feedback_gain(values[kFeedback]));
  std::array<float, kBlockSamples> in;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float back = clip_hard((wet.left[i] + wet.right[i]) * feedback_.at(i));
    in[i] = audio.left[i] + audio.right[i] + back;
  }
  line_.write(in);

  width_.set(plan_->decibels.amplitude(values[kWidth]));
  scale_side(width_, wet.block());
  mix_.set(values[kMix]);
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
