#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "check.h"
#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/string.h"

namespace synthrl::surge {
namespace {

constexpr double kRate = 88200.0;
constexpr int kSingleRateSinc = 2 + 32;
constexpr int kDoubleRateSinc = 4 + 32;
constexpr int kBurstSine = 2;
constexpr int kConstantSquare = 12;

const OscillatorTables& tables() {
  static const OscillatorTables kTables(44100.0);
  return kTables;
}

struct Setup {
  OscillatorModel model;
  OscillatorStart start;
  OscillatorControls controls;
};

// One string, no stiffness, full level.
Setup one_string(int exciter, float pitch = 60.0f) {
  Setup setup;
  setup.model.type = OscillatorType::kString;
  setup.model.integers[0] = exciter;
  setup.model.options[1].deform = kSingleRateSinc;
  setup.model.options[6].deform = 64;
  setup.model.retrigger = true;
  setup.model.character = Character::kNeutral;
  setup.controls.pitch = setup.start.pitch = pitch;
  setup.controls.values = {0.0f, 1.0f, 1.0f, 1.0f, 0.0f, -1.0f, 0.0f};
  setup.start.values = setup.controls.values;
  return setup;
}

std::vector<float> render(const Setup& setup, double seconds, std::uint64_t seed = 1) {
  static StringOscillator oscillator;  // of any state before
  oscillator.start(setup.model, setup.start, seed, tables());
  std::vector<float> sound;
  std::array<float, kOscillatorBlockSamples> left;
  std::array<float, kOscillatorBlockSamples> right;
  while (static_cast<double>(sound.size()) < seconds * kRate) {
    oscillator.process(setup.controls, left, right);
    sound.insert(sound.end(), left.begin(), left.end());
  }
  return sound;
}

// Amplitude of a sinusoid within [from, from + count), Hann window.
double amplitude(const std::vector<float>& sound, double hz, std::size_t from, std::size_t count) {
  std::complex<double> sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    const double window = 1.0 - std::cos(2.0 * std::numbers::pi * static_cast<double>(i) /
                                         static_cast<double>(count));
    sum += window * static_cast<double>(sound[from + i]) *
           std::polar(1.0, -2.0 * std::numbers::pi * hz * static_cast<double>(i) / kRate);
  }
  return 2.0 * std::abs(sum) / static_cast<double>(count);
}

// Frequency near `hz` at which the sound is strongest.
double peak_hz(const std::vector<float>& sound, double hz, std::size_t from = 0) {
  double best = 0.0;
  double best_hz = 0.0;
  for (double cents = -80.0; cents <= 80.0; cents += 0.5) {
    const double f = hz * std::exp2(cents / 1200.0);
    const double a = amplitude(sound, f, from, sound.size() - from);
    if (a > best) {
      best = a;
      best_hz = f;
    }
  }
  return best_hz;
}

double rms(const std::vector<float>& sound, std::size_t from = 0) {
  double sum = 0.0;
  for (std::size_t i = from; i < sound.size(); ++i) sum += static_cast<double>(sound[i]) * sound[i];
  return std::sqrt(sum / static_cast<double>(sound.size() - from));
}

bool all_finite(const std::vector<float>& sound) {
  for (float x : sound) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

double cents_between(double a, double b) { return 1200.0 * std::log2(a / b); }

TEST(string_sounds_at_the_pitch) {
  for (float pitch : {36.0f, 60.0f, 79.5f}) {
    for (int deform : {kSingleRateSinc, kDoubleRateSinc, 2 + 16}) {
      Setup setup = one_string(kBurstSine, pitch);
      setup.model.options[1].deform = deform;
      const double expected = 8.17579891564371 * std::exp2(pitch / 12.0);
      const double hz = peak_hz(render(setup, 0.5), expected, 4096);
      CHECK(std::abs(cents_between(hz, expected)) < 2.0);
    }
  }
}

TEST(string_detune_moves_only_the_second_string) {
  Setup setup = one_string(kBurstSine);
  setup.controls.values[4] = setup.start.values[4] = 0.5f;
  const double plain = 261.6256;
  CHECK(std::abs(cents_between(peak_hz(render(setup, 0.6), plain, 4096), plain)) < 2.0);
  setup.controls.values[5] = setup.start.values[5] = 1.0f;
  CHECK(std::abs(cents_between(peak_hz(render(setup, 0.6), plain, 4096), plain) - 50.0) < 2.0);
  setup.model.options[4].extended = true;
  const double fifth = plain * std::exp2(6.0 / 12.0);
  CHECK(std::abs(cents_between(peak_hz(render(setup, 0.6), fifth, 4096), fifth)) < 2.0);
  setup.model.options[4].extended = false;
  setup.model.options[4].absolute = true;
  const double sharper = plain + 8.0;
  CHECK(std::abs(cents_between(peak_hz(render(setup, 0.6), sharper, 4096), sharper)) < 2.0);
}

// A sine loses the loop's gain in every period.
TEST(string_decays_by_the_feedback_in_every_period) {
  struct Case {
    float decay;
    double gain;
  };
  for (const auto& [decay, gain] : {Case{1.0f, 1.0}, Case{0.6f, 0.975}, Case{0.1f, 0.9}}) {
    Setup setup = one_string(kBurstSine);
    setup.controls.values[2] = decay;
    const auto sound = render(setup, 0.5);
    // Quiet, so that the waveshaper at the end is all but linear.
    const std::size_t first = gain < 0.95 ? 8192 : 24576;
    constexpr std::size_t kLater = 8192;
    const double early = amplitude(sound, 261.6256, first, 4096);
    const double late = amplitude(sound, 261.6256, first + kLater, 4096);
    const double periods = static_cast<double>(kLater) * 261.6256 / kRate;
    const double step_db = 20.0 * std::log10(late / early) / periods;
    CHECK(std::abs(step_db - 20.0 * std::log10(gain)) < 0.01);
  }
}

TEST(string_extended_decay_inverts_the_loop) {
  Setup setup = one_string(0);
  setup.model.options[2].extended = true;
  setup.controls.values[2] = 0.0f;  // a gain of -1
  const auto sound = render(setup, 0.5);
  const double odd =
      amplitude(sound, 0.5 * 261.6256, 8192, 16384) + amplitude(sound, 1.5 * 261.6256, 8192, 16384);
  const double even =
      amplitude(sound, 261.6256, 8192, 16384) + amplitude(sound, 2.0 * 261.6256, 8192, 16384);
  CHECK(odd > 30.0 * even);
}

TEST(string_burst_level_weakens_every_period) {
  Setup setup = one_string(kBurstSine);
  setup.controls.values[1] = 0.8f;
  const auto sound = render(setup, 0.3);
  const double early = amplitude(sound, 261.6256, 4096, 4096);
  const double late = amplitude(sound, 261.6256, 8192, 4096);
  const double periods = 4096.0 * 261.6256 / kRate;
  const double expected = 20.0 * std::log10(std::pow(0.8, 0.25));
  CHECK(std::abs(20.0 * std::log10(late / early) / periods - expected) < 0.02);
}

TEST(string_constant_exciters_keep_sounding) {
  for (int exciter = 0; exciter < 14; ++exciter) {
    Setup setup = one_string(exciter);
    setup.controls.values[2] = 0.0f;
    setup.controls.values[3] = 0.0f;
    const auto sound = render(setup, 0.5);
    const double late = rms(sound, 30000);
    if (exciter < 7) {
      CHECK(late < 1e-3);
    } else {
      CHECK(late > 0.1);
    }
  }
}

TEST(string_cold_start_leaves_a_constant_exciter_with_an_empty_line) {
  Setup setup = one_string(kConstantSquare);
  setup.controls.values[1] = 0.3f;
  setup.start.values = {};
  const auto cold = render(setup, 0.01);
  setup.start.values[1] = 1.0f;
  const auto warm = render(setup, 0.01);
  double cold_start = 0.0;
  double warm_start = 0.0;
  for (std::size_t i = 0; i < 200; ++i) {
    cold_start += std::abs(cold[i]);
    warm_start += std::abs(warm[i]);
  }
  CHECK(cold_start < 0.1 * warm_start);
}

TEST(string_modulator_stretches_the_delay) {
  Setup setup = one_string(kBurstSine);
  std::array<float, kOscillatorBlockSamples> modulator;
  modulator.fill(-0.5f);
  setup.controls.modulator = modulator.data();
  setup.controls.fm_gain = 1.0f;
  // The line was filled at the plain pitch, so listen to what noise becomes.
  setup.model.integers[0] = 0;
  const double expected = 261.6256 * std::exp(0.5 * 3.0 / 16.0);
  CHECK(std::abs(cents_between(peak_hz(render(setup, 0.5), expected, 16384), expected)) < 3.0);
}

// Keytracked filtering makes a soft string lose its highs, a stiff one its lows.
TEST(string_stiffness_filters_the_loop) {
  const auto balance = [](float stiffness) {
    Setup setup = one_string(0);
    setup.model.options[6].deform = 128;
    setup.controls.values[6] = stiffness;
    const auto sound = render(setup, 0.4);
    const std::size_t from = 12000;
    return amplitude(sound, 4.0 * 261.6256, from, 16384) / amplitude(sound, 261.6256, from, 16384);
  };
  CHECK(balance(-0.5f) < 0.1 * balance(0.7f));
}

TEST(string_without_interpolation_reads_nothing) {
  Setup setup = one_string(0);
  setup.model.options[1].deform = 2;
  CHECK_EQ(rms(render(setup, 0.05)), 0.0);
}

TEST(string_depends_on_the_seed_alone) {
  const Setup setup = one_string(7);
  const auto once = render(setup, 0.1, 5);
  CHECK(render(setup, 0.1, 5) == once);
  CHECK(render(setup, 0.1, 6) != once);
  CHECK(render(one_string(kBurstSine), 0.1, 5) == render(one_string(kBurstSine), 0.1, 6));
}

TEST(string_is_the_same_in_both_channels) {
  Setup setup = one_string(0);
  setup.model.stereo = true;
  StringOscillator oscillator;
  oscillator.start(setup.model, setup.start, 1, tables());
  std::array<float, kOscillatorBlockSamples> left;
  std::array<float, kOscillatorBlockSamples> right;
  oscillator.process(setup.controls, left, right);
  CHECK(left == right);
}

TEST(string_is_finite_whatever_it_is_given) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  std::array<float, kOscillatorBlockSamples> modulator;
  for (std::size_t i = 0; i < modulator.size(); ++i) modulator[i] = i % 3 == 0 ? 1e9f : -1e9f;
  for (float value : {kNan, kInf, -kInf, 1e30f, -1e30f, 0.0f}) {
    for (std::int32_t integer : {0, 6, 13, 15, std::numeric_limits<std::int32_t>::min(),
                                 std::numeric_limits<std::int32_t>::max()}) {
      for (int deform : {0, kSingleRateSinc, kDoubleRateSinc, 8, 16, -1, 256 + 128}) {
        Setup setup = one_string(integer);
        for (auto& options : setup.model.options) {
          options = {.extended = deform % 3 == 0,
                     .absolute = deform % 2 == 0,
                     .deactivated = false,
                     .deform = deform};
        }
        setup.controls.values.fill(value);
        setup.start.values.fill(value);
        setup.controls.pitch = setup.start.pitch = value;
        setup.controls.drift = value;
        setup.controls.fm_gain = value;
        setup.controls.modulator = modulator.data();
        CHECK(all_finite(render(setup, 0.005)));
      }
    }
  }
}

}  // namespace
}  // namespace synthrl::surge
