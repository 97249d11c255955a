// One note of a DX7 voice: six operators, their envelopes, the LFO.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "dx7/envelope.h"
#include "dx7/kernels.h"
#include "dx7/lfo.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "render/note.h"

namespace synthrl::dx7 {

// Mutable state of one note, reused between notes. A block is rendered in three steps, so that
// the feedback operators of several voices can run side by side:
//
//   while (voice.begin_block()) {
//     if (auto task = voice.feedback_task()) run_feedback_tasks(engine, {&*task, 1});
//     voice.finish_block(out);
//   }
class Voice {
 public:
  using Block = std::span<std::int32_t, kBlock>;

  explicit Voice(const Plan& plan) : plan_(&plan) {}

  // Clears all state; a render depends on the arguments alone.
  void start(const Patch& patch, const NoteEvent& note) noexcept;

  // Advances the key, the envelopes and the LFO. False if nothing but zeros can follow.
  bool begin_block() noexcept;

  // What the operator that feeds back has to do in this block, unless it is silent. Points into
  // this voice, which must stay where it is until the task is done.
  std::optional<FeedbackTask> feedback_task() noexcept;

  // Fills `out` with the raw sum of the carriers; one carrier reaches 2^26.
  void finish_block(Block out) noexcept;

 private:
  using Bus = std::array<std::int32_t, kBlock>;

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
  std::size_t num_looped() const noexcept;

  template <typename Wave>
  bool finished() const noexcept;
  template <typename Wave>
  void mix_operators(const Wave& wave, std::int32_t* out) noexcept;

  const Plan* plan_;
  std::array<Operator, kNumSlots> operators_;
  PitchEnvelope pitch_envelope_;
  Lfo lfo_;
  std::int64_t samples_to_release_ = 0;
  std::int32_t pitch_mod_depth_ = 0;
  std::int32_t pitch_mod_sensitivity_ = 0;
  std::int32_t amp_mod_depth_ = 0;
  std::int32_t tune_ = 0;  // Q24 octaves
  std::size_t algorithm_ = 0;
  std::size_t feedback_slot_ = 0;
  int feedback_ = 0;  // 0 is off
  bool key_down_ = false;
  FeedbackMemory memory_;

  // Of the block under way.
  std::array<OperatorBlock, kNumSlots> blocks_;
  std::array<bool, kNumSlots> active_;
  bool feeds_back_ = false;  // whether there was a feedback task
  Bus feedback_out_;
  std::array<Bus, 2> scratch_;  // buses 1 and 2
};

// Does the feedback tasks of one block, of any number of voices.
void run_feedback_tasks(Engine engine, std::span<const FeedbackTask> tasks) noexcept;

}  // namespace synthrl::dx7
