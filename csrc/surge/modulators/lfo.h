// The LFOs of voices and scenes: ten waves under a six-stage envelope, advanced once per block.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "surge/dsp/rng.h"
#include "surge/modulators/formula.h"
#include "surge/modulators/mseg.h"
#include "surge/modulators/step_sequence.h"
#include "surge/modulators/tables.h"
#include "surge/patch.h"

namespace synthrl::surge {

// Numbered as in patches.
enum class LfoTrigger : std::uint8_t { kFreerun = 0, kKeytrigger = 1, kRandom = 2 };

// What stays the same while a note sounds.
struct LfoModel {
  LfoShape shape = LfoShape::kSine;
  LfoTrigger trigger = LfoTrigger::kKeytrigger;
  bool unipolar = false;
  int deform_type = 0;
  bool scale_all_outputs = false;  // by the magnitude; otherwise only output 0 (`extraAmplitude`)
  bool rate_synced = false;        // to the tempo; likewise the times
  bool delay_synced = false;
  bool attack_synced = false;
  bool hold_synced = false;
  bool decay_synced = false;
  bool release_synced = false;
  bool rate_deactivated = false;   // the phase stands still
  bool envelope_bypassed = false;  // the deactivated flag of `delay`
  bool phase_extended = false;     // the shuffle of a step sequence is -1 to 1
  float stored_release = 5.0f;     // log2 seconds, without modulation; 5 is forever
  StepSequence steps{};
  const MsegCurve* mseg = nullptr;  // null: no segments. It and the next two outlive the note
  Formula* formula = nullptr;       // null: not rendered, the output is 0
  const FormulaSurroundings* surroundings = nullptr;  // required by `formula`
};

// Values of one block, from the voice's or scene's own copy of the parameters, with modulation.
struct LfoControls {
  float rate = 0.0f;   // log2 Hz
  float phase = 0.0f;  // at the start, in cycles; shuffle of a step sequence
  float magnitude = 1.0f;
  float deform = 0.0f;
  float delay = -8.0f;  // log2 seconds
  float attack = -8.0f;
  float hold = -8.0f;
  float decay = 0.0f;
  float sustain = 1.0f;  // level
  float release = 5.0f;  // log2 seconds
};

class Lfo {
 public:
  // Clears all state: output 0, or the wave at phase 0 if the envelope is bypassed. `tables` must
  // outlive the note, `tempo_bpm` is positive, `seed` is this LFO's own.
  void start(const ModulatorTables& tables, const LfoModel& model, float tempo_bpm,
             std::uint64_t seed) noexcept;

  // Key down, `song_beats` after the start of the song. Outputs stay until the next tick.
  void attack(const LfoControls& controls, double song_beats = 0.0) noexcept;

  // Key up.
  void release() noexcept;

  // Advances one block.
  void tick(const LfoControls& controls) noexcept;

  // Output 0 is the LFO, 1 the wave without envelope, 2 the envelope; formulas have up to eight.
  // Others are 0. As an index of a patch, any number.
  float output(int index) const noexcept {
    return index >= 0 && index < kMaxLfoOutputs ? outputs_[static_cast<std::size_t>(index)] : 0.0f;
  }

  // Envelopes that the last tick asks to be started again.
  EnvelopeTriggers triggers() const { return triggers_; }

 private:
  enum class Stage : std::uint8_t { kDelay, kAttack, kHold, kDecay, kRelease, kStuck };

  float increment(float rate) const noexcept;
  void begin_at(float phase) noexcept;
  void shift_phase(float amount) noexcept;
  void start_wave(const LfoControls& controls, int step) noexcept;
  bool advance_phase(const LfoControls& controls) noexcept;  // whether a new cycle begins
  void begin_cycle(const LfoControls& controls) noexcept;
  void flip_shuffle(const LfoControls& controls) noexcept;

  float stage_rate(const LfoControls& controls) const noexcept;
  void advance_envelope(const LfoControls& controls) noexcept;

  float wave(const LfoControls& controls) noexcept;
  float envelope_wave(float deform) noexcept;
  float step_sequencer_wave(float deform) noexcept;
  float correlated_noise(float correlation) noexcept;

  FormulaInput formula_input(const LfoControls& controls) const noexcept;
  void tick_formula(const LfoControls& controls, float envelope, float magnitude) noexcept;

  const ModulatorTables* tables_ = nullptr;
  LfoModel model_{};
  float tempo_ratio_ = 1.0f;  // to 120 beats per minute
  Rng rng_{};
  std::array<float, kMaxLfoOutputs> outputs_{};
  EnvelopeTriggers triggers_{};

  // Singles on purpose: where steps begin depends on how their sum rounds.
  float phase_ = 0.0f;
  std::int64_t cycle_ = 0;
  float step_rate_ = 1.0f;  // of a shuffled step, relative to an even one
  bool shuffle_toggle_ = false;
  bool attacked_ = false;

  Stage stage_ = Stage::kStuck;
  float stage_phase_ = 0.0f;
  float envelope_ = 0.0f;
  float release_level_ = 0.0f;
  bool released_ = false;

  std::array<float, 2> noise_state_{};
  StepHistory history_{};  // of noise and sample & hold
  StepSequencer sequencer_{};
  MsegPlayer mseg_player_{};
  bool formula_runs_ = false;
};

}  // namespace synthrl::surge
