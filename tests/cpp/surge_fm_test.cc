// The FM2 and FM3 oscillators against their definition, evaluated in double precision.

#include <cmath>
#include <numbers>

#include "check.h"
#include "oscillator_probe.h"

namespace {

using namespace synthrl::surge;
using namespace synthrl::test;

constexpr double kPi = std::numbers::pi;
constexpr std::size_t kBlocks = 64;

double step_of(double note) { return 2.0 * kPi * hz_of(note) / kRateHz; }

struct Operators {
  double phase[3] = {0.0, 0.0, 0.0};
  double step[3] = {0.0, 0.0, 0.0};
  double depth[3] = {0.0, 0.0, 0.0};
  double carrier_phase = 0.0;
  double carrier_step = 0.0;
  double shift = 0.0;
  double feedback = 0.0;
  bool average = false;
};

// Largest difference between a sound and the definition.
double distance(const std::vector<float>& samples, Operators op) {
  double z1 = 0.0;
  double z2 = 0.0;
  double worst = 0.0;
  for (const float sample : samples) {
    double angle = op.carrier_phase + op.shift;
    for (int m = 0; m < 3; ++m) {
      op.phase[m] += op.step[m];
      angle += op.depth[m] * std::sin(op.phase[m]);
    }
    const double memory = op.average ? 0.5 * (z1 + z2) : z1;
    angle += op.feedback >= 0.0 ? op.feedback * memory : -op.feedback * memory * memory;
    z2 = z1;
    z1 = std::sin(angle);
    op.carrier_phase += op.carrier_step;
    worst = std::max(worst, std::fabs(z1 - static_cast<double>(sample)));
  }
  return worst;
}

OscillatorModel fm2_model(int ratio1, int ratio2) {
  OscillatorModel model = plain_model(OscillatorType::kFm2);
  model.integers[1] = ratio1;
  model.integers[3] = ratio2;
  return model;
}

OscillatorControls controls_of(std::array<float, kOscillatorParameters> values) {
  OscillatorControls controls;
  controls.pitch = 57.0f;
  controls.values = values;
  return controls;
}

Operators fm2_operators(const std::array<float, kOscillatorParameters>& v, int ratio1, int ratio2) {
  Operators op;
  op.carrier_step = step_of(57);
  const double offset = static_cast<double>(v[4]) / kHostRateHz;
  op.step[0] = op.carrier_step * ratio1 + offset;
  op.step[1] = op.carrier_step * ratio2 - offset;
  op.depth[0] = 8.0 * kPi * std::pow(static_cast<double>(v[0]), 3.0);
  op.depth[1] = 8.0 * kPi * std::pow(static_cast<double>(v[2]), 3.0);
  op.shift = 2.0 * kPi * static_cast<double>(v[5]);
  op.feedback = static_cast<double>(v[6]);
  op.phase[0] = op.phase[1] = op.shift;
  op.carrier_phase = -std::sin(op.shift) * (op.depth[0] + op.depth[1]) - op.shift;
  return op;
}

}  // namespace

TEST(fm2_follows_its_definition) {
  const std::array<float, kOscillatorParameters> settings[] = {
      {0.0f, 0, 0.0f, 0, 0.0f, 0.0f, 0.0f},  {0.4f, 0, 0.0f, 0, 0.0f, 0.0f, 0.0f},
      {0.5f, 0, 0.3f, 0, 4.0f, 0.2f, 0.0f},  {0.3f, 0, 0.2f, 0, -7.0f, 0.6f, 0.4f},
      {0.3f, 0, 0.2f, 0, 0.0f, 0.1f, -0.5f},
  };
  for (const auto& values : settings) {
    for (const bool average : {false, true}) {
      OscillatorModel model = fm2_model(3, 7);
      model.options[6].deform = average ? 1 : 0;
      Operators op = fm2_operators(values, 3, 7);
      op.average = average;
      CHECK(distance(play(model, controls_of(values), kBlocks).left, op) < 1e-3);
    }
  }
}

TEST(fm2_starts_near_zero) {
  for (const float phase : {0.0f, 0.1f, 0.37f, 0.8f}) {
    const Sound sound =
        play(fm2_model(1, 2), controls_of({0.2f, 0, 0.2f, 0, 0.0f, phase, 0.0f}), 1);
    CHECK(std::fabs(sound.left[0]) < 0.1f);
  }
}

TEST(fm2_cold_start_ignores_depth_and_phase) {
  // What the oscillator is started with counts for the phases.
  const std::array<float, kOscillatorParameters> values = {0.3f, 0, 0.2f, 0, 0.0f, 0.25f, 0.0f};
  Oscillator oscillator(oscillator_tables());
  oscillator.start(fm2_model(3, 7), OscillatorStart{}, 1);
  std::array<float, kOscillatorBlockSamples> left{};
  std::array<float, kOscillatorBlockSamples> right{};
  oscillator.process(controls_of(values), left, right);
  Operators op = fm2_operators(values, 3, 7);
  op.phase[0] = op.phase[1] = op.carrier_phase = 0.0;
  CHECK(distance({left.begin(), left.end()}, op) < 1e-4);
}

TEST(fm2_extended_ranges) {
  std::array<float, kOscillatorParameters> values = {0.3f, 0, 0.2f, 0, 0.05f, 0.0f, 0.1f};
  OscillatorModel model = fm2_model(2, 3);
  model.options[4].extended = true;
  model.options[6].extended = true;
  const Sound sound = play(model, controls_of(values), kBlocks);
  values[4] *= 100.0f;
  values[6] *= 4.0f;
  CHECK(distance(sound.left, fm2_operators(values, 2, 3)) < 1e-3);
}

TEST(fm3_follows_its_definition) {
  const std::array<float, kOscillatorParameters> v = {0.2f, 1.5f, 0.15f, 3.25f, 0.1f, 10.0f, 0.3f};
  const Sound sound = play(plain_model(OscillatorType::kFm3), controls_of(v), kBlocks);
  Operators op;
  op.carrier_step = step_of(57);
  op.step[0] = 1.5 * op.carrier_step;
  op.step[1] = 3.25 * op.carrier_step;
  op.step[2] = step_of(70);
  op.depth[0] = 32.0 * kPi * std::pow(0.2, 3.0);
  op.depth[1] = 32.0 * kPi * std::pow(0.15, 3.0);
  op.depth[2] = 32.0 * kPi * std::pow(0.1, 3.0);
  op.feedback = 0.3;
  CHECK(distance(sound.left, op) < 1e-3);
}

TEST(fm3_extended_ratios_multiply_and_divide) {
  OscillatorModel model = plain_model(OscillatorType::kFm3);
  model.options[1].extended = true;
  model.options[3].extended = true;
  const std::array<float, kOscillatorParameters> v = {0.2f, 24.0f, 0.15f, 8.0f, 0.0f, 0.0f, 0.0f};
  Operators op;
  op.carrier_step = step_of(57);
  op.step[0] = 16.5 * op.carrier_step;
  op.step[1] = op.carrier_step / 16.5;
  op.depth[0] = 32.0 * kPi * std::pow(0.2, 3.0);
  op.depth[1] = 32.0 * kPi * std::pow(0.15, 3.0);
  CHECK(distance(play(model, controls_of(v), kBlocks).left, op) < 1e-3);
}

TEST(fm3_absolute_ratio_is_a_note) {
  OscillatorModel model = plain_model(OscillatorType::kFm3);
  model.options[1].absolute = true;
  const std::array<float, kOscillatorParameters> v = {0.2f, 20.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f};
  Operators op;
  op.carrier_step = step_of(57);
  op.step[0] = step_of(69.0 + 69.0 * 4.0 / 16.0);
  op.depth[0] = 32.0 * kPi * std::pow(0.2, 3.0);
  CHECK(distance(play(model, controls_of(v), kBlocks).left, op) < 1e-3);
}

TEST(other_oscillators_modulate_the_phase) {
  std::array<float, kOscillatorBlockSamples> modulator;
  modulator.fill(0.5f);
  OscillatorControls controls = controls_of({0, 1.0f, 0, 1.0f, 0, 0, 0});
  controls.fm_gain = 0.3f;
  controls.modulator = modulator.data();
  for (const auto type : {OscillatorType::kFm2, OscillatorType::kFm3}) {
    Operators op;
    op.carrier_step = step_of(57);
    op.shift = 0.5 * 32.0 * kPi * 0.027;
    CHECK(distance(play(plain_model(type), controls, 8).left, op) < 1e-3);
  }
}

TEST(random_starts_differ) {
  for (const auto type : {OscillatorType::kFm2, OscillatorType::kFm3}) {
    OscillatorModel model = plain_model(type);
    model.retrigger = false;
    const OscillatorControls controls = controls_of({0.2f, 1.0f, 0.1f, 2.0f, 0, 0, 0});
    CHECK(play(model, controls, 2, 1).left == play(model, controls, 2, 1).left);
    CHECK(play(model, controls, 2, 1).left != play(model, controls, 2, 2).left);
  }
}

TEST(stays_finite) {
  CHECK(survives_extremes(fm2_model(1, 1), 1.01f));
  CHECK(survives_extremes(plain_model(OscillatorType::kFm3), 1.01f));
}
