// Many notes at once, shared out over threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/thread_pool.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice_group.h"
#include "render/note.h"
#include "render/row_sink.h"

namespace synthrl::dx7 {

class BatchRenderer {
 public:
  BatchRenderer(Plan plan, std::size_t num_threads);

  const Plan& plan() const { return plan_; }
  std::size_t num_threads() const { return pool_.size(); }

  // Most rows that a worker asks a sink for at once.
  static constexpr std::size_t kMaxRows = kLanes;

  // Renders patch i with note i as row i of `sink`. The last `fade_samples` are faded out by a
  // straight line from 1 to 0, both ends included. Every row depends on its own arguments alone.
  // Returns false if `keep_going` ended the batch early.
  bool render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
              std::size_t num_samples, std::size_t fade_samples, RowSink& sink,
              const ThreadPool::KeepGoing& keep_going);

  // Hash i is that of what patch i plays with note i, see `VoiceGroup::fingerprint`.
  bool fingerprint(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                   std::size_t num_samples, std::span<std::uint64_t> hashes,
                   const ThreadPool::KeepGoing& keep_going);

 private:
  // Calls `body(first, count, worker)` for groups of rows that a worker handles side by side.
  template <typename Body>
  bool for_each_group(std::size_t num_rows, const Body& body,
                      const ThreadPool::KeepGoing& keep_going);

  Plan plan_;
  std::vector<VoiceGroup> groups_;  // one per worker
  ThreadPool pool_;
};

}  // namespace synthrl::dx7
