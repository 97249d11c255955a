// The Window oscillator against products of window and wave.

#include <cmath>
#include <numbers>
#include <vector>

#include "check.h"
#include "oscillator_probe.h"
#include "surge/oscillators/wavetable.h"

namespace {

using namespace synthrl::surge;
using namespace synthrl::test;

constexpr double kPi = std::numbers::pi;
constexpr std::size_t kBlocks = 640;

enum Window { kTriangle, kCosine, kBlend1, kBlend2, kBlend3, kRamp, kSine, kSquare, kRectangle };

// Two frames: a cosine, and its opposite.
const Wavetable& cosines() {
  static const Wavetable table = [] {
    constexpr int kSamples = 256;
    std::vector<float> samples;
    for (int i = 0; i < 2 * kSamples; ++i) {
      const double sign = i < kSamples ? 1.0 : -1.0;
      samples.push_back(static_cast<float>(sign * std::cos(2.0 * kPi * i / kSamples)));
    }
    return Wavetable(kSamples, 2, false, std::move(samples));
  }();
  return table;
}

OscillatorModel window_model(int window) {
  OscillatorModel model = plain_model(OscillatorType::kWindow);
  model.integers[2] = window;
  model.wavetable = &cosines();
  return model;
}

OscillatorControls windowed(float formant = 0.0f, float morph = 0.0f, float detune = 0.0f) {
  OscillatorControls controls;
  controls.pitch = 60.0f;
  controls.values = {morph, formant, 0.0f, -60.0f, 70.0f, detune, 0.0f};
  return controls;
}

// Partial k of window times cosine of `ratio` periods, by numerical integration.
template <typename Shape>
double expected_partial(Shape shape, double ratio, int k) {
  std::complex<double> sum = 0.0;
  constexpr int kSteps = 20000;
  for (int i = 0; i < kSteps; ++i) {
    const double x = (i + 0.5) / kSteps;
    sum += shape(x) * std::cos(2.0 * kPi * ratio * x) * std::polar(1.0, -2.0 * kPi * k * x);
  }
  return 2.0 * std::abs(sum) / kSteps;
}

template <typename Shape>
void check_window(int window, float formant, Shape shape) {
  const Sound sound = play(window_model(window), windowed(formant), kBlocks);
  const double ratio = std::exp2(static_cast<double>(formant) / 12.0);
  for (int k = 1; k < 12; ++k) {
    const double expected = decibels(expected_partial(shape, ratio, k));
    if (expected > -45.0) {
      CHECK(std::fabs(decibels(level(sound.left, k * hz_of(60))) - expected) < 0.25);
    }
  }
}

}  // namespace

TEST(rectangle_plays_the_wave_at_half_level) {
  const Sound sound = play(window_model(kRectangle), windowed(), kBlocks);
  CHECK(std::fabs(level(sound.left, hz_of(60)) - 0.5) < 1e-3);
  CHECK(level(sound.left, 2.0 * hz_of(60)) < 2e-3);
}

TEST(windows_multiply_the_wave) {
  for (const float formant : {0.0f, 12.0f, 19.0f}) {
    check_window(kTriangle, formant,
                 [](double x) { return 0.8652 * (1.0 - std::fabs(2.0 * x - 1.0)); });
    check_window(kCosine, formant, [](double x) { return std::sqrt(0.5) * std::sin(kPi * x); });
    check_window(kSine, formant, [](double x) { return std::sqrt(0.5) * std::sin(2.0 * kPi * x); });
    check_window(kRamp, formant, [](double x) { return std::sqrt(0.75) * (1.0 - x); });
    check_window(kSquare, formant, [](double x) { return x < 0.5 ? 0.5 : -0.5; });
    check_window(kBlend1, formant,
                 [](double x) { return std::sqrt(0.5) * std::sin(kPi * std::sqrt(x)); });
  }
}

TEST(all_windows_have_the_same_power) {
  for (int window = kTriangle; window <= kRectangle; ++window) {
    double sum = 0.0;
    for (const std::int16_t sample : oscillator_tables().windows.frame16(0, window)) {
      sum += std::pow(static_cast<double>(sample) / 16384.0, 2.0);
    }
    CHECK(std::fabs(sum / 1024.0 - 0.25) < 0.002);
  }
}

TEST(morph_selects_or_mixes_frames) {
  // The opposite waves cancel halfway.
  OscillatorModel model = window_model(kRectangle);
  CHECK(level(play(model, windowed(0.0f, 0.2f), kBlocks).left, hz_of(60)) > 0.49);
  CHECK(level(play(model, windowed(0.0f, 0.8f), kBlocks).left, hz_of(60)) > 0.49);
  model.options[0].extended = true;
  CHECK(level(play(model, windowed(0.0f, 0.25f), kBlocks).left, hz_of(60)) < 1e-3);
  const double quarter = level(play(model, windowed(0.0f, 0.125f), kBlocks).left, hz_of(60));
  CHECK(std::fabs(quarter - 0.25) < 2e-3);
}

TEST(retriggered_voices_share_the_period) {
  // Four voices a quarter of a period apart leave every fourth partial of a triangle.
  OscillatorModel model = window_model(kTriangle);
  model.integers[6] = 4;
  const Sound sound = play(model, windowed(19.0f), kBlocks);
  CHECK(level(sound.left, 4.0 * hz_of(60)) > 0.05);
  for (const int k : {1, 2, 3, 5}) CHECK(level(sound.left, k * hz_of(60)) < 1e-3);
}

TEST(voices_are_panned_in_steps) {
  OscillatorModel model = window_model(kRectangle);
  model.integers[6] = 2;
  model.stereo = true;
  const Sound sound = play(model, windowed(0.0f, 0.0f, 1.0f), kBlocks);
  // Half-level waves; the outermost voices have gains of 0 and 1.5.
  const double full = 0.5 * 1.5 / std::sqrt(2.0);
  CHECK(std::fabs(level(sound.left, hz_of(61)) / full - 1.0) < 0.01);
  CHECK(std::fabs(level(sound.right, hz_of(59)) / full - 1.0) < 0.01);
  CHECK(level(sound.left, hz_of(59)) < 1e-3);
}

TEST(modulator_changes_the_rate) {
  std::array<float, kOscillatorBlockSamples> modulator;
  modulator.fill(1.0f);
  OscillatorControls controls = windowed();
  controls.modulator = modulator.data();
  controls.fm_gain = static_cast<float>(std::cbrt(0.5 / (32.0 * kPi)));
  const Sound sound = play(window_model(kRectangle), controls, kBlocks);
  CHECK(std::fabs(level(sound.left, 1.5 * hz_of(60)) - 0.5) < 5e-3);
}

TEST(full_range_tables_are_halved) {
  std::vector<std::int16_t> samples(256);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] = static_cast<std::int16_t>(
        std::lround(32767.0 * std::cos(2.0 * kPi * static_cast<double>(i) / 256.0)));
  }
  const Wavetable table(256, 1, false, Wavetable::SampleFormat::kFullRangeInt16, samples);
  OscillatorModel model = window_model(kRectangle);
  model.wavetable = &table;
  CHECK(std::fabs(level(play(model, windowed(), kBlocks).left, hz_of(60)) - 0.5) < 2e-3);
}

TEST(stays_finite) {
  CHECK(survives_extremes(window_model(kSine), 100.0f));
  const Wavetable tiny(2, 1, false, {1.0f, -1.0f});
  OscillatorModel model = window_model(kTriangle);
  model.wavetable = &tiny;
  CHECK(survives_extremes(model, 100.0f));
}
