#include "surge/dsp/decibels.h"

#include <cmath>
#include <cstddef>

namespace synthrl::surge {

float amplitude_of(float level_db) { return std::pow(10.0f, 0.05f * level_db); }

DecibelTable::DecibelTable() {
  for (int i = 0; i < kNumLevels; ++i) {
    amplitudes_[static_cast<std::size_t>(i)] =
        static_cast<float>(std::pow(10.0, 0.05 * (kLowest + i)));
  }
}

float DecibelTable::amplitude(float level_db) const {
  const float position = level_db - static_cast<float>(kLowest);
  if (!(position > 0.0f)) return amplitudes_.front();
  if (position >= static_cast<float>(kNumLevels - 2)) return amplitudes_[kNumLevels - 2];
  const float whole = std::floor(position);
  const auto index = static_cast<std::size_t>(whole);
  const float fraction = position - whole;
  return (1.0f - fraction) * amplitudes_[index] + fraction * amplitudes_[index + 1];
}

}  // namespace synthrl::surge
