#include "surge/effects/spring_reverb.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "surge/dsp/saturation.h"

namespace synthrl::surge {
namespace {

enum : std::size_t { kSize, kDecay, kReflectivity, kDamping, kSpin, kChaos, kKnock, kMix };

constexpr float kShortestSamples = 1000.0f;
constexpr float kDelaySeconds = 0.099f;
constexpr float kChaosShare = 0.07f;
constexpr double kChaosSeconds = 0.05;
constexpr std::array<float, 4> kReflectionSeconds{0.07f, 0.17f, 0.23f, 0.29f};
// Of the allpasses, at size 0 and what size adds.
constexpr float kStageSeconds = 0.35e-3f;
constexpr float kStageSizeSeconds = 3e-3f;
constexpr float kLowCutHz = 40.0f;
constexpr float kKnockLevel = 2.0f;

float longest_delay(const Plan& plan) {
  return (1.0f + kChaosShare) *
         (kShortestSamples + kDelaySeconds * static_cast<float>(plan.sample_rate()));
}

}  // namespace

const EffectType kSpringReverbType = {
    .id = 27,
    .params = {{{EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 1},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<SpringReverbEffect>(plan);
    },
    .generates = [](const EffectModel& model) { return model.values[kKnock] >= 0.5f; },
};

SpringReverbEffect::CubicLine::CubicLine(float longest)
    : longest_(longest),
      mask_(std::bit_ceil(static_cast<std::size_t>(longest) + 4) - 1),
      samples_(mask_ + 1) {}

void SpringReverbEffect::CubicLine::restart() {
  position_ = 0;
  std::fill(samples_.begin(), samples_.end(), 0.0f);
}

SpringReverbEffect::CubicLine::Tap SpringReverbEffect::CubicLine::tap(float delay) const {
  const float limited = std::clamp(delay, 2.0f, longest_);
  const auto whole = static_cast<std::size_t>(limited);
  // Between the second and the third of the four samples.
  const float x = 1.0f + limited - static_cast<float>(whole);
  const float d1 = x - 1.0f;
  const float d2 = x - 2.0f;
  const float d3 = x - 3.0f;
  return {.back = whole - 1,
          .weights = {-d1 * d2 * d3 / 6.0f, 0.5f * x * d2 * d3, -0.5f * x * d1 * d3,
                      x * d1 * d2 / 6.0f}};
}

float SpringReverbEffect::CubicLine::read(const Tap& tap) const {
  float sum = 0.0f;
  for (std::size_t i = 0; i < tap.weights.size(); ++i) {
    sum += tap.weights[i] * samples_[(position_ - tap.back - i) & mask_];
  }
  return sum;
}

void SpringReverbEffect::CubicLine::write(float x) {
  samples_[position_ & mask_] = x;
  ++position_;
}

SpringReverbEffect::DispersiveChain::DispersiveChain(float longest)
    : longest_(static_cast<std::size_t>(longest) + 1),
      mask_(std::bit_ceil(longest_ + 2) - 1),
      samples_((mask_ + 1) * 2 * kStages) {}

void SpringReverbEffect::DispersiveChain::restart() {
  position_ = 0;
  stages_ = {};
  std::fill(samples_.begin(), samples_.end(), Pair{});
}

void SpringReverbEffect::DispersiveChain::set(float delay, float gain) {
  constexpr float kLeastFraction = 0.618f;
  const float limited = std::clamp(delay, 3.0f, static_cast<float>(longest_));
  back_ = static_cast<std::size_t>(limited);
  float fraction = limited - static_cast<float>(back_);
  if (fraction < kLeastFraction) {
    fraction += 1.0f;
    --back_;
  }
  slope_ = (1.0f - fraction) / (1.0f + fraction);
  gain_ = Pair{gain, -gain, gain, -gain};
}

Pair SpringReverbEffect::DispersiveChain::interpolate(Pair near, Pair far, Pair& last) const {
  last = far + slope_ * (near - last);
  return last;
}

Pair SpringReverbEffect::DispersiveChain::process(Pair x) noexcept {
  constexpr std::size_t kLines = 2 * kStages;
  Pair* now = samples_.data() + (position_ & mask_) * kLines;
  const Pair* near = samples_.data() + ((position_ - back_) & mask_) * kLines;
  const Pair* far = samples_.data() + ((position_ - back_ - 1) & mask_) * kLines;
  for (std::size_t s = 0; s < kStages; ++s) {
    Stage& stage = stages_[s];
    const Pair outer = interpolate(near[2 * s], far[2 * s], stage.outer);
    const Pair inner = interpolate(near[2 * s + 1], far[2 * s + 1], stage.inner);
    const Pair inner_in = outer + gain_ * inner;
    now[2 * s + 1] = inner_in;
    const Pair delayed = inner - gain_ * inner_in;
    const Pair outer_in = x + gain_ * delayed;
    now[2 * s] = outer_in;
    x = delayed - gain_ * outer_in;
  }
  ++position_;
  return x;
}

SpringReverbEffect::SpringReverbEffect(const Plan& plan)
    : plan_(&plan),
      delays_{CubicLine(longest_delay(plan)), CubicLine(longest_delay(plan))},
      reflection_lines_{
          CubicLine(kReflectionSeconds.back() * static_cast<float>(plan.sample_rate())),
          CubicLine(kReflectionSeconds.back() * static_cast<float>(plan.sample_rate()))},
      chain_((kStageSeconds + kStageSizeSeconds) * static_cast<float>(plan.sample_rate())) {}

void SpringReverbEffect::start(const EffectModel&, std::uint64_t seed) noexcept {
  const auto rate_hz = static_cast<float>(plan_->sample_rate());
  rng_ = Rng(seed);
  for (std::size_t c = 0; c < kChannels; ++c) {
    delays_[c].restart();
    reflection_lines_[c].restart();
    low_cut_[c].restart();
    low_cut_[c].set_frequency(kLowCutHz, rate_hz);
    damping_[c].restart();
  }
  reflection_shelf_.restart();
  chain_.restart();
  last_ = {};
  chaos_.restart(0.0f, static_cast<int>(kChaosSeconds * plan_->sample_rate()));
  knocked_ = false;
  knock_samples_ = knock_at_ = 0;
  mix_.set_at_once(1.0f);
}

void SpringReverbEffect::set_controls(const EffectValues& values) {
  const auto rate_hz = static_cast<float>(plan_->sample_rate());
  const auto value = [&](std::size_t param) { return std::clamp(values[param], 0.0f, 1.0f); };
  const float size = value(kSize);
  const float decay_s = 0.5f * std::pow(9.0f, 0.95f * value(kDecay) - 0.7f * (1.0f - size * size));
  const auto decay_over = [&](float samples) {
    return std::pow(0.001f, samples / (decay_s * rate_hz));
  };

  float delay = kShortestSamples + kDelaySeconds * size * rate_hz;
  chaos_.set(rng_.unipolar() * kChaosShare * delay);
  for (std::size_t i = 0; i < kBlockSamples; ++i) chaos_.next();
  const float chaos = value(kChaos);
  delay += chaos * chaos * chaos * chaos_.value();
  delay_tap_ = delays_[0].tap(delay);
  feedback_ = decay_over(delay);

  chain_.set((kStageSeconds + kStageSizeSeconds * size) * rate_hz, 0.5f - 0.4f * value(kSpin));

  const float damping = value(kDamping);
  const float damping_hz = std::min(4000.0f * std::pow(4.5f, 1.0f - damping), 0.49f * rate_hz);
  for (StateVariableFilter& filter : damping_) filter.set_frequency(damping_hz, rate_hz);

  const float strength = value(kReflectivity);
  for (std::size_t i = 0; i < kReflections; ++i) {
    const float samples = kReflectionSeconds[i] * size * rate_hz;
    reflection_taps_[i] = reflection_lines_[0].tap(samples);
    reflection_gains_[i] =
        decay_over(samples) * 0.23f * (0.95f * strength * strength) * (0.735f + 0.235f * size);
  }
  reflection_shelf_.set(1.0f, plan_->decibels.amplitude(-1.0f - 9.0f * damping), 800.0f, rate_hz);

  const bool knocks = values[kKnock] >= 0.5f;
  if (knocks && !knocked_) {
    const float seconds = (0.0005f + 0.0005f * rng_.unipolar()) * (1.0f + 0.5f * size);
    knock_samples_ = static_cast<int>(seconds * rate_hz);
    knock_at_ = 0;
  }
  knocked_ = knocks;
}

float SpringReverbEffect::knock() {
  if (knock_at_ >= knock_samples_) return 0.0f;
  const float phase = static_cast<float>(knock_at_++) / static_cast<float>(knock_samples_);
  return kKnockLevel * std::sin(std::numbers::pi_v<float> * phase);
}

float SpringReverbEffect::reflections(std::size_t channel) {
  std::array<float, kReflections> taps;
  float sum = 0.0f;
  for (std::size_t i = 0; i < kReflections; ++i) {
    taps[i] = reflection_lines_[channel].read(reflection_taps_[i]);
    sum += taps[i];
  }
  // A Householder matrix mixes them.
  float mixed = 0.0f;
  for (std::size_t i = 0; i < kReflections; ++i) {
    mixed += reflection_gains_[i] * (taps[i] - 0.5f * sum);
  }
  // Both channels share the filter, in turn.
  return reflection_shelf_.process(0.25f * mixed);
}

void SpringReverbEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  set_controls(controls.values);
  StereoBuffer wet;
  wet.copy(audio);
  const std::array<float*, kChannels> channels{wet.left.data(), wet.right.data()};
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float bang = knock();
    // Per channel what enters the spring, and what went out last.
    Pair lanes{};
    for (std::size_t c = 0; c < kChannels; ++c) {
      const float in = channels[c][i] - feedback_ * delays_[c].read(delay_tap_);
      lanes[2 * c] = low_cut_[c].highpass(pade_tanh(in)) + bang;
      lanes[2 * c + 1] = last_[c];
    }
    lanes = chain_.process(lanes);
    for (std::size_t c = 0; c < kChannels; ++c) {
      delays_[c].write(lanes[2 * c + 1]);
      const float out = lanes[2 * c] - reflections(c);
      reflection_lines_[c].write(out);
      last_[c] = channels[c][i] = damping_[c].lowpass(out);
    }
  }
  mix_.set(std::clamp(controls.values[kMix], 0.0f, 1.0f));
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
