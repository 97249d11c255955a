// The mixer's noise: white, or coloured by two one-pole filters.
#pragma once

#include <cstdint>

#include "surge/dsp/rng.h"
#include "surge/oscillators/oscillator.h"

namespace synthrl::surge {

class NoiseGenerator {
 public:
  // Clears all state. Both channels are independent.
  void start(std::uint64_t seed) noexcept;

  // `color` from -1, dark, over 0, white, to 1, bright. Every value lasts two samples: the noise is
  // made at the host's rate.
  void process(float color, OscillatorSpan left) noexcept { fill(left_, color, left); }
  void process_right(float color, OscillatorSpan right) noexcept { fill(right_, color, right); }

 private:
  struct Channel {
    Rng random;
    float first = 0.0f;
    float second = 0.0f;
  };

  static void fill(Channel& channel, float color, OscillatorSpan out) noexcept;

  Channel left_;
  Channel right_;
};

}  // namespace synthrl::surge
