#include "surge/effects/waveshaper.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kPreLowCut,
  kPreHighCut,
  kShape,
  kBias,
  kDrive,
  kPostLowCut,
  kPostHighCut,
  kGain,
  kMix,
};

constexpr double kCutQ = 0.707;
// Makes up for what the oversampling loses, and more; the inverse of half of it follows.
constexpr float kInputGain = 6.0f;
constexpr float kOutputGain = 1.0f / 3.0f;
constexpr float kMaxBias = 1e3f;

void migrate(EffectModel& model, int revision) {
  if (revision >= 27) return;
  model.options[kDrive].extend_range = false;
  model.options[kGain].extend_range = false;
}

// Doubles every 18 dB, but never more than once.
float mild_amplitude(float level_db) { return std::min(std::exp2(level_db / 18.0f), 2.0f); }

}  // namespace

const EffectType kWaveshaperType = {
    .id = 25,
    .params = {{{EffectParamKind::kFloat, -60, 70, -60},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kInteger, 0, kNumWaveshaperTypes - 1, 0},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, -60, 70, -60},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, 0, 1, 1},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<WaveshaperEffect>(plan);
    },
    .migrate = migrate,
};

float WaveshaperEffect::level_db(std::size_t param) const {
  return model_->values[param] * (model_->extended(param) ? 2.0f : 1.0f);
}

void WaveshaperEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  for (EffectBiquad* filter : {&pre_low_cut_, &pre_high_cut_, &post_low_cut_, &post_high_cut_}) {
    filter->restart();
  }
  set_filters({});  // all parameters are still 0
  shaper_.start(static_cast<WaveshaperType>(model.integers[kShape]));
  bias_.set_at_once(0.0f);
  drive_.set_at_once(mild_amplitude(level_db(kDrive)));
  up_.restart();
  down_.restart();
  gain_ = mix_ = BlockRamp();
}

void WaveshaperEffect::set_filters(const EffectValues& values) {
  const auto omega = [&](std::size_t param) { return omega_of(*plan_, values[param]); };
  pre_low_cut_.set_highpass(omega(kPreLowCut), kCutQ);
  pre_high_cut_.set_matched_lowpass(omega(kPreHighCut), kCutQ);
  post_low_cut_.set_highpass(omega(kPostLowCut), kCutQ);
  post_high_cut_.set_matched_lowpass(omega(kPostHighCut), kCutQ);
}

void WaveshaperEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  constexpr std::size_t kSamples = 2 * kBlockSamples;
  const EffectValues& values = controls.values;
  set_filters(values);
  bias_.set(std::clamp(values[kBias], -kMaxBias, kMaxBias));
  const float amplitude = mild_amplitude(level_db(kDrive));
  drive_.set(amplitude * amplitude * amplitude);
  gain_.set(mild_amplitude(level_db(kGain)));
  mix_.set(std::clamp(values[kMix], 0.0f, 1.0f));

  StereoBuffer wet;
  wet.copy(audio);
  EffectBiquad::process_series({model_->active(kPreHighCut) ? &pre_high_cut_ : nullptr,
                                model_->active(kPreLowCut) ? &pre_low_cut_ : nullptr},
                               wet.block());
  std::array<float, kSamples> left;
  std::array<float, kSamples> right;
  up_.up(wet.left.data(), wet.right.data(), left.data(), right.data(), kBlockSamples);
  if (shaper_.active()) {
    std::array<Pair, kSamples> samples;
    std::array<float, kSamples> drives;
    for (std::size_t i = 0; i < kSamples; ++i) {
      samples[i] = make_pair(left[i], right[i]) * kInputGain + bias_.value();
      drives[i] = drive_.value();
      bias_.advance();
      drive_.advance();
    }
    shaper_.process(samples, drives);
    for (std::size_t i = 0; i < kSamples; ++i) {
      left[i] = samples[i][0] * kOutputGain;
      right[i] = samples[i][1] * kOutputGain;
    }
  }
  down_.down(left.data(), right.data(), wet.left.data(), wet.right.data(), kBlockSamples);
  EffectBiquad::process_series({model_->active(kPostHighCut) ? &post_high_cut_ : nullptr,
                                model_->active(kPostLowCut) ? &post_low_cut_ : nullptr},
                               wet.block());
  gain_.multiply(wet.block());
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
