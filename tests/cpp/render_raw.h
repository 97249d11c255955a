// The raw integers of one voice, as the engine makes them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice.h"
#include "render/note.h"

namespace synthrl::test {

inline std::vector<std::int32_t> render_raw(const dx7::Plan& plan, dx7::Voice& voice,
                                            const dx7::Patch& patch, const NoteEvent& note,
                                            std::size_t num_samples) {
  std::vector<std::int32_t> raw;
  voice.start(patch, note);
  while (raw.size() < num_samples && voice.begin_block()) {
    if (const auto task = voice.feedback_task()) {
      dx7::run_feedback_tasks(plan.engine(), std::span(&*task, 1));
    }
    std::array<std::int32_t, dx7::kBlock> block;
    voice.finish_block(block);
    raw.insert(raw.end(), block.begin(), block.end());
  }
  raw.resize(num_samples);
  return raw;
}

}  // namespace synthrl::test
