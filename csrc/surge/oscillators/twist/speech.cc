#include "surge/oscillators/twist/speech.h"

#include "surge/oscillators/twist/speech_data.h"

namespace synthrl::surge::twist {
namespace {

constexpr float kSineLevelBase = 0.03125f;
constexpr float kSineLevelStep = 1.2020f;
constexpr float kSineConsonantSeconds = 0.05f;
constexpr float kLatticeConsonantSeconds = 0.025f;
constexpr float kExcitationGain = 1.5f;
constexpr float kLatticeLimit = 2.0f;

// A position on a scale of `size` steps: the step below and the way to the next.
struct Position {
  Position(float x, std::size_t size) noexcept {
    const float at = clamp01(x) * (static_cast<float>(size - 1) - 1e-4f);
    below = static_cast<std::size_t>(at);
    share = at - static_cast<float>(below);
  }
  std::size_t below;
  float share;
};

}  // namespace

void FormantVoice::render(const EngineControls& controls, float* out, float* aux,
                          int num_frames) noexcept {
  const Position vowel(controls.morph, kVowels.size());
  const Position reg(controls.timbre, kVowels[0].size());
  std::array<SvfCoefficients, kNumFormants> coefficients;
  std::array<float, kNumFormants> amplitudes;
  for (std::size_t i = 0; i < kNumFormants; ++i) {
    const auto mix = [&](auto member) {
      const auto at = [&](std::size_t v, std::size_t r) {
        return static_cast<float>(kVowels[v][r][i].*member);
      };
      const std::size_t v = vowel.below;
      const std::size_t r = reg.below;
      return std::lerp(std::lerp(at(v, r), at(v, r + 1), reg.share),
                       std::lerp(at(v + 1, r), at(v + 1, r + 1), reg.share), vowel.share);
    };
    // The table counts from the A of 55 Hz as note 33.
    coefficients[i].set(note_to_cycles(mix(&Formant::note)), 20.0f);
    amplitudes[i] = mix(&Formant::amplitude) / 256.0f;
  }
  const SvfCoefficients tract(800.0f / kSampleRate, 0.5f);
  const float frequency = std::min(controls.frequency, 0.25f);
  constexpr TwoLineWave kSaw = {0.5f, 0.0f, 0.5f, 0.5f, 1.0f};
  for (int i = 0; i < num_frames; ++i) {
    const float saw = saw_.process(kSaw, frequency);
    const float pulse = 4.0f * pulse_.lowpass(saw - last_saw_, 0.25f);
    last_saw_ = saw;
    aux[i] = pulse;
    const float source = 4.0f * tract_.process(pulse, tract).band;
    out[i] = 0.0f;
    for (std::size_t k = 0; k < kNumFormants; ++k) {
      out[i] += amplitudes[k] * formants_[k].process(source, coefficients[k]).band;
    }
  }
}

void SineVoice::render(const EngineControls& controls, Rng& random, float* out, float* aux,
                       int num_frames) noexcept {
  if (controls.triggered) {
    const std::size_t num_consonants = kSinePhonemes.size() - kNumSineVowels;
    consonant_ = static_cast<int>(kNumSineVowels + random.bits() % num_consonants);
    consonant_frames_ = static_cast<int>(kSineConsonantSeconds * kSampleRate);
  }
  Position vowel(controls.morph, kNumSineVowels);
  std::size_t above = vowel.below + 1;
  if (consonant_frames_ > 0) {
    vowel.below = above = static_cast<std::size_t>(consonant_);
    consonant_frames_ -= num_frames;
  }
  std::array<float, kNumFormants> cycles;
  std::array<float, kNumFormants> levels;
  const float shift = 1.0f + 2.5f * controls.timbre;
  for (std::size_t k = 0; k < kNumFormants; ++k) {
    const Partial& a = kSinePhonemes[vowel.below][k];
    const Partial& b = kSinePhonemes[above][k];
    const auto level = [](const Partial& p) {
      return kSineLevelBase * std::pow(kSineLevelStep, static_cast<float>(p.level));
    };
    const float f =
        std::lerp(static_cast<float>(a.frequency), static_cast<float>(b.frequency), vowel.share);
    cycles[k] = 8.0f * f * shift / kSampleRate;
    levels[k] = std::lerp(level(a), level(b), vowel.share);
  }
  const float frequency = std::min(controls.frequency, 0.0625f);
  const float corner = std::min(16.0f * frequency, 1.0f);
  constexpr TwoLineWave kSaw = {0.5f, 0.0f, 0.5f, 0.5f, 1.0f};
  for (int i = 0; i < num_frames; ++i) {
    phase_ += frequency;
    if (phase_ >= 1.0f) {
      phase_ -= 1.0f;
      const float t = phase_ / frequency;
      for (std::size_t k = 0; k < kNumFormants; ++k) formant_phases_[k] = t * cycles[k];
    } else {
      for (std::size_t k = 0; k < kNumFormants; ++k) {
        formant_phases_[k] = wrap(formant_phases_[k] + cycles[k]);
      }
    }
    float sum = 0.0f;
    for (std::size_t k = 0; k < kNumFormants; ++k) sum += levels[k] * sine(formant_phases_[k]);
    out[i] = sum * (1.0f - phase_);
    aux[i] = smoothed_.highpass(saw_.process(kSaw, frequency), corner);
  }
}

LatticeVoice::Sound LatticeVoice::sound(std::size_t frame) noexcept {
  const LatticeFrame& from = kLatticeFrames[frame];
  Sound result;
  const float energy = static_cast<float>(from.energy) / 256.0f;
  (from.period > 0 ? result.pulse_energy : result.noise_energy) = energy;
  for (std::size_t i = 0; i < kNumPoles; ++i) {
    result.reflection[i] = i < from.coarse.size()
                               ? static_cast<float>(from.coarse[i]) / 32768.0f
                               : static_cast<float>(from.fine[i - from.coarse.size()]) / 128.0f;
  }
  return result;
}

void LatticeVoice::tick(Rng& random, float pitch) noexcept {
  pulse_phase_ += pitch;
  if (pulse_phase_ >= 1.0f) pulse_phase_ = wrap(pulse_phase_);
  // Time since the period began, in steps of the pulse.
  const float at = 4.0f * pulse_phase_ / pitch;
  float x = 0.0f;
  if (at < static_cast<float>(kLatticePulse.size() - 1)) {
    const auto i = static_cast<std::size_t>(at);
    x = std::lerp(static_cast<float>(kLatticePulse[i]), static_cast<float>(kLatticePulse[i + 1]),
                  at - static_cast<float>(i)) /
        128.0f * sound_.pulse_energy;
  }
  x += (random.bits() & 1u) != 0 ? sound_.noise_energy : -sound_.noise_energy;
  x *= kExcitationGain;
  excitation_ = x;
  for (std::size_t i = kNumPoles; i-- > 0;) {
    x -= sound_.reflection[i] * state_[i];
    if (i + 1 < kNumPoles) state_[i + 1] = state_[i] + sound_.reflection[i] * x;
  }
  x = std::clamp(x, -kLatticeLimit, kLatticeLimit);
  state_[0] = x;
  output_ = x;
}

void LatticeVoice::render(const EngineControls& controls, Rng& random, float* out, float* aux,
                          int num_frames) noexcept {
  if (controls.triggered) {
    const std::size_t num_consonants = kLatticeFrames.size() - kNumLatticeVowels;
    consonant_ = static_cast<int>(kNumLatticeVowels + random.bits() % num_consonants);
    consonant_frames_ = static_cast<int>(kLatticeConsonantSeconds * kSampleRate);
  }
  if (consonant_frames_ > 0) {
    sound_ = sound(static_cast<std::size_t>(consonant_));
    consonant_frames_ -= num_frames;
  } else {
    const Position vowel(controls.morph, kNumLatticeVowels);
    const Sound a = sound(vowel.below);
    const Sound b = sound(vowel.below + 1);
    sound_.pulse_energy = std::lerp(a.pulse_energy, b.pulse_energy, vowel.share);
    sound_.noise_energy = std::lerp(a.noise_energy, b.noise_energy, vowel.share);
    for (std::size_t i = 0; i < kNumPoles; ++i) {
      sound_.reflection[i] = std::lerp(a.reflection[i], b.reflection[i], vowel.share);
    }
  }
  const float rate = std::exp2(3.0f * (controls.timbre - 0.5f)) / 6.0f;
  const float pitch = std::min(controls.frequency / rate, 0.5f);
  for (int i = 0; i < num_frames; ++i) {
    output_edges_.begin();
    excitation_edges_.begin();
    clock_phase_ += rate;
    if (clock_phase_ >= 1.0f) {
      clock_phase_ -= 1.0f;
      const float t = clock_phase_ / rate;
      const float last_output = output_;
      const float last_excitation = excitation_;
      tick(random, pitch);
      output_edges_.step(t, output_ - last_output);
      excitation_edges_.step(t, excitation_ - last_excitation);
    }
    output_edges_.next += output_;
    excitation_edges_.next += excitation_;
    out[i] = output_edges_.now;
    aux[i] = excitation_edges_.now;
  }
}

void Speech::start(Rng random) noexcept {
  *this = Speech();
  random_ = random;
}

void Speech::render(const EngineControls& controls, float* out, float* aux,
                    int num_frames) noexcept {
  const float group = 6.0f * controls.harmonics;
  if (group > 2.0f) {
    lattice_.render(controls, random_, out, aux, num_frames);
    return;
  }
  std::array<float, kMaxFrames> other_out;
  std::array<float, kMaxFrames> other_aux;
  float share = group;
  sines_.render(controls, random_, other_out.data(), other_aux.data(), num_frames);
  if (group <= 1.0f) {
    formant_.render(controls, out, aux, num_frames);
  } else {
    share = 2.0f - group;
    lattice_.render(controls, random_, out, aux, num_frames);
  }
  share = smooth_step(smooth_step(share));
  for (int i = 0; i < num_frames; ++i) {
    out[i] = std::lerp(out[i], other_out[static_cast<std::size_t>(i)], share);
    aux[i] = std::lerp(aux[i], other_aux[static_cast<std::size_t>(i)], share);
  }
}

}  // namespace synthrl::surge::twist
