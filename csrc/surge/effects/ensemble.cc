#include "surge/effects/ensemble.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kAntiAlias,
  kRate1,
  kDepth1,
  kRate2,
  kDepth2,
  kDevice,
  kClock,
  kSaturation,
  kFeedback,
  kWidth,
  kMix,
  kReconstruction,
};

constexpr double kPi = std::numbers::pi;
constexpr double kButterworthQ = 0.7071;
constexpr float kDigitalStages = 512.0f;
constexpr float kMinClockKhz = 1.0f;
constexpr float kMaxClockKhz = 200.0f;
constexpr int kBlocksPerCutoff = 4;
constexpr float kFullyOpenSemitones = 45.2326448f;  // 6 kHz

void migrate(EffectModel& model, int revision) {
  if (revision > 22) return;
  model.values[kReconstruction] = kFullyOpenSemitones;
  model.options[kReconstruction].deactivated = true;
}

// Filters of the devices: residues and poles in radians per second, at the cutoff they are given
// for.
struct Pole {
  std::complex<double> residue;
  std::complex<double> pole;
};
constexpr double kInputCutoff = 9900.0;
constexpr std::array<Pole, 2> kInputPoles{{{{-10329.2715, -329.848}, {-55482.0, -25082.0}},
                                           {{366.990557, -1811.4318}, {-26292.0, -59437.0}}}};
constexpr double kOutputCutoff = 9500.0;
constexpr std::array<Pole, 2> kOutputPoles{
    {{{-11256.0, -99566.0}, {-51468.0, -21437.0}}, {{-13802.0, -24606.0}, {-26276.0, -59699.0}}}};

float direct_gain() {
  double sum = 0.0;
  for (const Pole& pole : kOutputPoles) sum += 2.0 * (pole.residue / pole.pole).real();
  return static_cast<float>(-sum);
}

}  // namespace

const EffectType kEnsembleType = {
    .id = 20,
    .params = {{{EffectParamKind::kFloat, -60, 70, kFullyOpenSemitones},
                {EffectParamKind::kFloat, -6.6438562f, 4.3219281f, -2.4739312f},
                {EffectParamKind::kFloat, 0, 1, 1},
                {EffectParamKind::kFloat, -6.6438562f, 4.3219281f, 2.4646683f},
                {EffectParamKind::kFloat, 0, 1, 0.6f},
                {EffectParamKind::kInteger, 0, 6, 2},
                {EffectParamKind::kFloat, 1.5f, 100, 40},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, -1, 1, 1},
                {EffectParamKind::kFloat, 0, 1, 1},
                {EffectParamKind::kFloat, -60, 70, kFullyOpenSemitones}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<EnsembleEffect>(plan);
    },
    .migrate = migrate,
};

void BucketBrigade::restart(std::size_t stages) {
  stages_ = std::clamp<std::size_t>(stages, 1, kMaxStages);
  std::fill(cells_.begin(), cells_.end(), 0.0f);
  state_ = {};
  cell_ = 0;
  writes_ = true;
  tick_s_ = 0.0f;
  last_read_ = 0.0f;
}

void BucketBrigade::FilterBank::rotate(float seconds) {
  for (std::size_t i = 0; i < kPoles; ++i) {
    // So little that the first terms of the series do.
    const float angle = turn[i] * seconds;
    const float cosine = 1.0f - 0.5f * angle * angle;
    gain[i] = {gain[i].real() * cosine - gain[i].imag() * angle,
               gain[i].real() * angle + gain[i].imag() * cosine};
  }
}

void BucketBrigade::set_cutoff(float cutoff, float sample_rate_hz) {
  const double sample_s = 1.0 / static_cast<double>(sample_rate_hz);
  const auto tick_s = static_cast<double>(tick_s_);
  for (std::size_t i = 0; i < kPoles; ++i) {
    // The time of the tick counts in seconds here, not samples: hardly at all.
    const double in_scale = static_cast<double>(cutoff) / kInputCutoff;
    const std::complex<double> in_pole = kInputPoles[i].pole * in_scale * sample_s;
    const std::complex<double> in_decay = std::exp(in_pole);
    in_.decay[i] = Complex(in_decay);
    in_.gain[i] =
        Complex(kInputPoles[i].residue * in_scale * sample_s * std::exp(in_pole * tick_s));
    in_.turn[i] = static_cast<float>(std::arg(in_decay));

    const double out_scale = static_cast<double>(cutoff) / kOutputCutoff;
    const std::complex<double> out_pole = kOutputPoles[i].pole * out_scale * sample_s;
    const std::complex<double> out_decay = std::exp(out_pole);
    out_.gain[i] = Complex(kOutputPoles[i].residue / kOutputPoles[i].pole * out_decay *
                           std::exp(out_pole * (1.0 - tick_s)));
    out_.turn[i] = static_cast<float>(std::arg(out_decay));
  }
}

float BucketBrigade::process(float in, float delay_s, float sample_s) noexcept {
  static const float kDirectGain = direct_gain();
  const float step_s = delay_s / (2.0f * static_cast<float>(stages_));
  float jumps = 0.0f;
  while (tick_s_ < sample_s) {
    if (writes_) {
      float sum = 0.0f;
      for (std::size_t i = 0; i < kPoles; ++i) {
        sum += in_.gain[i].real() * state_[i].real() - in_.gain[i].imag() * state_[i].imag();
      }
      cells_[cell_] = 2.0f * sum;
      if (++cell_ == stages_) cell_ = 0;
      in_.rotate(2.0f * step_s);
    } else {
      const float read = cells_[cell_];
      const float jump = read - last_read_;
      last_read_ = read;
      for (std::size_t i = 0; i < kPoles; ++i) jumps += 2.0f * out_.gain[i].real() * jump;
      out_.rotate(2.0f * step_s);
    }
    writes_ = !writes_;
    tick_s_ += step_s;
  }
  tick_s_ -= sample_s;
  for (std::size_t i = 0; i < kPoles; ++i) {
    const Complex decay = in_.decay[i];
    const Complex state = state_[i];
    state_[i] = {decay.real() * state.real() - decay.imag() * state.imag() + in,
                 decay.real() * state.imag() + decay.imag() * state.real()};
  }
  return kDirectGain * last_read_ + jumps;
}

void EnsembleEffect::TripleLfo::update(const EffectTables& tables, float rate, float new_depth) {
  phase += rate;
  phase -= std::floor(phase);
  for (std::size_t i = 0; i < kTaps; ++i) {
    const float at = phase + static_cast<float>(i) / static_cast<float>(kTaps);
    outputs[i].set(tables.sine(at - std::floor(at)));
  }
  depth.set(new_depth);
}

void EnsembleEffect::TripleLfo::advance() {
  for (LateLine& output : outputs) output.advance();
  depth.advance();
}

void EnsembleEffect::DigitalLine::restart() {
  position_ = 0;
  std::fill(samples_.begin(), samples_.end(), 0.0f);
}

void EnsembleEffect::DigitalLine::write(float x) {
  samples_[position_] = x;
  // The start is repeated behind the end, so that reading never has to wrap.
  if (position_ < EffectTables::kSincTaps) samples_[position_ + kLength] = x;
  position_ = (position_ + 1) % kLength;
}

float EnsembleEffect::DigitalLine::read(const EffectTables& tables, float delay) const {
  constexpr std::size_t kBefore = 6;
  const auto whole = static_cast<std::size_t>(delay);
  const float fraction = delay - static_cast<float>(whole);
  const auto row = static_cast<std::size_t>((1.0f - fraction) * EffectTables::kSincRows);
  const std::size_t first = (position_ - whole - kBefore) % kLength;
  const EffectTables::SincRow& weights = tables.narrow_sinc(row);
  float sum = 0.0f;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * samples_[first + i];
  return sum;
}

float EnsembleEffect::Saturation::process(float x, float capacity_in, float capacity_out) {
  constexpr float kAlpha = 0.4f;
  constexpr float kConductance = 1e-9f;
  constexpr float kSteps = 6553.6f;  // of the table that Surge XT has, per unit
  constexpr float kTableEnd = 5.0f;
  const float drive = std::clamp(0.1f * x - 0.001f * voltage, -kTableEnd, kTableEnd);
  const float quantised = std::floor((drive + kTableEnd) * kSteps) / kSteps - kTableEnd;
  const float controlled = 2e-9f * std::copysign(std::pow(std::fabs(quantised), 0.33f), drive);
  const float next = (capacity_in * (x - source) - kAlpha * source_current +
                      capacity_out * voltage + kAlpha * current + 2.0f * controlled) /
                     (capacity_in + capacity_out + kConductance);
  const float next_source = x - next;
  source_current = capacity_in * (next_source - source) - kAlpha * source_current;
  current = capacity_out * (next - voltage) - kAlpha * current;
  source = next_source;
  voltage = next;
  return next;
}

EnsembleEffect::EnsembleEffect(const Plan& plan)
    : plan_(&plan),
      open_(lowpass_coefficients(2.0 * kPi * 20000.0 / plan.sample_rate(), kButterworthQ)) {}

void EnsembleEffect::start(const EffectModel& model, std::uint64_t) noexcept {
  model_ = &model;
  const int device = model.integers[kDevice];
  stages_ = device == 0 ? 0 : std::size_t{64} << device;
  blocks_ = 0;
  for (TripleLfo& lfo : lfos_) lfo = TripleLfo();
  anti_alias_.restart();
  for (std::size_t i = 0; i < dc_blockers_.size(); ++i) {
    constexpr std::array<double, 2> kInverseQ{0.7654, 1.8478};
    dc_blockers_[i].restart();
    dc_blockers_[i].set_highpass(2.0 * kPi * 50.0 / plan_->sample_rate(), 1.0 / kInverseQ[i]);
  }
  for (EffectBiquad& filter : reconstruction_) filter.restart();
  feedback_ = EffectBiquad::Lanes2{};
  for (std::size_t c = 0; c < 2; ++c) {
    if (is_digital()) digital_[c].restart();
    if (!is_digital()) {
      for (BucketBrigade& line : analog_[c]) line.restart(stages_);
    }
    saturation_[c] = {};
  }
  width_ = BlockRamp();
  mix_.set_at_once(1.0f);
}

float EnsembleEffect::cutoff(const EffectValues& values) const {
  constexpr float kHighest = 25000.0f;
  const float clock = std::clamp(values[kClock], kMinClockKhz, kMaxClockKhz) / 100.0f;
  const float hz = 400.0f * plan_->effects.ratio(values[kAntiAlias]);
  return std::min(kHighest, 2.0f * std::numbers::pi_v<float> * hz * std::pow(clock, 0.75f));
}

void EnsembleEffect::set_reconstruction(const EffectValues& values) {
  for (EffectBiquad& filter : reconstruction_) {
    filter.set_lowpass(omega_of(*plan_, values[kReconstruction]), kButterworthQ);
    filter.arrive();
  }
}

void EnsembleEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  const EffectTables& tables = plan_->effects;
  const auto rate_hz = static_cast<float>(plan_->sample_rate());
  const float sample_s = 1.0f / rate_hz;

  constexpr std::array<std::size_t, 2> kRates{kRate1, kRate2};
  constexpr std::array<std::size_t, 2> kDepths{kDepth1, kDepth2};
  for (std::size_t i = 0; i < 2; ++i) {
    const float octaves = std::clamp(values[kRates[i]], -7.64386f, 5.322f);
    lfos_[i].update(tables, kBlockSamples / rate_hz * tables.octaves(octaves),
                    std::clamp(values[kDepths[i]], 0.0f, 1.0f));
  }

  const float clock_khz = std::clamp(values[kClock], kMinClockKhz, kMaxClockKhz);
  const float stages = is_digital() ? kDigitalStages : static_cast<float>(stages_);
  const float centre_s = stages / (2.0f * clock_khz) * 0.001f;
  const float swing_s = 0.95f * centre_s / 0.8f;
  if (is_digital()) {
    // Opened again at the start of every block, it never gets far on its way to its cutoff.
    anti_alias_.set(open_);
    anti_alias_.arrive();
    anti_alias_.set(lowpass_coefficients(
        2.0 * kPi * static_cast<double>(cutoff(values)) / plan_->sample_rate(), kButterworthQ));
  } else if (blocks_ % kBlocksPerCutoff == 0) {
    for (auto& channel : analog_) {
      for (BucketBrigade& line : channel) line.set_cutoff(cutoff(values), rate_hz);
    }
  }
  blocks_ = (blocks_ + 1) % kBlocksPerCutoff;

  const float loop = std::clamp(values[kFeedback], 0.0f, 1.0f);
  const float feedback_gain = 0.49f * std::sqrt(is_digital() ? loop : 0.2f * loop);
  const float amount = std::clamp(values[kSaturation], 0.0f, 1.0f);
  constexpr float kBeta = 1.4f;
  const float capacity_in = kBeta * 1.7e-12f * rate_hz;
  const float capacity_out = kBeta * 0.33e-12f * rate_hz;
  const float level = is_digital() ? 1.0f : plan_->decibels.amplitude(-8.0f);

  StereoBuffer wet;
  wet.copy(audio);
  if (is_digital()) anti_alias_.process(wet.block());
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    std::array<float, kTaps> delay_s;
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      delay_s[tap] = swing_s * (0.6f * lfos_[0].value(tap) + 0.2f * lfos_[1].value(tap)) + centre_s;
      delay_s[tap] = std::max(delay_s[tap], 0.02f * centre_s);
    }
    for (TripleLfo& lfo : lfos_) lfo.advance();

    EffectBiquad::Lanes2 sums;
    const std::array<float*, 2> samples{&wet.left[i], &wet.right[i]};
    for (std::size_t c = 0; c < 2; ++c) {
      const float x = tables.soft(0.75f * *samples[c] + static_cast<float>(feedback_[c]));
      if (is_digital()) digital_[c].write(x);
      float sum = 0.0f;
      float out = 0.0f;
      for (std::size_t t = 0; t < kTapsPerChannel; ++t) {
        const float tap_s = delay_s[c + t];
        const float tap = is_digital() ? digital_[c].read(tables, tap_s * rate_hz)
                                       : analog_[c][t].process(x, tap_s, sample_s);
        sum += tap;
        out += amount > 0.0f ? amount * saturation_[c][t].process(tap, capacity_in, capacity_out) +
                                   (1.0f - amount) * tap
                             : tap;
      }
      sums[c] = static_cast<double>(feedback_gain * sum);
      *samples[c] = level * out;
    }
    for (EffectBiquad& filter : dc_blockers_) sums = filter.tick_steady(sums);
    feedback_ = sums;
  }

  if (model_->active(kReconstruction)) {
    set_reconstruction(values);
    for (EffectBiquad& filter : reconstruction_) filter.process(wet.block());
  }
  width_.set(std::clamp(values[kWidth], -1.0f, 1.0f));
  scale_side(width_, wet.block());
  mix_.set(std::clamp(values[kMix], -1.0f, 1.0f));
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
