#include "surge/modulators/tables.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>

namespace synthrl::surge {

namespace {

constexpr int kRateStepsPerOctave = 16;
constexpr int kRateCentre = 256;  // the entry of 1 s

}  // namespace

ModulatorTables::ModulatorTables(double sample_rate) : sample_rate_(sample_rate) {
  if (!(sample_rate > 0.0) || !std::isfinite(sample_rate)) {
    throw std::invalid_argument("The sample rate must be positive.");
  }
  const double block_seconds = kModulatorBlockSamples / sample_rate;
  block_seconds_ = static_cast<float>(block_seconds);
  for (int i = 0; i < kRateEntries; ++i) {
    const double time = static_cast<double>(i - kRateCentre) / kRateStepsPerOctave;
    rates_[static_cast<std::size_t>(i)] = static_cast<float>(block_seconds * std::exp2(-time));
  }
  for (int i = 0; i <= kSineEntries; ++i) {
    const double phase = static_cast<double>(i % kSineEntries) / kSineEntries;
    sine_[static_cast<std::size_t>(i)] =
        static_cast<float>(std::sin(2.0 * std::numbers::pi * phase));
  }
}

float ModulatorTables::rate(float time) const noexcept {
  const float position =
      std::clamp(time * kRateStepsPerOctave + kRateCentre, 0.0f, kRateEntries - 1.0f);
  const int index = std::min(static_cast<int>(position), kRateEntries - 2);
  const float fraction = position - static_cast<float>(index);
  const auto entry = static_cast<std::size_t>(index);
  return (1.0f - fraction) * rates_[entry] + fraction * rates_[entry + 1];
}

float ModulatorTables::sine(float phase) const noexcept {
  const float position = std::clamp(phase, 0.0f, 1.0f) * kSineEntries;
  const int index = std::min(static_cast<int>(position), kSineEntries - 1);
  const float fraction = position - static_cast<float>(index);
  const auto entry = static_cast<std::size_t>(index);
  return (1.0f - fraction) * sine_[entry] + fraction * sine_[entry + 1];
}

}  // namespace synthrl::surge
