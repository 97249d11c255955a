// The sample-and-hold noise oscillator against the distribution of its steps.

#include <algorithm>
#include <cmath>

#include "check.h"
#include "oscillator_probe.h"

namespace {

using namespace synthrl::surge;
using namespace synthrl::test;

OscillatorModel noise_model() { return plain_model(OscillatorType::kSampleAndHold); }

OscillatorControls noise(float correlation, float width = 0.5f, float sync = 0.0f) {
  OscillatorControls controls;
  controls.pitch = 60.0f;
  controls.values = {correlation, width, -60.0f, 70.0f, sync, 0.0f, 0.0f};
  return controls;
}

// The steps that the leaky integrator was fed with, undone for a train of impulses `period` apart.
std::vector<double> steps_of(const std::vector<float>& samples, double period, std::size_t first) {
  std::vector<double> result;
  for (double at = static_cast<double>(first); at + 40.0 < static_cast<double>(samples.size());
       at += period) {
    double step = 0.0;
    const auto start = static_cast<std::size_t>(at);
    for (std::size_t i = start; i < start + 14; ++i) {
      const double before = i == 0 ? 0.0 : static_cast<double>(samples[i - 1]);
      step += static_cast<double>(samples[i]) - 0.999 * before;
    }
    result.push_back(step);
  }
  return result;
}

// Levels by summing up steps.
std::vector<double> levels_of(const OscillatorControls& controls, std::uint64_t seed) {
  const Sound sound = play(noise_model(), controls, 3000, seed);
  // Two equal steps a period. The second comes early, at the start of the block it is due in.
  const double period = 0.5 * kRateHz / hz_of(60);
  const auto second = static_cast<std::size_t>(period / kOscillatorBlockSamples) *
                      static_cast<std::size_t>(kOscillatorBlockSamples);
  std::vector<double> levels;
  double sum = steps_of(sound.left, 1e9, 0).front();
  for (const double step : steps_of(sound.left, period, second)) levels.push_back(sum += step);
  return levels;
}

double correlation_of(const std::vector<double>& levels) {
  double products = 0.0;
  double squares = 0.0;
  for (std::size_t i = 10; i < levels.size(); ++i) {
    products += levels[i] * levels[i - 1];
    squares += levels[i] * levels[i];
  }
  return products / squares;
}

}  // namespace

TEST(uncorrelated_levels_are_uniform_and_clipped) {
  const auto levels = levels_of(noise(0.0f), 3);
  CHECK(levels.size() > 900);
  const auto count = [&](auto condition) {
    return static_cast<double>(std::count_if(levels.begin(), levels.end(), condition)) /
           static_cast<double>(levels.size());
  };
  CHECK(count([](double x) { return std::fabs(x) > 0.51; }) == 0.0);
  CHECK(std::fabs(count([](double x) { return x > 0.495; }) - 0.25) < 0.05);
  CHECK(std::fabs(count([](double x) { return x < -0.495; }) - 0.25) < 0.05);
  CHECK(std::fabs(count([](double x) { return x > -0.25 && x < 0.25; }) - 0.25) < 0.05);
  CHECK(std::fabs(correlation_of(levels)) < 0.1);
}

TEST(correlation_alternates_or_repeats) {
  CHECK(correlation_of(levels_of(noise(0.8f), 3)) < -0.5);
  CHECK(correlation_of(levels_of(noise(-0.8f), 3)) > 0.5);
}

TEST(width_divides_the_period) {
  const Sound sound = play(noise_model(), noise(0.0f, 0.1f), 400);
  const double period = kRateHz / hz_of(60);
  // Between a tenth and the whole of the period nothing but the integrator's leak happens. The
  // start of the second period is known: the first step is cut off at once.
  double change = 0.0;
  for (int k = 3; k < 60; ++k) {
    const auto start = static_cast<std::size_t>((k + 0.1) * period) + 14;
    const auto end = static_cast<std::size_t>((k + 1.0) * period) - 4;
    for (std::size_t i = start; i < end; ++i) {
      change = std::max(change,
                        static_cast<double>(std::fabs(sound.left[i] - 0.999f * sound.left[i - 1])));
    }
  }
  CHECK(change < 2e-3);
}

TEST(unison_keeps_the_power) {
  OscillatorModel model = noise_model();
  const double one = root_mean_square(play(model, noise(0.0f), 4000).left, 250000);
  model.integers[6] = 16;
  const double many = root_mean_square(play(model, noise(0.0f), 4000).left, 250000);
  CHECK(std::fabs(decibels(many / one)) < 1.0);
}

TEST(sync_shortens_the_steps) {
  const auto crossings = [](const std::vector<float>& samples) {
    int count = 0;
    for (std::size_t i = 1; i < samples.size(); ++i) {
      count += (samples[i] > 0.0f) != (samples[i - 1] > 0.0f) ? 1 : 0;
    }
    return count;
  };
  const int plain = crossings(play(noise_model(), noise(0.0f), 2000).left);
  const int synced = crossings(play(noise_model(), noise(0.0f, 0.5f, 24.0f), 2000).left);
  CHECK(synced > 3 * plain);
  CHECK(synced < 5 * plain);
}

TEST(depends_on_the_seed_alone) {
  CHECK(play(noise_model(), noise(0.0f), 20, 4).left ==
        play(noise_model(), noise(0.0f), 20, 4).left);
  CHECK(play(noise_model(), noise(0.0f), 20, 4).left !=
        play(noise_model(), noise(0.0f), 20, 5).left);
}

TEST(stays_finite) { CHECK(survives_extremes(noise_model(), 100.0f)); }
