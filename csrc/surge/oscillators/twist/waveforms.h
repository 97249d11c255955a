// Twist's pair of classic waveforms.
#pragma once

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Harmonics: detune, with steps at fifths and octaves. Timbre: the square's width and sync. Morph:
// the saw's shape. The alternative signal is a pair of synced waves.
class Waveforms {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  TwoLineOscillator square_;
  TwoLineOscillator saw_;
  TwoLineOscillator synced1_;
  TwoLineOscillator synced2_;
};

}  // namespace synthrl::surge::twist
