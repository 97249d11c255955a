// Envelopes against closed forms of their stages.

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "check.h"
#include "surge/dsp/rng.h"
#include "surge/modulators/envelope.h"

namespace synthrl::surge {
namespace {

const ModulatorTables& tables() {
  static const ModulatorTables kTables(44100.0);
  return kTables;
}

constexpr double kBlock = 32.0 / 44100.0;  // s
constexpr EnvelopeControls kCold{.attack = 0.0f,
                                 .decay = 0.0f,
                                 .sustain = 0.0f,
                                 .release = 0.0f,
                                 .attack_shape = 0,
                                 .decay_shape = 0,
                                 .release_shape = 0,
                                 .analog = false};

bool near(double got, double expected, double tolerance = 1e-5) {
  if (std::fabs(got - expected) <= tolerance) return true;
  std::cerr << got << " is not " << expected << '\n';
  return false;
}

Envelope attacked(const EnvelopeControls& controls, const EnvelopeModel& model = {},
                  float tempo_bpm = 120.0f) {
  Envelope envelope;
  envelope.start(tables(), model, tempo_bpm);
  envelope.attack(controls);
  return envelope;
}

float advance(Envelope& envelope, const EnvelopeControls& controls, int blocks) {
  float level = envelope.level();
  for (int i = 0; i < blocks; ++i) level = envelope.tick(controls);
  return level;
}

TEST(rates_are_exact_on_sixteenths_of_an_octave_and_a_chord_between) {
  for (int i = -128; i <= 80; ++i) {
    const double time = i / 16.0;
    const double exact = kBlock * std::exp2(-time);
    CHECK(near(tables().rate(static_cast<float>(time)) / exact, 1.0, 1e-6));
    const double between = time + 0.5 / 16.0;
    const double excess =
        tables().rate(static_cast<float>(between)) / (kBlock * std::exp2(-between)) - 1.0;
    CHECK(excess > 0.00020 && excess < 0.00024);
  }
  CHECK(near(tables().rate(-8.0f), 0.18576));
  CHECK(near(tables().rate(-6.5f), 0.065676));
}

TEST(rates_stop_at_sixteen_octaves) {
  CHECK_EQ(tables().rate(-1e9f), tables().rate(-16.0f));
  CHECK_EQ(tables().rate(1e9f), tables().rate(100.0f));
  CHECK(tables().rate(1e9f) > 0.0f);
}

TEST(the_sine_is_a_line_between_1024_points) {
  const double pi = std::acos(-1.0);
  for (int i = 0; i < 1024; ++i) {
    const double here = std::sin(2.0 * pi * i / 1024.0);
    const double next = std::sin(2.0 * pi * (i + 1) / 1024.0);
    CHECK(near(tables().sine(static_cast<float>(i / 1024.0)), here, 1e-7));
    CHECK(near(tables().sine(static_cast<float>((i + 0.25) / 1024.0)), 0.75 * here + 0.25 * next,
               1e-7));
  }
}

TEST(tables_need_a_sample_rate) {
  CHECK(test::throws<std::invalid_argument>([] { ModulatorTables(0.0); }));
  CHECK(test::throws<std::invalid_argument>(
      [] { ModulatorTables(std::numeric_limits<double>::quiet_NaN()); }));
}

TEST(a_cold_start_climbs_as_a_root_for_two_blocks_and_then_at_the_real_speed) {
  Envelope envelope = attacked(kCold);
  CHECK(near(envelope.tick(kCold), std::sqrt(1.0 / 1378.125)));
  CHECK(near(envelope.level(), 0.0269, 5e-5));
  CHECK(near(envelope.tick(kCold), std::sqrt(2.0 / 1378.125)));
  CHECK(near(envelope.level(), 0.0381, 5e-5));
  const EnvelopeControls controls{.attack = -8.0f};
  for (int i = 1; i <= 5; ++i) {
    CHECK(near(envelope.tick(controls), 2.0 / 1378.125 + i * kBlock * 256.0));
  }
  CHECK_EQ(envelope.tick(controls), 1.0f);
}

TEST(a_cold_start_leaves_the_capacitor_empty) {
  Envelope envelope = attacked(kCold);
  advance(envelope, kCold, 2);
  const EnvelopeControls controls{.attack = -2.0f, .analog = true};
  CHECK(near(envelope.tick(controls), 1.5 * std::exp2(-8.42849 + 2.0)));
}

TEST(the_shortest_attack_is_skipped) {
  const EnvelopeControls controls{
      .attack = -7.995f, .decay = 0.0f, .sustain = 0.0f, .decay_shape = 0};
  Envelope envelope = attacked(controls);
  CHECK(near(envelope.tick(controls), 1.0 - tables().rate(0.0f)));
  Envelope slower = attacked({.attack = -7.98f});
  CHECK(slower.tick({.attack = -7.98f}) < 0.2f);
}

TEST(attacks_follow_their_shape) {
  const double rate = tables().rate(-3.0f);
  const std::array<double, 3> exponents{0.5, 1.0, 2.0};
  for (int shape = 0; shape < 3; ++shape) {
    const EnvelopeControls controls{.attack = -3.0f, .attack_shape = shape};
    Envelope envelope = attacked(controls);
    for (int n = 1; n * rate < 1.0; ++n) {
      CHECK(near(envelope.tick(controls),
                 std::pow(n * rate, exponents[static_cast<std::size_t>(shape)])));
    }
    CHECK_EQ(envelope.tick(controls), 1.0f);
  }
}

TEST(decays_follow_their_shape_to_the_sustain_level) {
  const double rate = tables().rate(-1.0f);
  for (int shape = 0; shape < 3; ++shape) {
    const EnvelopeControls controls{
        .attack = -8.0f, .decay = -1.0f, .sustain = 0.3f, .decay_shape = shape};
    Envelope envelope = attacked(controls);
    for (int n = 1; n < 800; ++n) {
      const double free = std::pow(std::max(0.0, 1.0 - n * rate), shape + 1);
      CHECK(near(envelope.tick(controls), std::max(free, static_cast<double>(0.3f)), 1e-4));
    }
    CHECK_EQ(envelope.level(), 0.3f);
  }
}

TEST(the_level_follows_a_moving_sustain_at_the_speed_of_the_decay) {
  for (int shape = 0; shape < 3; ++shape) {
    EnvelopeControls controls{
        .attack = -8.0f, .decay = -3.0f, .sustain = 0.25f, .decay_shape = shape};
    Envelope envelope = attacked(controls);
    advance(envelope, controls, 400);
    controls.sustain = 0.81f;
    const double power = shape + 1.0;
    const double rate = tables().rate(-3.0f);
    for (int n = 1; n < 200; ++n) {
      const double free = std::pow(std::pow(0.25, 1.0 / power) + n * rate, power);
      CHECK(near(envelope.tick(controls), std::min(free, static_cast<double>(0.81f)), 1e-4));
    }
    CHECK_EQ(envelope.level(), 0.81f);
  }
}

TEST(a_square_decay_to_nothing_gets_there) {
  for (const float time : {-8.0f, -4.0f, 0.0f, 1.0f}) {
    const EnvelopeControls controls{.attack = -8.0f, .decay = time, .sustain = 0.0f};
    Envelope envelope = attacked(controls);
    advance(envelope, controls, 4000);
    CHECK_EQ(envelope.level(), 0.0f);
  }
}

TEST(a_square_decay_below_its_own_speed_bounces) {
  // The lower end of the range is the square (sqrt(p) - rate)^2, which grows again below the rate.
  const EnvelopeControls fast{.attack = -8.0f, .decay = -6.0f, .sustain = 0.0005f};
  const double rate = tables().rate(-6.0f);
  Envelope envelope = attacked(fast);
  double expected = 1.0;
  bool bounced = false;
  for (int i = 0; i < 60; ++i) {
    const double root = std::sqrt(expected);
    double low = (root - rate) * (root - rate);
    bounced = bounced || (root < rate && low > 0.0005);
    if (expected < 1e-4) low = 0.0;
    expected = std::min(std::max(0.0005, low), (root + rate) * (root + rate));
    CHECK(near(envelope.tick(fast), expected, 1e-5));
  }
  CHECK(bounced);
}

TEST(releases_are_powers_of_a_line_from_the_level_at_key_up) {
  const double rate = tables().rate(-2.0f);
  for (int shape = 0; shape < 3; ++shape) {
    const EnvelopeControls controls{
        .attack = -8.0f, .sustain = 0.6f, .release = -2.0f, .release_shape = shape};
    Envelope envelope = attacked(controls);
    advance(envelope, controls, 1000);
    envelope.release();
    int n = 1;
    for (; n * rate < 1.0; ++n) {
      CHECK(near(envelope.tick(controls),
                 static_cast<double>(0.6f) * std::pow(1.0 - n * rate, shape + 1), 1e-4));
      CHECK(!envelope.idle());
    }
    CHECK_EQ(envelope.tick(controls), 0.0f);
    CHECK(!envelope.idle());
    CHECK_EQ(envelope.tick(controls), 0.0f);
    CHECK(envelope.idle());
  }
}

TEST(a_gated_release_drops_at_its_end) {
  const EnvelopeControls controls{.attack = -8.0f, .sustain = 0.7f, .release = -6.0f};
  Envelope envelope = attacked(controls, {.gated_release = true});
  advance(envelope, controls, 1000);
  envelope.release();
  const int blocks = static_cast<int>(1.0f / tables().rate(-6.0f));
  CHECK_EQ(advance(envelope, controls, blocks), 0.7f);
  CHECK_EQ(envelope.tick(controls), 0.0f);
}

TEST(a_stolen_voice_fades_quickly) {
  const EnvelopeControls controls{.attack = -8.0f, .release = 5.0f, .release_shape = 0};
  Envelope envelope = attacked(controls);
  advance(envelope, controls, 10);
  envelope.steal(false);
  CHECK(near(envelope.tick(controls), 1.0 - 0.065676));
  advance(envelope, controls, 16);
  CHECK(envelope.idle());
  Envelope analog = attacked({.analog = true});
  analog.steal(true);
  CHECK(analog.idle());
}

TEST(stages_follow_the_tempo_only_if_asked_to) {
  const EnvelopeControls controls{.attack = 0.0f};
  Envelope synced = attacked(controls, {.attack_synced = true}, 150.0f);
  Envelope plain = attacked(controls, {.decay_synced = true}, 150.0f);
  CHECK(near(synced.tick(controls), 1.25 * kBlock, 1e-7));
  CHECK(near(plain.tick(controls), kBlock, 1e-7));
}

TEST(retriggers_start_from_nothing_or_from_the_level) {
  for (int shape = 0; shape < 3; ++shape) {
    const EnvelopeControls controls{.attack = -1.0f, .sustain = 0.5f, .attack_shape = shape};
    Envelope from_zero = attacked(controls);
    advance(from_zero, controls, 3000);
    Envelope from_level = from_zero;
    from_zero.retrigger(controls, false);
    CHECK(from_zero.tick(controls) < 0.1f);
    from_level.retrigger(controls, true);
    const double power = std::array<double, 3>{0.5, 1.0, 2.0}[static_cast<std::size_t>(shape)];
    CHECK(near(from_level.tick(controls),
               std::pow(std::pow(0.5, 1.0 / power) + tables().rate(-1.0f), power)));
    from_level.release();
    const float level = from_level.level();
    from_level.retrigger(controls, false);
    CHECK(from_level.tick(controls) < level);
    CHECK(from_level.level() > 0.9f * level);
  }
}

TEST(an_analog_attack_charges_towards_three_halves_and_turns_late) {
  const EnvelopeControls controls{
      .attack = -5.0f, .decay = 0.0f, .sustain = 0.5f, .release = 0.0f, .analog = true};
  const double attack = std::exp2(-8.42849 + 5.0);
  const double decay = std::exp2(-8.42849);
  Envelope envelope = attacked(controls);
  double charge = 0.0;
  double peak = 0.0;
  int past = 0;
  for (int n = 1; n < 2000; ++n) {
    // The peak is tested on the charge of two blocks ago.
    if (past < 2) {
      charge = 1.5 * (1.0 - std::pow(1.0 - attack, n));
      peak = charge;
      if (charge > 1.0) ++past;
    } else {
      charge = 0.25 + (peak - 0.25) * std::pow(1.0 - decay, ++past - 2);
    }
    CHECK(near(envelope.tick(controls), charge, 2e-5));
  }
  CHECK(peak > 1.05);
}

TEST(the_fastest_analog_attack_overshoots) {
  // 2^(k + 8) of the way per block.
  const EnvelopeControls controls{.attack = -8.0f, .analog = true};
  Envelope envelope = attacked(controls);
  float peak = 0.0f;
  for (int i = 0; i < 10; ++i) peak = std::max(peak, envelope.tick(controls));
  CHECK(near(peak, 1.5 * (1.0 - std::pow(1.0 - std::exp2(-0.42849), 2)), 1e-4));
}

TEST(an_analog_release_is_geometric_and_ends_at_a_millionth) {
  const EnvelopeControls controls{
      .attack = -8.0f, .decay = -8.0f, .release = -3.0f, .analog = true};
  Envelope envelope = attacked(controls);
  advance(envelope, controls, 200);
  CHECK(near(envelope.level(), 1.0));
  envelope.release();
  const double remains = 1.0 - std::exp2(-8.42849 + 3.0);
  int n = 1;
  for (; std::pow(remains, n) > 1.1e-6; ++n) {
    CHECK(near(envelope.tick(controls) / std::pow(remains, n), 1.0, 1e-3));
    CHECK(!envelope.idle());
  }
  advance(envelope, controls, 20);
  CHECK(envelope.idle());
  CHECK_EQ(envelope.level(), 0.0f);
}

TEST(the_tempo_scales_the_exponent_of_analog_times) {
  const EnvelopeControls controls{.attack = -2.0f, .analog = true};
  Envelope envelope = attacked(controls, {.attack_synced = true}, 150.0f);
  CHECK(near(envelope.tick(controls), 1.5 * std::exp2(-8.42849 + 2.5)));
}

TEST(no_controls_make_a_level_that_is_not_finite) {
  Rng rng(1);
  const float inf = std::numeric_limits<float>::infinity();
  const std::array<float, 10> extremes{
      0.0f,   -8.0f, 5.0f, -1e9f, 1e9f,
      -3e38f, 3e38f, inf,  -inf,  std::numeric_limits<float>::quiet_NaN()};
  const auto any = [&] {
    return (rng.bits() & 1u) != 0 ? extremes[rng.bits() % extremes.size()] : 10.0f * rng.bipolar();
  };
  for (int note = 0; note < 2000; ++note) {
    const auto controls = [&] {
      return EnvelopeControls{.attack = any(),
                              .decay = any(),
                              .sustain = any(),
                              .release = any(),
                              .attack_shape = static_cast<int>(rng.bits() % 5) - 1,
                              .decay_shape = static_cast<int>(rng.bits() % 5) - 1,
                              .release_shape = static_cast<int>(rng.bits() % 5) - 1,
                              .analog = (rng.bits() & 1u) != 0};
    };
    Envelope envelope =
        attacked(controls(), {.attack_synced = true}, 20.0f + 400.0f * rng.unipolar());
    for (int i = 0; i < 40; ++i) {
      const float level = envelope.tick(controls());
      CHECK(std::isfinite(level) && level >= -1e-6f && level <= 3.0f);
      const std::uint32_t event = rng.bits() % 32;
      if (event == 0) envelope.release();
      if (event == 1) envelope.retrigger(controls(), true);
      if (event == 2) envelope.retrigger(controls(), false);
      if (event == 3) envelope.steal(false);
    }
  }
}

}  // namespace
}  // namespace synthrl::surge
