// Twist's filtered noise: clocked noise through resonant filters.
#pragma once

#include "surge/oscillators/twist/blocks.h"
#include "surge/oscillators/twist/engine.h"

namespace synthrl::surge::twist {

// Holds random values for a period of a clock.
class ClockedNoise {
 public:
  void restart() noexcept { phase_ = 1.0f; }

  // `clock` in cycles per sample. Towards the sample rate it becomes white noise.
  float process(Rng& random, float clock) noexcept {
    corrector_.begin();
    const float fresh = random.bipolar();
    const float increment = std::min(clock, 0.5f);
    phase_ += increment;
    if (phase_ >= 1.0f) {
      phase_ -= 1.0f;
      if (phase_ >= 1.0f) phase_ = 0.0f;
      corrector_.step(std::min(phase_ / increment, 1.0f), fresh - held_);
      held_ = fresh;
    }
    corrector_.next += held_;
    return std::lerp(corrector_.now, fresh, clamp01(4.0f * (clock - 0.25f)));
  }

 private:
  EdgeCorrector corrector_;
  float phase_ = 0.0f;
  float held_ = 0.0f;
};

// Harmonics: from low-pass over band-pass to high-pass, and the distance of the second peak.
// Timbre: clock. Morph: resonance. The alternative signal has two peaks.
class FilteredNoise {
 public:
  void start(Rng random) noexcept;
  void render(const EngineControls& controls, float* out, float* aux, int num_frames) noexcept;

 private:
  Rng random_;
  ClockedNoise noise1_;
  ClockedNoise noise2_;
  Svf main_;
  Svf peak1_;
  Svf peak2_;
  bool has_last_ = false;
  // At the end of the last call.
  float clock1_ = 0.0f;
  float clock2_ = 0.0f;
  float g1_ = 0.0f;
  float g2_ = 0.0f;
  float q_ = 0.0f;
  float gain_ = 0.0f;
  float mode_ = 0.0f;
};

}  // namespace synthrl::surge::twist
