// What is asked of an engine: a note, and the format of the sound.
#pragma once

#include <cstdint>

namespace synthrl {

struct NoteEvent {
  int key = 60;                   // MIDI note number
  int velocity = 85;              // MIDI velocity
  std::int64_t gate_samples = 0;  // key-down time; the release follows
  std::uint32_t lfo_phase = 0;    // where a free-running LFO stands at the start, 2^32 per cycle
  std::uint8_t sample_hold = 0;   // state of the LFO's sample-and-hold generator
};

struct RenderFormat {
  double sample_rate = 22050.0;  // Hz
};

}  // namespace synthrl
