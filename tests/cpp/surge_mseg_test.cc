// Curves of many segments: where a position lands, and the value of every kind of segment.

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "surge/dsp/rng.h"
#include "surge/modulators/mseg.h"

namespace synthrl::surge {
namespace {

bool near(double got, double expected, double tolerance = 2e-5) {
  if (std::fabs(got - expected) <= tolerance) return true;
  std::cerr << got << " is not " << expected << '\n';
  return false;
}

// Reads a curve at one position after the other.
class Reader {
 public:
  explicit Reader(const Mseg& mseg, std::uint64_t seed = 1) : curve_(mseg) { player_.start(seed); }

  float at(double position, float deform = 0.0f, bool released = false) {
    triggers = {};
    const double whole = std::floor(position);
    return player_.value(curve_, static_cast<std::int64_t>(whole),
                         static_cast<float>(position - whole), deform, released, triggers);
  }

  const MsegCurve& curve() const { return curve_; }

  EnvelopeTriggers triggers;

 private:
  MsegCurve curve_;
  MsegPlayer player_;
};

// One segment of a kind, from `from` to `to` in `duration` cycles.
Mseg single(MsegSegmentType type, float from, float to, float control_value = 0.0f,
            float duration = 1.0f, float control_time = 0.5f) {
  return {.segments = {{.duration = duration,
                        .v0 = from,
                        .nv1 = to,
                        .cp_duration = control_time,
                        .cp_value = control_value,
                        .type = type}},
          .loop_mode = MsegLoopMode::kOneShot};
}

// Held values 0, .1, .2, ... so that a value names its segment.
Mseg staircase(std::vector<float> durations, MsegLoopMode loop_mode, int loop_start = -1,
               int loop_end = -1) {
  Mseg mseg{.segments = {}, .loop_mode = loop_mode, .loop_start = loop_start, .loop_end = loop_end};
  for (std::size_t i = 0; i < durations.size(); ++i) {
    mseg.segments.push_back({.duration = durations[i],
                             .v0 = 0.1f * static_cast<float>(i),
                             .nv1 = 0.9f,
                             .type = MsegSegmentType::kHold});
  }
  return mseg;
}

double bent(double x, double deform) {
  const double amount = -0.5 * deform;
  for (int i = 0; i < 2; ++i) x = x - amount * x * x + amount;
  return x;
}

TEST(a_curve_without_segments_is_its_deform) {
  Reader reader{Mseg{}};
  CHECK_EQ(reader.at(0.3, 0.25f), 0.25f);
}

TEST(one_shot_envelopes_stop_at_the_last_value) {
  Reader reader(staircase({0.5f, 0.25f, 2.0f}, MsegLoopMode::kOneShot));
  CHECK(near(reader.at(0.49), 0.0));
  CHECK(near(reader.at(0.51), 0.1));
  CHECK(near(reader.at(0.76), 0.2));
  CHECK(near(reader.at(2.74), 0.2));
  CHECK(near(reader.at(2.76), 0.9));
  CHECK(near(reader.at(1e6), 0.9));
  CHECK(near(reader.curve().total_duration(), 2.75));
}

TEST(lfo_curves_repeat_every_cycle) {
  for (const MsegLoopMode mode :
       {MsegLoopMode::kOneShot, MsegLoopMode::kLoop, MsegLoopMode::kGatedLoop}) {
    Mseg mseg = staircase({0.5f, 0.5f}, mode);
    mseg.edit_mode = MsegEditMode::kLfo;
    Reader reader(mseg);
    for (int cycle = 0; cycle < 3; ++cycle) {
      CHECK(near(reader.at(cycle + 0.25), 0.0));
      CHECK(near(reader.at(cycle + 0.75), 0.1));
    }
  }
}

TEST(loops_go_round_between_their_marks) {
  Reader reader(staircase({0.5f, 0.25f, 0.5f, 1.0f}, MsegLoopMode::kLoop, 1, 2));
  CHECK(near(reader.at(0.25), 0.0));
  CHECK(near(reader.at(0.6), 0.1));
  CHECK(near(reader.at(1.0), 0.2));
  for (int lap = 1; lap < 5; ++lap) {
    CHECK(near(reader.at(1.25 + 0.75 * (lap - 1) + 0.1), 0.1));
    CHECK(near(reader.at(1.25 + 0.75 * (lap - 1) + 0.5), 0.2));
  }
  // Without marks, over everything.
  Reader whole(staircase({0.5f, 0.25f}, MsegLoopMode::kLoop));
  CHECK(near(whole.at(0.8), 0.0));
  CHECK(near(whole.at(0.75 * 7 + 0.6), 0.1));
  // Marks past the end are none.
  Reader lost(staircase({0.5f, 0.25f}, MsegLoopMode::kLoop, 7, 9));
  CHECK(near(lost.at(0.8), 0.0));
}

TEST(crossed_marks_hold_the_end_of_the_loop) {
  Reader reader(staircase({0.5f, 0.25f, 0.5f}, MsegLoopMode::kLoop, 2, 0));
  CHECK(near(reader.at(0.4), 0.0));
  CHECK(near(reader.at(0.6), 0.1));  // where segment 0 ends and segment 1 starts
  CHECK(near(reader.at(9.0), 0.1));
}

TEST(a_gated_loop_goes_on_from_its_end_at_release) {
  Mseg mseg = staircase({0.5f, 0.5f, 0.5f, 0.25f}, MsegLoopMode::kGatedLoop, 0, 1);
  mseg.segments[2].type = MsegSegmentType::kLinear;
  mseg.segments[2].cp_value = 0.15f;  // half a segment below its start: later 0, no bend
  Reader reader(mseg);
  CHECK(near(reader.at(10.25), 0.0));
  CHECK(near(reader.at(10.75), 0.1));
  // Segment 2 runs from the value at release to the start of segment 3.
  CHECK(near(reader.at(10.8, 0.0f, true), 0.1));
  CHECK(near(reader.at(11.05, 0.0f, true), 0.2));
  CHECK(near(reader.at(11.35, 0.0f, true), 0.3));
  CHECK(near(reader.at(11.6, 0.0f, true), 0.9));
  CHECK(near(reader.at(99.0, 0.0f, true), 0.9));
}

TEST(a_released_segment_keeps_the_place_of_its_control_value) {
  Mseg mseg = staircase({1.0f, 1.0f}, MsegLoopMode::kGatedLoop, 0, 0);
  mseg.segments[0].v0 = -0.6f;
  mseg.segments[1] = {
      .duration = 1.0f, .v0 = 0.2f, .nv1 = 1.0f, .cp_value = 0.4f, .type = MsegSegmentType::kBump};
  Reader reader(mseg);
  CHECK(near(reader.at(0.5), -0.6));
  CHECK(near(reader.at(0.5, 0.0f, true), -0.6, 1e-3));
  // The control value was a quarter up: it is again, between -.6 and 1.
  CHECK(near(reader.at(1.0, 0.0f, true), -0.6 + 0.25 * 1.6, 1e-4));
}

TEST(a_gated_loop_to_the_end_holds_the_value_at_release) {
  Mseg mseg = single(MsegSegmentType::kLinear, -1.0f, 1.0f);
  mseg.loop_mode = MsegLoopMode::kGatedLoop;
  Reader reader(mseg);
  CHECK(near(reader.at(3.75), 0.5));
  CHECK(near(reader.at(3.8, 0.0f, true), 0.5));
  CHECK(near(reader.at(9.3, 0.0f, true), 0.5));
}

TEST(locked_endpoints_meet) {
  Mseg mseg = single(MsegSegmentType::kLinear, -0.5f, 1.0f);
  mseg.segments.push_back({.duration = 1.0f, .v0 = 0.5f, .nv1 = 1.0f});
  Reader free(mseg);
  CHECK(near(free.at(1.5), 0.75));
  mseg.endpoint_mode = MsegEndpointMode::kLocked;
  Reader locked(mseg);
  CHECK(near(locked.at(1.5), 0.0));
}

TEST(a_segment_without_duration_is_passed_over) {
  Reader reader(staircase({0.5f, 0.0f, 0.5f}, MsegLoopMode::kOneShot));
  CHECK(near(reader.at(0.5), 0.2));
  Reader alone(single(MsegSegmentType::kHold, -1.0f, 0.5f, 0.0f, 0.0f));
  CHECK(near(alone.at(0.0), 0.5));
}

TEST(segments_trigger_envelopes_when_they_begin) {
  Mseg mseg = staircase({0.5f, 0.5f}, MsegLoopMode::kLoop);
  mseg.segments[0].retrigger_amp_envelope = true;
  mseg.segments[1].retrigger_filter_envelope = true;
  Reader reader(mseg);
  reader.at(0.1);
  CHECK(reader.triggers.amplitude && !reader.triggers.filter);
  reader.at(0.2);
  CHECK(!reader.triggers.amplitude && !reader.triggers.filter);
  reader.at(0.6);
  CHECK(!reader.triggers.amplitude && reader.triggers.filter);
  reader.at(1.1);
  CHECK(reader.triggers.amplitude && !reader.triggers.filter);
  // Earlier in the same segment means one more lap.
  reader.at(2.05);
  CHECK(reader.triggers.amplitude);
}

TEST(lines_bend_to_their_control_value) {
  for (const float c : {-0.9f, -0.3f, 0.0f, 0.4f, 0.8f}) {
    Reader reader(single(MsegSegmentType::kLinear, -1.0f, 1.0f, c, 2.0f));
    CHECK(near(reader.at(0.0), -1.0));
    // An exponential whose middle is at the control value.
    CHECK(near(reader.at(1.0), c, 1e-4));
    CHECK(near(reader.at(1.999999), 1.0, 1e-4));
    const double v = 0.5 * c + 0.5;
    if (c != 0.0f) {
      const double ratio = (1.0 - v) / v;  // of the two halves of the rise
      CHECK(near(0.5 * (reader.at(0.5) + 1.0), v * (1.0 - std::sqrt(ratio)) / (1.0 - ratio), 1e-4));
    }
  }
  // A level line stays level whatever bends it.
  Reader level(single(MsegSegmentType::kLinear, 0.25f, 0.25f, 0.7f));
  CHECK(near(level.at(0.6, 0.8f), 0.25));
}

TEST(deform_bends_lines) {
  Mseg mseg = single(MsegSegmentType::kLinear, 0.0f, 1.0f);
  Reader reader(mseg);
  for (const float deform : {-1.0f, -0.4f, 0.3f, 1.0f}) {
    for (const double f : {0.0, 0.2, 0.5, 0.9}) {
      CHECK(near(reader.at(f, deform), 0.5 * (bent(2.0 * f - 1.0, deform) + 1.0)));
    }
  }
  CHECK(near(reader.at(0.2, 7.0f), 0.5 * (bent(-0.6, 1.0) + 1.0)));
  mseg.segments[0].invert_deform = true;
  Reader inverted(mseg);
  CHECK(near(inverted.at(0.2, 0.3f), 0.5 * (bent(-0.6, -0.3) + 1.0)));
  mseg.segments[0].use_deform = false;
  Reader straight(mseg);
  CHECK(near(straight.at(0.2, 0.3f), 0.2));
}

TEST(bezier_curves_pass_near_their_control_point) {
  // The handle lies twice as far from the middle of the chord as the control point, which is then
  // on the curve at s = 1/2.
  const float duration = 2.0f;
  Reader reader(single(MsegSegmentType::kQuadBezier, -0.5f, 0.7f, 0.5f, duration, 0.3f));
  CHECK(near(reader.at(0.0), -0.5));
  CHECK(near(reader.at(0.6), 0.5, 1e-4));
  CHECK(near(reader.at(1.999999), 0.7, 1e-4));
  const double handle_time = 1.0 + 2.0 * (0.6 - 1.0);
  const double handle = 0.1 + 2.0 * (0.5 - 0.1);
  for (const double s : {0.1, 0.3, 0.7, 0.9}) {
    const double time = 2.0 * (1.0 - s) * s * handle_time + s * s * duration;
    const double value = (1.0 - s) * (1.0 - s) * -0.5 + 2.0 * (1.0 - s) * s * handle + s * s * 0.7;
    CHECK(near(reader.at(time), value, 1e-4));
    // Deform moves along the curve.
    const double slow = std::pow(s, 1.0 + 3.0 * 0.2);
    CHECK(near(
        reader.at(time, 0.2f),
        (1.0 - slow) * (1.0 - slow) * -0.5 + 2.0 * (1.0 - slow) * slow * handle + slow * slow * 0.7,
        1e-4));
  }
  Reader middle(single(MsegSegmentType::kQuadBezier, -0.5f, 0.5f, 0.4f));
  CHECK(near(middle.at(0.5), 0.4, 1e-3));
}

TEST(s_curves_are_two_exponentials) {
  const double k = 2.0 * std::log((1.0 - 0.75) / 0.75);
  Reader reader(single(MsegSegmentType::kSCurve, 0.0f, 1.0f, 0.5f));
  const auto half = [&](double x) { return 0.5 * std::expm1(k * x) / std::expm1(k); };
  CHECK(near(reader.at(0.2), half(0.4)));
  CHECK(near(reader.at(0.5), 0.5));
  CHECK(near(reader.at(0.8), 1.0 - half(0.4)));
  // Deform shifts the middle.
  const double shifted = std::expm1(3.0 * 0.3) / std::expm1(3.0);
  CHECK(near(reader.at(0.3, 0.3f), half(2.0 * shifted)));
  Reader straight(single(MsegSegmentType::kSCurve, -1.0f, 0.5f));
  CHECK(near(straight.at(0.4), -1.0 + 1.5 * 0.4));
}

// 100 (e^(5 (c + 1) / 2) - 1) / (e^5 - 1), rounded down: 0 at -1, 7 at 0, 100 at 1.
TEST(waves_repeat_as_their_control_value_says) {
  const double pi = std::acos(-1.0);
  const std::array<std::pair<float, int>, 3> counts{{{-1.0f, 0}, {0.0f, 7}, {0.5f, 28}}};
  for (const auto& [c, k] : counts) {
    Reader sine(single(MsegSegmentType::kSine, 0.8f, -0.4f, c));
    Reader saw(single(MsegSegmentType::kSawtooth, 0.8f, -0.4f, c));
    Reader square(single(MsegSegmentType::kSquare, 0.8f, -0.4f, c));
    Reader triangle(single(MsegSegmentType::kTriangle, 0.8f, -0.4f, c));
    for (const double f : {0.0, 0.013, 0.111, 0.37, 0.52, 0.9}) {
      const auto between = [](double kernel) { return 1.2 * (kernel + 1.0) / 2.0 - 0.4; };
      const auto part = [&](double cycles) { return cycles * f - std::floor(cycles * f); };
      CHECK(near(sine.at(f), between(std::cos((1 + 2 * k) * pi * f)), 1e-4));
      CHECK(near(sine.at(f, 0.3f), between(bent(std::cos((1 + 2 * k) * pi * f), 0.3)), 1e-4));
      CHECK(near(saw.at(f), between(1.0 - 2.0 * part(k + 1)), 1e-4));
      CHECK(near(square.at(f), between(part(k + 1) < 0.5 ? 1.0 : -1.0), 1e-4));
      CHECK(near(square.at(f, 0.5f), between(bent(part(k + 1) < 0.75 ? 1.0 : -1.0, 0.5)), 1e-4));
      const double p = part(k + 0.5);
      CHECK(near(triangle.at(f), between(p < 0.5 ? 1.0 - 4.0 * p : 4.0 * p - 3.0), 1e-4));
    }
  }
}

TEST(stairs_climb_in_equal_steps) {
  // Two steps at -1: the lower half and the upper half.
  Reader two(single(MsegSegmentType::kStairs, -0.5f, 0.5f, -1.0f));
  CHECK(near(two.at(0.49), -0.5));
  CHECK(near(two.at(0.51), 0.5));
  // Nine at 0.
  Reader nine(single(MsegSegmentType::kStairs, 0.0f, 1.0f, 0.0f));
  for (int i = 0; i < 9; ++i) {
    CHECK(near(nine.at((i + 0.5) / 9.0), i / 8.0));
    CHECK(near(nine.at((i + 0.5) / 9.0, 0.5f), std::pow(i / 8.0, 2.5)));
    CHECK(near(nine.at((i + 0.5) / 9.0, -0.5f), std::pow(i / 8.0, 0.65)));
  }
}

TEST(smooth_stairs_ease_into_each_step) {
  Reader reader(single(MsegSegmentType::kSmoothStairs, 0.0f, 1.0f, -1.0f));
  // Two cubes, flat at 1/4 and at 3/4.
  CHECK(near(reader.at(0.25), 0.25));
  CHECK(near(reader.at(0.75), 0.75));
  CHECK(near(reader.at(0.375), 0.25 * (0.125 + 1.0)));
  CHECK(near(reader.at(0.5), 0.5));
}

TEST(bumps_reach_their_control_value_in_the_middle) {
  Reader reader(single(MsegSegmentType::kBump, -0.4f, 0.6f, 0.9f));
  CHECK(near(reader.at(0.5), 0.9));
  CHECK(near(reader.at(0.4), 0.0 + 0.8 * std::exp(-(20.0 + 500.0 / 8.0) * 0.01)));
  CHECK(near(reader.at(0.4, 1.0f), 0.0 + 0.8 * std::exp(-20.0 * 0.01)));
}

TEST(brownian_segments_wander_and_arrive) {
  const Mseg mseg = single(MsegSegmentType::kBrownian, -0.9f, 0.6f, 0.8f, 1.0f, 0.9f);
  double spread = 0.0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Reader reader(mseg, seed);
    CHECK(near(reader.at(0.0), -0.9));
    for (int i = 1; i < 1000; ++i) {
      CHECK(std::fabs(reader.at(i / 1000.0)) <= 1.0f);
      if (i == 500) spread += std::pow(reader.at(0.5) + 0.15, 2.0);
    }
    CHECK(near(reader.at(0.99999), 0.6, 0.1));
  }
  // Steps of 0.002 and +-0.08: a bridge deviates by 0.08 / sqrt(3) sqrt(1/4 / 0.002) in its middle.
  const double deviation = std::sqrt(spread / 40.0);
  CHECK(deviation > 0.2 && deviation < 0.7);
}

TEST(brownian_segments_quantise_below_0) {
  Reader reader(single(MsegSegmentType::kBrownian, 0.0f, 0.0f, -0.1f, 1.0f, 0.8f));
  // Three levels per unit.
  for (int i = 1; i < 100; ++i) {
    const double level = 3.0 * reader.at(i / 100.0);
    CHECK(near(level, std::round(level)));
  }
}

TEST(a_seed_makes_a_walk) {
  const Mseg mseg = single(MsegSegmentType::kBrownian, 0.0f, 0.0f, 1.0f, 1.0f, 0.9f);
  Reader first(mseg, 5);
  Reader again(mseg, 5);
  Reader other(mseg, 6);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const float value = first.at(i / 100.0);
    CHECK_EQ(again.at(i / 100.0), value);
    differs = differs || other.at(i / 100.0) != value;
  }
  CHECK(differs);
}

TEST(any_curve_stays_within_full_scale) {
  Rng rng(3);
  const float inf = std::numeric_limits<float>::infinity();
  const std::array<float, 8> extremes{
      0.0f, 1.0f, -1.0f, 1e-30f, 3e38f, -3e38f, inf, std::numeric_limits<float>::quiet_NaN()};
  const auto any = [&] {
    return rng.bits() % 16 == 0 ? extremes[rng.bits() % extremes.size()] : rng.bipolar();
  };
  for (int run = 0; run < 3000; ++run) {
    Mseg mseg{.segments = {},
              .endpoint_mode = static_cast<MsegEndpointMode>(1 + rng.bits() % 2),
              .edit_mode = static_cast<MsegEditMode>(rng.bits() % 2),
              .loop_mode = static_cast<MsegLoopMode>(1 + rng.bits() % 3),
              .loop_start = static_cast<int>(rng.bits() % 12) - 2,
              .loop_end = static_cast<int>(rng.bits() % 12) - 2};
    const std::uint32_t count = rng.bits() % 200 == 0 ? 300 : rng.bits() % 9;
    for (std::uint32_t i = 0; i < count; ++i) {
      mseg.segments.push_back({.duration = any(),
                               .v0 = any(),
                               .nv1 = any(),
                               .cp_duration = any(),
                               .cp_value = any(),
                               .type = static_cast<MsegSegmentType>(rng.bits() % 16),
                               .use_deform = (rng.bits() & 1u) != 0,
                               .invert_deform = (rng.bits() & 1u) != 0});
    }
    Reader reader(mseg, rng.next());
    double position = rng.unipolar();
    for (int i = 0; i < 60; ++i) {
      if (rng.bits() % 64 == 0) position = rng.bits() % 2 == 0 ? 0.0 : 1e9;
      position += 0.1 * static_cast<double>(rng.unipolar());
      const float value = reader.at(position, any(), i > 40);
      if (!reader.curve().empty()) CHECK(value >= -1.0f && value <= 1.0f);
      CHECK(std::isfinite(value));
    }
  }
}

}  // namespace
}  // namespace synthrl::surge
