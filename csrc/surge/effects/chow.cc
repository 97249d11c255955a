#include "surge/effects/chow.h"

#include <algorithm>

namespace synthrl::surge {
namespace {

enum : std::size_t { kThreshold, kRatio, kFlip, kMix };

constexpr std::size_t kOversampling = 4;
constexpr float kMinRatio = 1.0f;
constexpr float kMaxRatio = 20.0f;
constexpr double kRampSeconds = 0.05;

float bend(float x, float threshold, float ratio) {
  return x > threshold ? threshold + (x - threshold) / ratio : x;
}

}  // namespace

const EffectType kChowType = {
    .id = 18,
    .params = {{{EffectParamKind::kFloat, -96, 0, -24},
                {EffectParamKind::kFloat, kMinRatio, kMaxRatio, 10},
                {EffectParamKind::kInteger, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 1},
                {},
                {},
                {},
                {},
                {},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<ChowEffect>(plan);
    },
};

void ChowEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  const auto steps = static_cast<int>(kRampSeconds * plan_->sample_rate());
  threshold_.restart(1.0f, steps);
  ratio_.restart(kMinRatio, steps);
  oversampling_.restart();
  makeup_ = mix_ = BlockRamp();
}

void ChowEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  const float threshold_db = std::clamp(values[kThreshold], -96.0f, 0.0f);
  const float wanted_ratio = std::clamp(values[kRatio], kMinRatio, kMaxRatio);
  const bool flipped = model_->integers[kFlip] != 0;
  threshold_.set(plan_->decibels.amplitude(threshold_db));
  ratio_.set(wanted_ratio);
  // What oversampling loses, and some of what the curve takes.
  makeup_.set(
      static_cast<float>(kOversampling) *
      plan_->decibels.amplitude(threshold_db / 12.0f * (1.0f / wanted_ratio - 1.0f) - 1.0f));
  mix_.set(std::clamp(values[kMix], 0.0f, 1.0f));

  FourfoldOversampling::Signal left;
  FourfoldOversampling::Signal right;
  oversampling_.up(audio.left, audio.right, left, right);
  for (std::size_t i = 0; i < left.size(); i += kOversampling) {
    const float threshold = threshold_.next();
    const float ratio = ratio_.next();
    for (std::size_t k = i; k < i + kOversampling; ++k) {
      for (float* sample : {&left[k], &right[k]}) {
        *sample = flipped ? -bend(-*sample, threshold, ratio) : bend(*sample, threshold, ratio);
      }
    }
  }
  StereoBuffer wet;
  oversampling_.down(left, right, wet.left, wet.right);
  makeup_.multiply(wet.block());
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
