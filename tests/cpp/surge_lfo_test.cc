// LFOs against closed forms of their waves, envelopes and phases.

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "check.h"
#include "surge/dsp/rng.h"
#include "surge/modulators/lfo.h"

namespace synthrl::surge {
namespace {

const ModulatorTables& tables() {
  static const ModulatorTables kTables(44100.0);
  return kTables;
}

constexpr double kBlock = 32.0 / 44100.0;  // s
constexpr double kPi = 3.14159265358979323846;
constexpr LfoControls kCold{.rate = 0.0f,
                            .phase = 0.0f,
                            .magnitude = 0.0f,
                            .deform = 0.0f,
                            .delay = 0.0f,
                            .attack = 0.0f,
                            .hold = 0.0f,
                            .decay = 0.0f,
                            .sustain = 0.0f,
                            .release = 0.0f};
// Straight to a sustained envelope of 1.
constexpr LfoControls kPlain{};

bool near(double got, double expected, double tolerance = 3e-5) {
  if (std::fabs(got - expected) <= tolerance) return true;
  std::cerr << got << " is not " << expected << '\n';
  return false;
}

Lfo attacked(const LfoModel& model, const LfoControls& controls, std::uint64_t seed = 1,
             float tempo_bpm = 120.0f, double song_beats = 0.0) {
  Lfo lfo;
  lfo.start(tables(), model, tempo_bpm, seed);
  lfo.attack(controls, song_beats);
  return lfo;
}

float advance(Lfo& lfo, const LfoControls& controls, int blocks) {
  for (int i = 0; i < blocks; ++i) lfo.tick(controls);
  return lfo.output(0);
}

// The wave at a phase that stands still.
float wave_at(LfoModel model, float phase, float deform = 0.0f) {
  model.rate_deactivated = true;
  const LfoControls controls{.phase = phase, .deform = deform};
  Lfo lfo = attacked(model, controls);
  lfo.tick(controls);
  return lfo.output(1);
}

double twice_squared(double x, double d) {
  const double a = 0.5 * d;
  for (int i = 0; i < 2; ++i) x = x - a * x * x + a;
  return x;
}

TEST(waves_have_their_shape) {
  for (const double phase : {0.0, 0.1, 0.25, 0.4, 0.6, 0.75, 0.9}) {
    const auto p = static_cast<float>(phase);
    CHECK(near(wave_at({.shape = LfoShape::kSine}, p), std::sin(2.0 * kPi * phase)));
    CHECK(near(wave_at({.shape = LfoShape::kSawtooth}, p), 1.0 - 2.0 * phase));
    CHECK_EQ(wave_at({.shape = LfoShape::kSquare}, p), phase > 0.5 ? -1.0f : 1.0f);
    // Two sides: it starts a quarter on, in its middle.
    const double moved = phase + 0.25 - std::floor(phase + 0.25);
    CHECK(near(wave_at({.shape = LfoShape::kTriangle}, p),
               -1.0 + 4.0 * std::min(moved, 1.0 - moved)));
    CHECK(near(wave_at({.shape = LfoShape::kTriangle, .unipolar = true}, p),
               2.0 * std::min(phase, 1.0 - phase)));
  }
}

TEST(deform_bends_smooth_waves_in_three_ways) {
  for (const double d : {-0.9, -0.3, -0.1, 0.2, 0.7, 1.0}) {
    for (const double phase : {0.05, 0.3, 0.62, 0.8}) {
      const double x = 1.0 - 2.0 * phase;
      const auto at = [&](int type) {
        return wave_at({.shape = LfoShape::kSawtooth, .deform_type = type},
                       static_cast<float>(phase), static_cast<float>(d));
      };
      CHECK(near(at(0), twice_squared(x, d)));
      double second = x + 4.5 * d / (2.0 * kPi) * std::sin(2.0 * kPi * x);
      if (d < -1.0 / 4.5) second /= 1.0 - (d + 1.0 / 4.5) / 1.6;
      CHECK(near(at(1), second));
      const double third = ((x + 0.25) + 4.5 * d / (2.0 * kPi) * std::sin(2.0 * kPi * (x + 0.25)) -
                            0.25 - d / (2.0 * kPi)) /
                               (1.0 + 0.5 * std::fabs(d)) -
                           0.06 * d;
      CHECK(near(at(2), third));
    }
  }
  // The first kind goes as far as 3, both ways.
  CHECK(near(wave_at({.shape = LfoShape::kSawtooth}, 0.3f, 50.0f), twice_squared(0.4, 3.0), 1e-4));
}

TEST(deform_is_the_width_of_a_square) {
  CHECK_EQ(wave_at({.shape = LfoShape::kSquare}, 0.6f, 0.4f), 1.0f);
  CHECK_EQ(wave_at({.shape = LfoShape::kSquare}, 0.75f, 0.4f), -1.0f);
  CHECK_EQ(wave_at({.shape = LfoShape::kSquare}, 0.2f, -0.4f), 1.0f);
  CHECK_EQ(wave_at({.shape = LfoShape::kSquare}, 0.35f, -0.4f), -1.0f);
}

TEST(the_phase_runs_at_the_rate) {
  for (const float rate : {-3.0f, 0.0f, 2.25f, 5.0f}) {
    const LfoControls controls{.rate = rate, .phase = 0.125f};
    Lfo lfo = attacked({.shape = LfoShape::kSine}, controls);
    const double increment = kBlock * std::exp2(static_cast<double>(rate));
    for (int n = 1; n < 500; ++n) {
      lfo.tick(controls);
      CHECK(near(lfo.output(0), std::sin(2.0 * kPi * (0.125 + n * increment)), 2e-3));
    }
  }
}

TEST(a_plain_rate_is_a_chord_and_a_synced_one_exact) {
  const LfoControls controls{.rate = 3.03125f};  // in the middle of a chord
  const double exact = kBlock * std::exp2(3.03125);
  Lfo plain = attacked({.shape = LfoShape::kSawtooth}, controls);
  plain.tick(controls);
  const double chord = 0.5 * kBlock * (std::exp2(3.0) + std::exp2(3.0625));
  CHECK(near(0.5 * (1.0 - plain.output(1)) / chord, 1.0, 1e-5));
  Lfo synced = attacked({.shape = LfoShape::kSawtooth, .rate_synced = true}, controls, 1, 90.0f);
  synced.tick(controls);
  CHECK(near(0.5 * (1.0 - synced.output(1)) / (0.75 * exact), 1.0, 1e-5));
}

TEST(steps_begin_where_a_sum_of_singles_says) {
  LfoModel model{.shape = LfoShape::kStepSequencer};
  for (std::size_t i = 0; i < 16; ++i) model.steps.steps[i] = static_cast<float>(i);
  const LfoControls controls{.rate = 2.875f};
  const double increment = kBlock * std::exp2(2.875);
  Lfo lfo = attacked(model, controls);
  float phase = 0.0f;
  int step = 0;
  bool differs_from_exact = false;
  for (int n = 1; n < 5512; ++n) {
    phase += static_cast<float>(increment);
    if (phase >= 1.0f) {
      phase -= 1.0f;
      ++step;
    }
    lfo.tick(controls);
    CHECK_EQ(lfo.output(1), static_cast<float>(step % 16));
    differs_from_exact = differs_from_exact || static_cast<int>(n * increment) != step;
  }
  CHECK(differs_from_exact);
}

TEST(start_phases_depend_on_the_shape) {
  // A quarter back: a unipolar sine starts at its bottom.
  Lfo sine = attacked({.shape = LfoShape::kSine, .unipolar = true}, kPlain);
  sine.tick(kPlain);
  CHECK(near(sine.output(1), 0.0, 1e-4));
  // The last degree is the end for classic waves.
  const LfoControls whole{.rate = -7.0f, .phase = 1.0f};
  Lfo saw = attacked({.shape = LfoShape::kSawtooth}, whole);
  saw.tick(whole);
  CHECK(near(saw.output(1), 1.0 - 2.0 * 359.0 / 360.0, 1e-4));
}

TEST(a_free_running_lfo_is_where_the_song_is) {
  // 3 beats at 90 a minute are 2 s: with 2.5 Hz, 5 cycles.
  const LfoControls controls{.rate = std::log2(2.6f), .phase = 0.25f};
  const LfoModel model{.shape = LfoShape::kSawtooth, .trigger = LfoTrigger::kFreerun};
  Lfo lfo = attacked(model, controls, 1, 90.0f, 3.0);
  lfo.tick(controls);
  CHECK(near(lfo.output(1), 1.0 - 2.0 * (0.2 + 0.25 + 2.6 * kBlock), 1e-3));
  Lfo at_start = attacked(model, controls);
  at_start.tick(controls);
  CHECK(near(at_start.output(1), 1.0 - 2.0 * (0.25 + 2.6 * kBlock), 1e-3));
}

TEST(random_phases_are_uniform) {
  const LfoModel model{.shape = LfoShape::kSawtooth, .trigger = LfoTrigger::kRandom};
  const LfoControls controls{.rate = -7.0f};
  std::array<int, 4> quarters{};
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Lfo lfo = attacked(model, controls, 1000 + seed);
    lfo.tick(controls);
    ++quarters[static_cast<std::size_t>(std::min(3.99f, 2.0f * (1.0f - lfo.output(1))))];
  }
  for (const int count : quarters) CHECK(count > 65 && count < 135);
}

TEST(a_deactivated_rate_follows_the_start_phase) {
  const LfoModel model{.shape = LfoShape::kSawtooth, .rate_deactivated = true};
  Lfo lfo = attacked(model, kPlain);
  for (const float phase : {0.1f, 0.7f, 1.3f, -0.2f}) {
    lfo.tick({.rate = 4.0f, .phase = phase});
    CHECK(near(lfo.output(1), 1.0 - 2.0 * (phase - std::floor(phase))));
  }
  Lfo free = attacked(
      {.shape = LfoShape::kSawtooth, .trigger = LfoTrigger::kFreerun, .rate_deactivated = true},
      {.phase = 0.3f});
  free.tick({.rate = 4.0f, .phase = 0.8f});
  CHECK(near(free.output(1), 0.4));
}

TEST(the_envelope_goes_through_its_stages) {
  const LfoControls controls{.delay = -5.0f,
                             .attack = -4.0f,
                             .hold = -5.0f,
                             .decay = -3.0f,
                             .sustain = 0.4f,
                             .release = -3.0f};
  Lfo lfo = attacked({.shape = LfoShape::kSquare, .stored_release = -3.0f}, controls);
  // A stage is over when more than all of it has passed.
  const auto blocks = [](float time) { return static_cast<int>(1.0 / (kBlock / std::exp2(time))); };
  for (int i = 0; i < blocks(-5.0f) + 1; ++i) {
    lfo.tick(controls);
    CHECK_EQ(lfo.output(2), 0.0f);
  }
  for (int i = 1; i <= blocks(-4.0f); ++i) {
    lfo.tick(controls);
    CHECK(near(lfo.output(2), i * kBlock * 16.0));
  }
  for (int i = 0; i < blocks(-5.0f) + 1; ++i) {
    lfo.tick(controls);
    CHECK_EQ(lfo.output(2), 1.0f);
  }
  lfo.tick(controls);
  CHECK_EQ(lfo.output(2), 1.0f);
  for (int i = 1; i <= blocks(-3.0f); ++i) {
    lfo.tick(controls);
    CHECK(near(lfo.output(2), 1.0 - 0.6 * i * kBlock * 8.0, 1e-4));
  }
  // The sustain level is the one at the end of the decay.
  lfo.tick(controls);
  CHECK_EQ(lfo.output(2), 0.4f);
  LfoControls later = controls;
  later.sustain = 0.9f;
  CHECK_EQ(advance(lfo, later, 20), 0.4f);
  lfo.release();
  for (int i = 1; i <= blocks(-3.0f); ++i) {
    lfo.tick(later);
    CHECK(near(lfo.output(2), 0.4 * (1.0 - i * kBlock * 8.0), 1e-4));
  }
  CHECK_EQ(advance(lfo, later, 2), 0.0f);
}

TEST(stages_at_the_shortest_time_are_left_out_at_the_start) {
  Lfo to_decay = attacked({.shape = LfoShape::kSquare}, {.decay = -2.0f, .sustain = 0.0f});
  to_decay.tick({.decay = -2.0f, .sustain = 0.0f});
  CHECK(near(to_decay.output(2), 1.0 - 4.0 * kBlock));
  Lfo to_hold = attacked({.shape = LfoShape::kSquare}, {.hold = 0.0f});
  to_hold.tick({.hold = 0.0f});
  CHECK_EQ(to_hold.output(2), 1.0f);
  Lfo to_attack = attacked({.shape = LfoShape::kSquare}, {.attack = 0.0f});
  to_attack.tick({.attack = 0.0f});
  CHECK(near(to_attack.output(2), kBlock));
}

TEST(a_cold_start_makes_every_stage_take_its_time) {
  Lfo lfo = attacked({.shape = LfoShape::kSquare}, kCold);
  advance(lfo, kCold, 2);
  // Delay: 2 blocks of 1 s, then 6 of 2^-8 s. The sixth ends it and is still silent.
  for (int i = 0; i < 6; ++i) {
    lfo.tick(kPlain);
    CHECK_EQ(lfo.output(2), 0.0f);
  }
  for (int i = 1; i <= 5; ++i) {
    lfo.tick(kPlain);
    CHECK(near(lfo.output(2), i * kBlock * 256.0));
  }
  advance(lfo, kPlain, 1);
  CHECK_EQ(lfo.output(2), 1.0f);
  // The hold takes six blocks more, then the decay begins.
  LfoControls falling = kPlain;
  falling.decay = -3.0f;
  falling.sustain = 0.0f;
  advance(lfo, falling, 6);
  CHECK_EQ(lfo.output(2), 1.0f);
  advance(lfo, falling, 1);
  CHECK(near(lfo.output(2), 1.0 - 8.0 * kBlock));
}

TEST(an_lfo_that_was_never_attacked_is_silent_unless_its_envelope_is_bypassed) {
  Lfo lfo;
  lfo.start(tables(), {.shape = LfoShape::kSquare}, 120.0f, 1);
  CHECK_EQ(advance(lfo, kPlain, 100), 0.0f);
  lfo.start(tables(), {.shape = LfoShape::kSquare, .envelope_bypassed = true}, 120.0f, 1);
  CHECK_EQ(advance(lfo, kPlain, 100), 1.0f);
}

TEST(an_endless_release_changes_nothing) {
  Lfo lfo = attacked({.shape = LfoShape::kSquare, .stored_release = 5.0f}, kPlain);
  advance(lfo, kPlain, 3000);
  lfo.release();
  LfoControls short_release = kPlain;
  short_release.release = -8.0f;
  CHECK_EQ(lfo.output(2), 1.0f);
  advance(lfo, short_release, 100);
  CHECK_EQ(lfo.output(2), 1.0f);
}

TEST(an_endless_release_freezes_the_envelope_of_an_mseg) {
  const Mseg mseg{.segments = {{.duration = 1.0f, .v0 = 1.0f, .nv1 = 1.0f}}};
  const MsegCurve curve(mseg);
  const LfoControls rising{.attack = 0.0f};
  Lfo lfo = attacked({.shape = LfoShape::kMseg, .mseg = &curve}, rising);
  const float level = advance(lfo, rising, 500);
  CHECK(near(level, 500.0 * kBlock, 1e-4));
  lfo.release();
  CHECK_EQ(advance(lfo, rising, 100), level);
  CHECK_EQ(lfo.output(1), 1.0f);
}

TEST(outputs_are_scaled_by_envelope_and_magnitude) {
  const LfoControls controls{.magnitude = 0.5f, .attack = 0.0f};
  Lfo lfo = attacked({.shape = LfoShape::kSquare}, controls);
  advance(lfo, controls, 689);
  const double envelope = 689.0 * kBlock;
  CHECK(near(lfo.output(0), 0.5 * envelope));
  CHECK(near(lfo.output(1), 1.0));
  CHECK(near(lfo.output(2), envelope));
  CHECK_EQ(lfo.output(3), 0.0f);
  CHECK_EQ(lfo.output(-1), 0.0f);
  CHECK_EQ(lfo.output(100), 0.0f);
  Lfo scaled = attacked({.shape = LfoShape::kSquare, .scale_all_outputs = true}, controls);
  advance(scaled, controls, 689);
  CHECK(near(scaled.output(0), 0.5 * envelope));
  CHECK(near(scaled.output(1), 0.5));
  CHECK(near(scaled.output(2), 0.5 * envelope));
}

TEST(the_magnitude_stops_at_3) {
  const LfoControls loud{.magnitude = 40.0f};
  Lfo lfo = attacked({.shape = LfoShape::kSquare}, loud);
  CHECK_EQ(advance(lfo, loud, 1), 3.0f);
  const LfoControls inverted{.magnitude = -40.0f};
  CHECK_EQ(advance(lfo, inverted, 1), -3.0f);
}

TEST(envelope_lfos_shape_their_envelope) {
  const double envelope = 400.0 * kBlock;
  const auto at = [](int type, float deform, bool unipolar = false) {
    const LfoControls controls{.deform = deform, .attack = 0.0f};
    Lfo lfo = attacked({.shape = LfoShape::kEnvelope, .unipolar = unipolar, .deform_type = type},
                       controls);
    const float value = advance(lfo, controls, 400);
    CHECK(near(lfo.output(1), value));
    return value;
  };
  CHECK(near(at(0, 0.0f), envelope));
  CHECK(near(at(0, 0.0f, true), envelope));
  CHECK(near(at(0, 0.7f), envelope * (0.3 + 0.7 * envelope)));
  CHECK(near(at(0, -0.5f), envelope * (1.5 - 0.5 * envelope)));
  CHECK(near(at(1, 0.2f), std::pow(envelope, 2.8)));
  CHECK(near(at(1, -0.5f), std::pow(envelope, 1.0 / 3.0)));
  CHECK(near(at(2, 0.5f), std::round(12.0 * envelope) / 12.0));
  CHECK(near(at(2, 0.03f), envelope));
  const float noisy = at(2, -1.0f);
  CHECK(std::fabs(noisy - envelope) <= 0.2 && noisy != static_cast<float>(envelope));
}

TEST(a_bypassed_envelope_leaves_the_wave) {
  const LfoControls controls{.magnitude = 0.5f, .delay = 0.0f};
  Lfo lfo = attacked({.shape = LfoShape::kSquare, .envelope_bypassed = true}, controls);
  CHECK_EQ(advance(lfo, controls, 3), 0.5f);
  CHECK_EQ(lfo.output(2), 1.0f);
}

TEST(sample_and_hold_keeps_a_value_for_a_cycle) {
  const LfoControls controls{.rate = 3.0f};
  Lfo lfo = attacked({.shape = LfoShape::kSampleAndHold}, controls);
  std::vector<float> values;
  std::vector<int> lengths;
  for (int i = 0; i < 40000; ++i) {
    lfo.tick(controls);
    if (values.empty() || lfo.output(1) != values.back()) {
      values.push_back(lfo.output(1));
      lengths.push_back(0);
    }
    ++lengths.back();
  }
  CHECK(std::fabs(static_cast<double>(values.size()) - 40000.0 * kBlock * 8.0) < 2.0);
  for (std::size_t i = 0; i + 1 < lengths.size(); ++i) {
    CHECK(lengths[i] == 172 || lengths[i] == 173);
  }
  // Uniform over +-1.
  double sum = 0.0;
  double square = 0.0;
  for (const float value : values) {
    CHECK(value >= -1.0f && value <= 1.0f);
    sum += value;
    square += static_cast<double>(value) * value;
  }
  const auto count = static_cast<double>(values.size());
  CHECK(near(sum / count, 0.0, 0.15));
  CHECK(near(square / count, 1.0 / 3.0, 0.07));
}

// Correlation of each value of sample & hold with the one before.
double neighbour_correlation(float deform) {
  const LfoControls controls{.rate = 10.4f, .deform = deform};  // a value per block
  Lfo lfo = attacked({.shape = LfoShape::kSampleAndHold}, controls, 3);
  double product = 0.0;
  double square = 0.0;
  float last = 0.0f;
  for (int i = 0; i < 20000; ++i) {
    lfo.tick(controls);
    product += static_cast<double>(last) * lfo.output(1);
    square += static_cast<double>(lfo.output(1)) * lfo.output(1);
    last = lfo.output(1);
  }
  return product / square;
}

TEST(deform_correlates_random_values) {
  CHECK(near(neighbour_correlation(0.0f), 0.0, 0.05));
  // Two equal one-pole filters with a pole of p: 2 p / (1 + p^2). Deform 0.3: p = -0.4224.
  const double pole = 2.0 * 0.24 - 0.24 * 0.24;
  CHECK(near(neighbour_correlation(-0.3f), 2.0 * pole / (1.0 + pole * pole), 0.05));
  CHECK(near(neighbour_correlation(0.3f), -2.0 * pole / (1.0 + pole * pole), 0.05));
}

TEST(noise_is_a_curve_through_random_points) {
  const LfoControls controls{.rate = 2.0f};
  Lfo lfo = attacked({.shape = LfoShape::kNoise}, controls);
  float last = 0.0f;
  float largest = 0.0f;
  float largest_jump = 0.0f;
  for (int i = 0; i < 5000; ++i) {
    lfo.tick(controls);
    if (i == 0) CHECK_EQ(lfo.output(1), 0.0f);  // at phase 0 all points start at 0
    largest = std::max(largest, std::fabs(lfo.output(1)));
    largest_jump = std::max(largest_jump, std::fabs(lfo.output(1) - last));
    last = lfo.output(1);
  }
  CHECK(largest > 0.5f && largest < 2.0f);
  CHECK(largest_jump > 0.001f && largest_jump < 0.05f);
}

TEST(a_seed_makes_a_random_lfo) {
  for (const LfoShape shape : {LfoShape::kNoise, LfoShape::kSampleAndHold}) {
    const LfoControls controls{.rate = 6.0f};
    Lfo first = attacked({.shape = shape}, controls, 7);
    Lfo again = attacked({.shape = shape}, controls, 7);
    Lfo other = attacked({.shape = shape}, controls, 8);
    bool differs = false;
    for (int i = 0; i < 200; ++i) {
      CHECK_EQ(advance(first, controls, 1), advance(again, controls, 1));
      differs = differs || advance(other, controls, 1) != first.output(0);
    }
    CHECK(differs);
  }
}

TEST(shuffled_steps_alternate_in_length) {
  LfoModel model{.shape = LfoShape::kStepSequencer};
  for (std::size_t i = 0; i < 16; ++i) model.steps.steps[i] = static_cast<float>(i);
  const LfoControls controls{.rate = 2.0f, .phase = 0.5f};
  const auto lengths_of = [&](const LfoModel& shuffled) {
    Lfo lfo = attacked(shuffled, controls);
    std::vector<int> lengths(1, 0);
    float step = 0.0f;
    while (lengths.size() < 5) {
      lfo.tick(controls);
      if (lfo.output(1) != step) {
        step = lfo.output(1);
        lengths.push_back(0);
      }
      ++lengths.back();
    }
    return lengths;
  };
  // A quarter of a step less and more: the first takes 3/4 of 344.5 blocks.
  const std::vector<int> lengths = lengths_of(model);
  CHECK(near(lengths[0], 0.75 * 344.53, 1.1));
  CHECK(near(lengths[1], 1.25 * 344.53, 1.1));
  CHECK(near(lengths[2], 0.75 * 344.53, 1.1));
  // The extended range is even in its middle.
  model.phase_extended = true;
  CHECK(near(lengths_of(model)[0], 344.53, 1.1));
}

TEST(steps_trigger_envelopes_but_not_the_first) {
  LfoModel model{.shape = LfoShape::kStepSequencer};
  model.steps.loop_end = 1;
  model.steps.trigger_mask = 1ull << 0;
  const LfoControls controls{.rate = 6.0f};
  Lfo lfo = attacked(model, controls);
  int count = 0;
  for (int i = 0; i < 1378; ++i) {
    lfo.tick(controls);
    CHECK_EQ(lfo.triggers().amplitude, lfo.triggers().filter);
    count += lfo.triggers().amplitude;
    if (i < 21) CHECK_EQ(count, 0);
  }
  CHECK_EQ(count, 31);  // every second of 63 beginnings
}

TEST(unipolar_steps_stop_at_0) {
  LfoModel model{.shape = LfoShape::kStepSequencer, .unipolar = true};
  model.steps.steps.fill(-0.5f);
  Lfo lfo = attacked(model, kPlain);
  CHECK_EQ(advance(lfo, kPlain, 1), 0.0f);
  model.steps.steps.fill(0.5f);
  Lfo positive = attacked(model, kPlain);
  CHECK_EQ(advance(positive, kPlain, 1), 0.5f);
}

TEST(a_stopped_step_sequencer_is_scrubbed) {
  LfoModel model{.shape = LfoShape::kStepSequencer, .rate_deactivated = true};
  for (std::size_t i = 0; i < 16; ++i) model.steps.steps[i] = static_cast<float>(i);
  Lfo lfo = attacked(model, kPlain);
  for (int i = 0; i < 16; ++i) {
    lfo.tick({.phase = (static_cast<float>(i) + 0.5f) / 16.0f});
    CHECK_EQ(lfo.output(1), static_cast<float>(i));
  }
}

TEST(an_mseg_counts_cycles) {
  const Mseg mseg{.segments = {{.duration = 2.0f, .v0 = -1.0f, .nv1 = 1.0f}},
                  .loop_mode = MsegLoopMode::kOneShot};
  const MsegCurve curve(mseg);
  const LfoModel model{.shape = LfoShape::kMseg, .mseg = &curve};
  Lfo lfo = attacked(model, kPlain);
  for (int n = 1; n < 3000; ++n) {
    lfo.tick(kPlain);
    CHECK(near(lfo.output(1), std::min(1.0, -1.0 + n * kBlock), 1e-3));
  }
  // The start phase is that of the whole curve.
  const LfoControls late{.phase = 0.75f};
  Lfo second = attacked(model, late);
  second.tick(late);
  CHECK(near(second.output(1), 0.5 + kBlock, 1e-4));
}

class Doubler : public Formula {
 public:
  bool start(const FormulaInput&, const FormulaSurroundings&) noexcept override { return starts; }
  bool process(const FormulaInput& input, const FormulaSurroundings& surroundings,
               FormulaOutput& output) noexcept override {
    output.values = {2.0f * input.phase, input.deform, static_cast<float>(surroundings.key)};
    output.num_values = 3;
    output.use_envelope = use_envelope;
    output.retrigger_amplitude = true;
    return ++count <= limit;
  }
  bool starts = true;
  bool use_envelope = true;
  int limit = 1000;
  int count = 0;
};

TEST(formulas_have_outputs_of_their_own) {
  Doubler formula;
  const FormulaSurroundings surroundings{.key = 60};
  const LfoModel model{
      .shape = LfoShape::kFormula, .formula = &formula, .surroundings = &surroundings};
  const LfoControls controls{.magnitude = 0.5f, .deform = 0.25f, .attack = 0.0f};
  Lfo lfo = attacked(model, controls);
  advance(lfo, controls, 100);
  const double phase = 100.0 * kBlock;
  CHECK(near(lfo.output(0), 2.0 * phase * 0.5 * phase));
  CHECK(near(lfo.output(1), 0.25 * 0.5 * phase));
  CHECK(near(lfo.output(2), 60.0 * 0.5 * phase, 1e-3));
  CHECK(lfo.triggers().amplitude && !lfo.triggers().filter);
  formula.use_envelope = false;
  lfo.tick(controls);
  CHECK(near(lfo.output(1), 0.125));
  formula.limit = 0;
  lfo.tick(controls);
  CHECK_EQ(lfo.output(1), 0.0f);
  formula.limit = 1000;
  lfo.tick(controls);
  CHECK_EQ(lfo.output(1), 0.0f);
  formula.starts = false;
  Lfo failed = attacked(model, controls);
  CHECK_EQ(advance(failed, controls, 3), 0.0f);
}

TEST(a_formula_that_is_not_rendered_is_silent) {
  Lfo lfo = attacked({.shape = LfoShape::kFormula, .unipolar = true}, kPlain);
  CHECK_EQ(advance(lfo, kPlain, 10), 0.0f);
  CHECK_EQ(lfo.output(1), 0.0f);
}

TEST(no_controls_make_an_output_that_is_not_finite) {
  Rng rng(4);
  const float inf = std::numeric_limits<float>::infinity();
  const std::array<float, 10> extremes{
      0.0f,   -8.0f, 5.0f, -1e9f, 1e9f,
      -3e38f, 3e38f, inf,  -inf,  std::numeric_limits<float>::quiet_NaN()};
  const auto any = [&] {
    return rng.bits() % 4 == 0 ? extremes[rng.bits() % extremes.size()] : 9.0f * rng.bipolar();
  };
  const auto coin = [&] { return (rng.bits() & 1u) != 0; };
  const Mseg mseg{.segments = {{.duration = 0.5f, .v0 = -1.0f, .cp_value = 0.5f},
                               {.duration = 0.7f, .v0 = 1.0f, .type = MsegSegmentType::kBrownian}}};
  const MsegCurve curve(mseg);
  for (int note = 0; note < 4000; ++note) {
    LfoModel model{.shape = static_cast<LfoShape>(rng.bits() % kNumLfoShapes),
                   .trigger = static_cast<LfoTrigger>(rng.bits() % 3),
                   .unipolar = coin(),
                   .deform_type = static_cast<int>(rng.bits() % 5) - 1,
                   .scale_all_outputs = coin(),
                   .rate_synced = coin(),
                   .delay_synced = coin(),
                   .attack_synced = coin(),
                   .hold_synced = coin(),
                   .decay_synced = coin(),
                   .release_synced = coin(),
                   .rate_deactivated = rng.bits() % 8 == 0,
                   .envelope_bypassed = coin(),
                   .phase_extended = coin(),
                   .stored_release = any()};
    if (coin()) model.mseg = &curve;
    model.steps.loop_start = static_cast<int>(rng.bits() % 16);
    model.steps.loop_end = static_cast<int>(rng.bits() % 16);
    for (float& step : model.steps.steps) step = rng.bipolar();
    const auto controls = [&] {
      return LfoControls{.rate = any(),
                         .phase = any(),
                         .magnitude = any(),
                         .deform = any(),
                         .delay = any(),
                         .attack = any(),
                         .hold = any(),
                         .decay = any(),
                         .sustain = any(),
                         .release = any()};
    };
    Lfo lfo = attacked(model, controls(), rng.next(), 20.0f + 1000.0f * rng.unipolar(),
                       1e4 * static_cast<double>(rng.unipolar()));
    for (int i = 0; i < 40; ++i) {
      lfo.tick(controls());
      for (int output = 0; output < kMaxLfoOutputs; ++output) {
        CHECK(std::isfinite(lfo.output(output)));
      }
      if (rng.bits() % 32 == 0) lfo.release();
      if (rng.bits() % 32 == 0) lfo.attack(controls(), 1.0);
    }
  }
}

}  // namespace
}  // namespace synthrl::surge
