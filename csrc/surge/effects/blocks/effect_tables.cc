#include "surge/effects/blocks/effect_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

constexpr double kPi = std::numbers::pi;

double sinc(double x) { return std::fabs(x) < 1e-12 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

// Around 0, as wide as there are taps.
double blackman(double t) {
  const double angle = 2.0 * kPi * t / EffectTables::kSincTaps;
  return 0.42 + 0.5 * std::cos(angle) + 0.08 * std::cos(2.0 * angle);
}

template <std::size_t kRows>
void fill_sincs(double bandwidth, std::array<EffectTables::SincRow, kRows>& rows) {
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t tap = 0; tap < EffectTables::kSincTaps; ++tap) {
      const double t =
          5.0 - static_cast<double>(tap) + static_cast<double>(row) / EffectTables::kSincRows;
      rows[row][tap] = static_cast<float>(blackman(t) * bandwidth * sinc(bandwidth * t));
    }
  }
}

double asymmetric_base(double x) {
  return (std::exp(x) - std::exp(-1.2 * x)) / (std::exp(x) + std::exp(-x));
}

}  // namespace

EffectTables::EffectTables()
    : semitone_ratios_(kSemitones + 1),
      fraction_ratios_(kCents + 2),
      octaves_(2 * kOctaves * kOctaveSteps + 1),
      sine_(kSinePoints + 1) {
  for (int i = 0; i <= kSemitones; ++i) {
    semitone_ratios_[static_cast<std::size_t>(i)] =
        static_cast<float>(std::exp2((i - kSemitones / 2) / 12.0));
  }
  for (int i = 0; i <= kCents + 1; ++i) {
    fraction_ratios_[static_cast<std::size_t>(i)] =
        static_cast<float>(std::exp2(i / (12.0 * kCents)));
  }
  for (std::size_t i = 0; i < octaves_.size(); ++i) {
    octaves_[i] = static_cast<float>(std::exp2(static_cast<double>(i) / kOctaveSteps - kOctaves));
  }
  for (std::size_t i = 0; i <= kSinePoints; ++i) {
    sine_[i] = static_cast<float>(
        std::sin(2.0 * kPi * static_cast<double>(i) / static_cast<double>(kSinePoints)));
  }
  fill_sincs(0.85, sinc_);
  fill_sincs(0.455, narrow_sinc_);
  const double offset = asymmetric_base(0.5);
  for (std::size_t i = 0; i < Curve::kPoints; ++i) {
    const double x = (static_cast<double>(i) - 512.0) / 32.0;
    soft.points_[i] = static_cast<float>(std::tanh(x));
    hard.points_[i] =
        static_cast<float>(std::copysign(std::pow(std::tanh(std::pow(std::fabs(x), 5.0)), 0.2), x));
    asymmetric.points_[i] = static_cast<float>(asymmetric_base(x + 0.5) - offset);
  }
}

float EffectTables::ratio(float semitones) const {
  constexpr float kLowest = 1e-4f;
  const float position = std::clamp(semitones + static_cast<float>(kSemitones / 2), kLowest,
                                    static_cast<float>(kSemitones) - kLowest);
  const auto whole = static_cast<std::size_t>(position);
  const float fraction = (position - static_cast<float>(whole)) * static_cast<float>(kCents);
  const auto cents = static_cast<std::size_t>(fraction);
  const float part = fraction - static_cast<float>(cents);
  return semitone_ratios_[whole] *
         ((1.0f - part) * fraction_ratios_[cents] + part * fraction_ratios_[cents + 1]);
}

float EffectTables::octaves(float x) const {
  const float position =
      (std::clamp(x, static_cast<float>(-kOctaves), static_cast<float>(kOctaves)) +
       static_cast<float>(kOctaves)) *
      static_cast<float>(kOctaveSteps);
  const auto index = std::min(static_cast<std::size_t>(position), octaves_.size() - 2);
  const float part = position - static_cast<float>(index);
  return (1.0f - part) * octaves_[index] + part * octaves_[index + 1];
}

float EffectTables::sine(float phase) const {
  const float position = std::clamp(phase, 0.0f, 1.0f) * static_cast<float>(kSinePoints);
  const auto index = std::min(static_cast<std::size_t>(position), kSinePoints - 1);
  const float part = position - static_cast<float>(index);
  return sine_[index] + part * (sine_[index + 1] - sine_[index]);
}

}  // namespace synthrl::surge
