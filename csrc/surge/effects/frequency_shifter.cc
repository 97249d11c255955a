#include "surge/effects/frequency_shifter.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/effects/blocks/clippers.h"

namespace synthrl::surge {
namespace {

enum : std::size_t { kShift, kRight, kTime, kFeedback, kMix };

constexpr float kShiftHz = 10.0f;
constexpr float kExtendedShiftHz = 1000.0f;
constexpr float kSincDelay = 6.0f;
constexpr std::size_t kShortestDelay = 44;
// How far the oscillators of the right channel approach those of the left per block, if both shift
// by as much.
constexpr float kPull = 0.01f;
// The level of -96 dB at which feedback counts as gone.
constexpr double kSilence = 1.5848931924611134e-5;

}  // namespace

const EffectType kFrequencyShifterType = {
    .id = 7,
    .params = {{{EffectParamKind::kFloat, -10, 10, 0},
                {EffectParamKind::kFloat, -1, 1, 1},
                {EffectParamKind::kFloat, -8, 5, -8},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 1},
                {},
                {},
                {},
                {},
                {},
                {},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<FrequencyShifterEffect>(plan);
    },
};

void FrequencyShifterEffect::QuarterBand::restart() { *this = QuarterBand(); }

Pair FrequencyShifterEffect::QuarterBand::run(const std::array<float, kSections>& coefficients,
                                              Chain& chain, Pair x) {
  for (std::size_t s = 0; s < kSections; ++s) {
    const Pair y = chain[s] + coefficients[s] * (x - chain[s + 1]);
    chain[s] = x;
    x = y;
  }
  chain[kSections] = x;
  return x;
}

Pair FrequencyShifterEffect::QuarterBand::process(Pair x) {
  const Pair first = run(kSteepHalfBand6.a, first_[parity_], x);
  const Pair y = 0.5f * (first + last_);
  last_ = run(kSteepHalfBand6.b, second_[parity_], x);
  parity_ ^= 1;
  return y;
}

FrequencyShifterEffect::FrequencyShifterEffect(const Plan& plan)
    : plan_(&plan), left_(plan.effects), right_(plan.effects) {}

void FrequencyShifterEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  down_.fill(QuadratureOscillator());
  up_.fill(QuadratureOscillator());
  filter_.restart();
  // Where a fresh instance sets out from, as it does not know its tempo yet.
  samples_ = Lag(0.0001f);
  if (model.options[kTime].temposync) {
    samples_.set(-kSincDelay);
  } else {
    set_delay(model.values);
  }
  feedback_.set_at_once(0.0f);
  mix_ = BlockRamp();
  left_.restart();
  right_.restart();
  set_ring_out(amplitude_of_level(model.values[kFeedback]));
}

void FrequencyShifterEffect::set_delay(const EffectValues& values) {
  samples_.set(static_cast<float>(plan_->sample_rate()) *
                   plan_->effects.ratio(12.0f * values[kTime]) / model_->rate_scale(kTime) -
               kSincDelay);
}

void FrequencyShifterEffect::set_oscillators(const EffectValues& values) {
  constexpr double kQuarterTurn = 0.5 * std::numbers::pi;
  const float shift_hz = values[kShift] * (model_->extended(kShift) ? kExtendedShiftHz : kShiftHz);
  const double omega =
      2.0 * std::numbers::pi * static_cast<double>(shift_hz) / plan_->sample_rate();
  double right = omega;
  if (values[kRight] == 1.0f) {
    down_[1].approach(down_[0], kPull);
    up_[1].approach(up_[0], kPull);
  } else {
    right *= static_cast<double>(values[kRight]);
  }
  // Rounded only now: a rounded quarter of a turn would drift.
  const auto set = [&](std::size_t channel, double angle) {
    down_[channel].set_rate(static_cast<float>(kQuarterTurn - std::min(0.0, angle)));
    up_[channel].set_rate(static_cast<float>(kQuarterTurn + std::max(0.0, angle)));
  };
  set(0, omega);
  set(1, right);
}

void FrequencyShifterEffect::set_ring_out(float feedback) {
  if (feedback >= 1.0f) {
    ring_out_blocks_ = kRingsForever;
    return;
  }
  const double gain = std::max(kSilence, static_cast<double>(feedback));
  const double turns = 1.0 + std::log(kSilence) / std::log(gain);
  const double blocks = static_cast<double>(samples_.target()) / kBlockSamples * turns;
  ring_out_blocks_ = static_cast<std::int64_t>(std::clamp(blocks, 0.0, 1e12));
}

void FrequencyShifterEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  set_delay(values);
  set_oscillators(values);
  const float feedback = amplitude_of_level(std::min(values[kFeedback], 10.0f));
  feedback_.set(feedback);
  mix_.set(values[kMix]);
  set_ring_out(feedback);

  StereoBuffer wet;
  StereoBuffer in;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    samples_.advance();
    const float left = left_.read_circular(samples_.value(), i, kShortestDelay);
    const float right = right_.read_circular(samples_.value(), i, kShortestDelay);
    for (auto* oscillators : {&down_, &up_}) {
      for (QuadratureOscillator& oscillator : *oscillators) oscillator.advance();
    }
    const Pair low =
        filter_.process(Pair{left * down_[0].real(), right * down_[1].real(),
                             left * down_[0].imaginary(), right * down_[1].imaginary()});
    wet.left[i] = 2.0f * (low[0] * up_[0].real() + low[2] * up_[0].imaginary());
    wet.right[i] = 2.0f * (low[1] * up_[1].real() + low[3] * up_[1].imaginary());
    const float back = feedback_.value();
    in.left[i] = audio.left[i] + plan_->effects.soft(wet.left[i] * back);
    in.right[i] = audio.right[i] + plan_->effects.soft(wet.right[i] * back);
    feedback_.advance();
  }
  left_.write(in.left);
  right_.write(in.right);
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
