// The mixer's noise against its distribution and spectrum.

#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "check.h"
#include "surge/oscillators/noise_generator.h"

namespace {

using namespace synthrl::surge;

std::vector<float> play(float color, std::uint64_t seed, bool right = false,
                        std::size_t num_blocks = 2000) {
  NoiseGenerator generator;
  generator.start(seed);
  std::vector<float> samples;
  std::array<float, kOscillatorBlockSamples> block{};
  for (std::size_t i = 0; i < num_blocks; ++i) {
    if (right) {
      generator.process_right(color, block);
    } else {
      generator.process(color, block);
    }
    samples.insert(samples.end(), block.begin(), block.end());
  }
  return samples;
}

// Every second sample.
std::vector<double> values_of(const std::vector<float>& samples) {
  std::vector<double> values;
  for (std::size_t i = 0; i < samples.size(); i += 2) {
    values.push_back(static_cast<double>(samples[i]));
  }
  return values;
}

double covariance(const std::vector<double>& a, const std::vector<double>& b, std::size_t lag) {
  double sum = 0.0;
  for (std::size_t i = lag; i < a.size(); ++i) sum += a[i] * b[i - lag];
  return sum / static_cast<double>(a.size() - lag);
}

// Covariance of white noise of variance 1/3 through two poles at -`pole`, by its impulse response.
double expected_covariance(double color, std::size_t lag) {
  double k = 0.8 * std::fabs(color);
  k = 2.0 * k - k * k;
  const double pole = color > 0.0 ? -k : k;
  double sum = 0.0;
  const auto response = [&](std::size_t n) {
    return static_cast<double>(n + 1) * std::pow(pole, static_cast<double>(n));
  };
  for (std::size_t n = 0; n < 3000; ++n) sum += response(n) * response(n + lag);
  return std::pow(1.0 - k, 4.0) / (1.0 - k) * sum / 3.0;
}

}  // namespace

TEST(white_noise_is_uniform) {
  const auto values = values_of(play(0.0f, 1));
  double above = 0.0;
  for (const double x : values) {
    CHECK(x >= -1.0 && x < 1.0);
    above += x > 0.5 ? 1.0 : 0.0;
  }
  CHECK(std::fabs(above / static_cast<double>(values.size()) - 0.25) < 0.01);
}

TEST(values_last_two_samples) {
  const auto samples = play(0.3f, 1, false, 10);
  for (std::size_t i = 0; i < samples.size(); i += 2) CHECK_EQ(samples[i], samples[i + 1]);
  CHECK(samples[0] != samples[2]);
}

TEST(color_filters_twice) {
  for (const double color : {0.0, 0.25, 1.0, -0.25, -0.6}) {
    const auto values = values_of(play(static_cast<float>(color), 1));
    const double power = expected_covariance(color, 0);
    for (const std::size_t lag : {0u, 1u, 2u, 5u}) {
      const double expected = expected_covariance(color, lag);
      CHECK(std::fabs(covariance(values, values, lag) - expected) < 0.06 * power);
    }
  }
}

TEST(colors_beyond_the_range_are_limited) {
  CHECK(play(1.0f, 1, false, 5) == play(7.0f, 1, false, 5));
  CHECK(play(-1.0f, 1, false, 5) == play(-7.0f, 1, false, 5));
}

TEST(channels_and_seeds_are_independent) {
  const auto left = values_of(play(0.0f, 1));
  const auto right = values_of(play(0.0f, 1, true));
  const auto other = values_of(play(0.0f, 2));
  CHECK(std::fabs(covariance(left, right, 0)) < 0.01);
  CHECK(std::fabs(covariance(left, other, 0)) < 0.01);
  CHECK(play(0.0f, 1) == play(0.0f, 1));
}
