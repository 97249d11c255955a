#include "surge/filters/warp.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {
namespace {

// Gain that makes the subtypes about as loud as each other.
constexpr std::array<float, 12> kLoudness = {1.53273f,  1.33407f,  1.08197f,  0.958219f,
                                             1.27374f,  0.932342f, 0.761765f, 0.665462f,
                                             0.776856f, 0.597575f, 0.496207f, 0.471714f};

// First subtype with the overdrive saturator, the level of which depends on resonance.
constexpr int kFirstOverdrive = 8;

float make_up(Response response, int subtype, float cycles_per_half, float resonance) {
  const bool lowpass = response == Response::kLowpass;
  if (!lowpass && response != Response::kHighpass) return 1.0f;
  const float distance = lowpass ? cycles_per_half : 1.0f - cycles_per_half;
  const float loudness =
      kLoudness[static_cast<std::size_t>(subtype)] / std::pow(std::max(distance, 0.001f), 0.1f);
  if (subtype < kFirstOverdrive) return loudness;
  return loudness / std::sqrt(std::max(resonance, lowpass ? 0.1f : 0.35f));
}

}  // namespace

Coefficients resonance_warp_coefficients(float sample_rate_hz, Response response,
                                         float frequency_hz, float resonance) {
  const float limited = std::clamp(resonance, 0.0f, 1.0f);
  const float q = 18.0f * limited * limited * limited + 0.1f;
  const float angle = 2.0f * std::numbers::pi_v<float> * frequency_hz / sample_rate_hz;
  const float sin = pade_sin(angle);
  const float cos = pade_cos(angle);
  const float alpha = sin / (2.0f * q);
  const float scale = 1.0f / (1.0f + alpha);
  const float a1 = -2.0f * cos * scale;
  const float a2 = (1.0f - alpha) * scale;
  switch (response) {
    case Response::kLowpass: {
      const float b1 = (1.0f - cos) * scale;
      return {a1, a2, 0.5f * b1, b1, 0.5f * b1};
    }
    case Response::kHighpass: {
      const float b1 = -(1.0f + cos) * scale;
      return {a1, a2, -0.5f * b1, b1, -0.5f * b1};
    }
    case Response::kBandpass:
      return {a1, a2, 0.5f * sin * scale, 0.0f, -0.5f * sin * scale};
    case Response::kNotch:
      return {a1, a2, scale, a1, scale};
    case Response::kAllpass:
      break;
  }
  return {a1, a2, a2, a1, 1.0f};
}

Coefficients cutoff_warp_coefficients(float sample_rate_hz, Response response, int subtype,
                                      float frequency_hz, float resonance) {
  Coefficients c = resonance_warp_coefficients(sample_rate_hz, response, frequency_hz, resonance);
  c[5] = make_up(response, subtype, 2.0f * frequency_hz / sample_rate_hz,
                 std::clamp(resonance, 0.0f, 1.0f));
  return c;
}

}  // namespace synthrl::surge
