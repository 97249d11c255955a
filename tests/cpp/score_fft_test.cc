#include <cmath>
#include <complex>
#include <numbers>
#include <random>
#include <vector>

#include "check.h"
#include "score/fft.h"

using namespace synthrl::score;

namespace {

LaneBuffer noise(unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  LaneBuffer frames(kFftSize);
  for (std::size_t i = 0; i < kFftSize; ++i) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) frames[i][lane] = normal(random);
  }
  return frames;
}

std::vector<double> lane_of(const LaneBuffer& values, std::size_t size, std::size_t lane) {
  std::vector<double> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<double>(values[i][lane]);
  return out;
}

std::vector<double> direct_power(const std::vector<double>& samples) {
  std::vector<double> power(kNumBins);
  for (std::size_t k = 0; k < kNumBins; ++k) {
    std::complex<double> sum;
    for (std::size_t n = 0; n < kFftSize; ++n) {
      const double turn = static_cast<double>(k * n % kFftSize) / static_cast<double>(kFftSize);
      sum += std::polar(samples[n], -2 * std::numbers::pi * turn);
    }
    power[k] = std::norm(sum);
  }
  return power;
}

}  // namespace

TEST(every_lane_is_the_direct_transform) {
  const RealFft fft;
  LaneBuffer frames = noise(1);
  std::vector<std::vector<double>> samples;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    samples.push_back(lane_of(frames, kFftSize, lane));
  }
  LaneBuffer power(kNumBins);
  fft.power(frames.data(), power.data());
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const std::vector<double> expected = direct_power(samples[lane]);
    const std::vector<double> got = lane_of(power, kNumBins, lane);
    // The magnitude of a bin is about 32, and its error a few of its last bits.
    for (std::size_t k = 0; k < kNumBins; ++k) {
      CHECK(std::abs(std::sqrt(got[k]) - std::sqrt(expected[k])) < 2e-5);
    }
  }
}

TEST(energy_is_kept) {
  const RealFft fft;
  LaneBuffer frames = noise(2);
  std::vector<double> expected(kLanes);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (const double x : lane_of(frames, kFftSize, lane)) expected[lane] += x * x * kFftSize;
  }
  LaneBuffer power(kNumBins);
  fft.power(frames.data(), power.data());
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const std::vector<double> bins = lane_of(power, kNumBins, lane);
    double energy = bins.front() + bins.back();
    for (std::size_t k = 1; k + 1 < kNumBins; ++k) energy += 2 * bins[k];
    CHECK(std::abs(energy / expected[lane] - 1) < 1e-6);
  }
}

TEST(sines_fall_into_their_bins) {
  const RealFft fft;
  for (const std::size_t bin : {0u, 1u, 7u, 8u, 64u, 255u, 256u, 257u, 448u, 511u, 512u}) {
    LaneBuffer frames(kFftSize), power(kNumBins);
    for (std::size_t i = 0; i < kFftSize; ++i) {
      const double turn = static_cast<double>(bin * i % kFftSize) / static_cast<double>(kFftSize);
      frames[i] = broadcast(static_cast<float>(std::cos(2 * std::numbers::pi * turn)));
    }
    fft.power(frames.data(), power.data());
    const float peak = bin == 0 || bin == 512 ? 1024.0f : 512.0f;
    for (std::size_t k = 0; k < kNumBins; ++k) {
      const float expected = k == bin ? peak : 0.0f;
      CHECK(std::abs(std::sqrt(power[k][kLanes - 1]) - expected) < 1e-3f);
    }
  }
}

TEST(silence_has_no_power) {
  const RealFft fft;
  LaneBuffer frames(kFftSize), power(kNumBins);
  for (std::size_t i = 0; i < kFftSize; ++i) frames[i] = broadcast(0.0f);
  fft.power(frames.data(), power.data());
  for (std::size_t k = 0; k < kNumBins; ++k) CHECK_EQ(power[k][0], 0.0f);
}
