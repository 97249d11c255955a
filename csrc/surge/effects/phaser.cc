#include "surge/effects/phaser.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kCenter,
  kFeedback,
  kSharpness,
  kRate,
  kDepth,
  kStereo,
  kMix,
  kWidth,
  kCount,
  kSpread,
  kWave,
  kTone,
};

constexpr unsigned kBlocksPerUpdate = 8;
constexpr float kMaxLevel = 32.0f;

std::int64_t ring_out(float feedback) {
  const float strength = std::fabs(feedback);
  if (strength > 1.0f) return EffectUnit::kRingsForever;
  if (strength > 0.9f) return 5000;
  return strength > 0.5f ? 3000 : 1000;
}

}  // namespace

const EffectType kPhaserType = {
    .id = 3,
    .params = {{{EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -7, 9, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kInteger, 1, 16, 4},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kInteger, 0, 5, 0},
                {EffectParamKind::kFloat, -1, 1, 0}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<PhaserEffect>(plan);
    },
};

void PhaserEffect::Stage::set(const BiquadCoefficients& left, const BiquadCoefficients& right) {
  target_ = {Lanes2{left.b0, right.b0}, Lanes2{left.b1, right.b1}, Lanes2{left.b2, right.b2},
             Lanes2{left.a1, right.a1}, Lanes2{left.a2, right.a2}};
  gliding_ = started_;
  if (!started_) value_ = target_;
  started_ = true;
}

void PhaserEffect::Stage::glide() {
  constexpr double kKeep = 0.996;
  constexpr double kFollow = 0.004;
  for (std::size_t i = 0; i < value_.size(); ++i) {
    value_[i] = value_[i] * kKeep + target_[i] * kFollow;
  }
}

void PhaserEffect::Stage::end_block() {
  constexpr double kArrived = 1e-11;
  constexpr double kNothing = 1e-30;
  for (Lanes2* state : {&z1_, &z2_}) {
    for (int lane = 0; lane < 2; ++lane) {
      if (!(std::fabs((*state)[lane]) > kNothing)) (*state)[lane] = 0.0;
    }
  }
  if (!gliding_) return;
  for (std::size_t i = 0; i < value_.size(); ++i) {
    const Lanes2 distance = value_[i] - target_[i];
    if (!(std::fabs(distance[0]) < kArrived && std::fabs(distance[1]) < kArrived)) return;
  }
  value_ = target_;
  gliding_ = false;
}

PhaserEffect::PhaserEffect(const Plan& plan) : plan_(&plan), lfo_(plan.effects) {}

void PhaserEffect::start(const EffectModel& model, std::uint64_t seed) noexcept {
  model_ = &model;
  block_ = 0;
  ring_out_blocks_ = ring_out(model.values[kFeedback]);
  num_stages_ =
      static_cast<std::size_t>(std::clamp(model.integers[kCount], 1, static_cast<int>(kMaxStages)));
  stages_.fill(Stage());
  last_ = Lanes2{};
  lfo_.restart(seed);
  feedback_ = LateLine(kBlocksPerUpdate * kBlockSamples);
  tone_.restart();
  mix_.set_at_once(1.0f);
  width_ = BlockRamp();
}

void PhaserEffect::set_controls(const EffectValues& values) {
  const float depth = std::clamp(values[kDepth], 0.0f, 2.0f);
  const auto wave = static_cast<EffectLfo::Wave>(model_->integers[kWave]);
  if (model_->active(kRate)) {
    const float rate = static_cast<float>(kBlocksPerUpdate * kBlockSamples) /
                       static_cast<float>(plan_->sample_rate()) *
                       plan_->effects.octaves(values[kRate]) * model_->rate_scale(kRate);
    lfo_.update(wave, rate, depth, 0.0f, values[kStereo]);
  } else {
    const float phase = std::clamp((values[kRate] + 7.0f) / 16.0f, 0.0f, 1.0f);
    lfo_.update(wave, 0.0f, depth, phase, values[kStereo]);
  }

  const double q = 1.0 + 0.8 * static_cast<double>(std::clamp(values[kSharpness], -1.0f, 1.0f));
  for (std::size_t i = 0; i < num_stages_; ++i) {
    // In octaves: of the middle, and per depth of the LFO.
    float octaves;
    float swing;
    if (num_stages_ == 1) {
      octaves = 0.125f;
      swing = 2.0f;
    } else {
      const auto stage = static_cast<float>(i + 1);
      octaves = values[kSpread] * std::exp2(2.0f * stage / static_cast<float>(num_stages_));
      swing = 2.0f / stage;
    }
    octaves += 2.0f * values[kCenter];
    const auto allpass = [&](std::size_t output) {
      const float semitones = 12.0f * (octaves + swing * lfo_.value(output));
      return allpass_coefficients(omega_of(*plan_, semitones), q);
    };
    stages_[i].set(allpass(0), allpass(1));
  }
  feedback_.set(0.95f * std::clamp(values[kFeedback], -2.0f, 2.0f));
  tone_.set(*plan_, values[kTone]);
  width_.set(plan_->decibels.amplitude(values[kWidth]));
  ring_out_blocks_ = ring_out(values[kFeedback]);
}

void PhaserEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  if (block_++ % kBlocksPerUpdate == 0) set_controls(controls.values);
  mix_.set(std::clamp(controls.values[kMix], 0.0f, 1.0f));

  StereoBuffer wet;
  Lanes2 last = last_;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const auto feedback = static_cast<double>(feedback_.value());
    feedback_.advance();
    Lanes2 y = Lanes2{static_cast<double>(audio.left[i]), static_cast<double>(audio.right[i])} +
               last * feedback;
    for (int lane = 0; lane < 2; ++lane) {
      y[lane] = std::clamp<double>(y[lane], -kMaxLevel, kMaxLevel);
    }
    for (std::size_t s = 0; s < num_stages_; ++s) y = stages_[s].tick(y);
    wet.left[i] = static_cast<float>(y[0]);
    wet.right[i] = static_cast<float>(y[1]);
    last = y;
  }
  last_ = last;
  for (std::size_t s = 0; s < num_stages_; ++s) stages_[s].end_block();

  if (model_->active(kTone)) tone_.process(wet.block());
  scale_side(width_, wet.block());
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
