#include "surge/effects/resonator.h"

#include <algorithm>

#include "surge/effects/blocks/clippers.h"

namespace synthrl::surge {
namespace {

// Per band: frequency, resonance, gain.
constexpr std::size_t kBandParams = 3;
enum : std::size_t { kFrequency, kResonance, kBandGain };
constexpr std::size_t kMode = 9;
constexpr std::size_t kGain = 10;
constexpr std::size_t kMix = 11;

enum Mode { kLowpass, kBandpass, kBandpassInverted, kHighpass };

// Where bands begin and the last one ends, in semitones from A440.
constexpr std::array<float, 4> kBandEdges{-34.4936f, -6.6305f, 21.23265f, 49.09578f};

// What the filters bear of the resonance, per mode.
constexpr std::array<float, 4> kResonanceShare{0.75f, 0.9f, 0.9f, 0.75f};
// Beyond this the filters have long been at their limit.
constexpr float kMaxResonance = 10.0f;

FilterModel filter_of(int mode) {
  constexpr int kDriven = 1;
  constexpr int kDrivenLegacy = 3;
  switch (mode) {
    case kLowpass:
      return {.type = FilterType::kLowpass12, .subtype = kDriven};
    case kHighpass:
      return {.type = FilterType::kHighpass12, .subtype = kDriven};
    default:
      return {.type = FilterType::kBandpass12, .subtype = kDrivenLegacy};
  }
}

Pair shape(const EffectTables::Curve& curve, Pair x) { return make_pair(curve(x[0]), curve(x[1])); }

constexpr EffectParamInfo frequency(float initial) {
  return {EffectParamKind::kFloat, kBandEdges.front(), kBandEdges.back(), initial};
}
constexpr EffectParamInfo kResonanceInfo{EffectParamKind::kFloat, 0, 1, 0.75f};
constexpr EffectParamInfo kBandGainInfo{EffectParamKind::kFloat, 0, 1, 0.7937005f};

}  // namespace

const EffectType kResonatorType = {
    .id = 17,
    .params = {{frequency(-18.6305f),
                kResonanceInfo,
                kBandGainInfo,
                frequency(8.038216f),
                kResonanceInfo,
                kBandGainInfo,
                frequency(35.90135f),
                kResonanceInfo,
                kBandGainInfo,
                {EffectParamKind::kInteger, 0, 3, 1},
                {EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, 0, 1, 1}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<ResonatorEffect>(plan);
    },
};

ResonatorEffect::ResonatorEffect(const Plan& plan)
    : plan_(&plan), bands_{Band(plan.filters), Band(plan.filters), Band(plan.filters)} {}

float ResonatorEffect::limited_frequency(std::size_t band, float semitones) const {
  const bool everywhere = model_->extended(band * kBandParams + kFrequency);
  return std::clamp(semitones, everywhere ? kBandEdges.front() : kBandEdges[band],
                    everywhere ? kBandEdges.back() : kBandEdges[band + 1]);
}

void ResonatorEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  for (std::size_t b = 0; b < kBands; ++b) {
    Band& band = bands_[b];
    // All parameters are still 0.
    band.frequency.set_at_once(limited_frequency(b, 0.0f));
    band.resonance.set_at_once(0.0f);
    band.gain.set_at_once(0.0f);
    band.filter.start(filter_of(model.integers[kMode]));
  }
  up_.restart();
  down_.restart();
  gain_.set_at_once(1.0f);
  mix_.set_at_once(1.0f);
}

void ResonatorEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  constexpr std::size_t kSamples = 2 * kBlockSamples;
  const EffectValues& values = controls.values;
  const int mode = model_->integers[kMode];

  std::array<float, kSamples> left;
  std::array<float, kSamples> right;
  up_.up(audio.left.data(), audio.right.data(), left.data(), right.data(), kBlockSamples);
  std::array<Pair, kSamples> in;
  for (std::size_t i = 0; i < kSamples; ++i) {
    in[i] = shape(plan_->effects.asymmetric, make_pair(left[i], right[i]));
  }

  std::array<std::array<Pair, kSamples>, kBands> outs;
  std::array<std::array<float, kBlockSamples>, kBands> gains;
  for (std::size_t b = 0; b < kBands; ++b) {
    Band& band = bands_[b];
    const std::size_t param = b * kBandParams;
    band.frequency.set(limited_frequency(b, values[param + kFrequency]));
    const float most = model_->extended(param + kResonance) ? kMaxResonance : 1.0f;
    const float least = model_->extended(param + kResonance) ? -kMaxResonance : 0.0f;
    band.resonance.set(std::clamp(values[param + kResonance], least, most));
    band.gain.set(amplitude_of_level(values[param + kBandGain]));
    band.filter.set_controls(
        band.frequency.value(),
        band.resonance.value() * kResonanceShare[static_cast<std::size_t>(mode)]);
    for (float& gain : gains[b]) {
      gain = b == 1 && mode == kBandpassInverted ? -band.gain.value() : band.gain.value();
      band.frequency.advance();
      band.resonance.advance();
      band.gain.advance();
    }
    outs[b] = in;
    band.filter.process(std::span<Pair>(outs[b]));
  }

  for (std::size_t i = 0; i < kSamples; ++i) {
    Pair mixed{};
    for (std::size_t b = 0; b < kBands; ++b) {
      mixed = shape(plan_->effects.soft, mixed + outs[b][i] * gains[b][i / 2]);
    }
    left[i] = mixed[0];
    right[i] = mixed[1];
  }
  StereoBuffer wet;
  down_.down(left.data(), right.data(), wet.left.data(), wet.right.data(), kBlockSamples);
  gain_.set(plan_->decibels.amplitude(values[kGain]));
  gain_.multiply(wet.block());
  mix_.set(std::clamp(values[kMix], -1.0f, 1.0f));
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
