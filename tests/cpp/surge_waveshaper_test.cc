// Waveshapers against reference figures, and for what must hold for any input.
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "surge/waveshapers/waveshaper.h"

namespace {

using synthrl::surge::kNumWaveshaperTypes;
using synthrl::surge::make_pair;
using synthrl::surge::Pair;
using synthrl::surge::Waveshaper;
using synthrl::surge::WaveshaperTables;
using synthrl::surge::WaveshaperType;

constexpr std::size_t kBlock = 64;
constexpr std::size_t kNumSamples = 1024;
constexpr std::array<std::size_t, 10> kSampleIndices = {0, 1, 30, 63, 64, 65, 142, 143, 500, 999};

struct Vector {
  int type;
  float drive;
  std::array<float, kSampleIndices.size()> output;
  float rms;
  float mean;
};

constexpr Vector kVectors[] = {
#include "surge_waveshaper_vectors.inc"
};

const WaveshaperTables& tables() {
  static const WaveshaperTables kTables;
  return kTables;
}

std::vector<float> ramps(std::size_t num_samples) {
  std::vector<float> signal(num_samples);
  for (std::size_t n = 0; n < num_samples; ++n) {
    const double phase = 0.0061 * static_cast<double>(n) + 0.13;
    signal[n] = static_cast<float>(1.6 * (phase - std::floor(phase)) - 0.8);
  }
  return signal;
}

// Uniform between `level` and its negative.
std::vector<float> noise(std::size_t num_samples, float level) {
  std::mt19937 generator(1);
  std::vector<float> signal(num_samples);
  for (float& x : signal) {
    x = level * (2.0f * static_cast<float>(generator()) / 4294967296.0f - 1.0f);
  }
  return signal;
}

std::vector<float> shaped(int type, float drive, std::vector<float> signal) {
  Waveshaper<float> shaper(tables());
  shaper.start(static_cast<WaveshaperType>(type));
  const std::vector<float> drives(kBlock, drive);
  for (std::size_t start = 0; start < signal.size(); start += kBlock) {
    shaper.begin_block();
    shaper.process(std::span(signal).subspan(start, kBlock), drives);
  }
  return signal;
}

void check_near(double got, double expected, double tolerance, const Vector& vector) {
  if (std::abs(got - expected) <= tolerance) return;
  std::cerr << "type " << vector.type << ", drive " << vector.drive << ": " << got << ", not "
            << expected << '\n';
  synthrl::test::fail(__FILE__, __LINE__, "reference figure missed");
}

}  // namespace

TEST(every_shaper_has_reference_figures) {
  std::array<int, kNumWaveshaperTypes> count{};
  for (const Vector& vector : kVectors) ++count[static_cast<std::size_t>(vector.type)];
  CHECK_EQ(count[0], 0);
  for (std::size_t type = 1; type < count.size(); ++type) CHECK_EQ(count[type], 2);
}

TEST(shapers_match_reference_figures) {
  const std::vector<float> signal = ramps(kNumSamples);
  for (const Vector& vector : kVectors) {
    const std::vector<float> output = shaped(vector.type, vector.drive, signal);
    double square = 0.0;
    double sum = 0.0;
    for (const float y : output) {
      square += static_cast<double>(y) * y;
      sum += y;
    }
    // The folders subtract large antiderivatives, which rounds more than the other curves do.
    const bool folder = vector.type >= 14 && vector.type <= 16;
    const double tolerance = (folder ? 3e-4 : 2e-5) * vector.rms;
    for (std::size_t i = 0; i < kSampleIndices.size(); ++i) {
      check_near(output[kSampleIndices[i]], vector.output[i], tolerance, vector);
    }
    check_near(std::sqrt(square / kNumSamples), vector.rms, tolerance, vector);
    check_near(sum / kNumSamples, vector.mean, tolerance, vector);
  }
}

TEST(blocks_equal_samples) {
  const std::vector<float> signal = noise(4 * kBlock, 1.5f);
  for (int type = 0; type < kNumWaveshaperTypes; ++type) {
    std::vector<float> expected;
    Waveshaper<float> shaper(tables());
    shaper.start(static_cast<WaveshaperType>(type));
    for (std::size_t n = 0; n < signal.size(); ++n) {
      if (n % kBlock == 0) shaper.begin_block();
      expected.push_back(shaper.process(signal[n], 2.5f));
    }
    CHECK(shaped(type, 2.5f, signal) == expected);
  }
}

TEST(two_channels_equal_two_shapers) {
  const std::vector<float> left = noise(4 * kBlock, 1.5f);
  const std::vector<float> right = ramps(left.size());
  const std::vector<float> drives(kBlock, 2.5f);
  for (int type = 0; type < kNumWaveshaperTypes; ++type) {
    std::vector<Pair> both;
    for (std::size_t n = 0; n < left.size(); ++n) both.push_back(make_pair(left[n], right[n]));
    Waveshaper<Pair> shaper(tables());
    shaper.start(static_cast<WaveshaperType>(type));
    for (std::size_t start = 0; start < both.size(); start += kBlock) {
      shaper.begin_block();
      shaper.process(std::span(both).subspan(start, kBlock), drives);
    }
    const std::vector<float> expected_left = shaped(type, 2.5f, left);
    const std::vector<float> expected_right = shaped(type, 2.5f, right);
    bool equal = true;
    for (std::size_t n = 0; n < both.size(); ++n) {
      equal = equal && both[n][0] == expected_left[n] && both[n][1] == expected_right[n];
    }
    CHECK(equal);
  }
}

TEST(starting_clears_all_state) {
  const std::vector<float> signal = noise(kBlock, 1.5f);
  const std::vector<float> drives(kBlock, 3.0f);
  for (int type = 0; type < kNumWaveshaperTypes; ++type) {
    Waveshaper<float> shaper(tables());
    std::array<std::vector<float>, 2> outputs = {signal, signal};
    for (std::vector<float>& output : outputs) {
      shaper.start(static_cast<WaveshaperType>(type));
      shaper.process(std::span(output), drives);
    }
    CHECK(outputs[0] == outputs[1]);
  }
}

TEST(a_block_starts_without_memory_of_the_step_into_it) {
  // The DC blocker of type 6 loses the step; without the block's start it passes.
  Waveshaper<float> shaper(tables());
  shaper.start(WaveshaperType::kSoftHarmonic2);
  shaper.begin_block();
  CHECK_EQ(shaper.process(0.0f, 1.0f), 0.0f);
  CHECK(shaper.process(1.0f, 1.0f) > 0.9f);
  shaper.start(WaveshaperType::kSoftHarmonic2);
  shaper.begin_block();
  CHECK_EQ(shaper.process(0.0f, 1.0f), 0.0f);
  shaper.begin_block();
  CHECK_EQ(shaper.process(1.0f, 1.0f), 0.0f);
}

TEST(output_stays_finite_for_any_input_and_drive) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  constexpr std::array kLevels = {0.0f, 1e-40f, 1e-6f, 1.0f, 100.0f, 1e6f, 1e20f, kLargest};
  constexpr std::array kDrives = {1e-40f, 1e-30f, 1e-3f, 1.0f, 16.0f, 1e4f, 1e20f, kLargest};
  for (int type = 1; type < kNumWaveshaperTypes; ++type) {
    for (const float level : kLevels) {
      for (const float drive : kDrives) {
        bool finite = true;
        for (const float y : shaped(type, drive, noise(4 * kBlock, level))) {
          finite = finite && std::isfinite(y);
        }
        if (!finite) {
          synthrl::test::fail(__FILE__, __LINE__,
                              "type " + std::to_string(type) + ", level " + std::to_string(level) +
                                  ", drive " + std::to_string(drive));
        }
      }
    }
  }
}

TEST(what_is_not_a_number_does_not_stay) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr std::array kStrange = {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity};
  for (int type = 1; type < kNumWaveshaperTypes; ++type) {
    Waveshaper<float> shaper(tables());
    shaper.start(static_cast<WaveshaperType>(type));
    for (const float x : kStrange) (void)shaper.process(x, 2.0f);
    for (const float x : noise(kBlock, 1.0f)) CHECK(std::isfinite(shaper.process(x, 2.0f)));
  }
}

TEST(types_that_do_not_exist_are_off) {
  Waveshaper<float> shaper(tables());
  shaper.start(static_cast<WaveshaperType>(200));
  CHECK(!shaper.active());
  CHECK_EQ(shaper.process(0.25f, 8.0f), 0.25f);
}
