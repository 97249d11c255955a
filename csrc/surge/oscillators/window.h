// The Window oscillator: a wave at the formant's rate under a window that opens once per period.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/cuts.h"
#include "surge/oscillators/drift.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/unison.h"

namespace synthrl::surge {

class WindowOscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

 private:
  struct Voice {
    std::int64_t position = 0;  // in the window, kCycle per period
    double formant = 1.0;       // cycles of the wave per window, of the present window
    int frame = 0;
    float gain_left = 1.0f;
    float gain_right = 1.0f;
    Drift drift;
  };

  template <bool kStereo>
  void render(Voice& voice, std::int64_t step, const float* modulation, double formant, int frame,
              float weight, OscillatorSpan left, OscillatorSpan right) noexcept;

  OscillatorModel model_;
  const OscillatorTables* tables_ = nullptr;
  const Wavetable* table_ = nullptr;
  int window_ = 0;
  Unison unison_;
  std::array<Voice, kMaxUnison> voices_;
  Lag<float> morph_{Lag<float>::kPerBlock};
  Lag<float> fm_index_;
  Rng drift_random_;
  Cuts cuts_;
};

}  // namespace synthrl::surge
