// Twist's waveshaper: an asymmetric triangle, bent and folded.
#pragma once

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Harmonics: shaper. Timbre: folding. Morph: asymmetry. The alternative signal is folded by
// another curve and starts from a sine.
class Waveshaper {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  TwoLineOscillator slope_;
  TwoLineOscillator triangle_;
  float last_shape_ = 0.0f;
  float last_fold_ = 0.0f;
  float last_share_ = 0.0f;
  bool has_last_ = false;
};

}  // namespace synthrl::surge::twist
