#include "surge/filters/obxd.h"

#include <algorithm>
#include <numbers>

#include "surge/filters/filter_tables.h"

namespace synthrl::surge {
namespace {

// Gain of a trapezoidal integrator. The second limit keeps it finite at low sample rates.
float integrator_gain(float sample_rate_hz, float cutoff_semitones) {
  const float frequency =
      std::min({FilterTables::frequency_hz(cutoff_semitones), 22000.0f, 0.4999f * sample_rate_hz});
  return std::tan(std::numbers::pi_v<float> * frequency / sample_rate_hz);
}

}  // namespace

Coefficients obxd_two_pole_coefficients(float sample_rate_hz, float cutoff_semitones,
                                        float resonance) {
  return {integrator_gain(sample_rate_hz, cutoff_semitones), 1.0f - resonance};
}

Coefficients obxd_four_pole_coefficients(float sample_rate_hz, float cutoff_semitones,
                                         float resonance) {
  const float knee = 970.0f / 44000.0f * std::sqrt(44000.0f / sample_rate_hz);
  return {integrator_gain(sample_rate_hz, cutoff_semitones), 3.5f * resonance, knee, 1.0f / knee};
}

}  // namespace synthrl::surge
