// Step sequencers: the order of the steps, their triggers, and the wave between them.

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "surge/dsp/rng.h"
#include "surge/modulators/step_sequence.h"

namespace synthrl::surge {
namespace {

bool near(double got, double expected, double tolerance = 2e-5) {
  if (std::fabs(got - expected) <= tolerance) return true;
  std::cerr << got << " is not " << expected << '\n';
  return false;
}

// Step i is i.
StepSequence numbered(int loop_start, int loop_end) {
  StepSequence sequence{.loop_start = loop_start, .loop_end = loop_end};
  for (std::size_t i = 0; i < sequence.steps.size(); ++i) {
    sequence.steps[i] = static_cast<float>(i);
  }
  return sequence;
}

// The steps that sound, one after the other.
std::vector<int> order(const StepSequence& sequence, int first, int count) {
  StepSequencer sequencer;
  sequencer.start(sequence, first);
  std::vector<int> steps{static_cast<int>(sequencer.history().now)};
  while (static_cast<int>(steps.size()) < count) {
    sequencer.advance(sequence);
    steps.push_back(static_cast<int>(sequencer.history().now));
  }
  return steps;
}

constexpr StepHistory kHistory{.next = 0.4f, .now = 0.9f, .before = -0.5f, .oldest = 0.1f};

TEST(steps_go_round_between_the_marks) {
  CHECK(order(numbered(0, 3), 0, 10) == (std::vector<int>{0, 1, 2, 3, 0, 1, 2, 3, 0, 1}));
  CHECK(order(numbered(2, 4), 0, 9) == (std::vector<int>{0, 1, 2, 3, 4, 2, 3, 4, 2}));
  CHECK(order(numbered(5, 5), 5, 3) == (std::vector<int>{5, 5, 5}));
  CHECK(order(numbered(0, 15), 14, 4) == (std::vector<int>{14, 15, 0, 1}));
}

TEST(steps_skip_what_lies_between_crossed_marks) {
  CHECK(order(numbered(5, 2), 0, 5) == (std::vector<int>{0, 1, 2, 3, 4}));
  CHECK(order(numbered(5, 2), 3, 5) == (std::vector<int>{3, 4, 3, 4, 3}));
}

TEST(the_history_holds_the_neighbours) {
  StepSequencer sequencer;
  const StepSequence sequence = numbered(0, 7);
  sequencer.start(sequence, 0);
  CHECK_EQ(sequencer.history().next, 1.0f);
  CHECK_EQ(sequencer.history().now, 0.0f);
  CHECK_EQ(sequencer.history().before, 15.0f);
  CHECK_EQ(sequencer.history().oldest, 14.0f);
  sequencer.advance(sequence);
  CHECK_EQ(sequencer.history().next, 2.0f);
  CHECK_EQ(sequencer.history().now, 1.0f);
  CHECK_EQ(sequencer.history().before, 0.0f);
  CHECK_EQ(sequencer.history().oldest, 15.0f);
}

TEST(triggers_come_with_the_step_that_begins) {
  StepSequence sequence = numbered(0, 15);
  sequence.trigger_mask = (1ull << 1) | (1ull << (16 + 2)) | (1ull << (32 + 3));
  StepSequencer sequencer;
  sequencer.start(sequence, 0);
  const std::array<bool, 4> amplitude{true, false, true, false};  // of steps 1 to 4
  const std::array<bool, 4> filter{true, true, false, false};
  for (std::size_t i = 0; i < 4; ++i) {
    const EnvelopeTriggers triggers = sequencer.advance(sequence);
    CHECK_EQ(triggers.amplitude, amplitude[i]);
    CHECK_EQ(triggers.filter, filter[i]);
  }
}

TEST(scrubbing_goes_straight_to_a_step) {
  StepSequence sequence = numbered(0, 15);
  sequence.trigger_mask = 1ull << 5;
  StepSequencer sequencer;
  sequencer.start(sequence, 0);
  EnvelopeTriggers triggers{};
  CHECK(near(sequencer.scrub(sequence, 5.25f / 16.0f, triggers), 0.25));
  CHECK(triggers.amplitude && triggers.filter);
  CHECK_EQ(sequencer.history().next, 6.0f);
  CHECK_EQ(sequencer.history().now, 5.0f);
  CHECK_EQ(sequencer.history().before, 4.0f);
  CHECK_EQ(sequencer.history().oldest, 3.0f);
  triggers = {};
  sequencer.scrub(sequence, 5.75f / 16.0f, triggers);
  CHECK(!triggers.amplitude && !triggers.filter);
  // At the very start, a little way into step 0.
  CHECK(near(sequencer.scrub(sequence, 0.0f, triggers), 0.016));
  CHECK_EQ(sequencer.history().now, 0.0f);
}

TEST(scrubbing_folds_into_the_loop) {
  const StepSequence sequence = numbered(2, 5);
  StepSequencer sequencer;
  EnvelopeTriggers triggers{};
  const std::array<float, 16> folded{0, 1, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3};
  for (int step = 0; step < kNumSteps; ++step) {
    sequencer.scrub(sequence, (static_cast<float>(step) + 0.5f) / 16.0f, triggers);
    CHECK_EQ(sequencer.history().now, folded[static_cast<std::size_t>(step)]);
  }
}

TEST(no_deform_is_plain_steps) {
  for (const float position : {0.001f, 0.3f, 0.999f}) {
    CHECK(near(step_value(kHistory, position, 0.0f), 0.9));
  }
  CHECK(near(centred_step_value(kHistory, 0.001f, 0.0f), 0.9));
  CHECK(near(centred_step_value(kHistory, 0.999f, 0.0f), 0.9));
}

TEST(some_deform_glides_into_the_step) {
  // A quarter of deform: half of the step.
  CHECK(near(step_value(kHistory, 0.0f, 0.25f), -0.5));
  CHECK(near(step_value(kHistory, 0.125f, 0.25f), -0.5 + 0.25 * 1.4, 1e-4));
  CHECK(near(step_value(kHistory, 0.6f, 0.25f), 0.9));
  // At a half, a line over all of it.
  CHECK(near(step_value(kHistory, 0.7f, 0.5f), -0.5 + 0.7 * 1.4, 1e-4));
}

TEST(full_deform_is_a_cubic_curve_through_the_steps) {
  CHECK(near(step_value(kHistory, 0.0f, 1.0f), -0.5));
  CHECK(near(step_value(kHistory, 1.0f, 1.0f), 0.9));
  // Middle of y0 = .1, y1 = -.5, y2 = .9, y3 = .4: a0 = y3 - y2 - y0 + y1 = -1.1,
  // a1 = y0 - y1 - a0 = 1.7, a2 = y2 - y0 = .8; a0 / 8 + a1 / 4 + a2 / 2 + y1 = .1875.
  CHECK(near(step_value(kHistory, 0.5f, 1.0f), 0.1875));
  // Half way between the line (.2) and the curve.
  CHECK(near(step_value(kHistory, 0.5f, 0.75f), 0.5 * 0.2 + 0.5 * 0.1875));
}

TEST(negative_deform_shortens_the_step) {
  // The last half of the step fades out at -1/4.
  for (auto* const value : {&step_value, &centred_step_value}) {
    CHECK(near(value(kHistory, 0.4f, -0.25f), 0.9));
    CHECK(near(value(kHistory, 0.75f, -0.25f), 0.45, 1e-4));
    // At -3/4, a fall over the first half.
    CHECK(near(value(kHistory, 0.125f, -0.75f), 0.675, 1e-4));
    CHECK(near(value(kHistory, 0.6f, -0.75f), 0.0));
    CHECK(near(value(kHistory, 0.6f, -1.0f), 0.0));
  }
}

TEST(the_second_kind_glides_around_the_ends_of_the_step) {
  CHECK(near(centred_step_value(kHistory, 0.0f, 0.2f), 0.5 * (0.9 - 0.5)));
  CHECK(near(centred_step_value(kHistory, 1.0f, 0.2f), 0.5 * (0.9 + 0.4)));
  CHECK(near(centred_step_value(kHistory, 0.5f, 0.2f), 0.9));
  CHECK(near(centred_step_value(kHistory, 0.1f, 0.2f), 0.75 * 0.9 - 0.25 * 0.5, 1e-4));
  CHECK(near(centred_step_value(kHistory, 0.9f, 0.2f), 0.75 * 0.9 + 0.25 * 0.4, 1e-4));
  // A quadratic B-spline at full deform.
  CHECK(near(centred_step_value(kHistory, 0.0f, 1.0f), 0.5 * (0.9 - 0.5)));
  CHECK(near(centred_step_value(kHistory, 1.0f, 1.0f), 0.5 * (0.9 + 0.4)));
  CHECK(near(centred_step_value(kHistory, 0.5f, 1.0f), 0.75 * 0.9 + 0.125 * (0.4 - 0.5)));
  // Lines from centre to centre, and half of the spline, at three quarters.
  CHECK(
      near(centred_step_value(kHistory, 0.25f, 0.75f),
           0.5 * (-0.5 + 0.75 * 1.4) + 0.25 * (0.4 * 0.0625 + 0.9 * (1.5 - 0.125) - 0.5 * 0.5625)));
}

TEST(any_sequence_and_deform_keep_to_the_steps) {
  Rng rng(2);
  for (int run = 0; run < 500; ++run) {
    StepSequence sequence{.loop_start = static_cast<int>(rng.bits() % 16),
                          .loop_end = static_cast<int>(rng.bits() % 16),
                          .trigger_mask = rng.next()};
    for (float& step : sequence.steps) step = rng.bipolar();
    StepSequencer sequencer;
    sequencer.start(sequence, static_cast<int>(rng.bits()));
    for (int i = 0; i < 50; ++i) {
      EnvelopeTriggers triggers{};
      const float position = (rng.bits() & 1u) != 0
                                 ? sequencer.scrub(sequence, rng.unipolar(), triggers)
                                 : rng.unipolar();
      sequencer.advance(sequence);
      CHECK(position >= 0.0f && position <= 1.0f);
      const float deform = rng.bipolar();
      for (auto* const value : {&step_value, &centred_step_value}) {
        CHECK(std::fabs(value(sequencer.history(), position, deform)) < 2.0f);
        CHECK(std::isfinite(value(sequencer.history(), position, 1e6f * deform)));
      }
    }
  }
}

}  // namespace
}  // namespace synthrl::surge
