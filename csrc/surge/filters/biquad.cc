#include "surge/filters/biquad.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge {
namespace {

constexpr float kLowestCutoff = -55.0f;
constexpr float kHighestCutoff = 75.0f;

// The imaginary part of a coupled form's pole must not vanish: the mix divides by it.
constexpr float kLeastImaginary = 9.536743e-7f;

// Transfer function (b0 + b1/z + b2/z^2) / (1 + a1/z + a2/z^2).
struct TransferFunction {
  float a1 = 0.0f;
  float a2 = 0.0f;
  float b0 = 0.0f;
  float b1 = 0.0f;
  float b2 = 0.0f;
};

// Turns resonance into a fraction that rises fast at first; not for the steep filters.
float bent(float resonance) { return 1.0f - (1.0f - resonance) * (1.0f - resonance); }

// Without it, damping above Nyquist's would move the poles apart on the real axis.
float limited_bandwidth(float bandwidth, float cos) {
  return std::min(bandwidth, std::sqrt(std::max(0.0f, 1.0f - cos * cos)) - 0.0001f);
}

// `bandwidth` is sin(w) times `damping` unless limited; `damping` is half the reciprocal of Q.
TransferFunction design(Response response, FilterTables::SinCos angle, float damping,
                        float bandwidth, float gain) {
  const float scale = 1.0f / (1.0f + bandwidth);
  const float gain_scale = gain * scale;
  TransferFunction f;
  f.a1 = -2.0f * angle.cos * scale;
  f.a2 = (1.0f - bandwidth) * scale;
  switch (response) {
    case Response::kLowpass:
      f.b1 = (1.0f - angle.cos) * gain_scale;
      f.b0 = f.b2 = 0.5f * f.b1;
      break;
    case Response::kHighpass:
      f.b1 = -(1.0f + angle.cos) * gain_scale;
      f.b0 = f.b2 = -0.5f * f.b1;
      break;
    case Response::kBandpass: {
      // Bandwidth and damping pass through 0 together.
      const float ratio = damping == 0.0f ? angle.sin : bandwidth / damping;
      f.b0 = 0.5f * ratio * gain_scale;
      f.b1 = 0.0f;
      f.b2 = -f.b0;
      break;
    }
    case Response::kNotch:
      f.b0 = f.b2 = gain_scale;
      f.b1 = -2.0f * angle.cos * gain_scale;
      break;
    case Response::kAllpass:
      f.b0 = (1.0f - bandwidth) * gain_scale;
      f.b1 = -2.0f * angle.cos * gain_scale;
      f.b2 = (1.0f + bandwidth) * gain_scale;
      break;
  }
  return f;
}

Coefficients coupled_form(const TransferFunction& f, float limit) {
  const float real = -0.5f * f.a1;
  const float imaginary =
      std::max(0.5f * std::sqrt(std::max(0.0f, 4.0f * f.a2 - f.a1 * f.a1)), kLeastImaginary);
  const float residue1 = f.b1 - f.a1 * f.b0;
  const float residue2 = f.b2 - f.a2 * f.b0;
  return {real, imaginary, residue1, (residue1 * real + residue2) / imaginary, f.b0, limit};
}

Coefficients lattice_form(const TransferFunction& f, float limit) {
  const float reflect1 = f.a1 / (1.0f + f.a2);
  const float reflect2 = f.a2;
  const float pass1 = std::sqrt(std::fabs(1.0f - reflect1 * reflect1));
  const float pass2 = std::sqrt(std::fabs(1.0f - reflect2 * reflect2));
  const float tap3 = f.b2;
  const float tap2 = (f.b1 - f.a1 * tap3) / pass2;
  const float tap1 = (f.b0 - reflect1 * tap2 * pass2 - reflect2 * tap3) / (pass1 * pass2);
  return {reflect1, reflect2, pass1, pass2, tap1, tap2, tap3, limit};
}

}  // namespace

Coefficients driven_coefficients(const FilterTables& tables, Response response, Slope slope,
                                 float cutoff_semitones, float resonance) {
  const float cutoff = std::clamp(cutoff_semitones, kLowestCutoff, kHighestCutoff);
  const FilterTables::SinCos angle = tables.angle(cutoff);
  // Resonance fades out towards the top, where the oscillation would alias.
  const float faded = resonance * std::max(0.0f, 1.0f - std::max(0.0f, (cutoff - 58.0f) * 0.05f));
  const float amount = slope == Slope::k12 ? bent(faded) : faded;
  const float damping = 1.0f - 1.05f * std::clamp(amount, 0.001f, 1.0f);
  float gain = 1.0f - 0.5f * resonance * resonance;
  if (response == Response::kBandpass) gain *= 2.0f;
  const float limit = std::pow(10.0f, 0.0275f * cutoff) / 64.0f;
  const float bandwidth = limited_bandwidth(angle.sin * damping, angle.cos);
  return coupled_form(design(response, angle, damping, bandwidth, gain), limit);
}

Coefficients clean_coefficients(const FilterTables& tables, Response response, Slope slope,
                                float cutoff_semitones, float resonance) {
  const FilterTables::SinCos angle =
      tables.angle(std::clamp(cutoff_semitones, kLowestCutoff, kHighestCutoff));
  const float damping = slope == Slope::k12 ? 2.5f - 2.45f * std::clamp(bent(resonance), 0.0f, 1.0f)
                                            : 2.5f - 2.3f * std::clamp(resonance, 0.0f, 1.0f);
  const float gain = 1.0f - 0.25f * resonance * resonance;
  float bandwidth = angle.sin * damping;
  if (response != Response::kLowpass) bandwidth = limited_bandwidth(bandwidth, angle.cos);
  return lattice_form(design(response, angle, damping, bandwidth, gain), 1.0f / 1024.0f);
}

Coefficients notch_coefficients(const FilterTables& tables, Response response, bool mild,
                                float cutoff_semitones, float resonance) {
  const FilterTables::SinCos angle =
      tables.angle(std::clamp(cutoff_semitones, kLowestCutoff, kHighestCutoff));
  const float amount = std::clamp(bent(resonance), 0.0f, 1.0f);
  const float damping = mild ? 1.0f - 0.99f * amount : 2.5f - 2.49f * amount;
  return lattice_form(design(response, angle, damping, angle.sin * damping, 1.0f), 0.005f);
}

}  // namespace synthrl::surge
