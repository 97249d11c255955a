#include "surge/oscillators/twist/waveshaper.h"

#include <array>
#include <cstddef>

namespace synthrl::surge::twist {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;
constexpr std::size_t kNumShapers = 5;

// `x` in [-1, 1].
float shaped(std::size_t shaper, float x) noexcept {
  const float u = 0.5f * (x + 1.0f);
  switch (shaper) {
    case 0:
      return 2.0f * std::acos(std::tan(0.25f * kPi * (1.0f - 2.0f * u))) / kPi - 1.0f;
    case 1:
      return 2.0f * std::acos(std::clamp(1.0f - 2.0f * u, -1.0f, 1.0f)) / kPi - 1.0f;
    case 2:
      return x;
    case 3:
      return -std::cos(kTwoPi * u);
    default:
      return std::sin(1.5f * kPi * x);
  }
}

float folded(float x) noexcept {
  const float bell = std::exp(-8.0f * x * x);
  return std::sin(8.0f * kPi * x) * bell + std::atan(3.0f * x) * (1.0f - bell);
}

// Like a chain of diodes: each swallows the signal above its threshold twice over.
float folded_by_diodes(float x) noexcept {
  constexpr std::array<float, 3> kThresholds = {0.1f, 0.22f, 0.36f};
  float y = x;
  float sign = 2.0f;
  for (float threshold : kThresholds) {
    const float excess = std::abs(x) - threshold;
    if (excess > 0.0f) y -= std::copysign(sign * excess, x);
    sign = -sign;
  }
  return y / kThresholds[0];
}

}  // namespace

void Waveshaper::start(Rng) noexcept { *this = Waveshaper(); }

void Waveshaper::render(const EngineControls& controls, float* out, float* aux,
                        int num_frames) noexcept {
  const float frequency = std::min(controls.frequency, 0.25f);
  // High notes are bent and folded less, so that they do not alias.
  const float calm = clamp01(1.0f - 6.0f * frequency);
  const float shape = 4.0f * (0.5f + (controls.harmonics - 0.5f) * calm);
  const float fold = 0.03f + 0.46f * controls.timbre * calm;
  const float breakpoint = 0.5f + 0.45f * controls.morph;
  const TwoLineWave slope = TwoLineWave::triangle(breakpoint);
  const TwoLineWave triangle = TwoLineWave::triangle(0.5f);
  if (!has_last_) {
    has_last_ = true;
    last_shape_ = shape;
    last_fold_ = fold;
    last_share_ = controls.timbre;
  }
  Ramp ramped_shape(last_shape_, shape, num_frames);
  Ramp ramped_fold(last_fold_, fold, num_frames);
  Ramp ramped_share(last_share_, controls.timbre, num_frames);
  for (int i = 0; i < num_frames; ++i) {
    const float at = std::clamp(ramped_shape.next(), 0.0f, static_cast<float>(kNumShapers - 1));
    const std::size_t shaper = std::min(static_cast<std::size_t>(at), kNumShapers - 2);
    const float x = std::clamp(slope_.process(slope, frequency), -1.0f, 1.0f);
    const float y =
        std::lerp(shaped(shaper, x), shaped(shaper + 1, x), at - static_cast<float>(shaper));
    const float gain = ramped_fold.next();
    out[i] = folded(gain * y);
    const float plain =
        std::sin(0.5f * kPi * std::clamp(triangle_.process(triangle, frequency), -1.0f, 1.0f));
    aux[i] = std::lerp(plain, folded_by_diodes(gain * y), ramped_share.next());
  }
}

}  // namespace synthrl::surge::twist
