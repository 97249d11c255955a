#include "surge/effects/eq.h"

#include <algorithm>

namespace synthrl::surge {
namespace {

// Per band: gain, frequency, bandwidth.
constexpr std::size_t kBandParams = 3;
constexpr std::size_t kGain = 9;
constexpr std::size_t kMix = 10;
constexpr unsigned kBlocksPerUpdate = 8;

void migrate(EffectModel& model, int revision) {
  if (revision <= 12) model.values[kMix] = 1.0f;
  if (revision > 15) return;
  for (std::size_t param = 0; param < kGain; param += kBandParams) {
    model.options[param].deactivated = false;
  }
}

}  // namespace

const EffectType kEqType = {
    .id = 6,
    .params = {{{EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, -60, 70, -30},
                {EffectParamKind::kFloat, 0, 5, 2},
                {EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, -60, 70, 6},
                {EffectParamKind::kFloat, 0, 5, 2},
                {EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, -60, 70, 54},
                {EffectParamKind::kFloat, 0, 5, 2},
                {EffectParamKind::kFloat, -48, 48, 0},
                {EffectParamKind::kFloat, -1, 1, 1},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<EqEffect>(plan);
    },
    .migrate = migrate,
};

void EqEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  block_ = 0;
  for (EffectBiquad& band : bands_) band.restart();
  set_bands(model.values);
  gain_.set_at_once(1.0f);
  mix_.set_at_once(1.0f);
}

void EqEffect::set_bands(const EffectValues& values) {
  for (std::size_t i = 0; i < kBands; ++i) {
    const std::size_t param = i * kBandParams;
    bands_[i].set_peak(omega_of(*plan_, values[param + 1]), static_cast<double>(values[param + 2]),
                       static_cast<double>(values[param]), plan_->decibels);
  }
}

void EqEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  if (block_++ % kBlocksPerUpdate == 0) set_bands(values);
  gain_.set(plan_->decibels.amplitude(values[kGain]));
  mix_.set(std::clamp(values[kMix], -1.0f, 1.0f));

  StereoBuffer wet;
  wet.copy(audio);
  const auto band = [&](std::size_t i) {
    return model_->active(i * kBandParams) ? &bands_[i] : nullptr;
  };
  EffectBiquad::process_series({band(0), band(1), band(2)}, wet.block());
  gain_.multiply(wet.block());
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
