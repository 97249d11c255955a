// The amplitude and the filter envelope, advanced once per control block.
#pragma once

#include <cstdint>

#include "surge/modulators/tables.h"

namespace synthrl::surge {

// What stays the same while a note sounds.
struct EnvelopeModel {
  bool attack_synced = false;  // times follow the tempo
  bool decay_synced = false;
  bool release_synced = false;
  bool gated_release = false;  // hold the level for the time of the release, then drop
};

// Values of one block, from the voice's own copy of the parameters, with modulation. A cold start
// passes zeros, the shapes and the mode included: `EnvelopeControls{.attack = 0, .decay = 0, ...}`.
struct EnvelopeControls {
  float attack = -8.0f;   // log2 seconds
  float decay = -2.0f;    // log2 seconds
  float sustain = 1.0f;   // level
  float release = -5.0f;  // log2 seconds
  int attack_shape = 1;   // 0, 1, 2; others are limited
  int decay_shape = 1;
  int release_shape = 2;
  bool analog = false;
};

class Envelope {
 public:
  // Clears all state: idle at 0. `tables` must outlive the note. `tempo_bpm` is positive.
  void start(const ModulatorTables& tables, const EnvelopeModel& model, float tempo_bpm) noexcept;

  // Key down.
  void attack(const EnvelopeControls& controls) noexcept;

  // Another attack, asked for by an LFO: from the present level or from 0. Nothing after `release`.
  void retrigger(const EnvelopeControls& controls, bool from_level) noexcept;

  // Key up.
  void release() noexcept;

  // The voice is taken away: a fast release in digital mode, at once in analog mode.
  void steal(bool analog) noexcept;

  // Advances one block and returns the level, 0 to 1; up to about 1.5 in analog mode.
  float tick(const EnvelopeControls& controls) noexcept;

  float level() const { return level_; }

  // Whether the note is over. In digital mode true from the block after the first silent one.
  bool idle() const { return idle_; }

  bool released() const { return !gate_; }

 private:
  enum class Stage : std::uint8_t { kAttack, kDecay, kRelease, kFastRelease, kSilent };

  void attack_from(const EnvelopeControls& controls, float level) noexcept;
  void tick_digital(const EnvelopeControls& controls) noexcept;
  void tick_analog(const EnvelopeControls& controls) noexcept;
  float digital_rate(float time, bool synced) const noexcept;
  float analog_coefficient(float time, bool synced) const noexcept;

  const ModulatorTables* tables_ = nullptr;
  EnvelopeModel model_{};
  float tempo_ratio_ = 1.0f;    // to 120 beats per minute
  float analog_offset_ = 0.0f;  // log2 of the coefficient of 1 s
  Stage stage_ = Stage::kSilent;
  bool gate_ = false;
  bool idle_ = true;
  float level_ = 0.0f;
  float phase_ = 0.0f;          // digital: position in the stage, before its shape
  float release_level_ = 0.0f;  // digital: level at key up
  float charge_ = 0.0f;         // analog: of the capacitor
  float last_charge_ = 0.0f;    // analog: one block earlier
  bool discharging_ = false;    // analog: past the peak
};

}  // namespace synthrl::surge
