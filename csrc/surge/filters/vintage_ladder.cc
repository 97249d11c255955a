#include "surge/filters/vintage_ladder.h"

#include <algorithm>
#include <numbers>

namespace synthrl::surge {
namespace {

constexpr float kTwoPi = 2.0f * std::numbers::pi_v<float>;
constexpr float kMaxFeedback = 4.5f;

}  // namespace

Coefficients runge_kutta_ladder_coefficients(float sample_rate_hz, float frequency_hz,
                                             float resonance, bool compensated) {
  return {kTwoPi * frequency_hz / (4.0f * sample_rate_hz),
          kMaxFeedback * std::clamp(resonance, 0.0f, 1.0f), compensated ? 0.666f : 0.0f};
}

Coefficients huovilainen_ladder_coefficients(float sample_rate_hz, float frequency_hz,
                                             float resonance, bool compensated) {
  const float headroom = compensated ? 0.05f : 0.0f;
  const float limited = std::min(std::clamp(resonance, 0.0f, 0.9925f), 0.994f - headroom);
  return {frequency_hz / sample_rate_hz, limited, compensated ? 0.5f : 0.0f};
}

HuovilainenLadder::Tuning HuovilainenLadder::tune(const CoefficientRamp& c) {
  const float q = c[kCycles];
  const float frequency_correction = ((1.8730f * q + 0.4995f) * q - 0.6490f) * q + 0.9988f;
  const float resonance_correction = (-3.9364f * q + 1.8409f) * q + 0.9968f;
  const float exponent = -kTwoPi * 0.5f * q * frequency_correction;
  return {.pole = kThermal * (1.0f - pade_exp(exponent)),
          .feedback = 4.0f * c[kResonance] * resonance_correction};
}

Coefficients huovilainen_2010_ladder_coefficients(float sample_rate_hz, float frequency_hz,
                                                  float resonance, bool compensated) {
  const float w = kTwoPi * frequency_hz / sample_rate_hz;
  const float correction = 1.0029f + w * (0.0526f + w * (-0.0926f + 0.0218f * w));
  const float pole = w * (0.9892f + w * (-0.4342f + w * (0.1381f - 0.0202f * w)));
  return {kMaxFeedback * std::clamp(resonance, 0.0f, 1.0f) * correction, pole,
          compensated ? -0.5f : 0.0f};
}

}  // namespace synthrl::surge
