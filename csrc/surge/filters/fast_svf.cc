#include "surge/filters/fast_svf.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/dsp/saturation.h"
#include "surge/filters/filter_tables.h"

namespace synthrl::surge {
namespace {

// Patches have no parameter for the amplitude of bells and shelves: it stays at the bottom.
constexpr float kBellAmplitude = 0.001f;

}  // namespace

Coefficients fast_svf_coefficients(float sample_rate_hz, FastSvfResponse response,
                                   float cutoff_semitones, float resonance) {
  const float cycles =
      std::clamp(FilterTables::frequency_hz(cutoff_semitones) / sample_rate_hz, 0.0f, 0.499f);
  const float g = pade_tan(std::numbers::pi_v<float> * cycles);
  float k = 2.0f - 2.0f * std::clamp(resonance, 0.0f, 0.99f);
  if (response == FastSvfResponse::kBell) k /= kBellAmplitude;
  const float a1 = 1.0f / (1.0f + g * (g + k));
  const float a2 = g * a1;
  const float a3 = g * a2;
  switch (response) {
    case FastSvfResponse::kHighpass:
      return {a1, a2, a3, 1.0f, -k, -1.0f};
    case FastSvfResponse::kBandpass:
      return {a1, a2, a3, 0.0f, 1.0f, 0.0f};
    case FastSvfResponse::kNotch:
      return {a1, a2, a3, 1.0f, -k, 0.0f};
    case FastSvfResponse::kPeak:
      return {a1, a2, a3, 1.0f, -k, -2.0f};
    case FastSvfResponse::kAllpass:
      return {a1, a2, a3, 1.0f, -2.0f * k, 0.0f};
    case FastSvfResponse::kBell:
      return {a1, a2, a3, 1.0f, k * (kBellAmplitude * kBellAmplitude - 1.0f), 0.0f};
    // Shelves of amplitude 0 are the highpass and the lowpass.
    case FastSvfResponse::kLowShelf:
      return {a1, a2, a3, 1.0f, -k, -1.0f};
    case FastSvfResponse::kLowpass:
    case FastSvfResponse::kHighShelf:
      break;
  }
  return {a1, a2, a3, 0.0f, 0.0f, 1.0f};
}

}  // namespace synthrl::surge
