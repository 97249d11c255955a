// Up to kLanes notes of DX7 voices, played side by side: their operators, envelopes and LFOs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dx7/envelope.h"
#include "dx7/kernels.h"
#include "dx7/lanes.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "render/note.h"

namespace synthrl::dx7 {

// Operators in the loop of a voice's feedback; 0 is no feedback.
std::size_t feedback_depth(const Patch& patch, Engine engine);

// Mutable state of the notes, reused between them. Lanes do not hear each other, and how many
// there are changes no sample. A block is
//
//   bank.begin_block(num_voices);
//   for (std::size_t tile = 0; tile * kTile < num_voices; ++tile) {
//     bank.mix_tile(tile);
//     … signal(lane) of the tile's lanes …
//   }
//
// or, where the sound itself is not wanted,
//
//   bank.advance(num_voices);
//   … fingerprint(lane, …) …
class VoiceBank {
 public:
  explicit VoiceBank(const Plan& plan);
  VoiceBank(const VoiceBank&) = delete;  // its parts point to each other
  VoiceBank& operator=(const VoiceBank&) = delete;

  // Clears all of the lane's state; what follows depends on the arguments alone.
  void start(std::size_t lane, const Patch& patch, const NoteEvent& note) noexcept;

  // Advances the keys, envelopes and LFOs of the first `num_voices` lanes, and runs the operators
  // that feed back.
  void begin_block(std::size_t num_voices) noexcept;

  // Only advances the keys, envelopes and LFOs.
  void advance(std::size_t num_voices) noexcept;

  // Adds to a hash all that the lane's signal depends on in the block under way. Lanes whose hashes
  // have been equal from the start on have had the same signal.
  std::uint64_t fingerprint(std::size_t lane, std::uint64_t hash) const noexcept;

  // Runs the tile's other operators.
  void mix_tile(std::size_t tile) noexcept;

  // The sum of the carriers, until the next tile is mixed; one carrier reaches 2^26. See Signal for
  // its unit.
  const Signal& signal(std::size_t lane) const { return *signals_[lane]; }

  // Whether the signal is zeros from this block on.
  bool finished(std::size_t lane) const { return voices_[lane].finished; }

 private:
  // What amplitude modulation takes off one operator.
  struct AmpModulation {
    std::size_t op;
    std::int32_t sensitivity;
    std::uint64_t amount;
    std::uint64_t factor;  // of `amount`
  };

  struct Voice {
    std::array<OperatorEnvelope, kNumSlots> envelopes;
    PitchEnvelope pitch_envelope;
    std::array<AmpModulation, kNumSlots> amp_modulations;
    std::size_t num_amp_modulations = 0;
    std::int64_t samples_to_release = 0;
    std::array<OperatorStep, kNumSlots> steps;  // that lead to the output, in order
    std::size_t num_steps = 0;
    std::size_t algorithm = 0;
    std::size_t feedback_slot = 0;
    std::size_t feedback_depth = 0;
    std::uint64_t route = 0;        // a hash of how the steps lead to the output
    std::int32_t mixed_slots = -1;  // the active ones that the steps are for
    bool key_down = false;
    bool finished = true;
  };

  // The steps of all its voices.
  struct Tile {
    std::array<OperatorStep, kNumSlots * kTile> steps;
    std::size_t num_steps = 0;
    bool outdated = true;
  };

  void start_operator(std::size_t slot, std::size_t lane, const Patch& patch, const NoteEvent& note,
                      int key) noexcept;
  void release(std::size_t lane) noexcept;
  void finish(std::size_t lane) noexcept;
  void end_stages(std::size_t num_voices) noexcept;
  void modulate_amplitude(std::size_t lane) noexcept;
  void run_feedback(std::size_t num_voices) noexcept;
  bool feeds_back(const Voice& voice, std::size_t lane) const noexcept;
  void plan_steps(std::size_t lane) noexcept;
  void plan_tile(std::size_t tile) noexcept;

  const Plan* plan_;
  const Kernels* kernels_;
  KernelTables tables_;
  Lanes lanes_{};
  std::array<Voice, kLanes> voices_;
  std::array<Tile, kLanes / kTile> tiles_;
  std::array<const Signal*, kLanes> signals_;
  alignas(64) Signal silence_{};
  alignas(64) Signal feedback_out_[kLanes];
  alignas(64) Signal buses_[kTile][3];
};

}  // namespace synthrl::dx7
