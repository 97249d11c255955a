#include "surge/filters/filter_tables.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

constexpr double kPi = std::numbers::pi;

// Bandwidth of the interpolating sinc, in cycles per two samples.
constexpr double kKernelBandwidth = 0.455;

double sinc(double x) { return x == 0.0 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

// Blackman window of the kernel's length, centred at 0.
double blackman(double t) {
  const double angle = 2.0 * kPi * t / FilterTables::kKernelLength;
  return 0.42 + 0.5 * std::cos(angle) + 0.08 * std::cos(2.0 * angle);
}

}  // namespace

FilterTables::FilterTables(double sample_rate_hz)
    : sample_rate_hz_(static_cast<float>(sample_rate_hz)) {
  for (int i = 0; i < kNumSemitones; ++i) {
    const double frequency = 440.0 * std::exp2((kLowestSemitone + i) / 12.0);
    const double angle = 2.0 * kPi * std::min(0.5, frequency / sample_rate_hz);
    angles_[static_cast<std::size_t>(i)] = {.sin = static_cast<float>(std::sin(angle)),
                                            .cos = static_cast<float>(std::cos(angle))};
  }
  for (int row = 0; row < kKernelRows; ++row) {
    for (int i = 0; i < kKernelLength; ++i) {
      const double t = 5.0 - i + static_cast<double>(row) / kKernelRows;
      kernels_[static_cast<std::size_t>(row)][static_cast<std::size_t>(i)] =
          static_cast<float>(kKernelBandwidth * sinc(kKernelBandwidth * t) * blackman(t));
    }
  }
}

float FilterTables::frequency_hz(float cutoff_semitones) {
  return 440.0f * std::exp2(cutoff_semitones / 12.0f);
}

float FilterTables::limited_frequency_hz(float cutoff_semitones) const {
  return std::clamp(frequency_hz(cutoff_semitones), 5.0f, 0.3f * sample_rate_hz_);
}

FilterTables::SinCos FilterTables::angle(float cutoff_semitones) const {
  const float position = cutoff_semitones - kLowestSemitone;
  const float whole = std::floor(position);
  const float fraction = position - whole;
  const SinCos& below = angles_[static_cast<std::size_t>(whole)];
  const SinCos& above = angles_[static_cast<std::size_t>(whole) + 1];
  return {.sin = (1.0f - fraction) * below.sin + fraction * above.sin,
          .cos = (1.0f - fraction) * below.cos + fraction * above.cos};
}

}  // namespace synthrl::surge
