#include "surge/effects/neuron.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kDrive,
  kSquash,
  kStab,
  kAsymmetry,
  kBias,
  kCombFrequency,
  kCombSeparation,
  kLfoWave,
  kLfoRate,
  kLfoDepth,
  kWidth,
  kGain,
};

constexpr double kDcBlockerQ = 0.707;
constexpr int kRampSteps = 200;
constexpr float kOversampling = 4.0f;

float limit_unit(float value) { return std::clamp(value, 0.0f, 1.0f); }

}  // namespace

const EffectType kNeuronType = {
    .id = 15,
    .params = {{{EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 1},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, -96, 96, 0.5f},
                {EffectParamKind::kInteger, 0, 5, 0},
                {EffectParamKind::kFloat, -7, 9, -2},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, -24, 24, 0}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<NeuronEffect>(plan);
    },
};

void NeuronEffect::Memory::restart() {
  std::fill_n(samples_.begin(), std::min(written_, kLength), 0.0f);
  written_ = 0;
  last_ = 0.0f;
  delay.restart(0.0f, kRampSteps);
}

float NeuronEffect::Memory::exchange(float x, float delay_samples) {
  constexpr std::size_t kMask = kLength - 1;
  const float limited = std::clamp(delay_samples, 0.0f, static_cast<float>(kLength - 2));
  const auto whole = static_cast<std::size_t>(limited);
  const float fraction = limited - static_cast<float>(whole);
  samples_[written_ & kMask] = x;
  const float near = samples_[(written_ - whole) & kMask];
  const float far = samples_[(written_ - whole - 1) & kMask];
  ++written_;
  last_ = near + fraction * (far - near);
  return last_;
}

void NeuronEffect::Weights::restart() {
  for (LinearRamp* weight : {&gate_in, &gate_memory, &memory}) weight->restart(0.0f, kRampSteps);
  gate_bias.restart(-1.0f, kRampSteps);
  in.restart(1.0f, kRampSteps);
}

NeuronEffect::NeuronEffect(const Plan& plan)
    : plan_(&plan), lfo_(plan.effects, EffectLfo::Draws::kApart) {}

void NeuronEffect::start(const EffectModel& model, std::uint64_t seed) noexcept {
  model_ = &model;
  weights_.restart();
  for (Memory& memory : memories_) memory.restart();
  lfo_.restart(seed);
  oversampling_.restart();
  dc_blocker_.restart();
  dc_blocker_.set_highpass(35.0 / plan_->sample_rate(), kDcBlockerQ);
  makeup_ = width_ = gain_ = BlockRamp();
}

void NeuronEffect::set_controls(const EffectValues& values) {
  const EffectTables& tables = plan_->effects;
  const auto rate_hz = static_cast<float>(plan_->sample_rate());
  const float drive = limit_unit(values[kDrive]);
  const float bias = limit_unit(values[kBias]);
  weights_.gate_in.set(20.0f * limit_unit(values[kSquash]));
  weights_.in.set(plan_->decibels.amplitude(drive));
  weights_.gate_memory.set(5.0f * limit_unit(values[kStab]));
  weights_.memory.set(0.9f * limit_unit(values[kAsymmetry]));
  weights_.gate_bias.set(6.0f * bias - 1.0f);

  for (std::size_t c = 0; c < 2; ++c) {
    const float separation = c == 0 ? 0.0f : values[kCombSeparation];
    const float hz = tables.frequency_hz(values[kCombFrequency] + separation);
    memories_[c].delay.set(0.5f * kOversampling * rate_hz /
                           (2.0f * std::numbers::pi_v<float> * hz));
  }

  float rate = 0.0f;
  float offset = 0.0f;
  if (model_->active(kLfoRate)) {
    const float octaves = std::clamp(values[kLfoRate], -8.0f, 10.0f);
    rate = kBlockSamples / rate_hz * tables.octaves(octaves) * model_->rate_scale(kLfoRate);
  } else {
    offset = (values[kLfoRate] + 7.0f) / 16.0f;
  }
  lfo_.update(static_cast<EffectLfo::Wave>(model_->integers[kLfoWave]), rate,
              std::clamp(values[kLfoDepth], 0.0f, 2.0f), offset, 0.0f);

  makeup_.set((std::exp(-0.11898f * drive) + 1.0f) * (6.0f * std::pow(bias, 7.5f) + 0.9f));
  width_.set(plan_->decibels.amplitude(values[kWidth]));
  gain_.set(plan_->decibels.amplitude(values[kGain]));
}

float NeuronEffect::step(float x, Memory& memory, float stretch) {
  // Both channels advance the same ramps, in turn.
  const float last = memory.last();
  const float gate_in =
      weights_.gate_in.next() * x + weights_.gate_memory.next() * last + weights_.gate_bias.next();
  const float forget = 1.0f / (1.0f + std::exp(-gate_in));
  const float candidate =
      std::tanh(weights_.in.next() * x + weights_.memory.next() * forget * last);
  const float y = forget * last + (1.0f - forget) * candidate;
  memory.exchange(y, memory.delay.next() * stretch);
  return y;
}

void NeuronEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  set_controls(controls.values);
  FourfoldOversampling::Signal left;
  FourfoldOversampling::Signal right;
  oversampling_.up(audio.left, audio.right, left, right);
  for (std::size_t i = 0; i < left.size(); ++i) {
    const float stretch = 1.0f + 0.5f * lfo_.value(0);
    left[i] = step(left[i], memories_[0], stretch);
    right[i] = step(right[i], memories_[1], stretch);
    // Meant for steps at the rate of the host, so it goes four times as far as it should.
    lfo_.advance();
  }
  oversampling_.down(left, right, audio.left, audio.right);
  dc_blocker_.process(audio);
  makeup_.multiply(audio);
  scale_side(width_, audio);
  gain_.multiply(audio);
}

}  // namespace synthrl::surge
