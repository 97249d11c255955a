// What a step-sequencer LFO does with its sixteen steps.
#pragma once

#include "surge/patch.h"

namespace synthrl::surge {

// Which envelopes an LFO starts again.
struct EnvelopeTriggers {
  bool amplitude = false;
  bool filter = false;
};

// The last points of a wave that goes from point to point: the coming one first.
struct StepHistory {
  float next = 0.0f;    // h0
  float now = 0.0f;     // h1: the step that sounds
  float before = 0.0f;  // h2
  float oldest = 0.0f;  // h3

  void push(float value) noexcept {
    oldest = before;
    before = now;
    now = next;
    next = value;
  }
};

// Third-order curve through four points, at `position` 0 to 1 between the inner two.
float cubic(float y0, float y1, float y2, float y3, float position) noexcept;

// Value at `position` 0 to 1 within the step that sounds. `deform` goes from short gates over
// plain steps to smooth curves; the second kind glides around the ends of the step.
float step_value(const StepHistory& history, float position, float deform) noexcept;
float centred_step_value(const StepHistory& history, float position, float deform) noexcept;

// Where a step sequencer stands.
class StepSequencer {
 public:
  // Begins with any step.
  void start(const StepSequence& sequence, int step) noexcept;

  // The next step begins.
  EnvelopeTriggers advance(const StepSequence& sequence) noexcept;

  // Goes straight to the step under `phase` 0 to 1 of all sixteen. Returns the position in it.
  float scrub(const StepSequence& sequence, float phase, EnvelopeTriggers& triggers) noexcept;

  const StepHistory& history() const { return history_; }

 private:
  void step_on(const StepSequence& sequence) noexcept;

  StepHistory history_{};
  int step_ = 0;  // the one of history_.next
  int scrubbed_ = 0;
};

}  // namespace synthrl::surge
