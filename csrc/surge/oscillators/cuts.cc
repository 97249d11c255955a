#include "surge/oscillators/cuts.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kQ = 0.707;
constexpr double kGlide = 0.004;  // per sample

double omega_of(float note, float rate_hz) {
  const double hz = 440.0 * std::exp2(std::clamp(note, -60.0f, 70.0f) / 12.0);
  return 2.0 * kPi * hz / rate_hz;
}

}  // namespace

Section highpass_section(double omega, double q) noexcept {
  if (omega > kPi) return {0.0, 0.0, 0.0, 0.0, 0.0};
  const double cosine = std::cos(omega);
  const double alpha = std::sin(omega) / (2.0 * q);
  const double scale = 1.0 / (1.0 + alpha);
  const double b = 0.5 * (1.0 + cosine) * scale;
  return {b, -2.0 * b, b, -2.0 * cosine * scale, (1.0 - alpha) * scale};
}

Section corrected_lowpass_section(double omega, double q) noexcept {
  if (omega > kPi) return {};
  const double sine = std::sin(omega);
  const double cosine = std::cos(omega);
  const double alpha = sine / (2.0 * q);
  const double scale = 1.0 / (1.0 + alpha);
  const double square = omega * omega;
  const double analogue =
      square * square / (square * square + kPi * kPi * (kPi * kPi + square * (1.0 / q - 2.0)));
  const double gain = std::min(1.0, 0.5 * std::sqrt(analogue));
  const double slope = 2.0 * std::sqrt(gain) * std::sqrt(2.0 - gain) * sine;
  const double low = 1.0 - cosine;
  const double high = gain * (1.0 + cosine);
  return {0.5 * (low + high + slope) * scale, (low - high) * scale,
          0.5 * (low + high - slope) * scale, -2.0 * cosine * scale, (1.0 - alpha) * scale};
}

void GlidingSection::set_target(const Section& target) noexcept {
  target_ = target;
  if (!started_) now_ = target;
  started_ = true;
  gliding_ = true;
}

template <bool kStereo>
void GlidingSection::run(float* left, float* right, int count) noexcept {
  Section section = now_;
  Lanes2 z1 = z1_;
  Lanes2 z2 = z2_;
  for (int i = 0; i < count; ++i) {
    if (gliding_) {
      section.b0 += kGlide * (target_.b0 - section.b0);
      section.b1 += kGlide * (target_.b1 - section.b1);
      section.b2 += kGlide * (target_.b2 - section.b2);
      section.a1 += kGlide * (target_.a1 - section.a1);
      section.a2 += kGlide * (target_.a2 - section.a2);
    }
    const Lanes2 x = {static_cast<double>(left[i]), kStereo ? static_cast<double>(right[i]) : 0.0};
    const Lanes2 y = section.b0 * x + z1;
    z1 = section.b1 * x - section.a1 * y + z2;
    z2 = section.b2 * x - section.a2 * y;
    left[i] = static_cast<float>(y[0]);
    if constexpr (kStereo) right[i] = static_cast<float>(y[1]);
  }
  now_ = section;
  z1_ = z1;
  z2_ = z2;
}

void GlidingSection::process(float* left, float* right, int count) noexcept {
  right != nullptr ? run<true>(left, right, count) : run<false>(left, right, count);
  if (!gliding_) return;
  const double distance =
      std::max({std::fabs(target_.b0 - now_.b0), std::fabs(target_.b1 - now_.b1),
                std::fabs(target_.b2 - now_.b2), std::fabs(target_.a1 - now_.a1),
                std::fabs(target_.a2 - now_.a2)});
  // Closer than this the rest of the glide is inaudible.
  if (distance < 1e-12) {
    now_ = target_;
    gliding_ = false;
  }
}

void Cuts::process(float low_cut, float high_cut, float* left, float* right) noexcept {
  if (has_low_cut_) {
    if (low_cut != low_note_) {
      low_note_ = low_cut;
      low_cut_.set_target(highpass_section(omega_of(low_cut, rate_hz_), kQ));
    }
    low_cut_.process(left, right, kOscillatorBlockSamples);
  }
  if (has_high_cut_) {
    if (high_cut != high_note_) {
      high_note_ = high_cut;
      high_cut_.set_target(corrected_lowpass_section(omega_of(high_cut, rate_hz_), kQ));
    }
    high_cut_.process(left, right, kOscillatorBlockSamples);
  }
}

}  // namespace synthrl::surge
