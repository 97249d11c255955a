#include "surge/oscillators/twist/harmonic.h"

#include <span>

namespace synthrl::surge::twist {
namespace {

constexpr std::array<std::size_t, 8> kDrawbars = {1, 2, 3, 4, 6, 8, 10, 12};

// Lets the amplitudes approach the spectrum of the macros. Their sum stays about 1.
void update(std::span<float> amplitudes, const EngineControls& controls) noexcept {
  const float h = controls.harmonics;
  const float x = (1.0f - 0.6f * h) * controls.morph;
  const float slope = 0.01f + 1.99f * x * x * x;
  const float bumps = 16.0f * h * h;
  const float last = static_cast<float>(amplitudes.size() - 1);
  const float margin = (1.0f / slope - 1.0f) / (1.0f + bumps);
  const float centre = controls.timbre * (last + margin) - 0.5f * margin;
  float sum = 0.001f;
  for (std::size_t i = 0; i < amplitudes.size(); ++i) {
    const float order = std::abs(static_cast<float>(i) - centre) * slope;
    float gain = 2.0f * std::max(1.0f - order, 0.0f);
    gain *= gain;
    gain *= 1.0f + sine(0.25f + order * bumps);
    gain *= gain;
    gain *= gain;
    amplitudes[i] += 0.001f * (gain - amplitudes[i]);
    sum += amplitudes[i];
  }
  for (float& amplitude : amplitudes) amplitude /= sum;
}

}  // namespace

void Harmonic::start(Rng) noexcept { *this = Harmonic(); }

void Harmonic::render(const EngineControls& controls, float* out, float* aux,
                      int num_frames) noexcept {
  const float frequency = std::min(controls.frequency, 0.5f);
  update(amplitudes_, controls);
  update(drawbars_, controls);
  const auto audible = [&](std::size_t number) {
    return 1.0f - 2.0f * std::min(frequency * static_cast<float>(number), 0.5f);
  };
  std::array<float, kNumHarmonics> amplitude_step;
  std::array<float, kNumDrawbars> drawbar_step;
  const auto frames = static_cast<float>(num_frames);
  for (std::size_t i = 0; i < kNumHarmonics; ++i) {
    amplitude_step[i] = (amplitudes_[i] * audible(i + 1) - last_amplitudes_[i]) / frames;
  }
  for (std::size_t i = 0; i < kNumDrawbars; ++i) {
    drawbar_step[i] = (drawbars_[i] * audible(kDrawbars[i]) - last_drawbars_[i]) / frames;
  }
  for (int n = 0; n < num_frames; ++n) {
    phase_ = wrap(phase_ + frequency);
    // Each harmonic follows from the two before it.
    const float twice_cosine = 2.0f * std::cos(kTwoPi * phase_);
    float before = 0.0f;
    float harmonic = std::sin(kTwoPi * phase_);
    out[n] = 0.0f;
    aux[n] = 0.0f;
    std::size_t drawbar = 0;
    for (std::size_t i = 0; i < kNumHarmonics; ++i) {
      last_amplitudes_[i] += amplitude_step[i];
      out[n] += last_amplitudes_[i] * harmonic;
      if (drawbar < kNumDrawbars && kDrawbars[drawbar] == i + 1) {
        last_drawbars_[drawbar] += drawbar_step[drawbar];
        aux[n] += last_drawbars_[drawbar] * harmonic;
        ++drawbar;
      }
      const float following = twice_cosine * harmonic - before;
      before = harmonic;
      harmonic = following;
    }
  }
}

}  // namespace synthrl::surge::twist
