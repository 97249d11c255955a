#include "surge/dsp/scene_highpass.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

constexpr double kResonance = 0.4;
// Per sample.
constexpr double kFollow = 0.004;
// Differences below this are no longer followed.
constexpr double kSettled = 1e-13;

float filter_sample(double x, std::array<double, 5> const& c, double& z1, double& z2) {
  const double y = c[0] * x + z1;
  z1 = c[1] * x - c[3] * y + z2;
  z2 = c[2] * x - c[4] * y;
  return static_cast<float>(y);
}

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

void SceneHighpass::run(std::span<float> samples, Channel& channel) const noexcept {
  for (std::size_t s = 0; s < num_sections_; ++s) {
    double z1 = channel[s].z1;
    double z2 = channel[s].z2;
    for (float& sample : samples) {
      sample = filter_sample(static_cast<double>(sample), value_, z1, z2);
    }
    channel[s] = {z1, z2};
  }
}

void SceneHighpass::process(std::span<float> left, std::span<float> right) noexcept {
  if (!moving_) {
    run(left, left_);
    run(right, right_);
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
    run(left.subspan(i, 1), left_);
    if (!right.empty()) run(right.subspan(i, 1), right_);
  }
  if (distance < kSettled) {
    value_ = target_;
    moving_ = false;
  }
}

}  // namespace synthrl::surge
