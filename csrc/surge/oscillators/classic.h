// The Classic oscillator: saw, pulse and double saw with a sub-octave, pulse widths of two
// alternating periods, hard sync and unison, all without aliasing.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/character_filter.h"
#include "surge/oscillators/drift.h"
#include "surge/oscillators/impulse_train.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/unison.h"

namespace synthrl::surge {

class ClassicOscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

  // For run_events().
  double next(int voice) const noexcept;
  bool due(int voice, double end) const noexcept { return next(voice) < end; }
  void fire(int voice, int sample, float fraction) noexcept;
  void elapse(int voice, double time) noexcept;

 private:
  // Times are in periods of the base pitch. A cycle has four parts: high and low of two periods.
  struct Voice {
    double timer = 0.0;       // to the next step
    double sync_timer = 0.0;  // to the master's next cycle
    int state = 0;
    float level = 0.0f;  // of the ideal wave at the end of the present part
    float slope = 0.0f;  // by which it falls, per period
    float width = 0.5f;
    float balance = 1.0f;  // of the two periods' widths
    float period = 1.0f;
    float master_cycle = 2.0f;
    Drift drift;
  };

  void update_periods(const OscillatorControls& controls) noexcept;

  OscillatorModel model_;
  float rate_hz_ = 88200.0f;
  float integrator_leak_ = 1.0f;
  Unison unison_;
  std::array<Voice, kMaxUnison> voices_;
  Lag<float> shape_{Lag<float>::kPerBlock};
  Lag<float> width_{Lag<float>::kPerBlock};
  Lag<float> width2_{Lag<float>::kPerBlock};
  Lag<float> sub_{Lag<float>::kPerBlock};
  Lag<float> sync_{Lag<float>::kPerBlock};
  Rng drift_random_;
  ImpulseTrain train_;
  CharacterFilter left_character_;
  CharacterFilter right_character_;
};

}  // namespace synthrl::surge
