// One note of a DX7 voice: six operators, their envelopes, the LFO.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dx7/envelope.h"
#include "dx7/kernels.h"
#include "dx7/lfo.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "render/note.h"

namespace synthrl::dx7 {

// Mutable state of one note, reused between notes.
class Voice {
 public:
  explicit Voice(const Plan& plan) : plan_(&plan) {}

  // Clears all state; a render depends on the arguments alone.
  void start(const Patch& patch, const NoteEvent& note) noexcept;

  // Fills `out` with the raw sum of the carriers; one carrier reaches 2^26. To be called once per
  // note, with its whole length. No allocation, lock or I/O.
  void render(std::span<std::int32_t> out) noexcept;

 private:
  using Bus = std::array<std::int32_t, kBlock>;
  using Blocks = std::array<OperatorBlock, kNumSlots>;

  struct Operator {
    OperatorEnvelope envelope;
    std::int32_t log_hz = 0;  // Q24
    std::int32_t amp_mod_sensitivity = 0;
    std::int32_t stored_gain = 0;
    std::uint32_t phase = 0;
    std::uint32_t step = 0;
    bool fixed_frequency = false;
    bool on = true;
  };

  void start_operator(std::size_t slot, const Patch& patch, const NoteEvent& note,
                      int key) noexcept;
  std::array<std::int32_t, kNumSlots> control_step() noexcept;
  std::int32_t pitch_modulation() noexcept;
  std::int32_t amp_modulation() const noexcept;
  void release() noexcept;

  template <typename Wave>
  void render_blocks(const Wave& wave, std::span<std::int32_t> out) noexcept;
  template <typename Wave>
  void render_block(const Wave& wave, std::int32_t* out) noexcept;
  template <typename Wave>
  std::size_t render_loop(const Wave& wave, const Blocks& blocks, std::int32_t* out) noexcept;
  template <typename Wave>
  bool finished() const noexcept;

  const Plan* plan_;
  std::array<Operator, kNumSlots> operators_;
  PitchEnvelope pitch_envelope_;
  Lfo lfo_;
  std::int64_t gate_samples_ = 0;
  std::int32_t pitch_mod_depth_ = 0;
  std::int32_t pitch_mod_sensitivity_ = 0;
  std::int32_t amp_mod_depth_ = 0;
  std::int32_t tune_ = 0;  // Q24 octaves
  std::size_t algorithm_ = 0;
  int feedback_ = 0;  // 0 is off
  FeedbackMemory memory_;
  std::array<Bus, 2> scratch_;  // buses 1 and 2
};

}  // namespace synthrl::dx7
