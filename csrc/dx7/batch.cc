#include "dx7/batch.h"

#include <algorithm>
#include <utility>

namespace synthrl::dx7 {

namespace {

void fade_out(std::span<float> audio, std::size_t fade_samples) {
  const std::size_t length = std::min(fade_samples, audio.size());
  if (length == 0) return;
  const double step = length > 1 ? 1.0 / static_cast<double>(length - 1) : 0.0;
  const std::size_t start = audio.size() - length;
  for (std::size_t i = 0; i < length; ++i) {
    const double gain = length > 1 ? 1.0 - step * static_cast<double>(i) : 0.0;
    audio[start + i] *= static_cast<float>(gain);
  }
}

}  // namespace

BatchRenderer::BatchRenderer(Plan plan, std::size_t num_threads)
    : plan_(std::move(plan)), pool_(num_threads) {
  groups_.reserve(pool_.size());
  for (std::size_t i = 0; i < pool_.size(); ++i) groups_.emplace_back(plan_);
}

bool BatchRenderer::render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                           std::size_t num_samples, std::size_t fade_samples, RowSink& sink,
                           const ThreadPool::KeepGoing& keep_going) {
  // Small batches are spread over all threads rather than filling the lanes of one.
  const std::size_t rows_per_thread = (patches.size() + pool_.size() - 1) / pool_.size();
  const std::size_t group_size = std::clamp<std::size_t>(rows_per_thread, 1, kLanes);
  const std::size_t num_groups = (patches.size() + group_size - 1) / group_size;
  const auto render_group = [&](std::size_t group, std::size_t worker) {
    const std::size_t first = group * group_size;
    const std::size_t count = std::min(group_size, patches.size() - first);
    float* const rows = sink.rows(first, count, worker);
    groups_[worker].render(patches.subspan(first, count), notes.subspan(first, count), num_samples,
                           rows);
    for (std::size_t i = 0; i < count; ++i) {
      const std::span<float> audio(rows + i * num_samples, num_samples);
      fade_out(audio, fade_samples);
      sink.finish(first + i, worker, audio);
    }
  };
  return pool_.run(num_groups, render_group, keep_going);
}

}  // namespace synthrl::dx7
