#include "surge/filters/standard_svf.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/filters/filter_tables.h"

namespace synthrl::surge {

Coefficients standard_svf_coefficients(float sample_rate_hz, float cutoff_semitones,
                                       float resonance, float overdrive) {
  // Half the usual angle, since the section runs twice per sample; it stops at 0.22 of the rate.
  const float half_cycles =
      std::min(0.11f, FilterTables::frequency_hz(cutoff_semitones) / (2.0f * sample_rate_hz));
  const float frequency = 2.0f * std::sin(std::numbers::pi_v<float> * half_cycles);
  const float amount = std::sqrt(std::clamp(resonance, 0.0f, 1.0f));
  const float damping =
      2.0f - amount * (2.0f + overdrive) + 0.9f * overdrive * frequency * frequency;
  return {frequency, std::min({damping, 2.0f, 2.0f - 1.52f * frequency}), 0.1f * amount * frequency,
          1.0f - 0.65f * amount};
}

}  // namespace synthrl::surge
