#include "surge/effects/chorus.h"

#include <algorithm>
#include <cmath>

#include "surge/effects/blocks/clippers.h"

namespace synthrl::surge {
namespace {

enum : std::size_t { kTime, kRate, kDepth, kFeedback, kLowCut, kHighCut, kMix, kWidth };

constexpr double kCutQ = 0.707;

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
  for (std::size_t i = 0; i < voices_.size(); ++i) {
    const double place = static_cast<double>(i) / 3.0;
    const double pan = 2.0 * place - 1.0;
    voices_[i] = {.phase = place,
                  .samples = Lag(0.001f),
                  .left = static_cast<float>(0.5 * std::sqrt(0.5 - 0.5 * pan)),
                  .right = static_cast<float>(0.5 * std::sqrt(0.5 + 0.5 * pan))};
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

  StereoBuffer wet;
  wet.clear();
  const float step =
      kBlockSamples / rate_hz * tables.octaves(values[kRate]) * model.rate_scale(kRate);
  const float centre = rate_hz * tables.ratio(12.0f * values[kTime]) / model.rate_scale(kTime);
  for (Voice& voice : voices_) {
    voice.phase += static_cast<double>(step);
    if (voice.phase > 1.0) voice.phase -= std::floor(voice.phase);
    const auto triangle = static_cast<float>(2.0 * std::fabs(2.0 * voice.phase - 1.0) - 1.0);
    voice.samples.set(centre * (1.0f + triangle * values[kDepth]));
    for (std::size_t i = 0; i < kBlockSamples; ++i) {
      voice.samples.advance();
      const float tap = line_.read(voice.samples.value(), i);
      wet.left[i] += tap * voice.left;
      wet.right[i] += tap * voice.right;
    }
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
