#include "dx7/voice_group.h"

#include <algorithm>
#include <optional>

#include "core/denormals.h"

namespace synthrl::dx7 {

VoiceGroup::VoiceGroup(const Plan& plan)
    : plan_(&plan), voices_(kLanes, Voice(plan)), output_(plan) {}

void VoiceGroup::render(std::span<const Patch> patches, std::span<const NoteEvent> notes,
                        std::size_t num_samples, float* out) noexcept {
  const ScopedFlushDenormals flush;
  raw_ = {};
  for (std::size_t i = 0; i < patches.size(); ++i) {
    voices_[i].start(patches[i], notes[i]);
    output_.start(i, patches[i]);
  }
  for (std::size_t start = 0; start < num_samples; start += kBlock) {
    render_block(patches.size());
    const std::size_t length = std::min<std::size_t>(kBlock, num_samples - start);
    for (std::size_t i = 0; i < patches.size(); ++i) {
      std::copy_n(audio_[i].begin(), length, out + i * num_samples + start);
    }
  }
}

void VoiceGroup::render_block(std::size_t num_voices) noexcept {
  std::array<FeedbackTask, kLanes> tasks;
  std::size_t num_tasks = 0;
  std::array<bool, kLanes> sounding{};
  for (std::size_t i = 0; i < num_voices; ++i) {
    sounding[i] = voices_[i].begin_block();
    if (!sounding[i]) continue;
    if (const auto task = voices_[i].feedback_task()) tasks[num_tasks++] = *task;
  }
  run_feedback_tasks(plan_->engine(), std::span(tasks).first(num_tasks));
  for (std::size_t i = 0; i < num_voices; ++i) {
    if (sounding[i]) {
      voices_[i].finish_block(raw_[i]);
    } else {
      raw_[i].fill(0);
    }
  }
  output_.process(raw_, audio_);
}

}  // namespace synthrl::dx7
