#include "surge/effects/delay.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "surge/effects/blocks/clippers.h"

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kLeftTime,
  kRightTime,
  kFeedback,
  kCrossfeed,
  kLowCut,
  kHighCut,
  kModRate,
  kModDepth,
  kInputChannel,
  kMix = 10,
  kWidth,
};

enum Clipping { kNone, kSoft, kTanh, kHard, kHard18Db };

constexpr double kCutQ = 0.707;
// What reading a line adds to its delay.
constexpr float kSincDelay = 6.0f;
constexpr float kExtendedDepth = 6.0f;

void migrate(EffectModel& model, int revision) {
  if (revision <= 15) {
    for (const std::size_t param : {kLowCut, kHighCut, kRightTime}) {
      model.options[param].deactivated = false;
    }
  }
  if (revision <= 17) model.options[kFeedback].deform_type = kSoft;
  if (revision <= 18) model.options[kFeedback].extend_range = false;
  if (revision <= 21) {
    model.options[kCrossfeed].extend_range = false;
    model.options[kModDepth].extend_range = false;
  }
}

template <float (*kClip)(float)>
void clip(std::span<float, kBlockSamples> samples) {
  for (float& sample : samples) sample = kClip(sample);
}
float clip_at_1(float x) { return clip_hard(x, 1.0f); }
float clip_at_8(float x) { return clip_hard(x, 8.0f); }

void clip(int mode, StereoBlock audio) {
  for (const auto channel : {audio.left, audio.right}) {
    switch (mode) {
      case kSoft:
        clip<clip_soft>(channel);
        break;
      case kTanh:
        clip<clip_tanh>(channel);
        break;
      case kHard:
        clip<clip_at_1>(channel);
        break;
      case kHard18Db:
        clip<clip_at_8>(channel);
        break;
      default:
        break;
    }
  }
}

}  // namespace

const EffectType kDelayType = {
    .id = 1,
    .params = {{{EffectParamKind::kFloat, -8, 5, -2},
                {EffectParamKind::kFloat, -8, 5, -2},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, -60, 70, -24},
                {EffectParamKind::kFloat, -60, 70, 30},
                {EffectParamKind::kFloat, -7, 9, -2},
                {EffectParamKind::kFloat, 0, 2, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, -24, 24, 0}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<DelayEffect>(plan);
    },
    .migrate = migrate,
};

DelayEffect::DelayEffect(const Plan& plan)
    : plan_(&plan), left_(plan.effects), right_(plan.effects) {}

void DelayEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  first_block_ = true;
  lfo_phase_ = 0.0;
  lfo_rises_ = true;
  lfo_samples_ = 0.0f;
  left_samples_ = right_samples_ = Lag(0.0001f);
  feedback_ = crossfeed_ = mix_ = width_ = input_pan_ = BlockRamp();
  low_cut_.restart();
  high_cut_.restart();
  left_.restart();
  right_.restart();
  // A fresh instance does not know its tempo yet.
  set_controls(model.values, /*tempo_is_known=*/false);
  settle();
}

void DelayEffect::set_controls(const EffectValues& values, bool tempo_is_known) {
  const EffectModel& model = *model_;
  const EffectTables& tables = plan_->effects;
  const auto rate_hz = static_cast<float>(plan_->sample_rate());

  float feedback = values[kFeedback];
  if (model.extended(kFeedback)) feedback = 2.0f * feedback - 1.0f;
  inverted_ = feedback < 0.0f;
  float crossfeed = values[kCrossfeed];
  if (model.extended(kCrossfeed)) crossfeed = 2.0f * crossfeed - 1.0f;
  feedback_.set(amplitude_of_level(std::fabs(feedback)));
  crossfeed_.set(amplitude_of_level(crossfeed));

  const float tempo = tempo_is_known ? model.rate_scale(kModRate) : 1.0f;
  lfo_phase_ +=
      static_cast<double>(kBlockSamples / rate_hz * tables.octaves(values[kModRate]) * tempo);
  if (lfo_phase_ > 0.5) {
    lfo_phase_ -= 1.0;
    lfo_rises_ = !lfo_rises_;
  }
  const float depth = values[kModDepth] * (model.extended(kModDepth) ? kExtendedDepth : 1.0f);
  const float swing = (lfo_rises_ ? 1.0f : -1.0f) * static_cast<float>(kBlockSamples) *
                      (tables.ratio(depth) - 1.0f + 1e-11f);
  lfo_samples_ = 0.99f * lfo_samples_ + swing;

  const auto samples = [&](std::size_t param) {
    float scale = 1.0f;
    if (model.options[param].temposync) scale = tempo_is_known ? 1.0f / model.tempo_ratio : 0.0f;
    return rate_hz * scale * tables.ratio(12.0f * values[param]);
  };
  const std::size_t right = model.active(kRightTime) ? kRightTime : kLeftTime;
  left_samples_.set(samples(kLeftTime) + lfo_samples_ - kSincDelay);
  right_samples_.set(samples(right) - lfo_samples_ - kSincDelay);

  high_cut_.set_matched_lowpass(omega_of(*plan_, values[kHighCut]), kCutQ);
  low_cut_.set_highpass(omega_of(*plan_, values[kLowCut]), kCutQ);
  mix_.set(values[kMix]);
  width_.set(plan_->decibels.amplitude(values[kWidth]));
  input_pan_.set(std::clamp(values[kInputChannel], -1.0f, 1.0f));
}

void DelayEffect::settle() {
  left_samples_.set_at_once(left_samples_.target());
  right_samples_.set_at_once(right_samples_.target());
  high_cut_.arrive();
  low_cut_.arrive();
  for (BlockRamp* ramp : {&feedback_, &crossfeed_, &mix_, &width_, &input_pan_}) ramp->freeze();
}

void DelayEffect::read(const SincDelayLine& line, Lag& time,
                       std::span<float, kBlockSamples> out) const {
  const float before = time.value();
  time.advance();
  // Single precision: once it stands, it stands.
  if (time.value() == before) {
    line.read_block(before, out);
    return;
  }
  alignas(Pair) std::array<float, kBlockSamples> times;
  times[0] = time.value();
  for (std::size_t i = 1; i < kBlockSamples; ++i) {
    time.advance();
    times[i] = time.value();
  }
  for (std::size_t i = 0; i < kBlockSamples; i += 4) {
    Pair delays;
    std::memcpy(&delays, &times[i], sizeof(delays));
    const Pair samples = line.read_four<1>(delays, i);
    std::memcpy(&out[i], &samples, sizeof(samples));
  }
}

void DelayEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  set_controls(controls.values, /*tempo_is_known=*/true);
  if (first_block_) settle();
  first_block_ = false;

  StereoBuffer wet;
  read(left_, left_samples_, wet.left);
  read(right_, right_samples_, wet.right);
  if (inverted_) {
    for (float& sample : wet.left) sample = -sample;
    for (float& sample : wet.right) sample = -sample;
  }
  clip(model_->deform(kFeedback), wet.block());
  EffectBiquad::process_series({model_->active(kHighCut) ? &high_cut_ : nullptr,
                                model_->active(kLowCut) ? &low_cut_ : nullptr},
                               wet.block());

  StereoBuffer in;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float pan = input_pan_.at(i);
    const float right = std::max(0.0f, pan);
    const float left = std::min(0.0f, pan);
    const float feedback = feedback_.at(i);
    const float crossfeed = crossfeed_.at(i);
    in.left[i] = (1.0f - right) * audio.left[i] - left * audio.right[i] + feedback * wet.left[i] +
                 crossfeed * wet.right[i];
    in.right[i] = right * audio.left[i] + (1.0f + left) * audio.right[i] + feedback * wet.right[i] +
                  crossfeed * wet.left[i];
  }
  left_.write(in.left);
  right_.write(in.right);

  scale_side(width_, wet.block());
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
