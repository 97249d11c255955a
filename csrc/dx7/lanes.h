// What the vector kernels work on: the state of kLanes voices, an array per quantity.
//
// This header is compiled for several instruction sets, so it must hold no functions: the linker
// keeps one copy of an inline function, which might be one that the processor cannot run.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dx7/patch.h"
#include "dx7/plan.h"

namespace synthrl::dx7 {

inline constexpr std::size_t kLanes = 64;  // voices that are rendered side by side
inline constexpr std::size_t kTile = 16;   // lanes that are mixed and heard together
inline constexpr std::size_t kNumOperators =
    kNumSlots * kLanes;  // slot s of lane l is s·kLanes + l

// Where a rising stage of an operator envelope starts at the latest, and what it slows down
// towards.
inline constexpr std::int32_t kJumpLevel = 1716 << 16;
inline constexpr std::int32_t kCeiling = 17 << 24;

// Envelope events: a stage that has nowhere to go is over, or a stage has reached its target.
inline constexpr std::int32_t kWaited = 1;
inline constexpr std::int32_t kArrived = 2;

// Boolean quantities are masks: 0 or −1.
using PerLane = std::int32_t[kLanes];
using PerOperator = std::int32_t[kNumOperators];

struct alignas(64) Lanes {
  // Operator envelopes: levels in Q24 doublings.
  PerOperator level;
  PerOperator target;
  PerOperator increment;
  PerOperator static_samples;  // left of a stage that has nowhere to go
  PerOperator motion;          // 1 rising, −1 falling, 0 at rest
  PerOperator envelope_event;  // out: 0, kWaited or kArrived
  PerOperator ended;           // the last stage is over

  // Pitch envelope, in Q24 octaves.
  PerLane pitch_level;
  PerLane pitch_target;
  PerLane pitch_increment;  // negative when falling, 0 at rest
  PerLane pitch_event;      // out: a stage has come to its end

  // LFO.
  PerLane lfo_wave;
  PerLane lfo_phase;
  PerLane lfo_phase_step;
  PerLane lfo_sample_hold;
  PerLane lfo_delay_state;
  PerLane lfo_delay_step;  // while waiting
  PerLane lfo_fade_step;   // while fading in
  PerLane lfo_value;       // 0 … 2^24
  PerLane lfo_fade;        // 0 … 2^24, rises after the delay

  // Modulation, Q24.
  PerLane tune;  // octaves
  PerLane pitch_mod_depth;
  PerLane pitch_mod_sensitivity;
  PerLane amp_mod_depth;
  PerLane pitch;          // out: octaves
  PerLane amp_mod;        // out
  PerLane pitch_changed;  // out: phase steps have to be looked up again

  // Operators. Phases and their steps have 2^32 units per cycle.
  PerOperator on;
  PerOperator log_hz;  // Q24
  PerOperator fixed_frequency;
  PerOperator level_drop;  // taken off the level by amplitude modulation
  PerOperator heard;       // writes the output bus
  PerOperator stored_gain;
  PerOperator next_phase;
  PerOperator step;

  // Out: of the block under way. Gains are the engine's: attenuations for Mark I and OPL, linear
  // factors for Modern.
  PerOperator phase;
  PerOperator gain_from;
  PerOperator gain_slope;
  PerOperator gain_to;
  PerLane active;     // bit s: slot s is above the engine's threshold
  PerLane may_go_on;  // something but zeros can follow this block even if the key is up

  // Feedback: the operator's two latest outputs, and how far their mean is shifted to the right.
  PerLane feedback_older;
  PerLane feedback_newer;
  PerLane feedback_shift;
};

}  // namespace synthrl::dx7
