// Twist's particle noise: random grains through resonators and a diffuser.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// A reverberator of allpasses without discrete echoes, in 12 bits.
class Diffuser {
 public:
  // `amount` of the wet signal and `decay`, both from 0 to 1.
  float process(float x, float amount, float decay) noexcept;

 private:
  static constexpr std::size_t kSamples = 8192;

  struct Allpass {
    std::size_t offset;  // in the common buffer
    float delay;         // samples
  };

  float read(std::size_t offset, float delay) const noexcept;
  void write(std::size_t offset, float x) noexcept;
  float diffuse(float x, const Allpass& allpass) noexcept;

  // Every delay is a stretch of one buffer that moves backwards by a sample at a time.
  std::array<std::int16_t, kSamples> buffer_{};
  std::size_t now_ = 0;
  float lowpass_ = 0.0f;
  float lfo_phase_ = 0.0f;
};

// Harmonics: how far the grains stray in pitch. Timbre: density. Morph: from a diffuse cloud to
// resonance. The alternative signal is the grains' impulses.
class ParticleNoise {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  static constexpr std::size_t kNumParticles = 6;

  struct Particle {
    Svf filter;
    SvfCoefficients coefficients;
    float gain = 0.0f;
  };

  Rng random_;
  std::array<Particle, kNumParticles> particles_{};
  Svf post_filter_;
  Diffuser diffuser_;
};

}  // namespace synthrl::surge::twist
