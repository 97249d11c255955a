// The sample-and-hold noise oscillator: random steps whose neighbours can be correlated.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/cuts.h"
#include "surge/oscillators/drift.h"
#include "surge/oscillators/impulse_train.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/unison.h"

namespace synthrl::surge {

class SampleHoldOscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

  // For run_events().
  double next(int voice) const noexcept;
  bool due(int voice, double end) const noexcept;
  void fire(int voice, int sample, float fraction) noexcept;
  void elapse(int voice, double time) noexcept;

 private:
  // Times are in periods of the base pitch.
  struct Voice {
    double timer = 0.0;       // to the next step
    double sync_timer = 0.0;  // to the master's next cycle
    int state = 0;            // of the two steps of a period
    float value = 0.0f;
    float width = 0.5f;
    float period = 1.0f;
    float master_cycle = 2.0f;
    Drift drift;
  };

  OscillatorModel model_;
  float rate_hz_ = 88200.0f;
  Unison unison_;
  std::array<Voice, kMaxUnison> voices_;
  Lag<float> correlation_{Lag<float>::kPerBlock};
  Lag<float> width_{Lag<float>::kPerBlock};
  Lag<float> sync_{Lag<float>::kPerBlock};
  Rng noise_;
  Rng drift_random_;
  ImpulseTrain train_;
  Cuts cuts_;
};

}  // namespace synthrl::surge
