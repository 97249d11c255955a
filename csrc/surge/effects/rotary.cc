#include "surge/effects/rotary.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kHornRate,
  kDoppler,
  kTremolo,
  kRotorRate,
  kDrive,
  kModel,
  kWidth,
  kMix,
};

enum Model { kSoft, kHard, kAsymmetric, kSine, kDigital, kOjd, kFullWave, kFuzzSoft };

// 800 and 200 Hz.
constexpr float kCrossover = 12.0f * 0.862496f;
constexpr float kSub = 12.0f * -1.14f;
constexpr double kCrossoverQ = 0.707;
// Sound takes this long for the radius of the horn.
constexpr float kRadiusSeconds = 0.0018f;
constexpr std::size_t kLineLength = 8192;
constexpr float kMaxDrive = 1e3f;

void migrate(EffectModel& model, int revision) {
  if (revision > 12) return;
  model.values[kRotorRate] = 0.7f;
  model.values[kDrive] = 0.0f;
  model.options[kDrive].deactivated = true;
  model.integers[kModel] = kSoft;
  model.values[kModel] = 0.0f;
  model.values[kWidth] = 1.0f;
  model.values[kMix] = 1.0f;
}

WaveshaperType shaper_of(int model) {
  switch (model) {
    case kSine:
      return WaveshaperType::kSine;
    case kDigital:
      return WaveshaperType::kDigital;
    case kOjd:
      return WaveshaperType::kOjd;
    case kFullWave:
      return WaveshaperType::kFullWave;
    case kFuzzSoft:
      return WaveshaperType::kFuzzSoftClip;
    default:
      return WaveshaperType::kOff;
  }
}

// Evens out the loudness of a model: its gain, and by how much more per drive above a threshold it
// is turned down.
struct Loudness {
  float gain;
  float slope;
  float threshold;
};
Loudness loudness_of(int model) {
  switch (model) {
    case kHard:
    case kAsymmetric:
      return {1.15f, 9.0f, 0.05f};
    case kSine:
      return {4.4f, 10.0f, 0.0f};
    case kDigital:
      return {1.0f, 4.0f, 0.0f};
    case kFullWave:
    case kFuzzSoft:
      return {1.0f, 2.0f, 0.0f};
    default:
      return {1.0f, 4.0f, 0.18f};
  }
}

}  // namespace

const EffectType kRotaryType = {
    .id = 4,
    .params = {{{EffectParamKind::kFloat, -7, 9, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 2, 0.7f},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kInteger, 0, 7, 0},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, 0, 1, 0.33f},
                {},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<RotaryEffect>(plan);
    },
    .migrate = migrate,
};

RotaryEffect::RotaryEffect(const Plan& plan)
    : plan_(&plan), shaper_(plan.waveshapers), line_(plan.effects, kLineLength) {}

void RotaryEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  horn_ = rotor_ = QuadratureOscillator();
  for (LateLine* line : {&left_samples_, &right_samples_, &left_gain_, &right_gain_}) {
    *line = LateLine();
  }
  drive_.set_at_once(model.values[kDrive]);
  shaper_.start(shaper_of(model.integers[kModel]));
  crossover_.restart();
  sub_.restart();
  crossover_.set_matched_lowpass(omega_of(*plan_, kCrossover), kCrossoverQ);
  sub_.set_matched_lowpass(omega_of(*plan_, kSub), kCrossoverQ);
  line_.restart();
  mix_ = width_ = BlockRamp();
  mix_.set(model.values[kMix]);
  mix_.freeze();
  width_.set(plan_->decibels.amplitude(model.values[kWidth]));
  width_.freeze();
}

float RotaryEffect::horn_hz(const EffectValues& values) const {
  const float octaves = values[kHornRate] * model_->rate_scale(kHornRate);
  return std::exp2(std::clamp(octaves, -16.0f, 16.0f));
}

// The mouth of the horn goes round on a circle of radius 1, and the ears are two radii from its
// centre line.
void RotaryEffect::place_horn(const EffectValues& values) {
  const float x = horn_.real();
  const float y = horn_.imaginary();
  const float ahead = -2.0f - y;
  const float to_left = -1.0f - x;
  const float to_right = 1.0f - x;
  const float left_distance = std::hypot(ahead, to_left);
  const float right_distance = std::hypot(ahead, to_right);
  const float samples =
      static_cast<float>(plan_->sample_rate()) * kRadiusSeconds * values[kDoppler];
  left_samples_.set(samples * left_distance);
  right_samples_.set(samples * right_distance);
  const float tremolo = 0.6f * values[kTremolo];
  left_gain_.set((1.0f - tremolo) + tremolo * (to_left * x + ahead * y) / left_distance);
  right_gain_.set((1.0f - tremolo) + tremolo * (to_right * x + ahead * y) / right_distance);
}

void RotaryEffect::drive(float wanted, Samples& samples) {
  const int model = model_->integers[kModel];
  drive_.set(std::clamp(wanted, -kMaxDrive, kMaxDrive));
  const Loudness loudness = loudness_of(model);
  const float amount = model == kSine ? drive_.value() * drive_.value() : drive_.value();
  const float excess = std::max(amount - loudness.threshold, 0.0f);
  const float gain = loudness.gain / (1.0f + excess * loudness.slope);
  const auto run = [&](auto shape) {
    for (float& sample : samples) {
      drive_.advance();
      const float factor = 1.0f + 15.0f * drive_.value() * drive_.value();
      sample = shape(sample, factor) * gain;
    }
  };
  const auto look_up = [&](const EffectTables::Curve& curve) {
    run([&](float sample, float factor) { return curve(sample * factor); });
  };
  switch (model) {
    case kSoft:
      look_up(plan_->effects.soft);
      break;
    case kHard:
      look_up(plan_->effects.hard);
      break;
    case kAsymmetric:
      look_up(plan_->effects.asymmetric);
      break;
    default:
      run([&](float sample, float factor) { return shaper_.process(sample, factor); });
      break;
  }
}

void RotaryEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  const float turn =
      2.0f * std::numbers::pi_v<float> * horn_hz(values) / static_cast<float>(plan_->sample_rate());
  horn_.set_rate(turn * kBlockSamples);
  rotor_.set_rate(std::clamp(turn * values[kRotorRate], -1e3f, 1e3f));
  place_horn(values);
  horn_.advance();
  mix_.set(values[kMix]);
  width_.set(plan_->decibels.amplitude(values[kWidth]));

  Samples in;
  for (std::size_t i = 0; i < kBlockSamples; ++i) in[i] = 0.5f * (audio.left[i] + audio.right[i]);
  if (model_->active(kDrive)) drive(values[kDrive], in);
  Samples low = in;
  crossover_.process_mono(low.data(), kBlockSamples);
  Samples sub = low;
  sub_.process_mono(sub.data(), kBlockSamples);
  for (std::size_t i = 0; i < kBlockSamples; ++i) in[i] -= low[i];

  StereoBuffer wet;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float bass = sub[i] + (low[i] - sub[i]) * (0.6f * rotor_.real() + 0.3f);
    rotor_.advance();
    wet.left[i] =
        left_gain_.value() * line_.read_circular(left_samples_.value(), i, kBlockSamples) + bass;
    wet.right[i] =
        right_gain_.value() * line_.read_circular(right_samples_.value(), i, kBlockSamples) + bass;
    for (LateLine* line : {&left_samples_, &right_samples_, &left_gain_, &right_gain_}) {
      line->advance();
    }
  }
  line_.write(in);
  scale_side(width_, wet.block());
  mix_.crossfade(audio, wet.block());
}

void RotaryEffect::idle(const EffectControls& controls) noexcept {
  const float turn = 2.0f * std::numbers::pi_v<float> * kBlockSamples * horn_hz(controls.values) /
                     static_cast<float>(plan_->sample_rate());
  horn_.set_rate(turn);
  rotor_.set_rate(std::clamp(turn * controls.values[kRotorRate], -1e3f, 1e3f));
  horn_.advance();
  rotor_.advance();
}

}  // namespace synthrl::surge
