// Twist's formant oscillator and phase distortion.
#pragma once

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Harmonics: ratio of the two formants. Timbre: frequency of the first. Morph: width and shape of
// the grains. The alternative signal is a single sine with a distorted phase.
class FormantOscillator {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  // A formant that restarts with every period of the note.
  struct Grainlet {
    EdgeCorrector corrector;
    float formant_phase = 0.0f;
  };

  struct Shape {
    float carrier;  // 0 to 1
    float bleed;
  };

  // Values at the end of a call.
  struct Values {
    float shape = 0.0f;
    float bleed = 0.0f;
    float formant1 = 0.0f;
    float formant2 = 0.0f;
    float distorted = 0.0f;
  };

  float grain(Grainlet& grainlet, float phase, bool wrapped, float t, float formant,
              const Shape& shape) noexcept;
  float distort(float frequency, float formant, float h, float m) noexcept;

  float phase_ = 0.0f;
  Grainlet grainlet1_;
  Grainlet grainlet2_;
  OnePole main_highpass_;

  float distorted_phase_ = 0.0f;
  float distorted_formant_ = 0.0f;
  EdgeCorrector distorted_edges_;
  OnePole aux_highpass_;

  Values last_;
  bool has_last_ = false;
};

}  // namespace synthrl::surge::twist
