// What the engines of the Twist oscillator have in common.
#pragma once

#include <cmath>
#include <cstddef>

#include "surge/dsp/rng.h"

namespace synthrl::surge::twist {

inline constexpr float kSampleRate = 48000.0f;  // of every engine
// Notes are tuned for this rate, so that all engines sound 4.6 cents sharp.
inline constexpr float kTuningRate = 47872.34f;

// Frames an engine is asked for at once.
inline constexpr int kMaxFrames = 4;

// Values of one call. Each engine says what the three macros mean to it.
struct EngineControls {
  float note = 60.0f;      // semitones, MIDI note number
  float frequency = 0.0f;  // of the note, in cycles per sample
  float harmonics = 0.5f;  // 0 to 1
  float timbre = 0.5f;     // 0 to 1
  float morph = 0.5f;      // 0 to 1
  bool sustained = true;   // no envelope: sounds for as long as it is asked to
  bool triggered = false;  // a note begins; never if `sustained`
};

// How hard a note strikes.
inline constexpr float kAccent = 0.8f;

// Cycles per sample, at most a sensible multiple of the sample rate.
inline float note_to_cycles(float note) noexcept {
  const float octaves = (note - 9.0f) * (1.0f / 12.0f);
  const float limited =
      octaves > -128.0f / 12.0f ? std::fmin(octaves, 127.0f / 12.0f) : -128.0f / 12.0f;
  return 13.75f / kTuningRate * std::exp2(limited);
}

inline float semitones_to_ratio(float semitones) noexcept {
  return std::exp2(semitones * (1.0f / 12.0f));
}

// An engine is a class with the following members, which never allocate:
//   void start(Rng random) noexcept;
//     Clears all state.
//   void render(const EngineControls&, float* out, float* aux, int num_frames) noexcept;
//     Overwrites up to kMaxFrames samples of the main and of the alternative signal.

}  // namespace synthrl::surge::twist
