#include "surge/oscillators/twist/formant_oscillator.h"

namespace synthrl::surge::twist {
namespace {

constexpr float kMaxFrequency = 0.25f;

// Level of a grain over a period of the note: from a decaying pulse over a symmetric bump to one
// that opens and stays open.
float carrier_of(float phase, float shape) noexcept {
  const float at = 3.0f * shape;
  float x;
  if (at < 1.0f) {
    const float t = 1.0f - at;
    x = 0.75f + std::min(1.0f, phase * (1.0f + 15.0f * t * t * t));
  } else if (at < 2.0f) {
    const float t = 2.0f - at;
    const float middle = 0.001f + 0.499f * t * t * t;
    x = 0.75f +
        (phase < middle ? 0.5f * phase / middle : 0.5f + 0.5f * (phase - middle) / (1.0f - middle));
  } else {
    const float t = at - 2.0f;
    x = std::min(0.75f, 0.25f + phase * (0.5f + 14.5f * t * t * t));
  }
  return 0.25f * (1.0f + sine(x));
}

}  // namespace

void FormantOscillator::start(Rng) noexcept { *this = FormantOscillator(); }

float FormantOscillator::grain(Grainlet& grainlet, float phase, bool wrapped, float t,
                               float formant, const Shape& shape) noexcept {
  const auto value = [&](float at, float carrier_phase) {
    return carrier_of(carrier_phase, shape.carrier) * (sine(at) + shape.bleed) /
           (1.0f + shape.bleed);
  };
  grainlet.corrector.begin();
  if (wrapped) {
    const float end = grainlet.formant_phase + (1.0f - t) * formant;
    grainlet.corrector.step(t, value(0.0f, 0.0f) - value(end, 1.0f));
    grainlet.formant_phase = t * formant;
  } else {
    grainlet.formant_phase = wrap(grainlet.formant_phase + formant);
  }
  grainlet.corrector.next += value(grainlet.formant_phase, phase);
  return grainlet.corrector.now;
}

float FormantOscillator::distort(float frequency, float formant, float h, float m) noexcept {
  float shift;
  float offset;
  if (h < 0.333f) {
    shift = 0.25f + 1.5f * h;
    offset = 1.0f;
  } else {
    shift = 0.7495f - 0.75f * (std::min(h, 0.666f) - 0.33f);
    offset = h < 0.666f ? -sine(shift) : 0.001f;
  }
  const auto value = [&](float c, float d, float f) {
    float ramp = 0.5f * (1.0f + sine(0.5f * d + 0.25f));
    float contour;
    if (m < 0.5f) {
      const float share = 2.0f * m;
      if (c >= 0.5f) ramp *= share;
      contour = 1.0f + (sine(c + 0.25f) - 1.0f) * share;
    } else {
      contour = sine(c + 0.5f * m);
    }
    return (ramp * (offset + sine(f + shift)) - offset) * contour;
  };

  distorted_edges_.begin();
  const float last = distorted_phase_;
  distorted_phase_ += frequency;
  distorted_formant_ += formant;
  // The formant restarts twice in a period.
  const float edge = last < 0.5f ? 0.5f : 1.0f;
  if (distorted_phase_ >= edge) {
    const float t = std::min((distorted_phase_ - edge) / frequency, 1.0f);
    const float end = distorted_formant_ - t * formant;
    const float carrier_before = edge - 1e-6f;
    const float carrier_after = edge == 1.0f ? 0.0f : edge;
    distorted_edges_.step(t, value(carrier_after, 0.0f, 0.0f) - value(carrier_before, 1.0f, end));
    distorted_formant_ = t * formant;
  }
  distorted_phase_ = wrap(distorted_phase_);
  distorted_formant_ = wrap(distorted_formant_);
  distorted_edges_.next +=
      value(distorted_phase_, wrap(2.0f * distorted_phase_), distorted_formant_);
  return distorted_edges_.now;
}

void FormantOscillator::render(const EngineControls& controls, float* out, float* aux,
                               int num_frames) noexcept {
  const float frequency = std::min(controls.frequency, kMaxFrequency);
  const float h = controls.harmonics;
  const float m = controls.morph;
  Values now;
  now.formant1 = std::min(note_to_cycles(24.0f + 84.0f * controls.timbre), kMaxFrequency);
  now.formant2 = std::min(now.formant1 * std::exp2(4.0f * h - 2.0f), kMaxFrequency);
  now.shape = 0.33f + (m - 0.33f) * std::max(1.0f - 24.0f * frequency, 0.0f);
  const float b = std::max(1.0f - 2.0f * h, 0.0f);
  now.bleed = b * (2.0f - b);
  now.distorted = std::min(note_to_cycles(controls.note + 96.0f * controls.timbre), kMaxFrequency);
  if (!has_last_) {
    has_last_ = true;
    last_ = now;
  }
  Ramp formant1(last_.formant1, now.formant1, num_frames);
  Ramp formant2(last_.formant2, now.formant2, num_frames);
  Ramp shapes(last_.shape, now.shape, num_frames);
  Ramp bleeds(last_.bleed, now.bleed, num_frames);
  Ramp distorted(last_.distorted, now.distorted, num_frames);
  const float corner = 0.3f * frequency;

  for (int i = 0; i < num_frames; ++i) {
    phase_ += frequency;
    const bool wrapped = phase_ >= 1.0f;
    phase_ = wrap(phase_);
    const float t = wrapped ? std::min(phase_ / frequency, 1.0f) : 0.0f;
    const Shape shape = {shapes.next(), bleeds.next()};
    const float sum = grain(grainlet1_, phase_, wrapped, t, formant1.next(), shape) +
                      grain(grainlet2_, phase_, wrapped, t, formant2.next(), shape);
    out[i] = main_highpass_.highpass(sum, corner);
    aux[i] = aux_highpass_.highpass(distort(frequency, distorted.next(), h, m), corner);
  }
}

}  // namespace synthrl::surge::twist
