// A DX7 renderer as Python and XLA know it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "dx7/batch.h"
#include "dx7/plan.h"
#include "python/audio_memory.h"
#include "score/batch_scorer.h"

namespace synthrl::python {

// What renders, the memory it renders into, and what compares the sounds.
struct Renderer {
  Renderer(dx7::Plan plan, std::size_t num_threads)
      : batch(std::move(plan), num_threads), scorer(batch.num_threads(), batch.kMaxRows) {}

  dx7::BatchRenderer batch;
  score::BatchScorer scorer;
  AudioMemory memory;
};

// Compiled programs hold numbers, not objects: the number under which `shared_renderer` finds a
// renderer for as long as it lives.
std::int64_t share_renderer(const std::shared_ptr<Renderer>& renderer);

// Null if there is no such renderer any more.
std::shared_ptr<Renderer> shared_renderer(std::int64_t number);

}  // namespace synthrl::python
