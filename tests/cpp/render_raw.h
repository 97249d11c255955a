// The raw integers of one voice, as the engine makes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice_bank.h"
#include "render/note.h"

namespace synthrl::test {

// Plays on the first lane; the integers are in steps of 1 for every engine.
inline std::vector<std::int32_t> render_raw(const dx7::Plan& plan, dx7::VoiceBank& bank,
                                            const dx7::Patch& patch, const NoteEvent& note,
                                            std::size_t num_samples) {
  const int step = plan.engine() == dx7::Engine::kMark1 ? 1 << dx7::kMark1Shift : 1;
  std::vector<std::int32_t> raw;
  bank.start(0, patch, note);
  while (raw.size() < num_samples) {
    bank.begin_block(1);
    bank.mix_tile(0);
    for (const std::int32_t x : bank.signal(0)) raw.push_back(x * step);
  }
  raw.resize(num_samples);
  return raw;
}

}  // namespace synthrl::test
