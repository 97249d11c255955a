#include "surge/effects/graphic_eq.h"

#include <numbers>

namespace synthrl::surge {
namespace {

constexpr std::array<double, 11> kFrequencies{30,   60,   120,  250,   500,  1000,
                                              2000, 4000, 8000, 12000, 16000};
constexpr double kBandwidth = 0.5;
constexpr std::size_t kGain = 11;
constexpr unsigned kBlocksPerUpdate = 8;

constexpr EffectParamInfo kBandGain{EffectParamKind::kFloat, -24, 24, 0};

}  // namespace

const EffectType kGraphicEqType = {
    .id = 16,
    .params = {{kBandGain,
                kBandGain,
                kBandGain,
                kBandGain,
                kBandGain,
                kBandGain,
                kBandGain,
                kBandGain,
                kBandGain,
                kBandGain,
                kBandGain,
                {EffectParamKind::kFloat, -48, 48, 0}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<GraphicEqEffect>(plan);
    },
};

void GraphicEqEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  block_ = 0;
  for (EffectBiquad& band : bands_) band.restart();
  gain_.set_at_once(1.0f);
}

void GraphicEqEffect::set_bands(const EffectValues& values) {
  for (std::size_t i = 0; i < kBands; ++i) {
    const double omega = 2.0 * std::numbers::pi * kFrequencies[i] / plan_->sample_rate();
    bands_[i].set_peak(omega, kBandwidth, static_cast<double>(values[i]), plan_->decibels);
  }
}

void GraphicEqEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  if (block_++ % kBlocksPerUpdate == 0) set_bands(values);
  std::array<EffectBiquad*, kBands> active{};
  for (std::size_t i = 0; i < kBands; ++i) active[i] = model_->active(i) ? &bands_[i] : nullptr;
  EffectBiquad::process_series(active, audio);
  gain_.set(plan_->decibels.amplitude(values[kGain]));
  gain_.multiply(audio);
}

}  // namespace synthrl::surge
