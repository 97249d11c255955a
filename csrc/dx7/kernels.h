// The three engines' operators, and the loops that run one operator over a block.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/multiversion.h"
#include "dx7/plan.h"
#include "dx7/tables.h"

namespace synthrl::dx7 {

// Gain of an operator over one block. Its meaning is the engine's: an attenuation for Mark I and
// OPL, a linear factor for Modern.
struct GainRamp {
  std::int32_t from;
  std::int32_t to;

  // Rounded, so that the ramp need not land on `to`; the next block starts there all the same.
  std::int32_t slope() const { return (to - from + 32) >> 6; }
};

// An operator's part of one block.
struct OperatorBlock {
  std::uint32_t phase;  // at the first sample
  std::uint32_t step;   // per sample
  GainRamp gain;
};

// Log-domain operator of the DX7 Mark I: 1/1024-octave attenuation, 14-bit output.
struct Mark1Wave {
  static constexpr std::int32_t kQuietest = 16284;

  static std::int32_t gain(std::int32_t level) { return 16384 - (level >> 14); }
  static std::int32_t first_gain(std::int32_t stored) { return stored == 0 ? 16383 : stored; }
  static bool active(GainRamp g) { return g.from <= kQuietest || g.to <= kQuietest; }

  explicit Mark1Wave(const WaveTables& tables)
      : log_sine(tables.log_sine.data()), log_to_linear(tables.log_to_linear.data()) {}

  std::int32_t operator()(std::uint32_t phase, std::int32_t gain) const {
    const std::int32_t e = log_sine[(phase >> 12) & 4095] + gain;
    const std::int32_t magnitude = log_to_linear[e & 1023] >> ((e & 0x7fff) >> 10);
    // A negative half-cycle is the one's complement and so never 0.
    const std::int32_t flip = -((e >> 15) & 1);
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(magnitude ^ flip) << 13);
  }

  const std::int32_t* log_sine;
  const std::int32_t* log_to_linear;
};

// Interpolated 24-bit sine with linear gain.
struct ModernWave {
  static constexpr std::int32_t kQuietest = 1120;

  // Unsigned, as the fastest envelopes wrap at low sample rates.
  static std::int32_t gain(std::int32_t level) {
    return exp2_q24(static_cast<std::int32_t>(static_cast<std::uint32_t>(level) - (14u << 24)));
  }
  static std::int32_t first_gain(std::int32_t stored) { return stored; }
  static bool active(GainRamp g) { return g.from >= kQuietest || g.to >= kQuietest; }

  explicit ModernWave(const WaveTables& tables) : sine(tables.sine.data()) {}

  std::int32_t operator()(std::uint32_t phase, std::int32_t gain) const {
    const std::uint32_t index = (phase >> 14) & 1023;
    const std::int64_t slope = sine[index + 1] - sine[index];
    const auto y = sine[index] + static_cast<std::int32_t>(
                                     (slope * static_cast<std::int64_t>(phase & 0x3fff)) >> 14);
    return static_cast<std::int32_t>((static_cast<std::int64_t>(y) * gain) >> 24);
  }

  const std::int32_t* sine;
};

// Log-domain operator of the OPL family: 1/256-octave attenuation.
struct OplWave {
  static constexpr std::int32_t kQuietest = 507;

  static std::int32_t gain(std::int32_t level) { return 512 - (level >> 19); }
  static std::int32_t first_gain(std::int32_t stored) { return stored == 0 ? 511 : stored; }
  static bool active(GainRamp g) { return g.from <= kQuietest || g.to <= kQuietest; }

  explicit OplWave(const WaveTables& tables)
      : log_sine(tables.opl_log_sine.data()), log_to_linear(tables.opl_log_to_linear.data()) {}

  std::int32_t operator()(std::uint32_t phase, std::int32_t gain) const {
    const std::int32_t e = log_sine[(phase >> 14) & 1023] + 8 * gain;
    // A ramp can run past full level, which wraps to an attenuation of 127 octaves.
    const int octaves = std::min((e & 0x7fff) >> 8, 31);
    const std::int32_t magnitude = (2 * log_to_linear[e & 255]) >> octaves;
    const std::int32_t flip = -((e >> 15) & 1);
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(magnitude ^ flip) << 14);
  }

  const std::int32_t* log_sine;
  const std::int32_t* log_to_linear;
};

// Calls `body` with the engine's wave, so that its kernels are compiled for that wave.
template <typename Body>
auto with_wave(Engine engine, Body body) {
  const WaveTables& tables = wave_tables();
  switch (engine) {
    case Engine::kModern:
      return body(ModernWave(tables));
    case Engine::kOpl:
      return body(OplWave(tables));
    case Engine::kMark1:
      break;
  }
  return body(Mark1Wave(tables));
}

inline void put(std::int32_t& out, std::int32_t value, bool adds) {
  const std::uint32_t held = adds ? static_cast<std::uint32_t>(out) : 0u;
  out = static_cast<std::int32_t>(held + static_cast<std::uint32_t>(value));
}

// An unmodulated operator.
template <bool kAdds, typename Wave>
SYNTHRL_MULTIVERSION void run_sine(Wave wave, OperatorBlock op, std::int32_t* out) {
  const std::int32_t slope = op.gain.slope();
  for (std::int32_t i = 0; i < kBlock; ++i) {
    const std::int32_t gain = op.gain.from + (i + 1) * slope;
    put(out[i], wave(op.phase + static_cast<std::uint32_t>(i) * op.step, gain), kAdds);
  }
}

// An operator whose phase `in` modulates; `in` and `out` may be the same, but not overlap.
template <bool kAdds, typename Wave>
SYNTHRL_MULTIVERSION void run_modulated(Wave wave, OperatorBlock op, const std::int32_t* in,
                                        std::int32_t* out) {
  const std::int32_t slope = op.gain.slope();
  SYNTHRL_INDEPENDENT_ITERATIONS
  for (std::int32_t i = 0; i < kBlock; ++i) {
    const std::int32_t gain = op.gain.from + (i + 1) * slope;
    const std::uint32_t phase = op.phase + static_cast<std::uint32_t>(i) * op.step;
    put(out[i], wave(phase + static_cast<std::uint32_t>(in[i]), gain), kAdds);
  }
}

// The two latest outputs of a feedback operator.
struct FeedbackMemory {
  std::int32_t older = 0;
  std::int32_t newer = 0;

  std::uint32_t phase_offset(int shift) const {
    const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(older) +
                                               static_cast<std::uint32_t>(newer));
    return static_cast<std::uint32_t>(sum >> (shift + 1));
  }
  void push(std::int32_t value) {
    older = newer;
    newer = value;
  }
};

// A block of an operator that modulates itself: alone, or as the head of a stack whose last
// output comes back. Only the head's gain ramps; the others hold theirs over the block.
struct FeedbackTask {
  std::array<OperatorBlock, 3> stack;
  std::size_t num_operators;
  int shift;  // of the feedback, to the right
  FeedbackMemory* memory;
  std::int32_t* out;  // [kBlock], replaced
};

// Runs up to kLanes stacks of kOperators side by side. Each sample of a stack waits for the one
// before, so that a stack alone would leave most of the processor idle.
template <std::size_t kLanes, std::size_t kOperators, typename Wave>
void run_feedback(Wave wave, std::span<const FeedbackTask> tasks) {
  struct Lane {
    std::array<std::uint32_t, kOperators> phase, step;
    std::array<std::int32_t, kOperators> gain;
    std::int32_t slope;
    int shift;
    FeedbackMemory memory;
    std::int32_t* out;
  };
  std::array<Lane, kLanes> lanes;
  std::array<std::int32_t, kBlock> unheard;  // what lanes without a task of their own write
  for (std::size_t l = 0; l < kLanes; ++l) {
    const FeedbackTask& task = tasks[std::min(l, tasks.size() - 1)];
    for (std::size_t k = 0; k < kOperators; ++k) {
      lanes[l].phase[k] = task.stack[k].phase;
      lanes[l].step[k] = task.stack[k].step;
      lanes[l].gain[k] = k == 0 ? task.stack[k].gain.from : task.stack[k].gain.to;
    }
    lanes[l].slope = task.stack[0].gain.slope();
    lanes[l].shift = task.shift;
    lanes[l].memory = *task.memory;
    lanes[l].out = l < tasks.size() ? task.out : unheard.data();
  }
  for (std::size_t i = 0; i < kBlock; ++i) {
    for (Lane& lane : lanes) {
      lane.gain[0] += lane.slope;
      std::uint32_t modulation = lane.memory.phase_offset(lane.shift);
      for (std::size_t k = 0; k < kOperators; ++k) {
        const std::int32_t x = wave(lane.phase[k] + modulation, lane.gain[k]);
        modulation = static_cast<std::uint32_t>(x);
        lane.phase[k] += lane.step[k];
      }
      lane.out[i] = static_cast<std::int32_t>(modulation);
      lane.memory.push(lane.out[i]);
    }
  }
  for (std::size_t l = 0; l < tasks.size(); ++l) *tasks[l].memory = lanes[l].memory;
}

}  // namespace synthrl::dx7
