// The FM3 oscillator: a sine with two modulators at any ratio and one at a frequency of its own.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/drift.h"
#include "surge/oscillators/fm_carrier.h"
#include "surge/oscillators/oscillator.h"

namespace synthrl::surge {

class Fm3Oscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

 private:
  OscillatorModel model_;
  float rate_hz_ = 88200.0f;
  std::array<FmModulator, 3> modulators_;
  FmCarrier carrier_;
  Drift drift_;
  Rng drift_random_;
};

}  // namespace synthrl::surge
