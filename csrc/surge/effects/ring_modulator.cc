#include "surge/effects/ring_modulator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/dsp/saturation.h"
#include "surge/oscillators/sine_waves.h"

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kShape,
  kFrequency,
  kDetune,
  kVoices,
  kForwardBias,
  kLinearRegion,
  kLowCut,
  kHighCut,
  kMix,
};

constexpr double kCutQ = 0.707;
constexpr float kExtendedDetune = 12.0f;
constexpr int kAudioInput = kNumSineShapes;

void migrate(EffectModel& model, int revision) {
  if (revision <= 15) {
    model.options[kLowCut].deactivated = false;
    model.options[kHighCut].deactivated = false;
  }
  if (revision > 27) return;
  // Shapes were numbered otherwise.
  std::int32_t& shape = model.integers[kShape];
  if (shape == 28) {
    shape = kAudioInput;
  } else if (shape == 1 || shape == 3 || shape == 5 || shape == 7) {
    shape = 28 + shape / 2;
  }
  model.values[kShape] = static_cast<float>(shape);
}

}  // namespace

// What it lets through: nothing below the bias, a parabola, and a line from `linear` on.
struct RingModulatorEffect::Diode {
  Diode(float forward_bias, float linear_region)
      : bias(forward_bias),
        linear(std::max(linear_region, forward_bias + 0.02f)),
        curvature(1.0f / (2.0f * (linear - bias))),
        knee(0.5f * (linear - bias)) {}

  float operator()(float voltage) const {
    if (voltage < bias) return 0.0f;
    if (voltage < linear) return (voltage - bias) * (voltage - bias) * curvature;
    return voltage - linear + knee;
  }
  float ring(float signal, float carrier) const {
    const float a = 0.5f * signal + carrier;
    const float b = carrier - 0.5f * signal;
    const auto& diode = *this;
    return diode(a) + diode(-a) - diode(b) - diode(-b);
  }

  float bias;
  float linear;
  float curvature;
  float knee;
};

const EffectType kRingModulatorType = {
    .id = 13,
    .params = {{{EffectParamKind::kInteger, 0, kAudioInput, 0},
                {EffectParamKind::kFloat, 0, 127, 60},
                {EffectParamKind::kFloat, 0, 1, 0.2f},
                {EffectParamKind::kInteger, 1, 16, 1},
                {EffectParamKind::kFloat, 0, 1, 0.3f},
                {EffectParamKind::kFloat, 0, 1, 0.7f},
                {EffectParamKind::kFloat, -60, 70, -60},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, 0, 1, 1},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<RingModulatorEffect>(plan);
    },
    .migrate = migrate,
};

void RingModulatorEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  num_voices_ =
      static_cast<std::size_t>(std::clamp<std::int32_t>(model.integers[kVoices], 1, kMaxVoices));
  voices_.fill(Voice());
  for (std::size_t i = 0; num_voices_ > 1 && i < num_voices_; ++i) {
    const float place = static_cast<float>(i) / static_cast<float>(num_voices_ - 1);
    voices_[i] = {.phase = static_cast<float>(i) / static_cast<float>(num_voices_),
                  .offset = 2.0f * place - 1.0f,
                  .left = place,
                  .right = 1.0f - place};
  }
  up_.restart();
  down_.restart();
  low_cut_.restart();
  high_cut_.restart();
  // All parameters are still 0.
  high_cut_.set_matched_lowpass(omega_of(*plan_, 0.0f), kCutQ);
  low_cut_.set_highpass(omega_of(*plan_, 0.0f), kCutQ);
  mix_ = BlockRamp();
}

template <int kCarrier>
void RingModulatorEffect::run_carrier(Voice& voice, float step, Signal& carrier) {
  constexpr float kTurn = 2.0f * std::numbers::pi_v<float>;
  for (float& sample : carrier) {
    const float angle = kTurn * (voice.phase - 0.5f);
    sample = sine_shape<kCarrier>(pade_sin(angle), pade_cos(angle));
    voice.phase += step;
    if (voice.phase > 1.0f) voice.phase -= std::floor(voice.phase);
  }
}

void RingModulatorEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  const auto rate_hz = static_cast<float>(2.0 * plan_->sample_rate());
  const EffectModel& model = *model_;

  Signal left;
  Signal right;
  up_.up(audio.left.data(), audio.right.data(), left.data(), right.data(), kBlockSamples);

  Signal out_left{};
  Signal out_right{};
  const Diode diode(std::clamp(values[kForwardBias], 0.0f, 1e3f),
                    std::clamp(values[kLinearRegion], 0.0f, 1e3f));
  const float detune = values[kDetune] * (model.extended(kDetune) ? kExtendedDetune : 1.0f);
  for (std::size_t v = 0; v < num_voices_; ++v) {
    Voice& voice = voices_[v];
    const float semitones = values[kFrequency] + detune * voice.offset;
    const float hz = model.options[kDetune].absolute ? plan_->effects.ratio(semitones)
                                                     : 8.1757989f * plan_->effects.ratio(semitones);
    Signal carrier{};
    with_sine_shape(model.integers[kShape],
                    [&]<int kCarrier>() { run_carrier<kCarrier>(voice, hz / rate_hz, carrier); });
    for (std::size_t i = 0; i < kSamples; ++i) {
      // Each side hears the signals of both.
      const float ring = diode.ring(left[i], carrier[i]) + diode.ring(right[i], carrier[i]);
      out_left[i] += ring * voice.left;
      out_right[i] += ring * voice.right;
    }
  }
  const float gain = 0.4f + 0.6f / std::sqrt(static_cast<float>(num_voices_));
  for (Signal* signal : {&out_left, &out_right}) {
    for (float& sample : *signal) {
      const float y = gain * sample;
      sample = 1.5f * y - 0.5f * y * y * y;
    }
  }

  StereoBuffer wet;
  down_.down(out_left.data(), out_right.data(), wet.left.data(), wet.right.data(), kBlockSamples);
  high_cut_.set_matched_lowpass(omega_of(*plan_, values[kHighCut]), kCutQ);
  low_cut_.set_highpass(omega_of(*plan_, values[kLowCut]), kCutQ);
  EffectBiquad::process_series(
      {model.active(kHighCut) ? &high_cut_ : nullptr, model.active(kLowCut) ? &low_cut_ : nullptr},
      wet.block());
  mix_.set(std::clamp(values[kMix], 0.0f, 1.0f));
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
