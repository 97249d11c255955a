// The loops that take the time, compiled for several instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dx7/instruction_set.h"
#include "dx7/lanes.h"
#include "dx7/plan.h"

namespace synthrl::dx7 {

// A block of a signal. Mark I's signals are counted in steps of 2^13, of which all its values are
// multiples; the other engines' in steps of 1.
using Signal = std::int32_t[kBlock];

// One operator's work in a block: what modulates it and what it is added to, either of which may be
// nothing (null), and where the sum goes. `out` may be one of the two.
struct OperatorStep {
  std::size_t op;  // slot · kLanes + lane
  const std::int32_t* modulator;
  const std::int32_t* sum;
  std::int32_t* out;
};

// A tile's way from its raw signals to what is heard.
struct OutputTile {
  const std::int32_t* raw[kTile];
  float* out[kTile];  // kBlock samples each
  alignas(64) float dc_input[kTile];
  alignas(64) float dc_output[kTile];
  alignas(64) float gain[kTile];
};

// Plain pointers to what tables.h and plan.h describe.
struct KernelTables {
  const std::int32_t* sine;
  const std::int32_t* exponential;
  const std::uint16_t* log_sine;
  const std::int32_t* log_to_linear;
  const float* mantissa_coarse;
  const float* mantissa_fine;
  const std::int32_t* opl_log_sine;
  const std::int32_t* opl_log_to_linear;
  const std::int32_t* frequency;
};

// Functions for one engine. `num_lanes` is a multiple of kTile.
struct Kernels {
  // Advances envelopes and LFOs by a block. Returns whether an envelope event has to be dealt with.
  bool (*advance_controls)(Lanes& lanes, std::size_t num_lanes, const KernelTables& tables);

  // Sets up the operators' phases and gains for the block, once all levels are known.
  void (*set_operators)(Lanes& lanes, std::size_t num_lanes, const KernelTables& tables);

  // Runs stacks of `depth` operators that feed back, the head of stack i being operator heads[i].
  // The stack's last output goes to out[lane]. Only the head's gain ramps.
  void (*run_feedback)(Lanes& lanes, const KernelTables& tables, std::size_t depth,
                       const std::int32_t* heads, std::size_t num_stacks, Signal* out);

  // Runs steps in their order; fastest if those of a kind stand together.
  void (*run_operators)(const Lanes& lanes, const KernelTables& tables, const OperatorStep* steps,
                        std::size_t num_steps);

  // dexed-py's scale.
  void (*convert)(OutputTile& tile);

  // Dexed's scale, clip, DC blocker and gain.
  void (*clip_and_block_dc)(OutputTile& tile, float dc_pole);
};

// `instruction_set` must be supported.
const Kernels& kernels_for(InstructionSet instruction_set, Engine engine);

// Of one instruction set; the latter two exist on x86-64 alone.
const Kernels& portable_kernels(Engine engine);
const Kernels& avx2_kernels(Engine engine);
const Kernels& avx512_kernels(Engine engine);

// A Mark I signal's step.
inline constexpr int kMark1Shift = 13;

}  // namespace synthrl::dx7
