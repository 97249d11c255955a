#include "surge/filters/k35.h"

#include <algorithm>
#include <numbers>

namespace synthrl::surge {

Coefficients k35_coefficients(float sample_rate_hz, K35Response response, float frequency_hz,
                              float resonance, float saturation) {
  const float g = pade_tan(std::numbers::pi_v<float> * frequency_hz / sample_rate_hz);
  const float decay = 1.0f / (1.0f + g);
  const float pole = g * decay;
  const float feedback = std::clamp(1.96f * resonance, 0.01f, 1.96f);
  const bool lowpass = response == K35Response::kLowpass;
  const float low_beta = lowpass ? feedback * (1.0f - pole) * decay : decay;
  const float high_beta = lowpass ? -decay : -pole * decay;
  const float alpha = 1.0f / (1.0f - feedback * pole + feedback * pole * pole);
  const float saturated = std::min(saturation, 1.0f);
  return {pole, low_beta, high_beta, feedback, alpha, saturation, saturated, 1.0f - saturated};
}

}  // namespace synthrl::surge
