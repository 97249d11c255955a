#include "dx7/batch.h"

#include <algorithm>

#include "dx7/output.h"

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
  workers_.reserve(pool_.size());
  for (std::size_t i = 0; i < pool_.size(); ++i) workers_.emplace_back(plan_);
}

bool BatchRenderer::render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                           std::size_t num_samples, std::size_t fade_samples, float* out,
                           const ThreadPool::KeepGoing& keep_going) {
  for (Worker& worker : workers_) worker.raw.resize(num_samples);
  const auto render_row = [&](std::size_t row, std::size_t worker_index) {
    Worker& worker = workers_[worker_index];
    const std::span<float> audio(out + row * num_samples, num_samples);
    worker.voice.start(patches[row], notes[row]);
    worker.voice.render(worker.raw);
    if (plan_.stage() == Stage::kEngine) {
      to_engine_scale(worker.raw, audio);
    } else {
      to_plugin_output(plan_, patches[row], worker.raw, audio);
    }
    fade_out(audio, fade_samples);
  };
  return pool_.run(patches.size(), render_row, keep_going);
}

}  // namespace synthrl::dx7
