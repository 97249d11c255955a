#include "surge/effects/mid_side.h"

#include <algorithm>
#include <cstddef>
#include <span>

namespace synthrl::surge {
namespace {

enum : std::size_t { kMatrix, kFilters, kGains = 9, kBalance = 11 };
// From the first parameter of a lane's filters.
enum : std::size_t { kLowCut, kPeakGain, kPeakFrequency, kHighCut, kParamsPerLane };

enum Matrix { kThereAndBack, kEncode, kDecode };

constexpr double kCutQ = 0.4;
constexpr double kPeakOctaves = 1.0;

std::size_t param_of(std::size_t lane, std::size_t param) {
  return kFilters + lane * kParamsPerLane + param;
}

}  // namespace

const EffectType kMidSideType = {
    .id = 26,
    .params = {{{EffectParamKind::kInteger, 0, 2, 0},
                {EffectParamKind::kFloat, -60, 70, -60},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, -60, 70, -6.63049f},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, -60, 70, -60},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, -60, 70, 50.2131f},
                {EffectParamKind::kFloat, -60, 70, 70},
                {EffectParamKind::kFloat, -48, 12, 0},
                {EffectParamKind::kFloat, -48, 12, 0},
                {EffectParamKind::kFloat, -1, 1, 0}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<MidSideEffect>(plan);
    },
};

void MidSideEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  for (Lane& lane : lanes_) {
    for (EffectBiquad* filter : {&lane.low_cut, &lane.peak, &lane.high_cut}) filter->restart();
    lane.gain.set_at_once(1.0f);
  }
  set_filters({});  // all parameters are still 0
  // The left side passes through silence when it starts.
  left_.set_at_once(-1.0f);
  right_.set_at_once(1.0f);
}

void MidSideEffect::set_filters(const EffectValues& values) {
  for (std::size_t l = 0; l < lanes_.size(); ++l) {
    Lane& lane = lanes_[l];
    const auto value = [&](std::size_t param) { return values[param_of(l, param)]; };
    lane.low_cut.set_highpass(omega_of(*plan_, value(kLowCut)), kCutQ);
    lane.peak.set_peak(omega_of(*plan_, value(kPeakFrequency)), kPeakOctaves,
                       static_cast<double>(value(kPeakGain)), plan_->decibels);
    lane.high_cut.set_lowpass(omega_of(*plan_, value(kHighCut)), kCutQ);
  }
}

void MidSideEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  const int matrix = model_->integers[kMatrix];
  set_filters(values);

  StereoBuffer middle_and_side;
  middle_and_side.copy(audio);
  auto& [middle, side] = middle_and_side;
  if (matrix != kDecode) {
    for (std::size_t i = 0; i < kBlockSamples; ++i) {
      middle[i] = 0.5f * (audio.left[i] + audio.right[i]);
      side[i] = 0.5f * (audio.left[i] - audio.right[i]);
    }
  }
  const std::array<std::span<float, kBlockSamples>, 2> signals{middle, side};
  for (std::size_t l = 0; l < lanes_.size(); ++l) {
    Lane& lane = lanes_[l];
    const auto active = [&](std::size_t param) { return model_->active(param_of(l, param)); };
    float* samples = signals[l].data();
    if (active(kLowCut)) lane.low_cut.process_mono(samples, kBlockSamples);
    if (active(kPeakGain)) lane.peak.process_mono(samples, kBlockSamples);
    if (active(kHighCut)) lane.high_cut.process_mono(samples, kBlockSamples);
    lane.gain.set(plan_->decibels.amplitude(values[kGains + l]));
    lane.gain.multiply(signals[l]);
  }
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    audio.left[i] = matrix == kEncode ? middle[i] : middle[i] + side[i];
    audio.right[i] = matrix == kEncode ? side[i] : middle[i] - side[i];
  }
  left_.set(std::clamp(1.0f - values[kBalance], -1.0f, 1.0f));
  right_.set(std::clamp(1.0f + values[kBalance], -1.0f, 1.0f));
  left_.multiply(audio.left);
  right_.multiply(audio.right);
}

}  // namespace synthrl::surge
