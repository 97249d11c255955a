// The Audio In oscillator: the host's input, and the output of scene A in scene B.
#pragma once

#include <cstdint>

#include "surge/oscillators/cuts.h"
#include "surge/oscillators/oscillator.h"

namespace synthrl::surge {

class AudioInOscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

 private:
  bool stereo_ = false;
  bool scene_b_ = false;
  Cuts cuts_;
};

}  // namespace synthrl::surge
