// The Classic oscillator against the Fourier series of the waves it stands for.

#include <algorithm>
#include <cmath>
#include <numbers>

#include "check.h"
#include "oscillator_probe.h"
#include "surge/dsp/rng.h"

namespace {

using namespace synthrl::surge;
using namespace synthrl::test;

constexpr double kPi = std::numbers::pi;

OscillatorModel classic_model() { return plain_model(OscillatorType::kClassic); }

// shape, width 1, width 2, sub, sync, detune
OscillatorControls classic(float shape, float width = 0.5f, float width2 = 0.5f, float sub = 0.0f,
                           float sync = 0.0f, float detune = 0.0f) {
  OscillatorControls controls;
  controls.pitch = 60.0f;
  controls.values = {shape, width, width2, sub, sync, detune, 0.0f};
  return controls;
}

constexpr std::size_t kBlocks = 640;

// Checks all partials of an ideal wave up to 15 kHz; `amplitude` is that of partial k of `hz`.
template <typename Amplitude>
void check_series(const std::vector<float>& samples, double hz, Amplitude amplitude) {
  for (int k = 1; k * hz < 15000.0; ++k) {
    const double expected = decibels(amplitude(k) * impulse_train_gain(k * hz));
    const double got = decibels(level(samples, k * hz));
    if (expected < -60.0) {
      CHECK(got < -60.0);
    } else {
      CHECK(std::fabs(got - expected) < 0.05);
    }
  }
}

}  // namespace

TEST(saw_has_all_partials) {
  const Sound sound = play(classic_model(), classic(0.0f), kBlocks);
  check_series(sound.left, hz_of(60), [](int k) { return 1.0 / (kPi * k); });
}

TEST(pulse_follows_its_width) {
  for (const double width : {0.5, 0.3, 0.1}) {
    const Sound sound = play(classic_model(), classic(-1.0f, static_cast<float>(width)), kBlocks);
    check_series(sound.left, hz_of(60),
                 [width](int k) { return std::fabs(2.0 * std::sin(kPi * k * width) / (kPi * k)); });
  }
}

TEST(double_saw_is_an_octave_higher) {
  const Sound sound = play(classic_model(), classic(1.0f), kBlocks);
  check_series(sound.left, hz_of(60), [](int k) { return k % 2 == 0 ? 2.0 / (kPi * k) : 0.0; });
}

TEST(sub_is_a_square_an_octave_below) {
  const Sound sound = play(classic_model(), classic(0.0f, 0.5f, 0.5f, 1.0f), kBlocks);
  check_series(sound.left, 0.5 * hz_of(60),
               [](int k) { return k % 2 == 1 ? 2.0 / (kPi * k) : 0.0; });
}

TEST(second_width_makes_periods_unequal) {
  const Sound sound = play(classic_model(), classic(-1.0f, 0.5f, 0.3f), kBlocks);
  // High for 0.3, low for 0.7, high for 0.7, low for 0.3 of a period; two periods are a cycle.
  check_series(sound.left, 0.5 * hz_of(60), [](int k) {
    std::complex<double> sum = 0.0;
    for (const auto& [time, step] : {std::pair{0.0, 1.0}, {0.15, -1.0}, {0.5, 1.0}, {0.85, -1.0}}) {
      sum += step * std::polar(1.0, -2.0 * kPi * k * time);
    }
    return std::abs(sum) / (kPi * k);
  });
}

TEST(sync_repeats_an_octave_below_the_note) {
  const Sound sound = play(classic_model(), classic(0.0f, 0.5f, 0.5f, 0.0f, 7.3f), kBlocks);
  const double master = 0.5 * hz_of(60);
  // A saw that is reset to its start: slope and steps of the slave within one master cycle.
  const double slave_cycles = 2.0 * std::exp2(7.3 / 12.0);
  for (int k = 1; k * master < 12000.0; ++k) {
    // Ramp from 1/2 to -1/2 per slave cycle; Fourier integral over whole and broken cycles.
    std::complex<double> sum = 0.0;
    const double omega = 2.0 * kPi * k / slave_cycles;  // per slave cycle
    for (int cycle = 0; cycle < static_cast<int>(std::ceil(slave_cycles)); ++cycle) {
      const double length = std::min(1.0, slave_cycles - cycle);
      constexpr int kSteps = 2000;
      for (int i = 0; i < kSteps; ++i) {
        const double at = (i + 0.5) / kSteps * length;
        sum += (0.5 - at) * std::polar(1.0, -omega * (cycle + at)) * (length / kSteps);
      }
    }
    const double expected =
        decibels(2.0 * std::abs(sum) / slave_cycles * impulse_train_gain(k * master));
    if (expected > -60.0)
      CHECK(std::fabs(decibels(level(sound.left, k * master)) - expected) < 0.2);
  }
  // Nothing between the partials.
  CHECK(level(sound.left, 1.5 * hz_of(60) * 1.05) < 1e-3);
}

TEST(starts_with_the_kernels_latency) {
  const Sound sound = play(classic_model(), classic(0.0f), 1);
  // The first step is a half; its middle comes after 5 samples.
  CHECK(std::fabs(sound.left[0]) < 0.01f);
  CHECK(std::fabs(sound.left[5] - 0.25f) < 0.12f);
  CHECK(std::fabs(sound.left[12] - 0.5f) < 0.06f);
}

TEST(starts_late_by_up_to_half_a_period_without_retrigger) {
  OscillatorModel model = classic_model();
  model.retrigger = false;
  const double half_period = 0.5 * kRateHz / hz_of(60);
  double latest = 0.0;
  double sum = 0.0;
  constexpr int kNotes = 100;
  for (int seed = 0; seed < kNotes; ++seed) {
    const Sound sound = play(model, classic(0.0f), 8, static_cast<std::uint64_t>(seed));
    const auto first = std::find_if(sound.left.begin(), sound.left.end(),
                                    [](float x) { return std::fabs(x) > 0.25f; });
    const double delay = static_cast<double>(first - sound.left.begin()) - 5.0;
    latest = std::max(latest, delay);
    sum += delay;
  }
  CHECK(latest < half_period + 2.0);
  CHECK(latest > 0.9 * half_period);
  CHECK(std::fabs(sum / kNotes - 0.5 * half_period) < 0.1 * half_period);
}

TEST(depends_on_the_seed_alone) {
  OscillatorModel model = classic_model();
  model.retrigger = false;
  model.integers[6] = 5;
  model.random_drift_start = true;
  OscillatorControls controls = classic(0.3f, 0.4f, 0.5f, 0.1f, 3.0f, 0.2f);
  controls.drift = 0.5f;
  CHECK(play(model, controls, 50, 7).left == play(model, controls, 50, 7).left);
  CHECK(play(model, controls, 50, 7).left != play(model, controls, 50, 8).left);
}

TEST(unison_keeps_the_power) {
  OscillatorModel model = classic_model();
  model.retrigger = false;
  constexpr std::size_t kLong = 8000;
  const double one = root_mean_square(
      play(model, classic(0.0f, 0.5f, 0.5f, 0.0f, 0.0f, 0.3f), kLong).left, 400000);
  model.integers[6] = 16;
  const double many = root_mean_square(
      play(model, classic(0.0f, 0.5f, 0.5f, 0.0f, 0.0f, 0.3f), kLong).left, 400000);
  CHECK(std::fabs(decibels(many / one)) < 0.7);
}

TEST(unison_spreads_from_left_to_right) {
  OscillatorModel model = classic_model();
  model.integers[6] = 2;
  model.stereo = true;
  // A semitone apart: each voice alone on its side.
  const Sound sound = play(model, classic(0.0f, 0.5f, 0.5f, 0.0f, 0.0f, 1.0f), kBlocks);
  const double full = 2.0 / std::sqrt(2.0) / kPi;
  CHECK(std::fabs(decibels(level(sound.left, hz_of(61)) / full)) < 0.1);
  CHECK(std::fabs(decibels(level(sound.right, hz_of(59)) / full)) < 0.1);
  CHECK(level(sound.left, hz_of(59)) < 1e-4);
  CHECK(level(sound.right, hz_of(61)) < 1e-4);
}

TEST(absolute_detune_is_in_hertz) {
  OscillatorModel model = classic_model();
  model.integers[6] = 2;
  model.stereo = true;
  model.options[5].absolute = true;
  OscillatorControls controls = classic(0.0f, 0.5f, 0.5f, 0.0f, 0.0f, 1.0f);
  controls.pitch = 84.0f;
  const Sound sound = play(model, controls, 2 * kBlocks);
  CHECK(std::fabs(decibels(level(sound.left, hz_of(84) + 8.0, 65536) * kPi / std::sqrt(2.0))) <
        0.3);
  CHECK(std::fabs(decibels(level(sound.right, hz_of(84) - 8.0, 65536) * kPi / std::sqrt(2.0))) <
        0.3);
}

TEST(modulation_of_frequency_is_linear_and_bounded) {
  std::array<float, kOscillatorBlockSamples> modulator;
  modulator.fill(1.0f);
  for (const auto& [gain, factor] :
       {std::pair{0.5f, 1.5}, {-0.5f, 0.5}, {50.0f, 1.9}, {-50.0f, 0.1}}) {
    OscillatorControls controls = classic(0.0f);
    controls.fm_gain = gain;
    controls.modulator = modulator.data();
    const Sound sound = play(classic_model(), controls, 4 * kBlocks);
    const double hz = factor * hz_of(60);
    const double wide = level(sound.left, hz, 131072);
    CHECK(wide > 0.15);
    CHECK(level(sound.left, 0.5 * hz, 131072) < 0.01 * wide);
  }
}

TEST(smoothed_parameters_glide_from_the_start) {
  OscillatorModel model = classic_model();
  Oscillator oscillator(oscillator_tables());
  oscillator.start(model, OscillatorStart{}, 1);  // all zero: a saw
  std::array<float, kOscillatorBlockSamples> left{};
  std::array<float, kOscillatorBlockSamples> right{};
  std::vector<float> cold;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    oscillator.process(classic(-1.0f), left, right);
    cold.insert(cold.end(), left.begin(), left.end());
  }
  const Sound warm = play(model, classic(-1.0f), kBlocks);
  double early = 0.0;
  double late = 0.0;
  for (std::size_t i = 0; i < 1000; ++i) {
    early = std::max(early, std::fabs(static_cast<double>(cold[i] - warm.left[i])));
    const std::size_t j = cold.size() - 1 - i;
    late = std::max(late, std::fabs(static_cast<double>(cold[j] - warm.left[j])));
  }
  CHECK(early > 0.2);
  CHECK(late < 1e-3);
}

TEST(character_filters_the_tone) {
  OscillatorModel model = classic_model();
  const Sound neutral = play(model, classic(0.0f), kBlocks);
  model.character = Character::kWarm;
  const Sound warm = play(model, classic(0.0f), kBlocks);
  model.character = Character::kBright;
  const Sound bright = play(model, classic(0.0f), kBlocks);
  const double pole = std::pow(1.0 - 10000.0 / kHostRateHz, 2.0);
  for (const int k : {1, 4, 16, 40}) {
    const double hz = k * hz_of(60);
    const auto z = std::polar(1.0, -2.0 * kPi * hz / kRateHz);
    const double gain = (1.0 - pole) / std::abs(1.0 - pole * z);
    CHECK(std::fabs(decibels(level(warm.left, hz) / level(neutral.left, hz) / gain)) < 0.02);
    CHECK(std::fabs(decibels(level(bright.left, hz) / level(neutral.left, hz) * gain)) < 0.02);
  }
}

TEST(stays_finite) { CHECK(survives_extremes(classic_model(), 1e6f)); }
