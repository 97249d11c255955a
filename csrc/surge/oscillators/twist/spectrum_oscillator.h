// A sum of harmonics whose amplitudes may change with every call.
#pragma once

#include <array>
#include <cstddef>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

template <std::size_t num_harmonics>
class SpectrumOscillator {
 public:
  using Spectrum = std::array<float, num_harmonics>;

  // Adds `num_frames` samples to `out`, at most kMaxFrames. What lies above half the sample rate
  // is left out.
  void add(const Spectrum& spectrum, float frequency, float gain, float* out,
           int num_frames) noexcept {
    Spectrum step;
    const auto frames = static_cast<float>(num_frames);
    for (std::size_t i = 0; i < num_harmonics; ++i) {
      const float f = std::min(frequency * static_cast<float>(i + 1), 0.5f);
      step[i] = (gain * spectrum[i] * (1.0f - 2.0f * f) - now_[i]) / frames;
    }
    for (int n = 0; n < num_frames; ++n) {
      phase_ = wrap(phase_ + frequency);
      // Each harmonic follows from the two before it.
      const float twice_cosine = 2.0f * std::cos(kTwoPi * phase_);
      float before = 0.0f;
      float harmonic = std::sin(kTwoPi * phase_);
      float sum = 0.0f;
      for (std::size_t i = 0; i < num_harmonics; ++i) {
        now_[i] += step[i];
        sum += now_[i] * harmonic;
        const float following = twice_cosine * harmonic - before;
        before = harmonic;
        harmonic = following;
      }
      out[n] += sum;
    }
  }

 private:
  float phase_ = 0.0f;
  Spectrum now_{};
};

// Divides by what keeps waves of any spectrum about equally loud.
template <std::size_t num_harmonics>
void normalise(std::array<float, num_harmonics>& spectrum) noexcept {
  float power = 1e-9f;
  for (float a : spectrum) power += a * a;
  const float scale = 0.7f / std::sqrt(power);
  for (float& a : spectrum) a *= scale;
}

}  // namespace synthrl::surge::twist
