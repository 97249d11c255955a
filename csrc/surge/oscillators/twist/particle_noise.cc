#include "surge/oscillators/twist/particle_noise.h"

namespace synthrl::surge::twist {
namespace {

constexpr float kFullScale = 4096.0f;  // of the diffuser's buffer
constexpr float kDiffusion = 0.625f;
constexpr float kLfoCycles = 0.3f / kSampleRate;

}  // namespace

float Diffuser::read(std::size_t offset, float delay) const noexcept {
  const auto whole = static_cast<std::size_t>(delay);
  const float fraction = delay - static_cast<float>(whole);
  const std::size_t at = now_ + offset + whole;
  return std::lerp(static_cast<float>(buffer_[at % kSamples]),
                   static_cast<float>(buffer_[(at + 1) % kSamples]), fraction) /
         kFullScale;
}

void Diffuser::write(std::size_t offset, float x) noexcept {
  const float limited = std::clamp(x * kFullScale, -32768.0f, 32767.0f);
  buffer_[(now_ + offset) % kSamples] = static_cast<std::int16_t>(limited);
}

float Diffuser::diffuse(float x, const Allpass& allpass) noexcept {
  const float delayed = read(allpass.offset, allpass.delay);
  const float w = x + kDiffusion * delayed;
  write(allpass.offset, w);
  return delayed - kDiffusion * w;
}

float Diffuser::process(float x, float amount, float decay) noexcept {
  now_ = (now_ + kSamples - 1) % kSamples;
  lfo_phase_ = wrap(lfo_phase_ + kLfoCycles);
  const float lfo = sine(lfo_phase_);

  float y = x;
  y = diffuse(y, {0, 126.0f});
  y = diffuse(y, {128, 180.0f});
  y = diffuse(y, {312, 269.0f});
  y = diffuse(y, {584, 400.0f + 43.0f * lfo});
  constexpr std::size_t kFirst = 1032;
  constexpr std::size_t kSecond = kFirst + 1656;
  constexpr std::size_t kLoop = kSecond + 2014;
  y += decay * read(kLoop, 3070.0f + 340.0f * lfo);
  lowpass_ += 0.75f * (y - lowpass_);
  y = diffuse(lowpass_, {kFirst, 1653.0f});
  y = diffuse(y, {kSecond, 2010.0f});
  write(kLoop, y);
  return x + amount * (y - x);
}

void ParticleNoise::start(Rng random) noexcept {
  *this = ParticleNoise();
  random_ = random;
}

void ParticleNoise::render(const EngineControls& controls, float* out, float* aux,
                           int num_frames) noexcept {
  const float pace = note_to_cycles(60.0f + 72.0f * controls.timbre * controls.timbre);
  const float density = pace * pace / static_cast<float>(kNumParticles);  // per sample
  const float spread = 4.0f * controls.harmonics * controls.harmonics;
  const float morph = controls.morph;
  const float q = morph >= 0.5f ? 0.5f + std::exp2(20.0f * (morph - 0.5f)) : 1.5f;
  float diffusion = 0.0f;
  if (morph < 0.5f) diffusion = (1.0f - 2.0f * morph) * (1.0f - 2.0f * morph);

  std::fill_n(out, num_frames, 0.0f);
  std::fill_n(aux, num_frames, 0.0f);
  for (Particle& particle : particles_) {
    bool retuned = false;
    for (int i = 0; i < num_frames; ++i) {
      float u = random_.unipolar();
      if (controls.triggered && i == 0) u *= density;
      float x = 0.0f;
      if (u <= density) {
        x = u / density;
        if (!retuned) {
          retuned = true;
          const float f =
              std::min(controls.frequency * std::exp2(spread * random_.bipolar()), 0.25f);
          particle.coefficients.set(f, q);
          particle.gain = 0.5f / std::sqrt(q * f * std::sqrt(density));
        }
      }
      aux[i] += x;
      out[i] += particle.filter.process(particle.gain * x, particle.coefficients).band;
    }
  }
  const SvfCoefficients post(std::min(controls.frequency, 0.499f), 0.5f);
  for (int i = 0; i < num_frames; ++i) {
    const float filtered = post_filter_.process(out[i], post).low;
    out[i] = diffuser_.process(filtered, 0.8f * diffusion * diffusion, 0.25f + 0.5f * diffusion);
  }
}

}  // namespace synthrl::surge::twist
