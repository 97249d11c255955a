#include "surge/oscillators/twist/drums.h"

namespace synthrl::surge::twist {
namespace {

constexpr int kPulseFrames = 48;  // 1 ms
constexpr float kSustainGain = 0.8f;

// Bounded, and odd.
float soft_clip(float x) noexcept {
  const float limited = std::clamp(x, -3.0f, 3.0f);
  return limited * (27.0f + limited * limited) / (27.0f + 9.0f * limited * limited);
}

// A diode lets what is above 0 pass and bends the rest.
float diode(float x) noexcept { return x >= 0.0f ? x : 0.7f * x / (0.3f + std::abs(x)); }

// What is left after one frame of a fall to 1/e within `frames`.
float decay_per_frame(float frames) noexcept { return std::exp(-1.0f / std::max(frames, 1.0f)); }

float overdriven(float x, float drive) noexcept {
  const float gain = 0.5f + 0.5f * drive;
  const float into = gain * (1.0f + 4.0f * drive * drive);
  return soft_clip(into * x) * gain / soft_clip(std::max(into, 0.1f));
}

}  // namespace

void Kick::start(Rng random) noexcept {
  *this = Kick();
  random_ = random;
}

void Kick::render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept {
  const float h = controls.harmonics;
  const float t = controls.timbre;
  const float m = controls.morph;
  const float frequency = std::min(controls.frequency, 0.25f);
  if (controls.triggered) {
    pulse_frames_ = kPulseFrames;
    attack_fm_ = 1.0f;
    synthetic_phase_ = 0.0f;
    synthetic_level_ = kAccent;
    synthetic_bend_ = 1.0f;
    click_ = kAccent;
  }
  const float punch = h;
  const float drive = std::max(2.0f * h - 1.0f, 0.0f);
  const float tone = one_pole_gain(std::min(4.0f * frequency * std::exp2(9.0f * t), 0.497f));
  const float q = 1500.0f * semitones_to_ratio(80.0f * m);
  const float bend_decay = decay_per_frame(0.01f * kSampleRate);
  const float level_decay = decay_per_frame((0.03f + 0.8f * m * m) * kSampleRate);
  const float click_decay = decay_per_frame(0.002f * kSampleRate);
  Ramp sustain(last_gain_, controls.sustained ? kSustainGain * m : 0.0f, num_frames);

  for (int i = 0; i < num_frames; ++i) {
    const float level = sustain.next();
    if (controls.sustained) {
      sine_phase_ = wrap(sine_phase_ + frequency);
      const float body = level * sine(sine_phase_);
      out[i] = overdriven(tone_.lowpass(body, tone), drive);
      // A sine that is bent towards a triangle and a square.
      aux[i] =
          level * soft_clip((1.0f + 3.0f * t) * sine(sine_phase_)) / soft_clip(1.0f + 3.0f * t);
      continue;
    }
    if (pulse_frames_ > 0) {
      --pulse_frames_;
      pulse_ = 8.6f * kAccent;
    } else {
      pulse_ *= 0.9f;
    }
    const float strike = diode(pulse_highpass_.highpass(pulse_, 0.02f));
    attack_fm_ *= bend_decay;
    const float bend = 1.0f + 1.7f * attack_fm_ * (0.2f + 0.8f * h) +
                       0.08f * punch * std::clamp(last_body_, -1.0f, 1.0f);
    const float f = std::clamp(frequency * bend, 1e-5f, 0.4f);
    const SvfCoefficients c(f, 1.0f + q * f);
    const float body = body_.process(strike * 0.001f / frequency, c).band;
    last_body_ = body;
    const float leak = 0.08f * (t + 0.25f) * strike;
    out[i] = overdriven(tone_.lowpass(body + leak, tone), drive);

    synthetic_bend_ *= bend_decay;
    synthetic_level_ *= level_decay;
    click_ *= click_decay;
    synthetic_phase_ =
        wrap(synthetic_phase_ + std::min(frequency * (1.0f + 6.0f * h * synthetic_bend_), 0.4f));
    const float shape = 0.3f * t;
    const float distorted = synthetic_phase_ + shape * sine(synthetic_phase_) / kTwoPi;
    aux[i] = synthetic_level_ * sine(distorted) + click_ * t * 0.5f * random_.bipolar();
  }
}

void Snare::start(Rng random) noexcept {
  *this = Snare();
  random_ = random;
}

void Snare::render(const EngineControls& controls, float* out, float* aux,
                   int num_frames) noexcept {
  constexpr std::array<float, kNumModes> kRatios = {1.0f, 2.0f, 3.18f, 4.16f, 5.62f};
  const float h = controls.harmonics;
  const float t = controls.timbre;
  const float m = controls.morph;
  const float frequency = std::min(controls.frequency, 0.25f);
  if (controls.triggered) {
    pulse_frames_ = kPulseFrames;
    noise_level_ = 1.4f;
    synthetic_level_ = 0.7f;
    triangle1_.set_phase(0.25f);
    triangle2_.set_phase(0.25f);
  }
  const float longer = std::exp2(3.5f * m * (1.0f + m));
  const float q = 2000.0f * longer;
  std::array<SvfCoefficients, kNumModes> coefficients;
  // The lowest mode alone, then the second, then all.
  std::array<float, kNumModes> gains = {0.37f, 0.85f * t};
  float gain = 0.46f * std::max(t - 0.5f, 0.0f);
  for (std::size_t k = 0; k < kNumModes; ++k) {
    const float f = std::min(frequency * kRatios[k], 0.499f);
    coefficients[k].set(f, 1.0f + f * q * (k == 0 ? 1.0f : 0.25f));
    if (k < 2) continue;
    gains[k] = gain;
    gain *= 0.8f;
  }
  const SvfCoefficients noise_colour(std::min(16.0f * frequency, 0.499f), 1.0f + 1.5f * t);
  const SvfCoefficients synthetic_colour(std::min(10.0f * frequency, 0.499f), 1.0f);
  const float noise_decay = decay_per_frame(0.01f * longer * kSampleRate);
  const float tone_share = clamp01(2.0f - 2.0f * h);
  const float noise_share = clamp01(2.0f * h);

  for (int i = 0; i < num_frames; ++i) {
    float tone = 0.0f;
    if (controls.sustained) {
      noise_level_ = synthetic_level_ = kSustainGain * m;
      for (std::size_t k = 0; k < kNumModes; ++k) {
        sine_phases_[k] = wrap(sine_phases_[k] + std::min(frequency * kRatios[k], 0.499f));
        tone += 0.3f * gains[k] * kSustainGain * m * sine(sine_phases_[k]);
      }
    } else {
      float strike = 0.0f;
      if (pulse_frames_ > 0) {
        --pulse_frames_;
        strike = 8.6f * kAccent;
      }
      for (std::size_t k = 0; k < kNumModes; ++k) {
        tone +=
            gains[k] * modes_[k].process(0.0025f / frequency * strike * 0.1f, coefficients[k]).band;
      }
      noise_level_ *= noise_decay;
      synthetic_level_ *= noise_decay;
    }
    const float rectified = std::max(random_.bipolar(), 0.0f);
    const float noise = noise_filter_.process(noise_level_ * rectified, noise_colour).band;
    out[i] = soft_clip(tone_share * tone + noise_share * noise);

    const float triangles =
        0.6f * triangle1_.process(TwoLineWave::triangle(0.5f), frequency) +
        0.4f * triangle2_.process(TwoLineWave::triangle(0.5f), std::min(1.47f * frequency, 0.4f));
    const float hiss =
        synthetic_filter_.process(synthetic_level_ * random_.bipolar(), synthetic_colour).high;
    aux[i] = soft_clip(tone_share * synthetic_level_ * triangles + noise_share * hiss);
  }
}

void HiHat::start(Rng random) noexcept {
  *this = HiHat();
  random_ = random;
}

void HiHat::render(const EngineControls& controls, float* out, float* aux,
                   int num_frames) noexcept {
  constexpr std::array<float, kNumSquares> kRatios = {1.0f, 1.304f, 1.466f, 1.787f, 1.932f, 2.536f};
  constexpr std::array<float, kNumPairs> kPairSquareHz = {200.0f, 510.0f, 730.0f};
  constexpr std::array<float, kNumPairs> kPairSawHz = {7530.0f, 8075.0f, 10500.0f};
  const float h = controls.harmonics;
  const float t = controls.timbre;
  const float m = controls.morph;
  const float root = std::min(2.0f * controls.frequency, 0.4f);
  if (controls.triggered) envelope_ = (1.5f + 0.5f * (1.0f - m)) * 0.86f;

  const float cutoff = std::min(150.0f / kSampleRate * std::exp2(6.0f * t), 0.499f);
  const SvfCoefficients colour(cutoff, 3.0f + 6.0f * t);
  const SvfCoefficients aux_colour(cutoff, 1.0f);
  const SvfCoefficients highpass(cutoff, 0.5f);
  const float noise_share = h * h;
  const float clock = controls.frequency * (16.0f + 16.0f * (1.0f - noise_share));
  const float fast = 1.0f - 0.003f * std::exp2(-7.0f * m);
  const float slow = 1.0f - 0.0025f * std::exp2(-3.0f * m);
  const float pair_scale = 2.0f * controls.frequency / (0.01f + 2.0f * controls.frequency);
  Ramp sustain(last_level_, controls.sustained ? kSustainGain * m : 0.0f, num_frames);

  // Lets one half of the wave through more than the other.
  const auto swing = [](float x) {
    const float bent = x > 0.0f ? 4.0f * x : 0.1f * x;
    return bent / (1.0f + std::abs(bent));
  };

  for (int i = 0; i < num_frames; ++i) {
    float level = sustain.next();
    if (!controls.sustained) {
      envelope_ *= envelope_ > 0.5f ? fast : slow;
      level = envelope_;
    }
    float squares = -1.0f;
    for (std::size_t k = 0; k < kNumSquares; ++k) {
      const float f = std::min(root * kRatios[k], 0.49f);
      const float square = squares_[k].process(TwoLineWave::pulse(0.5f), f);
      squares += 0.33f * 0.5f * (square + 1.0f);
    }
    const float metal = colour_.process(squares, colour).band;
    const float noise = noise_.process(random_, clock);
    float x = swing(std::lerp(metal, noise, noise_share)) * level;
    out[i] = highpass_.process(x, highpass).high;

    float rings = 0.0f;
    for (std::size_t k = 0; k < kNumPairs; ++k) {
      const float square_f = std::min(kPairSquareHz[k] / kSampleRate * pair_scale, 0.45f);
      const float saw_f = std::min(kPairSawHz[k] / kSampleRate * pair_scale, 0.45f);
      rings += pair_squares_[k].process(TwoLineWave::pulse(0.5f), square_f) *
               pair_saws_[k].process({0.5f, -1.0f, 0.0f, 0.0f, 1.0f}, saw_f);
    }
    const float ring_metal = aux_colour_.process(rings / 3.0f, aux_colour).band;
    const float ring_noise = aux_noise_.process(random_, clock);
    x = std::lerp(ring_metal, ring_noise, noise_share) * level;
    aux[i] = aux_highpass_.process(x, highpass).high;
  }
}

}  // namespace synthrl::surge::twist
