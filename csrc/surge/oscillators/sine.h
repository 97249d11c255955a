// The Sine oscillator: wave shapes cut from a sine, with feedback.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/character_filter.h"
#include "surge/oscillators/cuts.h"
#include "surge/oscillators/drift.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/unison.h"

namespace synthrl::surge {

class SineOscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

 private:
  struct Voice {
    double turns = 0.0;  // phase
    double step = 0.0;   // turns per sample
    float last = 0.0f;   // outputs before level and panorama
    float before_last = 0.0f;
    Drift drift;
  };

  // Values of a block, sample by sample.
  using Track = std::array<float, kOscillatorBlockSamples>;

  void set_steps(const OscillatorControls& controls, bool absolute) noexcept;
  void process_modern(const OscillatorControls& controls, OscillatorSpan left,
                      OscillatorSpan right) noexcept;
  void process_legacy(const OscillatorControls& controls, OscillatorSpan left,
                      OscillatorSpan right) noexcept;
  template <int kShape>
  void render_plain(const Track& shift, OscillatorSpan left, OscillatorSpan right) noexcept;
  template <int kShape, typename S>
  void render_with_feedback(const Track& shift, const Track& feedback, const Track& square,
                            OscillatorSpan left, OscillatorSpan right) noexcept;
  // Adds a voice's signal; all but the first fade in.
  void mix(int voice, const Track& signal, OscillatorSpan left, OscillatorSpan right) noexcept;

  OscillatorModel model_;
  float rate_hz_ = 88200.0f;
  bool legacy_ = false;
  Unison unison_;
  std::array<Voice, kMaxUnison> voices_;
  float faded_in_ = 1.0f;  // of all voices but the first, at the start of the block
  float fade_step_ = 0.0f;
  Lag<float> feedback_;
  Lag<float> fm_index_;
  Rng drift_random_;
  Cuts cuts_;
  CharacterFilter left_character_;
  CharacterFilter right_character_;
};

}  // namespace synthrl::surge
