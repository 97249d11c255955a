#include "surge/modulators/step_sequence.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace synthrl::surge {

namespace {

constexpr float kNarrow = 1e-5f;    // keeps the slopes of hard edges finite
constexpr float kHardEdge = 1e-4f;  // deform from -kHardEdge on is a plain step
constexpr float kScrubStart = 1e-3f;
constexpr int kStepMask = kNumSteps - 1;

float step_at(const StepSequence& sequence, int step) {
  return sequence.steps[static_cast<std::size_t>(step & kStepMask)];
}

float mix(float from, float to, float amount) { return (1.0f - amount) * from + amount * to; }

float unit(float x) { return std::clamp(x, 0.0f, 1.0f); }

EnvelopeTriggers triggers_at(const StepSequence& sequence, int step) {
  const std::uint64_t bits = sequence.trigger_mask >> (step & kStepMask);
  const bool both = (bits & 1u) != 0;
  return {.amplitude = both || ((bits >> (2 * kNumSteps)) & 1u) != 0,
          .filter = both || ((bits >> kNumSteps) & 1u) != 0};
}

// Gates of a part of the step: for deform below 0, the same for both kinds.
float gate_value(const StepHistory& h, float position, float deform) {
  if (deform > -0.5f) {
    return unit((1.0f - position) / (-2.0f * deform + kNarrow)) * h.now;
  }
  return (1.0f - unit(position / (2.0f + 2.0f * deform + kNarrow))) * h.now;
}

}  // namespace

float cubic(float y0, float y1, float y2, float y3, float position) noexcept {
  const float a0 = y3 - y2 - y0 + y1;
  const float a1 = y0 - y1 - a0;
  const float a2 = y2 - y0;
  return ((a0 * position + a1) * position + a2) * position + y1;
}

float step_value(const StepHistory& h, float position, float deform) noexcept {
  if (deform > 0.5f) {
    const float line = mix(h.before, h.now, position);
    const float curve = cubic(h.oldest, h.before, h.now, h.next, position);
    return (2.0f - 2.0f * deform) * line + (2.0f * deform - 1.0f) * curve;
  }
  if (deform > -kHardEdge) {
    return mix(h.before, h.now, unit(position / (2.0f * deform + kNarrow)));
  }
  return gate_value(h, position, deform);
}

float centred_step_value(const StepHistory& h, float position, float deform) noexcept {
  const bool second_half = position > 0.5f;
  if (deform > 0.5f) {
    const float line =
        second_half ? mix(h.now, h.next, position - 0.5f) : mix(h.before, h.now, position + 0.5f);
    const float rest = 1.0f - position;
    const float curve = 0.5f * (h.next * position * position +
                                h.now * (1.0f + 2.0f * position - 2.0f * position * position) +
                                h.before * rest * rest);
    return (2.0f - 2.0f * deform) * line + (2.0f * deform - 1.0f) * curve;
  }
  if (deform > -kHardEdge) {
    const float width = 2.0f * deform + kNarrow;
    if (second_half) return mix(h.next, h.now, unit(0.5f - (position - 1.0f) / width));
    return mix(h.now, h.before, unit(0.5f - position / width));
  }
  return gate_value(h, position, deform);
}

void StepSequencer::start(const StepSequence& sequence, int step) noexcept {
  step_ = step & kStepMask;
  scrubbed_ = step_;
  history_.now = step_at(sequence, step_);
  history_.before = step_at(sequence, step_ - 1);
  history_.oldest = step_at(sequence, step_ - 2);
  step_on(sequence);
  history_.next = step_at(sequence, step_);
}

EnvelopeTriggers StepSequencer::advance(const StepSequence& sequence) noexcept {
  const EnvelopeTriggers triggers = triggers_at(sequence, step_);
  step_on(sequence);
  history_.push(step_at(sequence, step_));
  return triggers;
}

float StepSequencer::scrub(const StepSequence& sequence, float phase,
                           EnvelopeTriggers& triggers) noexcept {
  const float place = kNumSteps * std::clamp(phase > 0.0f ? phase : kScrubStart, 0.0f, 1.0f);
  const float whole = std::floor(place);
  int step = static_cast<int>(whole) & kStepMask;
  const int length = std::max(1, sequence.loop_end - sequence.loop_start + 1);
  while (step > sequence.loop_end) step -= length;
  if (step != scrubbed_) {
    triggers = triggers_at(sequence, step);
    scrubbed_ = step;
  }
  history_.next = step_at(sequence, step + 1);
  history_.now = step_at(sequence, step);
  history_.before = step_at(sequence, step - 1);
  history_.oldest = step_at(sequence, step - 2);
  return place - whole;
}

void StepSequencer::step_on(const StepSequence& sequence) noexcept {
  ++step_;
  if (sequence.loop_end >= sequence.loop_start) {
    if (step_ > sequence.loop_end) step_ = sequence.loop_start;
  } else if (step_ >= sequence.loop_start) {
    // The loop is what lies outside of its marks.
    step_ = sequence.loop_end + 1;
  }
  step_ &= kStepMask;
}

}  // namespace synthrl::surge
