// The FM2 oscillator: a sine with two modulators at whole multiples of its frequency.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/drift.h"
#include "surge/oscillators/fm_carrier.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"

namespace synthrl::surge {

class Fm2Oscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

 private:
  OscillatorModel model_;
  float rate_hz_ = 88200.0f;
  float host_rate_hz_ = 44100.0f;
  std::array<FmModulator, 2> modulators_;
  FmCarrier carrier_;
  Lag<float> phase_;  // turns
  Drift drift_;
  Rng drift_random_;
};

}  // namespace synthrl::surge
