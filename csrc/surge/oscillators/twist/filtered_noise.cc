#include "surge/oscillators/twist/filtered_noise.h"

namespace synthrl::surge::twist {

void FilteredNoise::start(Rng random) noexcept {
  *this = FilteredNoise();
  random_ = random;
}

void FilteredNoise::render(const EngineControls& controls, float* out, float* aux,
                           int num_frames) noexcept {
  constexpr float kMaxCorner = 0.499f;
  if (controls.triggered) {
    noise1_.restart();
    noise2_.restart();
  }
  const float f1 = std::min(controls.frequency, kMaxCorner);
  const float f2 =
      std::min(note_to_cycles(controls.note + 48.0f * controls.harmonics - 24.0f), kMaxCorner);
  const float clock1 = note_to_cycles(controls.sustained ? 128.0f * controls.timbre
                                                         : 152.0f * controls.timbre - 24.0f);
  const float clock2 = clock1 * f2 / f1;
  const float q = 0.5f * std::exp2(10.0f * controls.morph);
  const float gain = 1.0f / std::sqrt(40.0f * f1 * (0.5f + q));
  const float g1 = std::tan(std::numbers::pi_v<float> * f1);
  const float g2 = std::tan(std::numbers::pi_v<float> * f2);
  if (!has_last_) {
    has_last_ = true;
    clock1_ = clock1;
    clock2_ = clock2;
    g1_ = g1;
    g2_ = g2;
    q_ = q;
    gain_ = gain;
    mode_ = controls.harmonics;
  }
  Ramp ramped_clock1(clock1_, clock1, num_frames);
  Ramp ramped_clock2(clock2_, clock2, num_frames);
  Ramp ramped_g1(g1_, g1, num_frames);
  Ramp ramped_g2(g2_, g2, num_frames);
  Ramp ramped_q(q_, q, num_frames);
  Ramp ramped_gain(gain_, gain, num_frames);
  Ramp ramped_mode(mode_, controls.harmonics, num_frames);

  for (int i = 0; i < num_frames; ++i) {
    const float level = ramped_gain.next();
    const float noise1 = level * noise1_.process(random_, ramped_clock1.next());
    const float noise2 = level * noise2_.process(random_, ramped_clock2.next());
    const float now_q = ramped_q.next();
    SvfCoefficients c1;
    SvfCoefficients c2;
    c1.set_gain(ramped_g1.next(), now_q);
    c2.set_gain(ramped_g2.next(), now_q);
    const float tilt = 1.0f - 2.0f * ramped_mode.next();
    const Svf::Output filtered = main_.process(noise1, c1);
    out[i] = filtered.high * std::min(tilt, 0.0f) + filtered.band * (1.0f - std::abs(tilt)) +
             filtered.low * std::max(tilt, 0.0f);
    aux[i] = peak1_.process(noise1, c1).band + peak2_.process(noise2, c2).band;
  }
}

}  // namespace synthrl::surge::twist
