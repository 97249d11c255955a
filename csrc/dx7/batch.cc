#include "dx7/batch.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "render/fade_out.h"

namespace synthrl::dx7 {

namespace {

// Rows in an order that brings together those whose feedback takes the same loop, which groups of
// voices run together.
std::vector<std::size_t> rows_by_loop(std::span<const Patch> patches, Engine engine) {
  std::vector<std::size_t> rows(patches.size());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
    return feedback_depth(patches[a], engine) < feedback_depth(patches[b], engine);
  });
  return rows;
}

// As few groups as hold all rows, but no thread is left without one, and all threads have as many.
std::size_t rows_per_group(std::size_t num_rows, std::size_t num_threads) {
  const std::size_t rows_per_thread = (num_rows + num_threads - 1) / num_threads;
  const std::size_t groups_per_thread =
      std::max<std::size_t>(1, (rows_per_thread + kLanes - 1) / kLanes);
  return std::max<std::size_t>(1, (rows_per_thread + groups_per_thread - 1) / groups_per_thread);
}

}  // namespace

BatchRenderer::BatchRenderer(Plan plan, std::size_t num_threads)
    : plan_(std::move(plan)), pool_(num_threads) {
  groups_.reserve(pool_.size());
  for (std::size_t i = 0; i < pool_.size(); ++i) groups_.emplace_back(plan_);
}

template <typename Body>
bool BatchRenderer::for_each_group(std::size_t num_rows, const Body& body,
                                   const ThreadPool::KeepGoing& keep_going) {
  const std::size_t group_size = rows_per_group(num_rows, pool_.size());
  const std::size_t num_groups = (num_rows + group_size - 1) / group_size;
  const auto run_group = [&](std::size_t group, std::size_t worker) {
    const std::size_t first = group * group_size;
    body(first, std::min(group_size, num_rows - first), worker);
  };
  return pool_.run(num_groups, run_group, keep_going);
}

bool BatchRenderer::render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                           std::size_t num_samples, std::size_t fade_samples, RowSink& sink,
                           const ThreadPool::KeepGoing& keep_going) {
  const std::vector<std::size_t> order = rows_by_loop(patches, plan_.engine());
  const auto render_group = [&](std::size_t first, std::size_t count, std::size_t worker) {
    std::array<Patch, kLanes> group_patches;
    std::array<NoteEvent, kLanes> group_notes;
    std::array<float*, kLanes> rows;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t row = order[first + i];
      group_patches[i] = patches[row];
      group_notes[i] = notes[row];
      rows[i] = sink.room(row, i, worker);
    }
    groups_[worker].render(std::span<const Patch>(group_patches).first(count),
                           std::span<const NoteEvent>(group_notes).first(count), num_samples,
                           std::span<float* const>(rows).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> audio(rows[i], num_samples);
      fade_out(audio, fade_samples);
      sink.finish(order[first + i], worker, audio);
    }
  };
  return for_each_group(patches.size(), render_group, keep_going);
}

bool BatchRenderer::fingerprint(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                                std::size_t num_samples, std::span<std::uint64_t> hashes,
                                const ThreadPool::KeepGoing& keep_going) {
  const auto hash_group = [&](std::size_t first, std::size_t count, std::size_t worker) {
    groups_[worker].fingerprint(patches.subspan(first, count), notes.subspan(first, count),
                                num_samples, hashes.subspan(first, count));
  };
  return for_each_group(patches.size(), hash_group, keep_going);
}

}  // namespace synthrl::dx7
