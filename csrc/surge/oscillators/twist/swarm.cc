#include "surge/oscillators/twist/swarm.h"

namespace synthrl::surge::twist {

void Swarm::start(Rng random) noexcept {
  *this = Swarm();
  random_ = random;
  for (Voice& voice : voices_) {
    voice.from = random_.bipolar();
    voice.to = random_.bipolar();
  }
}

void Swarm::render(const EngineControls& controls, float* out, float* aux,
                   int num_frames) noexcept {
  constexpr TwoLineWave kSaw = {0.5f, -1.0f, 0.0f, 0.0f, 1.0f};
  const auto frames = static_cast<float>(num_frames);
  const float rate = std::min(note_to_cycles(120.0f * controls.timbre) * 0.025f * frames, 0.5f);
  const float spread = controls.harmonics * controls.harmonics * controls.harmonics;
  float size_ratio = 0.25f * std::exp2(7.0f * (1.0f - controls.morph));
  std::fill_n(out, num_frames, 0.0f);
  std::fill_n(aux, num_frames, 0.0f);
  for (std::size_t v = 0; v < kNumVoices; ++v, size_ratio *= 0.97f) {
    Voice& voice = voices_[v];
    voice.grain_phase += rate * voice.grain_speed;
    if (controls.triggered || voice.grain_phase >= 1.0f) {
      voice.grain_phase = controls.triggered ? 0.0f : wrap(voice.grain_phase);
      voice.from = voice.to;
      voice.to = random_.bipolar();
      voice.grain_speed = std::exp2(random_.bipolar());
    }
    const bool glides = size_ratio < 1.0f;
    const float pitch = glides ? std::lerp(voice.from, voice.to, voice.grain_phase) : voice.to;
    const float rank = (static_cast<float>(v) - 3.0f) / 3.0f;
    const float factor =
        std::exp2(4.0f * pitch * spread * rank) * (1.0f + 0.25f * rank * (rank + 0.01f) * spread);
    const float increment = std::min(controls.frequency * factor, 0.45f);

    const float distance = std::clamp((voice.grain_phase - 0.5f) * size_ratio, -1.0f, 1.0f);
    const float window = 0.5f + 0.5f * std::cos(std::numbers::pi_v<float> * distance);
    const float amplitude = voice.amplitude.lowpass(window, 0.5f) * 0.125f;
    Ramp ramped(voice.last_amplitude, amplitude, num_frames);
    for (int i = 0; i < num_frames; ++i) {
      const float level = ramped.next();
      out[i] += level * voice.saw.process(kSaw, increment);
      voice.sine_phase = wrap(voice.sine_phase + increment);
      aux[i] += level * sine(voice.sine_phase);
    }
  }
}

}  // namespace synthrl::surge::twist
