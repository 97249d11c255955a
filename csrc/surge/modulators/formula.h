// The door for LFOs whose wave is a program of the patch.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace synthrl::surge {

inline constexpr int kMaxLfoOutputs = 8;

// What a program can know of its surroundings and does not learn from its LFO. The voice owns it
// and keeps it up to date; a program reads it once per block.
struct FormulaSurroundings {
  double sample_rate = 44100.0;  // Hz
  float tempo_bpm = 120.0f;
  double song_beats = 0.0;
  std::array<float, 8> macros{};
  float pitch_bend = 0.0f;
  int bend_range_up = 2;  // semitones
  int bend_range_down = 2;
  int lowest_key = 60;
  int highest_key = 60;
  int latest_key = 60;
  int poly_limit = 16;
  int scene_mode = 0;
  int play_mode = 0;
  int split_key = 60;
  int num_voices = 1;
  bool voice = true;  // false for LFOs of the scene: what follows is then meaningless
  int key = 60;
  int velocity = 0;          // 0 to 127
  int release_velocity = 0;  // 0 to 127
};

// What the LFO tells its program, per block.
struct FormulaInput {
  float phase = 0.0f;
  std::int64_t cycle = 0;
  float delay = 0.0f;  // this and the following five 0 to 1 over the range of the parameter
  float attack = 0.0f;
  float hold = 0.0f;
  float decay = 0.0f;
  float release = 0.0f;
  float sustain = 0.0f;
  float rate = 0.0f;  // log2 Hz
  float amplitude = 0.0f;
  float start_phase = 0.0f;
  float deform = 0.0f;
  bool released = false;
};

struct FormulaOutput {
  std::array<float, kMaxLfoOutputs> values{};  // finite
  int num_values = 0;
  bool use_envelope = true;
  bool use_amplitude = true;
  bool retrigger_amplitude = false;
  bool retrigger_filter = false;
};

// A program of one LFO in one note. Programs come from patches, so they are not to be trusted:
// whoever implements this bounds their time and memory and shows them nothing outside.
class Formula {
 public:
  virtual ~Formula() = default;

  // At the start of a note. False: it failed and its LFO stays at 0.
  virtual bool start(const FormulaInput& input,
                     const FormulaSurroundings& surroundings) noexcept = 0;

  // Once per block. False: it failed and its LFO stays at 0 from now on.
  virtual bool process(const FormulaInput& input, const FormulaSurroundings& surroundings,
                       FormulaOutput& output) noexcept = 0;
};

// Makes programs from their source. Shared by all threads.
class FormulaFactory {
 public:
  virtual ~FormulaFactory() = default;

  // Always a program: one with errors fails when it starts. `lfo_number` is 1 to 24.
  virtual std::unique_ptr<Formula> make(std::string_view source, int lfo_number) const = 0;
};

}  // namespace synthrl::surge
