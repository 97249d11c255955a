#include "surge/effects/exciter.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

enum : std::size_t { kDrive, kTone, kAttack, kRelease, kMix };

constexpr double kCutQ = 0.7071;
// log 5 and log 20 to the base 100: 5 to 20 ms of attack.
constexpr float kShortest = 0.3494850f;
constexpr float kLongest = 0.6505150f;

float limit_unit(float value) { return std::clamp(value, 0.0f, 1.0f); }

// 100 to the power of a control value, from half the shortest to twice the longest time.
float milliseconds(float value) {
  return std::clamp(std::pow(100.0f, limit_unit(value)), 2.5f, 40.0f);
}

}  // namespace

const EffectType kExciterType = {
    .id = 19,
    .params = {{{EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, kShortest, kLongest, 0.5f},
                {EffectParamKind::kFloat, kShortest, kLongest, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {},
                {},
                {},
                {},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<ExciterEffect>(plan);
    },
};

void ExciterEffect::start(const EffectModel&, std::uint64_t) noexcept {
  drive_ = mix_ = BlockRamp();
  up_.restart();
  down_.restart();
  low_cut_.restart();
  set_tone(0.0f);  // all parameters are still 0
  level_ = {};
}

void ExciterEffect::set_tone(float tone) {
  const double rate_hz = plan_->sample_rate();
  const double hz = std::min(500.0 * std::pow(20.0, static_cast<double>(tone)), 0.48 * rate_hz);
  low_cut_.set_highpass(2.0 * std::numbers::pi * hz / (2.0 * rate_hz), kCutQ);
}

void ExciterEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  constexpr std::size_t kSamples = 2 * kBlockSamples;
  // Of a diode; the limit is far above any signal.
  constexpr float kSteepness = 0.05f / 0.0259f;
  constexpr float kMaxExponent = 40.0f;
  const EffectValues& values = controls.values;
  const float tone = limit_unit(values[kTone]);
  const float drive = limit_unit(values[kDrive]);
  set_tone(tone);
  drive_.set(8.0f * std::pow(drive, 1.5f) * std::pow(0.2f, 1.0f - tone));
  mix_.set(limit_unit(values[kMix]));
  // As if it ran at the rate of the host.
  const auto keep = [&](float ms) {
    return std::exp(-2000.0f * std::numbers::pi_v<float> /
                    (static_cast<float>(plan_->sample_rate()) * ms));
  };
  const float attack = keep(milliseconds(values[kAttack]));
  const float release = keep(10.0f * milliseconds(values[kRelease]));

  StereoBuffer wet;
  wet.copy(audio);
  drive_.multiply(wet.block());
  std::array<float, kSamples> left;
  std::array<float, kSamples> right;
  up_.up(wet.left.data(), wet.right.data(), left.data(), right.data(), kBlockSamples);
  low_cut_.process(left.data(), right.data(), kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    const std::array<float*, 2> samples{&left[i], &right[i]};
    for (std::size_t c = 0; c < 2; ++c) {
      const float z = *samples[c];
      const float current = 5.0f * (std::exp(std::min(kSteepness * z, kMaxExponent)) - 1.0f);
      level_[c] = current + (current > level_[c] ? attack : release) * (level_[c] - current);
      *samples[c] = std::tanh(z) * level_[c];
    }
  }
  down_.down(left.data(), right.data(), wet.left.data(), wet.right.data(), kBlockSamples);
  mix_.accumulate(wet.left, audio.left);
  mix_.accumulate(wet.right, audio.right);
}

}  // namespace synthrl::surge
