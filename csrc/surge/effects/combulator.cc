#include "surge/effects/combulator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/effects/blocks/clippers.h"

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kNoise,
  kFrequency,
  kSecondOffset,
  kThirdOffset,
  kFeedback,
  kTone,
  kGain,  // of all combs in turn
  kSecondPan = 9,
  kThirdPan,
  kMix,
};

constexpr double kFollowSeconds = 0.005;
constexpr float kNoiseGain = 3.0f;
constexpr float kMaxNoise = 1e3f;
// Gain of either channel in the middle, to which all are related.
constexpr float kCenterGain = 0.59f;
// Semitones beyond which no delay line reaches.
constexpr float kMaxFrequency = 300.0f;

void migrate(EffectModel& model, int revision) {
  if (revision <= 17) model.options[kTone].deactivated = false;
  if (revision <= 20) {
    model.options[kSecondOffset].extend_range = false;
    model.options[kThirdOffset].extend_range = false;
  }
}

}  // namespace

const EffectType kCombulatorType = {
    .id = 21,
    .params = {{{EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, -117.3763f, 70, -9},
                {EffectParamKind::kFloat, -60, 60, 0.25f},
                {EffectParamKind::kFloat, -60, 60, -0.25f},
                {EffectParamKind::kFloat, -1, 1, 0.75f},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0.7937005f},
                {EffectParamKind::kFloat, 0, 1, 0.7937005f},
                {EffectParamKind::kFloat, 0, 1, 0.7937005f},
                {EffectParamKind::kFloat, -1, 1, 0.25f},
                {EffectParamKind::kFloat, -1, 1, -0.25f},
                {EffectParamKind::kFloat, 0, 1, 1}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<CombulatorEffect>(plan);
    },
    .migrate = migrate,
};

CombulatorEffect::PanTable::PanTable() {
  constexpr double kQuarter = std::numbers::pi / 2.0;
  for (std::size_t i = 0; i < kPoints; ++i) {
    const double angle = kQuarter * static_cast<double>(i) / static_cast<double>(kPoints - 1);
    const double cosine = std::max(std::cos(angle), 0.0);
    left_[i] = static_cast<float>(std::sqrt((kQuarter - angle) / kQuarter * cosine));
    right_[i] = static_cast<float>(std::sqrt(angle / kQuarter * std::sin(angle)));
  }
}

Pair CombulatorEffect::PanTable::operator()(float pan) const {
  const float position = (std::clamp(pan, -1.0f, 1.0f) + 1.0f) * 2047.0f;
  const auto index = static_cast<std::size_t>(position);
  return make_pair(left_[index], right_[index]) * (1.0f / kCenterGain);
}

CombulatorEffect::CombulatorEffect(const Plan& plan)
    : plan_(&plan),
      follow_(
          static_cast<float>(std::pow(0.01, 1.0 / (kFollowSeconds * 2.0 * plan.sample_rate())))),
      voices_{Voice(plan.filters), Voice(plan.filters), Voice(plan.filters)} {}

void CombulatorEffect::start(const EffectModel& model, std::uint64_t seed) noexcept {
  model_ = &model;
  rng_ = Rng(seed);
  level_ = Pair{};
  // All parameters are still 0.
  noise_.set_at_once(0.0f);
  feedback_.set_at_once(0.0f);
  for (Voice& voice : voices_) {
    voice.frequency.set_at_once(0.0f);
    voice.gain.set_at_once(0.0f);
    voice.pan.set_at_once(0.0f);
    voice.coefficients.restart();
    voice.line.clear();
  }
  up_.restart();
  down_.restart();
  tone_.restart();
  mix_.set_at_once(1.0f);
}

void CombulatorEffect::set_controls(const EffectValues& values) {
  const float sample_rate_hz = plan_->filters.sample_rate_hz();
  noise_.set(std::clamp(values[kNoise], -kMaxNoise, kMaxNoise));
  feedback_.set(std::clamp(values[kFeedback], -1.0f, 1.0f));
  const float feedback = std::copysign(std::sqrt(std::fabs(feedback_.value())), feedback_.value());
  for (std::size_t c = 0; c < kCombs; ++c) {
    Voice& voice = voices_[c];
    float frequency = values[kFrequency];
    if (c > 0) {
      const std::size_t param = kFrequency + c;
      frequency = model_->extended(param) ? values[param] : frequency + values[param];
    }
    voice.frequency.set(std::clamp(frequency, -kMaxFrequency, kMaxFrequency));
    voice.gain.set(amplitude_of_level(std::clamp(values[kGain + c], 0.0f, 2.0f)));
    if (c > 0) voice.pan.set(std::clamp(values[kSecondPan + c - 1], -1.0f, 1.0f));
    voice.coefficients.submit(comb_coefficients(sample_rate_hz, voice.frequency.value(), feedback,
                                                /*legacy_tuning=*/false, longest_delay(kCapacity)));
  }
  tone_.set(*plan_, values[kTone]);
  mix_.set(std::clamp(values[kMix], 0.0f, 1.0f));
}

void CombulatorEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  set_controls(controls.values);
  std::array<float, kSamples> left;
  std::array<float, kSamples> right;
  up_.up(audio.left.data(), audio.right.data(), left.data(), right.data(), kBlockSamples);

  std::array<Pair, kSamples> in;
  Pair level = level_;
  for (std::size_t i = 0; i < kSamples; ++i) {
    const Pair x = make_pair(left[i], right[i]);
    level = follow_ * (level - x) + x;
    const Pair noise = make_pair(rng_.bipolar(), rng_.bipolar());
    in[i] = x + (kNoiseGain * noise_.value()) * level * noise;
    if (i % 2 == 1) noise_.advance();
  }
  level_ = level;
  for (std::size_t i = 0; i < kBlockSamples; ++i) feedback_.advance();

  std::array<Pair, kSamples> sum{};
  for (std::size_t c = 0; c < kCombs; ++c) {
    Voice& voice = voices_[c];
    LongComb::State<Pair> state{.line = &voice.line};
    Pair gain{};
    for (std::size_t i = 0; i < kSamples; ++i) {
      if (i % 2 == 0) {
        const Pair pan = c == 0 ? make_pair(1.0f, 1.0f) : pans_(voice.pan.value());
        gain = voice.gain.value() * pan;
        voice.frequency.advance();
        voice.gain.advance();
        voice.pan.advance();
      }
      sum[i] += gain * LongComb::tick(state, voice.coefficients, in[i]);
    }
  }
  const EffectTables::Curve& curve = plan_->effects.soft;
  for (std::size_t i = 0; i < kSamples; ++i) {
    left[i] = curve(sum[i][0]);
    right[i] = curve(sum[i][1]);
  }
  StereoBuffer wet;
  down_.down(left.data(), right.data(), wet.left.data(), wet.right.data(), kBlockSamples);
  if (model_->active(kTone)) tone_.process(wet.block());
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
