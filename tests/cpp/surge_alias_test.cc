// The Alias oscillator against its arithmetic of bytes.

#include <cmath>
#include <numbers>
#include <vector>

#include "check.h"
#include "oscillator_probe.h"

namespace {

using namespace synthrl::surge;
using namespace synthrl::test;

constexpr double kPi = std::numbers::pi;
constexpr std::size_t kBlocks = 12;

enum Wave { kSine = 0, kRamp = 1, kPulse = 2, kNoise = 3, kInput = 9, kTx2 = 10, kAdditive = 17 };

OscillatorModel alias_model(int wave) {
  OscillatorModel model = plain_model(OscillatorType::kAlias);
  model.integers[0] = wave;
  return model;
}

// wrap, mask, threshold, bits
OscillatorControls alias(float wrap = 0.0f, float mask = 0.0f, float threshold = 1.0f,
                         float bits = 8.0f) {
  OscillatorControls controls;
  controls.pitch = 60.0f;
  controls.values = {0.0f, wrap, mask, threshold, bits, 0.0f, 0.0f};
  return controls;
}

// The top byte of the phase at each sample.
int upper_byte(std::size_t sample) {
  const double turns = hz_of(60) / kRateHz * static_cast<double>(sample);
  return static_cast<int>(256.0 * (turns - std::floor(turns)));
}

// Compares with a function of the top byte; rounding may shift a change by a sample.
template <typename Expected>
void check_bytes(const Sound& sound, Expected expected) {
  int wrong = 0;
  for (std::size_t i = 0; i < sound.left.size(); ++i) {
    if (std::fabs(static_cast<double>(sound.left[i]) - expected(upper_byte(i))) > 1e-6) ++wrong;
  }
  CHECK(wrong <= 2);
}

int sine_byte(int k) {
  return static_cast<int>(std::floor(127.5 + 127.5 * std::sin(2.0 * kPi * k / 256.0)));
}

}  // namespace

TEST(sine_is_read_backwards) {
  check_bytes(play(alias_model(kSine), alias(), kBlocks),
              [](int u) { return (sine_byte(255 - u) - 127) / 255.0; });
}

TEST(ramp_turns_at_the_threshold) {
  check_bytes(play(alias_model(kRamp), alias(0.0f, 0.0f, 0.5f), kBlocks),
              [](int u) { return ((u > 127 ? 255 - u : u) - 127) / 255.0; });
  const int mask = static_cast<int>(0.3f * 255.0f);
  OscillatorModel model = alias_model(kRamp);
  check_bytes(play(model, alias(0.0f, 0.3f, 0.5f), kBlocks), [mask](int u) {
    const int k = u ^ mask;
    return ((u > 127 ? 255 - k : k) - 127) / 255.0;
  });
  model.options[2].deform = 1;
  check_bytes(play(model, alias(0.0f, 0.3f, 0.5f), kBlocks),
              [mask](int u) { return ((u > 127 ? 255 - u : u ^ mask) - 127) / 255.0; });
}

TEST(wrap_multiplies_modulo_256) {
  check_bytes(play(alias_model(kRamp), alias(0.2f), kBlocks),
              [](int u) { return (static_cast<int>(u * 4.0) % 256 - 127) / 255.0; });
}

TEST(pulse_is_high_above_the_threshold) {
  check_bytes(play(alias_model(kPulse), alias(0.0f, 0.0f, 0.25f), kBlocks),
              [](int u) { return u > 63 ? 128.0 / 255.0 : -127.0 / 255.0; });
}

TEST(tables_jump_over_the_threshold) {
  check_bytes(play(alias_model(kSine), alias(0.0f, 0.0f, 0.25f), kBlocks), [](int u) {
    const int result = u > 63 ? (u + 127 - 63) % 256 : u;
    return (sine_byte(255 - result) - 127) / 255.0;
  });
}

TEST(crush_truncates) {
  check_bytes(play(alias_model(kSine), alias(0.0f, 0.0f, 1.0f, 3.0f), kBlocks),
              [](int u) { return std::trunc((sine_byte(255 - u) - 127) / 255.0 * 8.0) / 8.0; });
}

TEST(tx2_is_a_parabolic_sine) {
  check_bytes(play(alias_model(kTx2), alias(), kBlocks), [](int u) {
    const double angle = 2.0 * kPi * (255 - u) / 255.0;
    const double shape = (std::sin(angle) >= 0.0 ? 1.0 : -1.0) * (1.0 - std::fabs(std::cos(angle)));
    return (std::floor(255.0 * (shape + 1.0) / 2.0) - 127.0) / 255.0;
  });
}

TEST(additive_sums_partials) {
  OscillatorModel model = alias_model(kAdditive);
  model.partials[0] = 1.0f;
  model.partials[2] = 0.5f;
  const double scale = 127.0 / std::sqrt(1.25);
  check_bytes(play(model, alias(), kBlocks), [scale](int u) {
    int sum = 0;
    for (const auto& [harmonic, amplitude] : {std::pair{1, 1.0}, {3, 0.5}}) {
      const int sine = sine_byte((255 - u) * harmonic % 256) - 127;
      sum += static_cast<int>(std::floor(sine * std::floor(scale * amplitude) / 256.0));
    }
    return sum / 255.0;
  });
  // All zero: silence.
  CHECK(root_mean_square(play(alias_model(kAdditive), alias(), kBlocks).left, 512) == 0.0);
}

TEST(noise_holds_bytes_and_depends_on_the_seed) {
  const Sound sound = play(alias_model(kNoise), alias(0.0f, 0.0f, 0.0f), 400, 3);
  int changes = 0;
  for (std::size_t i = 1; i < sound.left.size(); ++i) {
    changes += sound.left[i] != sound.left[i - 1] ? 1 : 0;
  }
  // A new byte for every eighth step of the phase's top byte.
  const double expected = 32.0 * hz_of(60) / kRateHz * static_cast<double>(sound.left.size());
  CHECK(std::fabs(changes / expected - 1.0) < 0.05);
  CHECK(sound.left == play(alias_model(kNoise), alias(0.0f, 0.0f, 0.0f), 400, 3).left);
  CHECK(sound.left != play(alias_model(kNoise), alias(0.0f, 0.0f, 0.0f), 400, 4).left);
}

TEST(input_wave_reads_the_host) {
  std::array<float, kOscillatorBlockSamples> input;
  input.fill(0.5f);
  OscillatorControls controls = alias();
  controls.input_left = input.data();
  controls.input_right = input.data();
  const Sound sound = play(alias_model(kInput), controls, 4);
  for (const float sample : sound.left) CHECK(std::fabs(sample) < 1e-6f);  // byte 127
}

TEST(modulator_changes_the_frequency) {
  std::array<float, kOscillatorBlockSamples> modulator;
  modulator.fill(1.0f);
  OscillatorControls controls = alias();
  controls.modulator = modulator.data();
  controls.fm_gain = static_cast<float>(std::cbrt(0.5 * hz_of(60) / kRateHz / 16.0));
  const Sound sound = play(alias_model(kSine), controls, 640);
  CHECK(std::fabs(level(sound.left, 1.5 * hz_of(60)) - 0.5) < 0.01);
}

TEST(unison_spreads_and_keeps_the_power) {
  OscillatorModel model = alias_model(kSine);
  model.integers[6] = 2;
  model.stereo = true;
  OscillatorControls controls = alias();
  controls.values[5] = 1.0f;
  const Sound sound = play(model, controls, 640);
  const double full = 0.5 * std::sqrt(2.0);
  CHECK(std::fabs(level(sound.left, hz_of(61)) / full - 1.0) < 0.01);
  CHECK(std::fabs(level(sound.right, hz_of(59)) / full - 1.0) < 0.01);
}

TEST(stays_finite) {
  for (int wave = 0; wave < 18; ++wave) CHECK(survives_extremes(alias_model(wave), 30.0f));
}
