#include "surge/filters/diode_ladder.h"

#include <algorithm>
#include <numbers>

#include "surge/dsp/saturation.h"

namespace synthrl::surge {

Coefficients diode_ladder_coefficients(float sample_rate_hz, float frequency_hz, float resonance) {
  const float g = pade_tan(std::numbers::pi_v<float> * frequency_hz / sample_rate_hz);
  const float half_g = 0.5f * g;
  const float gain4 = half_g / (1.0f + g);
  const float gain3 = half_g / (1.0f + g - half_g * gain4);
  const float gain2 = half_g / (1.0f + g - half_g * gain3);
  const float gain1 = g / (1.0f + g - g * gain2);
  return {g / (1.0f + g),
          gain1 * gain2 * gain3 * gain4,
          g,
          gain4,
          gain3,
          gain2,
          gain1,
          std::clamp(16.0f * resonance, 0.0f, 16.0f)};
}

}  // namespace synthrl::surge
