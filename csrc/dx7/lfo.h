// The low-frequency oscillator with its delay, which the kernels step once per block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dx7/lanes.h"
#include "dx7/plan.h"

namespace synthrl::dx7 {

struct LfoSettings {
  int speed;  // 0 … 99
  int delay;  // 0 … 99
  int wave;   // 0 triangle, 1 saw down, 2 saw up, 3 square, 4 sine, 5 sample & hold
  bool key_sync;
};

// Phase and sample-and-hold state are where a free-running LFO stands at the note-on.
void start_lfo(const Plan& plan, const LfoSettings& settings, std::uint32_t phase,
               std::uint8_t sample_hold, Lanes& lanes, std::size_t lane) noexcept;

}  // namespace synthrl::dx7
