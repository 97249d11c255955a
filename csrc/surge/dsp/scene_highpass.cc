#include "surge/dsp/scene_highpass.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <type_traits>

namespace synthrl::surge {
namespace {

constexpr double kResonance = 0.4;
// Per sample.
constexpr double kFollow = 0.004;
// Differences below this are no longer followed.
constexpr double kSettled = 1e-13;

using Floats2 = float __attribute__((vector_size(8)));

}  // namespace

void SceneHighpass::restart() { *this = SceneHighpass(sample_rate_hz_); }

void SceneHighpass::set_controls(float cutoff_semitones, int num_sections) {
  num_sections_ = static_cast<std::size_t>(std::clamp(num_sections, 1, kMaxSections));
  if (started_ && cutoff_semitones == cutoff_semitones_) return;
  cutoff_semitones_ = cutoff_semitones;
  // Above half the sample rate the design would be unstable.
  const double frequency_hz = std::min(
      440.0 * std::exp2(static_cast<double>(cutoff_semitones) / 12.0), 0.499 * sample_rate_hz_);
  const double angle = 2.0 * std::numbers::pi * frequency_hz / sample_rate_hz_;
  const double cosine = std::cos(angle);
  const double alpha = std::sin(angle) / (2.0 * kResonance);
  const double scale = 1.0 / (1.0 + alpha);
  target_ = {0.5 * (1.0 + cosine) * scale, -(1.0 + cosine) * scale, 0.5 * (1.0 + cosine) * scale,
             -2.0 * cosine * scale, (1.0 - alpha) * scale};
  if (!started_) value_ = target_;
  moving_ = started_;
  started_ = true;
}

// The sections of one sample wait for each other, but those of different samples overlap.
template <std::size_t kCount, bool kStereo>
void SceneHighpass::run_sections(std::span<float> left, std::span<float> right) noexcept {
  const Coefficients c = value_;
  std::array<Section, kCount> sections;
  std::copy_n(sections_.begin(), kCount, sections.begin());
  for (std::size_t i = 0; i < left.size(); ++i) {
    Lanes2 x = {static_cast<double>(left[i]), kStereo ? static_cast<double>(right[i]) : 0.0};
    for (Section& section : sections) {
      const Lanes2 y = c[0] * x + section.z1;
      section.z1 = c[1] * x - c[3] * y + section.z2;
      section.z2 = c[2] * x - c[4] * y;
      // Between sections the signal is in single precision.
      x = __builtin_convertvector(__builtin_convertvector(y, Floats2), Lanes2);
    }
    left[i] = static_cast<float>(x[0]);
    if constexpr (kStereo) right[i] = static_cast<float>(x[1]);
  }
  std::copy_n(sections.begin(), kCount, sections_.begin());
}

void SceneHighpass::run(std::span<float> left, std::span<float> right) noexcept {
  const auto run_count = [&]<std::size_t kCount>(std::integral_constant<std::size_t, kCount>) {
    right.empty() ? run_sections<kCount, false>(left, right)
                  : run_sections<kCount, true>(left, right);
  };
  switch (num_sections_) {
    case 1:
      return run_count(std::integral_constant<std::size_t, 1>());
    case 2:
      return run_count(std::integral_constant<std::size_t, 2>());
    case 3:
      return run_count(std::integral_constant<std::size_t, 3>());
    default:
      return run_count(std::integral_constant<std::size_t, kMaxSections>());
  }
}

void SceneHighpass::process(std::span<float> left, std::span<float> right) noexcept {
  if (!moving_) {
    run(left, right);
    return;
  }
  double distance = 0.0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    distance = 0.0;
    for (std::size_t c = 0; c < value_.size(); ++c) {
      const double step = kFollow * (target_[c] - value_[c]);
      value_[c] += step;
      distance = std::max(distance, std::fabs(step));
    }
    run(left.subspan(i, 1), right.empty() ? right : right.subspan(i, 1));
  }
  if (distance < kSettled) {
    value_ = target_;
    moving_ = false;
  }
}

}  // namespace synthrl::surge
