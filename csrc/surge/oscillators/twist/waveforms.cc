#include "surge/oscillators/twist/waveforms.h"

#include <array>
#include <cstddef>

namespace synthrl::surge::twist {
namespace {

constexpr float kMaxFrequency = 0.25f;
constexpr float kNotch = 1.2f;  // level of the second part of the saw

// Semitones between the two waves.
float detune_of(float harmonics) noexcept {
  constexpr std::array<float, 5> kIntervals = {0.0f, 7.01f, 12.01f, 19.01f, 24.01f};
  const float x = 3.9999f * std::clamp(2.05f * harmonics - 1.025f, -1.0f, 1.0f);
  const float distance = std::abs(x);
  const auto i = static_cast<std::size_t>(distance);
  const float share = smooth_step(smooth_step(distance - static_cast<float>(i)));
  const float detune = std::lerp(kIntervals[i], kIntervals[i + 1], share);
  return x < 0.0f ? -detune : detune;
}

float cycles(float note) noexcept { return std::min(note_to_cycles(note), kMaxFrequency); }

}  // namespace

void Waveforms::start(Rng) noexcept { *this = Waveforms(); }

void Waveforms::render(const EngineControls& controls, float* out, float* aux,
                       int num_frames) noexcept {
  const float t = controls.timbre;
  const float m = controls.morph;
  const float detune = detune_of(controls.harmonics);
  const float master = cycles(controls.note);
  const float detuned = cycles(controls.note + detune);

  const float beyond = t >= 0.5f ? t - 0.5f : 0.0f;
  const float slave = cycles(controls.note + 192.0f * beyond * beyond);
  const TwoLineWave square = TwoLineWave::pulse(std::clamp(1.3f * t - 0.15f, 0.005f, 0.5f));
  // A breakpoint of 1 would leave no room for the second line.
  const float width = std::clamp(1.1f * (m < 0.5f ? m + 0.5f : 2.0f - 2.0f * m), 0.005f, 0.9999f);
  const TwoLineWave triangle = {width, 0.0f, 1.0f, 1.0f, 0.0f};
  const TwoLineWave notched = {width, 0.0f, width, kNotch, kNotch};
  const TwoLineWave saw =
      TwoLineWave::mix(notched, triangle, std::clamp(10.0f - 21.0f * m, 0.0f, 1.0f));
  float square_gain = std::min(8.0f * t, 1.0f);
  float saw_gain = std::clamp(8.0f * (1.0f - m), 0.02f, 1.0f);
  const float louder = std::max(square_gain, saw_gain);
  square_gain *= 0.3f / louder;
  saw_gain *= 0.5f / louder;

  const float slave1 = cycles(controls.note + 48.0f * t * t);
  const float slave2 = cycles(controls.note + detune + 48.0f * t * t);
  const float duty = std::clamp(0.5f + 1.46f * (m - 0.66f), 0.5f, 0.995f);
  const float shape = std::min(1.5f * m, 1.0f);
  const TwoLineWave saw_wave = TwoLineWave::saw(duty);
  const TwoLineWave shaped =
      shape < 0.5f ? TwoLineWave::mix(TwoLineWave::triangle(duty), saw_wave, 2.0f * shape)
                   : TwoLineWave::mix(saw_wave, TwoLineWave::pulse(duty), 2.0f * shape - 1.0f);

  for (int i = 0; i < num_frames; ++i) {
    const float square_now = square_.process_synced(square, master, slave);
    const float saw_now = (2.0f * saw_.process(saw, detuned) - 1.0f) / kNotch;
    out[i] = square_gain * square_now + saw_gain * saw_now;
    aux[i] = 0.5f * (synced1_.process_synced(shaped, master, slave1) -
                     synced2_.process_synced(shaped, detuned, slave2));
  }
}

}  // namespace synthrl::surge::twist
