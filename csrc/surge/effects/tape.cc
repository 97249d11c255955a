#include "surge/effects/tape.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kDrive,
  kSaturation,
  kBias,
  kTone,
  kSpeed,
  kGap,
  kSpacing,
  kThickness,
  kDegradeDepth,
  kDegradeAmount,
  kDegradeVariance,
  kMix,
};

using Lanes2 = EffectBiquad::Lanes2;

constexpr double kPi = std::numbers::pi;
constexpr double kQ = 0.707;
constexpr float kToneHz = 800.0f;
constexpr float kToneDb = 18.0f;
constexpr double kToneSeconds = 0.05;
constexpr int kMaterialSteps = 500;
// Of the material: coupling of its domains, and how much it resists.
constexpr double kCoupling = 1.6e-3;
constexpr double kCoercivity = 0.47875;
// Beyond this the model has lost its way.
constexpr double kMaxMagnetisation = 20.0;
constexpr double kMetresPerInch = 0.0254;
constexpr double kMicrometre = 1e-6;

Lanes2 both(double value) { return Lanes2{value, value}; }
Lanes2 magnitude(Lanes2 x) { return x < 0.0 ? -x : x; }

// Pade approximant, of its argument limited to +-5.7.
Lanes2 tanh_of(Lanes2 x) {
  constexpr double kLimit = 5.7;
  const Lanes2 limited = x > kLimit ? both(kLimit) : x < -kLimit ? both(-kLimit) : x;
  const Lanes2 q = limited * limited;
  const Lanes2 numerator = limited * (2027025.0 + q * (270270.0 + q * (6930.0 + 36.0 * q)));
  const Lanes2 denominator = 2027025.0 + q * (945945.0 + q * (51975.0 + q * (630.0 + q)));
  return numerator / denominator;
}

float unit(float value) { return std::clamp(value, 0.0f, 1.0f); }

}  // namespace

const EffectType kTapeType = {
    .id = 23,
    .params = {{{EffectParamKind::kFloat, 0, 1, 0.85f},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, 0, 1, 0.5f},
                {EffectParamKind::kFloat, -1, 1, 0},
                {EffectParamKind::kFloat, 1, 50, 30},
                {EffectParamKind::kFloat, 1, 50, 10},
                {EffectParamKind::kFloat, 0.1f, 20, 0.1f},
                {EffectParamKind::kFloat, 0.1f, 50, 0.1f},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 1}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<TapeEffect>(plan);
    },
};

void TapeHysteresis::restart(Solver solver) {
  solver_ = solver;
  const auto tone_steps = static_cast<int>(kToneSeconds * sample_rate_);
  low_gain_.restart(1.0f, tone_steps);
  high_gain_.restart(1.0f, tone_steps);
  for (ShelfFilter& filter : tone_) {
    filter.restart();
    filter.set(1.0f, 1.0f, kToneHz, static_cast<float>(sample_rate_));
  }
  // All parameters are still 0.
  drive_.restart(0.0f, kMaterialSteps);
  saturation_.restart(0.0f, kMaterialSteps);
  width_.restart(1.0f, kMaterialSteps);
  makeup_.restart(0.8f, kMaterialSteps);
  set_material();
  magnetisation_ = field_ = field_slope_ = Lanes2{};
  oversampling_.restart();
  dc_blocker_.restart();
  dc_blocker_.set_highpass(35.0 / sample_rate_, kQ);
}

void TapeHysteresis::set(float drive, float saturation, float bias, float tone) {
  const float treble = tone > 0.0f ? tone : 0.5f * tone;
  const float bass = tone > 0.0f ? -0.5f * tone : -tone;
  low_gain_.set(amplitude_of(kToneDb * bass));
  high_gain_.set(amplitude_of(kToneDb * treble));
  const float width = 1.0f - bias;
  drive_.set(drive);
  saturation_.set(saturation);
  width_.set(width);
  makeup_.set((1.0f + 0.6f * width) / (0.5f + 1.5f * (1.0f - saturation)));
}

void TapeHysteresis::set_material() {
  saturation_level_ = 0.5 + 1.5 * (1.0 - static_cast<double>(saturation_.value()));
  shape_ = saturation_level_ / (0.01 + 6.0 * static_cast<double>(drive_.value()));
  reversible_ = std::sqrt(std::max(1.0 - static_cast<double>(width_.value()), 0.0)) - 0.01;
  irreversible_ = 1.0 - reversible_;
}

template <bool kWithDerivative>
TapeHysteresis::Slope TapeHysteresis::slope(Lanes2 magnetisation, Lanes2 field,
                                            Lanes2 field_slope) const {
  // Langevin's function of the effective field and its slope, as series where they would cancel.
  constexpr double kSmall = 0.001;
  const Lanes2 q = (field + kCoupling * magnetisation) / shape_;
  const auto small = magnitude(q) < kSmall;
  const Lanes2 coth = 1.0 / tanh_of(q);
  const Lanes2 inverse = 1.0 / q;
  const Lanes2 langevin = small ? q / 3.0 : coth - inverse;
  const Lanes2 langevin_slope = small ? both(1.0 / 3.0) : inverse * inverse - coth * coth + 1.0;

  const Lanes2 distance = saturation_level_ * langevin - magnetisation;
  const auto rises = field_slope >= 0.0;
  const auto away = distance >= 0.0;
  const Lanes2 share = rises == away ? both(irreversible_) : both(0.0);
  const Lanes2 resistance =
      rises ? both(irreversible_ * kCoercivity) : both(-irreversible_ * kCoercivity);
  const Lanes2 denominator = resistance - kCoupling * distance;
  const double scale = reversible_ * saturation_level_ / shape_;
  const Lanes2 f1 = share * distance / denominator;
  const Lanes2 f2 = scale * langevin_slope;
  const Lanes2 f3 = 1.0 - kCoupling * f2;
  const Lanes2 sum = f1 + f2;
  Slope result{.value = field_slope * sum / f3, .by_magnetisation = {}};
  if constexpr (kWithDerivative) {
    const Lanes2 curvature = small
                                 ? q * (-2.0 / 15.0)
                                 : 2.0 * (coth * (coth * coth - 1.0) - inverse * inverse * inverse);
    const double per_m = kCoupling / shape_;
    const Lanes2 distance_slope = saturation_level_ * per_m * langevin_slope - 1.0;
    const Lanes2 f1_slope = share * resistance * distance_slope / (denominator * denominator);
    const Lanes2 f2_slope = scale * per_m * curvature;
    result.by_magnetisation =
        field_slope * ((f1_slope + f2_slope) * f3 + sum * (kCoupling * f2_slope)) / (f3 * f3);
  }
  return result;
}

template <TapeHysteresis::Solver kSolver>
Lanes2 TapeHysteresis::solve(Lanes2 field, Lanes2 field_slope) const {
  // Of the rate before oversampling.
  const double step = 1.0 / sample_rate_;
  const auto change = [&](Lanes2 m, Lanes2 h, Lanes2 dh) {
    return step * slope<false>(m, h, dh).value;
  };
  const Lanes2 middle = 0.5 * (field + field_);
  const Lanes2 middle_slope = 0.5 * (field_slope + field_slope_);
  if constexpr (kSolver == Solver::kRungeKutta2) {
    const Lanes2 k1 = change(magnetisation_, field_, field_slope_);
    return magnetisation_ + change(magnetisation_ + 0.5 * k1, middle, middle_slope);
  } else if constexpr (kSolver == Solver::kRungeKutta4) {
    const Lanes2 k1 = change(magnetisation_, field_, field_slope_);
    const Lanes2 k2 = change(magnetisation_ + 0.5 * k1, middle, middle_slope);
    const Lanes2 k3 = change(magnetisation_ + 0.5 * k2, middle, middle_slope);
    const Lanes2 k4 = change(magnetisation_ + k3, field, field_slope);
    return magnetisation_ + k1 / 6.0 + k2 / 3.0 + k3 / 3.0 + k4 / 6.0;
  } else {
    constexpr int kIterations = kSolver == Solver::kNewton4 ? 4 : 8;
    const double half_step = step / 1.9;
    const Lanes2 before = slope<false>(magnetisation_, field_, field_slope_).value;
    Lanes2 m = magnetisation_;
    for (int i = 0; i < kIterations; ++i) {
      const Slope now = slope<true>(m, field, field_slope);
      const Lanes2 error = m - magnetisation_ - half_step * (now.value + before);
      m -= error / (1.0 - half_step * now.by_magnetisation);
    }
    return m;
  }
}

template <TapeHysteresis::Solver kSolver>
void TapeHysteresis::magnetise(FourfoldOversampling::Signal& left,
                               FourfoldOversampling::Signal& right) {
  constexpr double kSharpness = 0.75;
  const double slope_scale = (1.0 + kSharpness) * sample_rate_;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (drive_.moving() || saturation_.moving() || width_.moving()) {
      drive_.next();
      saturation_.next();
      width_.next();
      set_material();
    }
    const Lanes2 field = {static_cast<double>(left[i]), static_cast<double>(right[i])};
    Lanes2 field_slope = slope_scale * (field - field_) - kSharpness * field_slope_;
    Lanes2 m = solve<kSolver>(field, field_slope);
    for (int lane = 0; lane < 2; ++lane) {
      if (std::fabs(m[lane]) <= kMaxMagnetisation) continue;
      m[lane] = 0.0;
      field_slope[lane] = 0.0;
    }
    magnetisation_ = m;
    field_ = field;
    field_slope_ = field_slope;
    const Lanes2 out = m * static_cast<double>(makeup_.next());
    left[i] = static_cast<float>(out[0]);
    right[i] = static_cast<float>(out[1]);
  }
}

void TapeHysteresis::process(StereoBlock audio) noexcept {
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    if (low_gain_.moving() || high_gain_.moving()) {
      const float low = low_gain_.next();
      const float high = high_gain_.next();
      for (ShelfFilter& filter : tone_) {
        filter.set(low, high, kToneHz, static_cast<float>(sample_rate_));
      }
    }
    audio.left[i] = tone_[0].process(audio.left[i]);
    audio.right[i] = tone_[1].process(audio.right[i]);
  }
  FourfoldOversampling::Signal left;
  FourfoldOversampling::Signal right;
  oversampling_.up(audio.left, audio.right, left, right);
  switch (solver_) {
    case Solver::kRungeKutta2:
      magnetise<Solver::kRungeKutta2>(left, right);
      break;
    case Solver::kRungeKutta4:
      magnetise<Solver::kRungeKutta4>(left, right);
      break;
    case Solver::kNewton4:
      magnetise<Solver::kNewton4>(left, right);
      break;
    case Solver::kNewton8:
      magnetise<Solver::kNewton8>(left, right);
      break;
  }
  oversampling_.down(left, right, audio.left, audio.right);
  dc_blocker_.process(audio);
  const float gain = amplitude_of(9.0f);
  for (const auto channel : {audio.left, audio.right}) {
    for (float& sample : channel) sample *= gain;
  }
}

TapeLosses::TapeLosses(double sample_rate, const DecibelTable& decibels)
    : sample_rate_(sample_rate),
      decibels_(&decibels),
      order_(static_cast<std::size_t>(static_cast<double>(kTaps) * sample_rate / 44100.0)),
      cosine_(order_),
      magnitude_(order_),
      response_(std::max(order_, kTaps)) {
  for (std::size_t i = 0; i < order_; ++i) {
    cosine_[i] = std::cos(2.0 * kPi * static_cast<double>(i) / static_cast<double>(order_));
  }
}

void TapeLosses::restart() {
  std::fill(response_.begin(), response_.end(), 0.0);
  settings_ = Settings();
  current_ = 0;
  fade_left_ = 0;
  bump_.restart();
  for (History& history : history_) history.fill(0.0f);
  design(settings_, taps_[current_]);
}

void TapeLosses::design(const Settings& settings, Taps& taps) {
  const double metres_per_second = kMetresPerInch * static_cast<double>(settings.speed);
  const double spacing = kMicrometre * static_cast<double>(settings.spacing);
  const double gap = kMicrometre * static_cast<double>(settings.gap);
  const double thickness = kMicrometre * static_cast<double>(settings.thickness);
  const std::size_t half = order_ / 2;
  const auto order = static_cast<double>(order_);
  std::fill(magnitude_.begin(), magnitude_.end(), 0.0);
  for (std::size_t k = 0; k < half; ++k) {
    const double frequency = std::max(20.0, static_cast<double>(k) * sample_rate_ / order);
    const double wave_number = 2.0 * kPi * frequency / metres_per_second;
    const double across = wave_number * thickness;
    const double along = 0.5 * wave_number * gap;
    magnitude_[k] = std::exp(-wave_number * spacing) * (1.0 - std::exp(-across)) / across *
                    std::sin(along) / along;
    magnitude_[order_ - 1 - k] = magnitude_[k];
  }
  for (std::size_t n = 0; n < half; ++n) {
    double sum = response_[half + n];
    for (std::size_t k = 0; k < order_; ++k) sum += magnitude_[k] * cosine_[k * n % order_];
    response_[half + n] = response_[half - n] = sum / order;
  }
  for (std::size_t i = 0; i < kTaps; ++i) taps[i] = static_cast<float>(response_[i]);

  const double bump_hz = metres_per_second / (500.0 * gap);
  const double gain = std::max(1.5 * (1000.0 - std::fabs(bump_hz - 100.0)) / 100.0, 1.0);
  bump_.set_peak(2.0 * kPi * bump_hz / sample_rate_, 0.5, 20.0 * std::log10(gain), *decibels_);
}

void TapeLosses::convolve(const Taps& taps, const History& history,
                          std::span<float, kBlockSamples> out) {
  std::fill(out.begin(), out.end(), 0.0f);
  for (std::size_t t = 0; t < kTaps; ++t) {
    const float* samples = history.data() + (kTaps - 1 - t);
    for (std::size_t i = 0; i < kBlockSamples; ++i) out[i] += taps[t] * samples[i];
  }
}

void TapeLosses::process(float speed, float spacing, float gap, float thickness,
                         StereoBlock audio) noexcept {
  const Settings wanted{.speed = std::clamp(speed, 1.0f, 30.0f),
                        .spacing = std::clamp(spacing, 0.1f, 20.0f),
                        .gap = std::clamp(gap, 1.0f, 50.0f),
                        .thickness = std::clamp(thickness, 0.1f, 50.0f)};
  if (fade_left_ == 0 && wanted != settings_) {
    settings_ = wanted;
    design(settings_, taps_[1 - current_]);
    fade_left_ = kFadeSamples;
  }

  const std::array<std::span<float, kBlockSamples>, 2> channels{audio.left, audio.right};
  for (std::size_t c = 0; c < 2; ++c) {
    History& history = history_[c];
    std::copy(channels[c].begin(), channels[c].end(), history.end() - kBlockSamples);
    convolve(taps_[current_], history, channels[c]);
    if (fade_left_ > 0) {
      std::array<float, kBlockSamples> next;
      convolve(taps_[1 - current_], history, next);
      for (std::size_t i = 0; i < kBlockSamples; ++i) {
        const float old = static_cast<float>(fade_left_ - static_cast<int>(i)) / kFadeSamples;
        channels[c][i] = old * channels[c][i] + (1.0f - old) * next[i];
      }
    }
    std::copy(history.begin() + kBlockSamples, history.end(), history.begin());
  }
  if (fade_left_ > 0) {
    fade_left_ -= kBlockSamples;
    if (fade_left_ == 0) current_ = 1 - current_;
  }
  bump_.process(audio);
}

void TapeDegradation::Lowpass::restart(float frequency_hz, float sample_rate_hz) {
  constexpr int kSteps = 20;
  sample_rate_hz_ = sample_rate_hz;
  frequency_.restart(frequency_hz, kSteps);
  design(frequency_hz);
  state_ = 0.0f;
}

void TapeDegradation::Lowpass::design(float frequency_hz) {
  const float k = 1.0f / std::tan(std::numbers::pi_v<float> * frequency_hz / sample_rate_hz_);
  b_ = 1.0f / (k + 1.0f);
  a_ = (1.0f - k) * b_;
}

void TapeDegradation::Lowpass::process(std::span<float, kBlockSamples> samples) noexcept {
  for (float& sample : samples) {
    if (frequency_.moving()) design(frequency_.next());
    const float y = b_ * sample + state_;
    state_ = b_ * sample - a_ * y;
    sample = y;
  }
}

void TapeDegradation::restart(std::uint64_t seed) {
  const auto rate_hz = static_cast<float>(sample_rate_);
  rng_ = Rng(seed);
  chewed_ = false;
  samples_ = 0.0;
  period_samples_ = draw_period(0.0f, 0.0f, 0.0f, /*chewed=*/false);
  chew_mix_.restart(0.0f, static_cast<int>(0.01 * sample_rate_));
  chew_power_.restart(0.0f, static_cast<int>(0.005 * sample_rate_));
  const float open_hz = std::min(20000.0f, highest_hz());
  for (Lowpass& filter : chew_lowpass_) filter.restart(open_hz, rate_hz);
  for (Lowpass& filter : lowpass_) filter.restart(open_hz, rate_hz);
  gain_ = BlockRamp();
}

double TapeDegradation::draw_period(float frequency, float depth, float variance, bool chewed) {
  const auto q = static_cast<double>(depth);
  const double s = std::pow(static_cast<double>(frequency), 0.1);
  const double length =
      sample_rate_ * static_cast<double>(std::pow(2.0f * rng_.unipolar(), variance));
  const double shortest = (1.0 - s) * length;
  double longest = (2.0 - 1.99 * s) * length;
  if (chewed) {
    const double begin = 0.2 + 0.8 * q;
    const double end = begin - (0.001 + 0.01 * q);
    longest = (1.0 - s + begin - end * s) * length;
  }
  return shortest + static_cast<double>(rng_.unipolar()) * (longest - shortest);
}

void TapeDegradation::chew(float depth, float amount, float variance, StereoBlock audio) noexcept {
  const float frequency = 0.9f - 0.8f * amount;
  const float strength = 0.15f * depth;
  const float highest = std::min(22000.0f, highest_hz());
  const bool toggles = samples_ >= period_samples_;
  if (toggles) {
    samples_ = 0.0;
    chewed_ = !chewed_;
    chew_mix_.set(chewed_ ? 1.0f : 0.0f);
    period_samples_ = draw_period(frequency, strength, variance, chewed_);
  }
  chew_power_.set((1.0f + 2.0f * rng_.unipolar()) * strength);
  if (toggles || chewed_) {
    const float cutoff = highest - (chewed_ ? (highest - 5000.0f) * strength : 0.0f);
    for (Lowpass& filter : chew_lowpass_) filter.set(cutoff);
  }
  samples_ += kBlockSamples;

  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float mix = chew_mix_.next();
    const float power = 1.0f + chew_power_.next();
    if (mix == 0.0f) continue;
    for (float* sample : {&audio.left[i], &audio.right[i]}) {
      const float bent = std::copysign(std::pow(std::fabs(*sample), power), *sample);
      *sample = mix * bent + (1.0f - mix) * *sample;
    }
  }
  chew_lowpass_[0].process(audio.left);
  chew_lowpass_[1].process(audio.right);
}

void TapeDegradation::process(float depth, float amount, float variance,
                              StereoBlock audio) noexcept {
  chew(depth, amount, variance, audio);

  const float noise = 0.5f * depth * amount;
  const float cutoff = 200.0f * std::pow(100.0f, 1.0f - amount);
  const float spread = variance * cutoff / 0.6f;
  const std::array<std::span<float, kBlockSamples>, 2> channels{audio.left, audio.right};
  for (std::size_t c = 0; c < 2; ++c) {
    if (noise > 0.0f) {
      for (float& sample : channels[c]) sample += noise * 0.5f * rng_.bipolar();
    }
    lowpass_[c].set(std::min(cutoff + spread * 0.5f * rng_.bipolar(), highest_hz()));
    lowpass_[c].process(channels[c]);
  }
  gain_.set(decibels_->amplitude(std::min(36.0f * variance * 0.5f * rng_.bipolar(), 3.0f)));
  gain_.multiply(audio);
}

void TapeEffect::start(const EffectModel& model, std::uint64_t seed) noexcept {
  model_ = &model;
  hysteresis_.restart(static_cast<TapeHysteresis::Solver>(std::clamp(model.deform(kDrive), 0, 3)));
  losses_.restart();
  degradation_.restart(seed);
  mix_.set_at_once(1.0f);
}

void TapeEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  const EffectValues& values = controls.values;
  mix_.set(unit(values[kMix]));
  StereoBuffer wet;
  wet.copy(audio);
  if (model_->active(kDrive)) {
    hysteresis_.set(unit(values[kDrive]), unit(values[kSaturation]), unit(values[kBias]),
                    std::clamp(values[kTone], -1.0f, 1.0f));
    hysteresis_.process(wet.block());
  }
  if (model_->active(kSpeed)) {
    losses_.process(values[kSpeed], values[kSpacing], values[kGap], values[kThickness],
                    wet.block());
  }
  if (model_->active(kDegradeDepth)) {
    degradation_.process(unit(values[kDegradeDepth]), unit(values[kDegradeAmount]),
                         unit(values[kDegradeVariance]), wet.block());
  }
  mix_.crossfade(audio, wet.block());
}

}  // namespace synthrl::surge
