#include "surge/filters/comb.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge {
namespace {

// Samples by which the combs of old patches are too short.
constexpr float kLegacyShortening = 6.0f;

}  // namespace

Coefficients comb_coefficients(float sample_rate_hz, float cutoff_semitones, float feedback,
                               bool legacy_tuning, float max_delay) {
  float delay = sample_rate_hz / FilterTables::frequency_hz(cutoff_semitones);
  if (legacy_tuning) delay -= kLegacyShortening;
  return {std::clamp(delay, kShortestDelay, max_delay), std::clamp(feedback, -1.0f, 1.0f)};
}

}  // namespace synthrl::surge
