#include "surge/effects/treemonster.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kThreshold,
  kSpeed,
  kLowCut,
  kHighCut,
  kPitch,
  kRingModulation,
  kWidth,
  kMix,
};

constexpr double kCutQ = 0.707;
constexpr float kShortestPeriod = 16.0f;
constexpr float kLongestJump = 10.0f;
constexpr double kAttackSeconds = 0.005;
constexpr double kReleaseSeconds = 0.5;

float limit_unit(float value) { return std::clamp(value, 0.0f, 1.0f); }

// Share of a distance that remains after a sample, where 1 % remains after `seconds`.
float keep_of(double seconds, double sample_rate) {
  return static_cast<float>(std::pow(0.01, 1.0 / (seconds * sample_rate)));
}

}  // namespace

const EffectType kTreemonsterType = {
    .id = 24,
    .params = {{{EffectParamKind::kFloat, -96, 0, -24},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, -60, 70, -60},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, -60, 60, 0},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 1},
                {},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<TreemonsterEffect>(plan);
    },
};

void TreemonsterEffect::Voice::track(float x, float threshold) {
  ++count;
  if (last < 0.0f && x >= 0.0f) {
    if (x > threshold && count > kShortestPeriod) {
      measured = count > kLongestJump * period ? period : count;
      if (!has_period) period = measured = count;
      has_period = true;
    }
    count = 0.0f;
  }
  last = x;
}

void TreemonsterEffect::Voice::follow(float keep, int steps) {
  for (int i = 0; i < steps; ++i) period = keep * period + (1.0f - keep) * measured;
}

void TreemonsterEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  voices_ = {};
  voices_[0].oscillator.set_phase(0.0f);
  voices_[1].oscillator.set_phase(0.5f * std::numbers::pi_v<float>);
  low_cut_.restart();
  high_cut_.restart();
  set_filters(model.values);
  ring_.set_at_once(limit_unit(model.values[kRingModulation]));
  width_ = BlockRamp();
  mix_.set_at_once(limit_unit(model.values[kMix]));
}

void TreemonsterEffect::set_filters(const EffectValues& values) {
  high_cut_.set_matched_lowpass(omega_of(*plan_, values[kHighCut]), kCutQ);
  low_cut_.set_highpass(omega_of(*plan_, values[kLowCut]), kCutQ);
}

void TreemonsterEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  constexpr double kSmoothingRate = 48000.0;
  const EffectValues& values = controls.values;
  const double rate_hz = plan_->sample_rate();

  set_filters(values);
  StereoBuffer detected;
  detected.copy(audio);
  if (model_->active(kLowCut)) low_cut_.process(detected.block());
  if (model_->active(kHighCut)) high_cut_.process(detected.block());

  const float threshold = plan_->decibels.amplitude(values[kThreshold]);
  const float speed = limit_unit(values[kSpeed]);
  const float keep = 0.9999f - speed * speed * speed * speed * (0.0999f / 128.0f);
  const auto steps = static_cast<int>(kBlockSamples * kSmoothingRate / rate_hz);
  const float interval = plan_->effects.ratio(values[kPitch]);
  const float attack = keep_of(kAttackSeconds, rate_hz);
  const float release = keep_of(kReleaseSeconds, rate_hz);

  StereoBuffer wet;
  StereoBuffer ring;
  std::array<float, kBlockSamples> envelope;
  const std::array<std::span<const float, kBlockSamples>, 2> in{audio.left, audio.right};
  const std::array<std::span<const float, kBlockSamples>, 2> detector{detected.left,
                                                                      detected.right};
  const std::array<std::span<float, kBlockSamples>, 2> sines{wet.left, wet.right};
  const std::array<std::span<float, kBlockSamples>, 2> rings{ring.left, ring.right};
  for (std::size_t c = 0; c < 2; ++c) {
    Voice& voice = voices_[c];
    voice.follow(keep, steps);
    voice.oscillator.set_rate(2.0f * std::numbers::pi_v<float> / std::max(2.0f, voice.period) *
                              interval);
    for (std::size_t i = 0; i < kBlockSamples; ++i) {
      voice.track(detector[c][i], threshold);
      const float x = in[c][i];
      voice.envelope = (x > voice.envelope ? attack : release) * (voice.envelope - x) + x;
      // Both sides swell with the left one.
      if (c == 0) envelope[i] = voice.envelope;
      const float sine = voice.oscillator.real();
      sines[c][i] = sine * envelope[i];
      rings[c][i] = sine * x;
      voice.oscillator.advance();
    }
  }
  ring_.set(limit_unit(values[kRingModulation]));
  ring_.crossfade(wet.block(), ring.block());
  width_.set(plan_->decibels.amplitude(std::clamp(values[kWidth], -1.0f, 1.0f)));
  scale_side(width_, wet.block());
  mix_.set(limit_unit(values[kMix]));
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
