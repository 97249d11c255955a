// What all voices of one renderer share: engine, output stage, rate-dependent constants.
#pragma once

#include <array>
#include <cstdint>

#include "dx7/instruction_set.h"
#include "render/note.h"

namespace synthrl::dx7 {

inline constexpr int kBlock = 64;  // samples between control-rate steps

enum class Engine { kMark1, kModern, kOpl };

// kEngine is the raw sum of carriers at dexed-py's scale and tuning; kPlugin is what a host hears
// from Dexed: its scale, clip, DC blocker and post filter.
enum class Stage { kEngine, kPlugin };

// Read-only after construction; share freely between threads.
class Plan {
 public:
  // Throws std::invalid_argument if the sample rate is below 8 000 or above 384 000 Hz, or if this
  // processor lacks the instruction set.
  Plan(RenderFormat format, Engine engine, Stage stage,
       InstructionSet instruction_set = best_instruction_set());

  double sample_rate() const { return sample_rate_; }
  Engine engine() const { return engine_; }
  Stage stage() const { return stage_; }
  InstructionSet instruction_set() const { return instruction_set_; }

  // Log frequency (octaves re 1 Hz, Q24) → phase units per sample, 2^24 per cycle.
  std::int32_t phase_step(std::int32_t log_hz) const;

  // One octave of phase steps.
  const std::array<std::int32_t, 1025>& frequency() const { return frequency_; }

  std::int32_t log_hz_of_key_zero;   // Q24, operator ratio 1
  std::int32_t envelope_multiplier;  // Q24, 1 at 44 100 Hz
  std::int32_t lfo_delay_unit;
  std::int32_t lfo_ratio;  // LFO phase units per block and Hz
  std::int32_t pitch_envelope_unit;

 private:
  double sample_rate_;
  Engine engine_;
  Stage stage_;
  InstructionSet instruction_set_;
  std::array<std::int32_t, 1025> frequency_;
};

}  // namespace synthrl::dx7
