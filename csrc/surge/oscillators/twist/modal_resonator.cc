#include "surge/oscillators/twist/modal_resonator.h"

namespace synthrl::surge::twist {
namespace {

constexpr float kMaxCorner = 0.499f;

// How much further each mode is from the last than that was.
float stiffness_of(float structure) noexcept {
  const float h = structure;
  if (h < 0.25f) return -0.25f * (0.25f - h);
  if (h < 0.3f) return 0.0f;
  if (h < 0.9f) return 0.01f * std::pow(10.0f, 2.005f * (h - 0.3f) / 0.6f) - 0.01f;
  const float x = std::min((h - 0.9f) * 10.0f, 1.0f);
  return 1.5f - 0.5f * std::cos(std::numbers::pi_v<float> * x * x);
}

}  // namespace

void ModalResonator::start(Rng random) noexcept {
  *this = ModalResonator();
  random_ = random;
}

void ModalResonator::set_modes(float frequency, float structure, float brightness,
                               float damping) noexcept {
  const std::array<float, 4> wanted = {frequency, structure, brightness, damping};
  if (wanted == modes_for_) return;
  modes_for_ = wanted;
  float stiffness = stiffness_of(structure);
  const float fall = stiffness < 0.0f ? 0.93f : 0.98f;
  const float base = frequency / (1.0f + stiffness * (1.0f + fall));
  float q = 500.0f * semitones_to_ratio(2.0f * 79.7f * damping);
  const float b = brightness * (1.0f - 0.3f * structure) * (1.0f - 0.3f * damping);
  const float q_loss = 0.85f * b * (2.0f - b) + 0.15f;
  float stretch = 1.0f;
  for (std::size_t i = 0; i < kNumModes; ++i) {
    const auto number = static_cast<float>(i);
    const float f = std::min(kMaxCorner, (number + 1.0f) * base * stretch);
    const SvfCoefficients c(f, 1.0f + f * q);
    g_[i] = c.g;
    rg_[i] = c.r + c.g;
    h_[i] = c.h;
    gain_[i] = 0.25f * (0.5f + 0.5f * std::cos(0.0849f * number)) * (1.0f - 2.0f * f);
    stretch += stiffness;
    stiffness *= fall;
    q *= q_loss;
  }
}

void ModalResonator::render(const EngineControls& controls, float* out, float* aux,
                            int num_frames) noexcept {
  structure_ += 0.01f * (controls.harmonics - structure_);
  const float brightness = std::lerp(controls.timbre, 1.0f, 0.25f * kAccent);
  const float damping = std::lerp(controls.morph, 1.0f, 0.25f * kAccent);
  const float density = controls.timbre * controls.timbre;

  const float range = controls.sustained ? 3.0f : 5.0f;
  const float octaves = range * (brightness * (2.0f - brightness) - 0.5f);
  const float corner = std::min(
      (controls.sustained ? 4.0f : 2.0f) * controls.frequency * std::exp2(octaves), kMaxCorner);
  if (controls.sustained || controls.triggered) {
    exciter_coefficients_.set(corner, controls.sustained ? 0.7f : 1.5f);
  }
  const float strike =
      0.184f * (1.0f - 0.5f * damping) * std::exp2(2.0f * corner * corner) / corner;
  const float dust_share = 5e-5f + 0.99995f * density * density;
  const float dust_gain = (4.0f - 3.0f * dust_share) * kAccent;
  set_modes(controls.frequency, structure_, brightness, damping);

  for (int i = 0; i < num_frames; ++i) {
    float x = 0.0f;
    if (controls.sustained) {
      x = dust_gain * dust(random_, dust_share);
    } else if (controls.triggered && i == 0) {
      x = strike;
    }
    x = exciter_filter_.process(x, exciter_coefficients_).low;
    aux[i] = x;
    // Four sums, so that the modes can be computed side by side.
    std::array<float, 4> sums{};
    for (std::size_t m = 0; m < kNumModes; m += sums.size()) {
      for (std::size_t k = 0; k < sums.size(); ++k) {
        const std::size_t n = m + k;
        const float high = (x - rg_[n] * s1_[n] - s2_[n]) * h_[n];
        const float band = g_[n] * high + s1_[n];
        s1_[n] = g_[n] * high + band;
        const float low = g_[n] * band + s2_[n];
        s2_[n] = g_[n] * band + low;
        sums[k] += gain_[n] * band;
      }
    }
    out[i] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
}

}  // namespace synthrl::surge::twist
