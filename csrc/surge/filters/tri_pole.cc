#include "surge/filters/tri_pole.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {

Coefficients tri_pole_coefficients(float sample_rate_hz, float frequency_hz, float resonance) {
  const float gain =
      std::exp(2.0f * std::numbers::pi_v<float> * frequency_hz / sample_rate_hz) - 1.0f;
  // Component tolerances of the stages.
  const float gain1 = 0.998f * gain;
  const float gain2 = 1.0012f * gain;
  const float feedback = -(std::pow(1760.0f, std::clamp(resonance, 0.0f, 1.0f)) + 1.0f);
  return {gain1,   gain2, gain, 1.0f / (1.0f + gain1), 1.0f / (1.0f + gain2), 1.0f / (1.0f + gain),
          feedback};
}

}  // namespace synthrl::surge
