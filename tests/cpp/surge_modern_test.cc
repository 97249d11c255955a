// The Modern oscillator against the Fourier series of the waves it stands for.

#include <cmath>
#include <numbers>

#include "check.h"
#include "oscillator_probe.h"

namespace {

using namespace synthrl::surge;
using namespace synthrl::test;

constexpr double kPi = std::numbers::pi;
constexpr std::size_t kBlocks = 640;

OscillatorModel modern_model(int third_wave = 0) {
  OscillatorModel model = plain_model(OscillatorType::kModern);
  model.options[2].deform = third_wave;
  return model;
}

OscillatorControls modern(float saw, float pulse, float third, float width = 0.5f,
                          float sync = 0.0f, float detune = 0.0f) {
  OscillatorControls controls;
  controls.pitch = 60.0f;
  controls.values = {saw, pulse, third, width, sync, detune, 0.0f};
  return controls;
}

// What the second difference takes away from a partial of the wave.
double difference_gain(double hz) {
  const double x = kPi * hz / kRateHz;
  return std::pow(std::sin(x) / x, 2.0);
}

template <typename Amplitude>
void check_series(const std::vector<float>& samples, double hz, Amplitude amplitude) {
  for (int k = 1; k * hz < 15000.0; ++k) {
    const double expected = decibels(amplitude(k) * difference_gain(k * hz));
    const double got = decibels(level(samples, k * hz));
    if (expected < -60.0) {
      CHECK(got < -59.5);
    } else {
      CHECK(std::fabs(got - expected) < 0.05);
    }
  }
}

}  // namespace

TEST(saw_has_all_partials) {
  const Sound sound = play(modern_model(), modern(1.0f, 0.0f, 0.0f), kBlocks);
  check_series(sound.left, hz_of(60), [](int k) { return 1.0 / (kPi * k); });
}

TEST(pulse_follows_its_width) {
  for (const double width : {0.5, 0.2}) {
    const Sound sound =
        play(modern_model(), modern(0.0f, 1.0f, 0.0f, static_cast<float>(width)), kBlocks);
    check_series(sound.left, hz_of(60),
                 [width](int k) { return std::fabs(2.0 * std::sin(kPi * k * width) / (kPi * k)); });
  }
}

TEST(third_wave_is_triangle_square_or_parabola) {
  const auto odd = [](int k, double amplitude) { return k % 2 == 1 ? amplitude : 0.0; };
  check_series(play(modern_model(0), modern(0.0f, 0.0f, 1.0f), kBlocks).left, hz_of(60),
               [&](int k) { return odd(k, 4.0 / (kPi * kPi * k * k)); });
  check_series(play(modern_model(1), modern(0.0f, 0.0f, 1.0f), kBlocks).left, hz_of(60),
               [&](int k) { return odd(k, 2.0 / (kPi * k)); });
  check_series(play(modern_model(2), modern(0.0f, 0.0f, 1.0f), kBlocks).left, hz_of(60),
               [&](int k) { return odd(k, 16.0 / (kPi * kPi * kPi * k * k * k)); });
}

TEST(components_add_up) {
  const Sound saw = play(modern_model(), modern(0.7f, 0.0f, 0.0f), 20);
  const Sound pulse = play(modern_model(), modern(0.0f, -0.4f, 0.0f), 20);
  const Sound third = play(modern_model(), modern(0.0f, 0.0f, 0.9f), 20);
  const Sound all = play(modern_model(), modern(0.7f, -0.4f, 0.9f), 20);
  for (std::size_t i = 0; i < all.left.size(); ++i) {
    CHECK(std::fabs(all.left[i] - saw.left[i] - pulse.left[i] - third.left[i]) < 1e-5f);
  }
}

TEST(sub_octave_is_an_octave_below_and_outside_the_unison) {
  OscillatorModel model = modern_model(1 + 1024);
  model.integers[6] = 4;
  const Sound sound = play(model, modern(0.0f, 0.0f, 1.0f, 0.5f, 0.0f, 0.3f), kBlocks);
  check_series(sound.left, 0.5 * hz_of(60),
               [](int k) { return k % 2 == 1 ? 2.0 / (kPi * k) : 0.0; });
}

TEST(sub_octave_can_ignore_sync) {
  const Sound plain = play(modern_model(1 + 1024), modern(0.0f, 0.0f, 1.0f), 40);
  const Sound ignoring =
      play(modern_model(1 + 1024 + 2048), modern(0.0f, 0.0f, 1.0f, 0.5f, 7.0f), 40);
  const Sound synced = play(modern_model(1 + 1024), modern(0.0f, 0.0f, 1.0f, 0.5f, 7.0f), 40);
  CHECK(plain.left == ignoring.left);
  CHECK(plain.left != synced.left);
}

TEST(sync_repeats_an_octave_below_the_note) {
  const Sound sound = play(modern_model(), modern(1.0f, 0.0f, 0.0f, 0.5f, 7.3f), 2 * kBlocks);
  const double master = 0.5 * hz_of(60);
  // A rising saw that starts again with each master cycle, here without the softened sample.
  const double slave_cycles = 2.0 * std::exp2(7.3 / 12.0);
  for (int k = 1; k * master < 4000.0; ++k) {
    std::complex<double> sum = 0.0;
    const double omega = 2.0 * kPi * k / slave_cycles;
    for (int cycle = 0; cycle < static_cast<int>(std::ceil(slave_cycles)); ++cycle) {
      const double length = std::min(1.0, slave_cycles - cycle);
      constexpr int kSteps = 2000;
      for (int i = 0; i < kSteps; ++i) {
        const double at = (i + 0.5) / kSteps * length;
        sum += (at - 0.5) * std::polar(1.0, -omega * (cycle + at)) * (length / kSteps);
      }
    }
    const double expected = decibels(2.0 * std::abs(sum) / slave_cycles);
    // The softened sample takes a little off the jumps.
    CHECK(std::fabs(decibels(level(sound.left, k * master)) - expected) < 1.0);
  }
}

TEST(modulator_shifts_the_phase) {
  std::array<float, kOscillatorBlockSamples> modulator;
  modulator.fill(1.0f);
  OscillatorControls controls = modern(1.0f, 0.3f, 0.5f);
  const Sound plain = play(modern_model(), controls, 40);
  controls.modulator = modulator.data();
  controls.fm_gain = std::cbrt(1.0f / 16.0f);  // a whole cycle
  const Sound shifted = play(modern_model(), controls, 40);
  for (std::size_t i = 0; i < plain.left.size(); ++i) {
    CHECK(std::fabs(plain.left[i] - shifted.left[i]) < 1e-3f);
  }
  controls.fm_gain = std::cbrt(0.5f / 16.0f);  // half a cycle turns odd partials around
  OscillatorControls square = modern(0.0f, 1.0f, 0.0f);
  const Sound upright = play(modern_model(), square, 40);
  square.modulator = modulator.data();
  square.fm_gain = std::cbrt(0.5f / 16.0f);
  const Sound inverted = play(modern_model(), square, 40);
  for (std::size_t i = 0; i < upright.left.size(); ++i) {
    CHECK(std::fabs(upright.left[i] + inverted.left[i]) < 1e-3f);
  }
}

TEST(retriggered_notes_start_one_step_into_the_wave) {
  const Sound sound = play(modern_model(), modern(1.0f, 0.0f, 0.0f), 1);
  // The first sample straddles the jump of the saw: an increment on either side.
  const double step = hz_of(60) / kRateHz;
  CHECK(std::fabs(sound.left[0]) < 0.02f);
  for (std::size_t i = 2; i < 60; ++i) {
    const double expected = -0.5 + static_cast<double>(i) * step;
    CHECK(std::fabs(static_cast<double>(sound.left[i]) - expected) < 1e-4);
  }
}

TEST(absolute_detune_is_in_hertz) {
  OscillatorModel model = modern_model();
  model.integers[6] = 2;
  model.stereo = true;
  model.options[5].absolute = true;
  const Sound sound = play(model, modern(1.0f, 0.0f, 0.0f, 0.5f, 0.0f, 1.0f), 2 * kBlocks);
  const double full = std::sqrt(2.0) / kPi;
  CHECK(std::fabs(decibels(level(sound.right, hz_of(60) - 16.0, 65536) / full)) < 0.05);
  CHECK(std::fabs(decibels(level(sound.left, hz_of(60) + 16.0, 65536) / full)) < 0.05);
}

TEST(depends_on_the_seed_alone) {
  OscillatorModel model = modern_model();
  model.retrigger = false;
  model.integers[6] = 3;
  CHECK(play(model, modern(1, 1, 1), 9, 4).left == play(model, modern(1, 1, 1), 9, 4).left);
  CHECK(play(model, modern(1, 1, 1), 9, 4).left != play(model, modern(1, 1, 1), 9, 5).left);
}

TEST(stays_finite) {
  for (const int deform : {0, 1, 2, 1024 + 2048, 1025, 1026}) {
    CHECK(survives_extremes(modern_model(deform), 200.0f));
  }
}
