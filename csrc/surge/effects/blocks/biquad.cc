#include "surge/effects/blocks/biquad.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

constexpr double kPi = std::numbers::pi;
// Below this, what is left of a glide or of a state is dropped.
constexpr double kArrived = 1e-11;
constexpr double kNothing = 1e-30;

struct Angle {
  Angle(double omega, double q)
      : cos(std::cos(omega)), sin(std::sin(omega)), alpha(sin / (2.0 * q)) {}

  BiquadCoefficients normalised(double b0, double b1, double b2) const {
    const double scale = 1.0 / (1.0 + alpha);
    return {.b0 = b0 * scale,
            .b1 = b1 * scale,
            .b2 = b2 * scale,
            .a1 = -2.0 * cos * scale,
            .a2 = (1.0 - alpha) * scale};
  }

  double cos;
  double sin;
  double alpha;
};

double square(double x) { return x * x; }

}  // namespace

double omega_of(const Plan& plan, float semitones) {
  return 2.0 * kPi * 440.0 * static_cast<double>(plan.effects.ratio(semitones)) /
         plan.sample_rate();
}

BiquadCoefficients lowpass_coefficients(double omega, double q) {
  if (omega > kPi) return {};
  const Angle w(omega, q);
  return w.normalised(0.5 * (1.0 - w.cos), 1.0 - w.cos, 0.5 * (1.0 - w.cos));
}

BiquadCoefficients matched_lowpass_coefficients(double omega, double q) {
  if (omega > kPi) return {};
  const Angle w(omega, q);
  const double w2 = square(omega);
  const double pi2 = square(kPi);
  const double g1 = std::min(
      1.0, 0.5 * std::sqrt(square(w2) / (square(w2) + square(pi2) + w2 * pi2 * (1.0 / q - 2.0))));
  const double a = 2.0 * std::sqrt(g1) * std::sqrt(2.0 - g1);
  const double even = 1.0 - w.cos + g1 * (1.0 + w.cos);
  return w.normalised(0.5 * (even + a * w.sin), 1.0 - w.cos - g1 * (1.0 + w.cos),
                      0.5 * (even - a * w.sin));
}

BiquadCoefficients highpass_coefficients(double omega, double q) {
  if (omega > kPi) return {.b0 = 0.0};
  const Angle w(omega, q);
  return w.normalised(0.5 * (1.0 + w.cos), -(1.0 + w.cos), 0.5 * (1.0 + w.cos));
}

BiquadCoefficients allpass_coefficients(double omega, double q) {
  if (omega < 0.0 || omega > kPi) return {};
  const Angle w(omega, q);
  return w.normalised(1.0 - w.alpha, -2.0 * w.cos, 1.0 + w.alpha);
}

BiquadCoefficients notch_coefficients(double omega, double q) {
  if (omega > kPi) return {};
  const Angle w(omega, q);
  return w.normalised(1.0, -2.0 * w.cos, 1.0);
}

BiquadCoefficients bandpass_coefficients(double omega, double q) {
  if (omega > kPi) return {.b0 = 0.0};
  const Angle w(omega, q);
  return w.normalised(w.alpha, 0.0, -w.alpha);
}

BiquadCoefficients peak_coefficients(double omega, double bandwidth, double gain,
                                     double edge_gain) {
  const double width = std::max(bandwidth, 0.0001);
  if (std::fabs(gain - 1.0) <= 1e-5) return {};
  const double pi2 = square(kPi);
  const double dww = 2.0 * omega * std::sinh(0.5 * std::numbers::ln2 * width);
  const double gb2 = square(edge_gain);
  const double f = std::fabs(square(gain) - gb2);
  double g = gain;
  double g00 = std::fabs(square(g) - 1.0);
  double f00 = std::fabs(gb2 - 1.0);
  const double tilt = f00 * pi2 * square(dww) / f;
  const double distance = square(square(omega) - pi2);
  const double g1 = std::sqrt((distance + square(gain) * tilt) / (distance + tilt));
  double w0 = omega;
  if (omega > kPi) {
    g = g1 * 0.9999;
    w0 = kPi - 0.00001;
    g00 = std::fabs(square(g) - 1.0);
    f00 = std::fabs(gb2 - 1.0);
  }
  const double g01 = std::fabs(square(g) - g1);
  const double g11 = std::fabs(square(g) - square(g1));
  const double f01 = std::fabs(gb2 - g1);
  const double f11 = std::fabs(gb2 - square(g1));
  const double tan2 = square(std::tan(0.5 * w0));
  const double w2 = std::sqrt(g11 / g00) * tan2;
  const double low = w0 * std::exp2(-0.5 * width);
  const double high =
      2.0 * std::atan(std::sqrt(f00 / f11) * std::sqrt(g11 / g00) * tan2 / std::tan(0.5 * low));
  const double dw = (1.0 + std::sqrt(f00 / f11) * w2) * std::tan(0.5 * std::fabs(high - low));
  const double c = f11 * square(dw) - 2.0 * w2 * (f01 - std::sqrt(f00 * f11));
  const double d = 2.0 * w2 * (g01 - std::sqrt(g00 * g11));
  const double a = std::sqrt((c + d) / f);
  const double b = std::sqrt((square(g) * c + gb2 * d) / f);
  const double scale = 1.0 / (1.0 + w2 + a);
  const BiquadCoefficients peak{.b0 = (g1 + w2 + b) * scale,
                                .b1 = -2.0 * (g1 - w2) * scale,
                                .b2 = (g1 - b + w2) * scale,
                                .a1 = -2.0 * (1.0 - w2) * scale,
                                .a2 = (1.0 + w2 - a) * scale};
  const bool usable = std::isfinite(peak.b0) && std::isfinite(peak.b1) && std::isfinite(peak.b2) &&
                      std::isfinite(peak.a1) && std::isfinite(peak.a2);
  return usable ? peak : BiquadCoefficients{};
}

bool EffectBiquad::is_new(Design design, double a, double b, double c) {
  if (design_ == design && arguments_[0] == a && arguments_[1] == b && arguments_[2] == c) {
    return false;
  }
  design_ = design;
  arguments_[0] = a;
  arguments_[1] = b;
  arguments_[2] = c;
  return true;
}

void EffectBiquad::set(const BiquadCoefficients& target) {
  target_ = target;
  gliding_ = true;
  if (!started_) arrive();
  started_ = true;
}

void EffectBiquad::set_lowpass(double omega, double q) {
  if (is_new(Design::kLowpass, omega, q)) set(lowpass_coefficients(omega, q));
}
void EffectBiquad::set_matched_lowpass(double omega, double q) {
  if (is_new(Design::kMatched, omega, q)) set(matched_lowpass_coefficients(omega, q));
}
void EffectBiquad::set_highpass(double omega, double q) {
  if (is_new(Design::kHighpass, omega, q)) set(highpass_coefficients(omega, q));
}
void EffectBiquad::set_allpass(double omega, double q) {
  if (is_new(Design::kAllpass, omega, q)) set(allpass_coefficients(omega, q));
}
void EffectBiquad::set_notch(double omega, double q) {
  if (is_new(Design::kNotch, omega, q)) set(notch_coefficients(omega, q));
}
void EffectBiquad::set_bandpass(double omega, double q) {
  if (is_new(Design::kBandpass, omega, q)) set(bandpass_coefficients(omega, q));
}
void EffectBiquad::set_peak(double omega, double bandwidth, double gain_db,
                            const DecibelTable& decibels) {
  if (!is_new(Design::kPeak, omega, bandwidth, gain_db)) return;
  constexpr double kMostDb = 150.0;  // no parameter has as much, but modulation may
  const auto level = static_cast<float>(std::clamp(gain_db, -kMostDb, kMostDb));
  set(peak_coefficients(omega, bandwidth, decibels.amplitude(level),
                        decibels.amplitude(0.5f * level)));
}

void EffectBiquad::flush() {
  for (int lane = 0; lane < 2; ++lane) {
    if (!(std::fabs(z1_[lane]) > kNothing)) z1_[lane] = 0.0;
    if (!(std::fabs(z2_[lane]) > kNothing)) z2_[lane] = 0.0;
  }
  if (!gliding_) return;
  const auto near = [](double a, double b) { return std::fabs(a - b) < kArrived; };
  if (near(value_.b0, target_.b0) && near(value_.b1, target_.b1) && near(value_.b2, target_.b2) &&
      near(value_.a1, target_.a1) && near(value_.a2, target_.a2)) {
    arrive();
  }
}

template <bool kStereo, bool kGlide>
void EffectBiquad::run(float* left, float* right, std::size_t length) noexcept {
  const auto load = [&](std::size_t i) {
    return Lanes2{static_cast<double>(left[i]), kStereo ? static_cast<double>(right[i]) : 0.0};
  };
  const auto store = [&](std::size_t i, Lanes2 y) {
    left[i] = static_cast<float>(y[0]);
    if constexpr (kStereo) right[i] = static_cast<float>(y[1]);
  };
  if (kGlide && gliding_) {
    for (std::size_t i = 0; i < length; ++i) store(i, tick(load(i)));
  } else {
    const BiquadCoefficients c = value_;
    Lanes2 z1 = z1_;
    Lanes2 z2 = z2_;
    for (std::size_t i = 0; i < length; ++i) {
      const Lanes2 x = load(i);
      const Lanes2 y = x * c.b0 + z1;
      z1 = (x * c.b1 + z2) - y * c.a1;
      z2 = x * c.b2 - y * c.a2;
      store(i, y);
    }
    z1_ = z1;
    z2_ = z2;
  }
  flush();
}

// The filters of one sample wait for each other, but those of different samples overlap.
template <std::size_t kCount>
void EffectBiquad::run_series(EffectBiquad* const* filters, StereoBlock audio) noexcept {
  std::array<BiquadCoefficients, kCount> c;
  std::array<Lanes2, kCount> z1;
  std::array<Lanes2, kCount> z2;
  for (std::size_t f = 0; f < kCount; ++f) {
    c[f] = filters[f]->value_;
    z1[f] = filters[f]->z1_;
    z2[f] = filters[f]->z2_;
  }
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    Lanes2 x = {static_cast<double>(audio.left[i]), static_cast<double>(audio.right[i])};
    for (std::size_t f = 0; f < kCount; ++f) {
      const Lanes2 y = x * c[f].b0 + z1[f];
      z1[f] = (x * c[f].b1 + z2[f]) - y * c[f].a1;
      z2[f] = x * c[f].b2 - y * c[f].a2;
      // Between filters the signal is in single precision.
      x = __builtin_convertvector(__builtin_convertvector(y, Floats2), Lanes2);
    }
    audio.left[i] = static_cast<float>(x[0]);
    audio.right[i] = static_cast<float>(x[1]);
  }
  for (std::size_t f = 0; f < kCount; ++f) {
    filters[f]->z1_ = z1[f];
    filters[f]->z2_ = z2[f];
    filters[f]->flush();
  }
}

void EffectBiquad::process_series(std::span<EffectBiquad* const> filters,
                                  StereoBlock audio) noexcept {
  constexpr std::size_t kMost = 3;
  std::array<EffectBiquad*, kMost> steady;
  std::size_t count = 0;
  const auto run_steady = [&] {
    if (count == 1) steady[0]->process(audio);
    if (count == 2) run_series<2>(steady.data(), audio);
    if (count == 3) run_series<3>(steady.data(), audio);
    count = 0;
  };
  for (EffectBiquad* filter : filters) {
    if (filter == nullptr || filter->transparent()) continue;
    if (filter->gliding_) {
      run_steady();
      filter->process(audio);
      continue;
    }
    steady[count++] = filter;
    if (count == kMost) run_steady();
  }
  run_steady();
}

template void EffectBiquad::run<true, true>(float*, float*, std::size_t) noexcept;
template void EffectBiquad::run<true, false>(float*, float*, std::size_t) noexcept;
template void EffectBiquad::run<false, true>(float*, float*, std::size_t) noexcept;

}  // namespace synthrl::surge
