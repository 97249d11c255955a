// Voice filters against reference figures, and for what must hold for any input and controls.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <numbers>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "surge/filters/filter.h"

namespace {

using synthrl::surge::Filter;
using synthrl::surge::FilterModel;
using synthrl::surge::FilterTables;
using synthrl::surge::FilterType;
using synthrl::surge::kFilterBlockSamples;
using synthrl::surge::kNumFilterTypes;
using synthrl::surge::make_pair;
using synthrl::surge::num_filter_subtypes;
using synthrl::surge::Pair;

constexpr double kSampleRate = 96000.0;
constexpr std::size_t kBlock = kFilterBlockSamples;
constexpr std::size_t kNumSamples = 1600;
constexpr std::array<std::size_t, 7> kSampleIndices = {1, 7, 31, 165, 400, 799, 1599};

struct Vector {
  int type;
  int subtype;
  char setting;
  std::array<float, kSampleIndices.size()> output;
  float rms;
};

constexpr Vector kVectors[] = {
#include "surge_filter_vectors.inc"
};

struct Controls {
  float cutoff_semitones;
  float resonance;
};

const FilterTables& tables() {
  static const FilterTables kTables(kSampleRate);
  return kTables;
}

FilterModel model_of(int type, int subtype) {
  return {.type = static_cast<FilterType>(type), .subtype = subtype};
}

// Calls `body(FilterModel, name)` for every type and subtype but Off.
template <class Body>
void for_each_model(Body body) {
  for (int type = 1; type < kNumFilterTypes; ++type) {
    const int count = std::max(1, num_filter_subtypes(static_cast<FilterType>(type)));
    for (int subtype = 0; subtype < count; ++subtype) {
      body(model_of(type, subtype), std::to_string(type) + '/' + std::to_string(subtype));
    }
  }
}

void check(bool condition, int line, const std::string& message) {
  if (!condition) synthrl::test::fail(__FILE__, line, message);
}

std::vector<float> ramps(std::size_t num_samples) {
  std::vector<float> signal(num_samples);
  for (std::size_t n = 0; n < num_samples; ++n) {
    const double phase = 0.0061 * static_cast<double>(n);
    signal[n] = static_cast<float>(1.6 * (phase - std::floor(phase)) - 0.8);
  }
  return signal;
}

class Noise {
 public:
  // Uniform between `level` and its negative.
  float draw(float level) {
    return level * (2.0f * static_cast<float>(generator_()) / 4294967296.0f - 1.0f);
  }
  std::vector<float> draw(std::size_t num_samples, float level) {
    std::vector<float> signal(num_samples);
    for (float& x : signal) x = draw(level);
    return signal;
  }

 private:
  std::mt19937 generator_{1};
};

// With new controls for every block, of which the last are kept.
std::vector<float> filtered(const FilterModel& model, const std::vector<Controls>& controls,
                            std::vector<float> signal) {
  Filter<float> filter(tables());
  filter.start(model);
  for (std::size_t start = 0; start < signal.size(); start += kBlock) {
    const auto [cutoff, resonance] = controls[std::min(start / kBlock, controls.size() - 1)];
    filter.set_controls(cutoff, resonance);
    filter.process(std::span(signal).subspan(start, kBlock));
  }
  return signal;
}

double rms(std::span<const float> signal) {
  double sum = 0.0;
  for (const float x : signal) sum += static_cast<double>(x) * x;
  return std::sqrt(sum / static_cast<double>(signal.size()));
}

bool all_finite(std::span<const float> signal) {
  return std::all_of(signal.begin(), signal.end(), [](float x) { return std::isfinite(x); });
}

// Magnitude of the response at a frequency, from the response to an impulse small enough for the
// filter to be linear. States are kept at 0 for a sample after the start in many types.
double magnitude_at(const FilterModel& model, Controls controls, double frequency_hz) {
  constexpr float kLevel = 1e-3f;
  std::vector<float> impulse(8192);
  impulse[kBlock] = kLevel;
  const std::vector<float> response = filtered(model, {controls}, impulse);
  std::complex<double> sum = 0.0;
  for (std::size_t n = kBlock; n < response.size(); ++n) {
    const double angle =
        -2.0 * std::numbers::pi * frequency_hz / kSampleRate * static_cast<double>(n);
    sum += static_cast<double>(response[n]) * std::polar(1.0, angle);
  }
  return std::abs(sum) / kLevel;
}

// Relative to the level. Single precision and iteration order differ from the reference: what the
// loops make of that depends on the family.
double tolerance_of(const Vector& vector) {
  // Loops of several saturating stages amplify rounding.
  const bool cutoff_warp = (vector.type >= 16 && vector.type <= 19) || vector.type == 27;
  if (cutoff_warp && vector.subtype % 4 >= 2) return 1e-3;
  if (vector.type == 33 && vector.setting == 'b') return 3e-3;
  return 2e-4;
}

// This one never settles: two runs that differ in the last bit only share their level.
bool is_chaotic(const Vector& vector) {
  return vector.type == 33 && vector.subtype == 9 && vector.setting == 'b';
}

}  // namespace

TEST(every_type_and_subtype_has_reference_figures) {
  for_each_model([](const FilterModel& model, const std::string& name) {
    const auto count = std::count_if(std::begin(kVectors), std::end(kVectors), [&](auto& vector) {
      return vector.type == static_cast<int>(model.type) && vector.subtype == model.subtype;
    });
    check(count == 2, __LINE__, name + " has " + std::to_string(count));
  });
}

TEST(filters_match_reference_figures) {
  const std::vector<float> signal = ramps(kNumSamples);
  for (const Vector& vector : kVectors) {
    const Controls controls =
        vector.setting == 'a' ? Controls{12.0f, 0.7f} : Controls{36.5f, 0.95f};
    const std::vector<float> output =
        filtered(model_of(vector.type, vector.subtype), {controls}, signal);
    const std::string name =
        std::to_string(vector.type) + '/' + std::to_string(vector.subtype) + ' ' + vector.setting;
    const double level_error = std::abs(rms(output) / vector.rms - 1.0);
    if (is_chaotic(vector)) {
      check(level_error < 0.3, __LINE__, name + ": level");
      continue;
    }
    const double tolerance = tolerance_of(vector);
    check(level_error < tolerance, __LINE__, name + ": level");
    for (std::size_t i = 0; i < kSampleIndices.size(); ++i) {
      const double error =
          std::abs(static_cast<double>(output[kSampleIndices[i]]) - vector.output[i]) / vector.rms;
      check(error < tolerance, __LINE__,
            name + ": sample " + std::to_string(kSampleIndices[i]) + " misses by " +
                std::to_string(error));
    }
  }
}

TEST(blocks_equal_samples) {
  const std::vector<float> signal = Noise().draw(6 * kBlock, 1.0f);
  const std::vector<Controls> controls = {{20.0f, 0.5f}, {35.0f, 0.8f}, {10.0f, 0.3f}};
  for_each_model([&](const FilterModel& model, const std::string& name) {
    std::vector<float> expected;
    Filter<float> filter(tables());
    filter.start(model);
    for (std::size_t n = 0; n < signal.size(); ++n) {
      if (n % kBlock == 0) {
        const Controls& c = controls[std::min(n / kBlock, controls.size() - 1)];
        filter.set_controls(c.cutoff_semitones, c.resonance);
      }
      expected.push_back(filter.process(signal[n]));
    }
    check(filtered(model, controls, signal) == expected, __LINE__, name);
  });
}

TEST(two_channels_equal_two_filters) {
  Noise noise;
  const std::vector<float> left = noise.draw(6 * kBlock, 1.0f);
  const std::vector<float> right = noise.draw(6 * kBlock, 2.0f);
  const Controls controls = {25.0f, 0.6f};
  for_each_model([&](const FilterModel& model, const std::string& name) {
    std::vector<Pair> both;
    for (std::size_t n = 0; n < left.size(); ++n) both.push_back(make_pair(left[n], right[n]));
    Filter<Pair> filter(tables());
    filter.start(model);
    for (std::size_t start = 0; start < both.size(); start += kBlock) {
      filter.set_controls(controls.cutoff_semitones, controls.resonance);
      filter.process(std::span(both).subspan(start, kBlock));
    }
    const std::vector<float> expected_left = filtered(model, {controls}, left);
    const std::vector<float> expected_right = filtered(model, {controls}, right);
    bool equal = true;
    for (std::size_t n = 0; n < both.size(); ++n) {
      equal = equal && both[n][0] == expected_left[n] && both[n][1] == expected_right[n];
    }
    check(equal, __LINE__, name);
  });
}

TEST(starting_clears_all_state) {
  const std::vector<float> signal = Noise().draw(kBlock, 1.0f);
  for_each_model([&](const FilterModel& model, const std::string& name) {
    Filter<float> filter(tables());
    std::array<std::vector<float>, 2> outputs = {signal, signal};
    for (std::vector<float>& output : outputs) {
      filter.start(model);
      filter.set_controls(30.0f, 0.9f);
      filter.process(std::span(output));
    }
    check(outputs[0] == outputs[1], __LINE__, name);
  });
}

TEST(output_is_bounded_for_nominal_resonance) {
  // The most that any type passes of noise at full scale: four make-up gains in series.
  constexpr float kMaxGain = 300.0f;
  Noise noise;
  for_each_model([&](const FilterModel& model, const std::string& name) {
    for (const float cutoff : {-60.0f, -20.0f, 10.0f, 36.5f, 58.0f, 70.0f, 130.0f}) {
      for (const float resonance : {0.0f, 0.5f, 0.95f, 1.0f}) {
        const auto output = filtered(model, {{cutoff, resonance}}, noise.draw(20 * kBlock, 1.0f));
        float peak = 0.0f;
        for (const float y : output) peak = std::max(peak, std::isfinite(y) ? std::abs(y) : 1e30f);
        check(peak < kMaxGain, __LINE__,
              name + " at " + std::to_string(cutoff) + ", " + std::to_string(resonance) + ": " +
                  std::to_string(peak));
      }
    }
  });
}

TEST(output_stays_finite_for_any_controls_and_input) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr std::array kCutoffs = {-kInfinity, -1e6f, -100.0f, 0.0f, 60.0f, 1e6f, kInfinity, kNan};
  constexpr std::array kResonances = {-kInfinity, -20.0f, -1.0f, -0.3f, 0.5f,
                                      1.1f,       2.0f,   1e6f,  kNan};
  Noise noise;
  for_each_model([&](const FilterModel& model, const std::string& name) {
    for (const float cutoff : kCutoffs) {
      for (const float resonance : kResonances) {
        for (const float level : {1.0f, 1e4f, std::numeric_limits<float>::max()}) {
          const auto output =
              filtered(model, {{cutoff, resonance}}, noise.draw(12 * kBlock, level));
          check(all_finite(output), __LINE__,
                name + " at " + std::to_string(cutoff) + ", " + std::to_string(resonance) +
                    ", level " + std::to_string(level));
        }
      }
    }
  });
}

TEST(output_stays_finite_when_controls_jump) {
  Noise noise;
  for_each_model([&](const FilterModel& model, const std::string& name) {
    for (int run = 0; run < 8; ++run) {
      std::vector<Controls> controls;
      for (int block = 0; block < 40; ++block) {
        controls.push_back({noise.draw(150.0f), 0.5f + noise.draw(1.5f)});
      }
      const auto output = filtered(model, controls, noise.draw(40 * kBlock, 4.0f));
      check(all_finite(output), __LINE__, name);
    }
  });
}

TEST(infinite_input_is_forgotten) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for_each_model([&](const FilterModel& model, const std::string& name) {
    Filter<float> filter(tables());
    filter.start(model);
    filter.set_controls(20.0f, 0.5f);
    for (const float x : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
      check(std::isfinite(filter.process(x)), __LINE__, name);
    }
    check(std::isfinite(filter.process(0.5f)), __LINE__, name);
  });
}

TEST(responses_are_where_the_cutoff_is) {
  // 24 semitones above A440, little resonance: passband, then two octaves into the stopband.
  const Controls controls = {24.0f, 0.1f};
  constexpr double kCutoffHz = 1760.0;
  constexpr std::array kLowpasses = {1, 2, 3, 10, 11, 12, 13, 15};
  for (const int type : kLowpasses) {
    const int last = num_filter_subtypes(static_cast<FilterType>(type)) - 1;
    const FilterModel model = model_of(type, type == 1 || type == 2 || type == 11 ? 0 : last);
    const double low = magnitude_at(model, controls, kCutoffHz / 8.0);
    check(magnitude_at(model, controls, kCutoffHz * 4.0) < 0.2 * low, __LINE__,
          "lowpass " + std::to_string(type));
  }
  for (const int type : {4, 5, 14, 20}) {
    const double high = magnitude_at(model_of(type, 0), controls, kCutoffHz * 4.0);
    check(magnitude_at(model_of(type, 0), controls, kCutoffHz / 8.0) < 0.2 * high, __LINE__,
          "highpass " + std::to_string(type));
  }
  for (const int type : {7, 24}) {
    const double side = magnitude_at(model_of(type, 0), controls, kCutoffHz * 4.0);
    check(magnitude_at(model_of(type, 0), controls, kCutoffHz) < 0.1 * side, __LINE__,
          "notch " + std::to_string(type));
  }
  for (const double frequency : {220.0, 1760.0, 7040.0}) {
    const double gain = magnitude_at(model_of(26, 0), controls, frequency);
    check(std::abs(gain - 1.0) < 0.01, __LINE__, "allpass: " + std::to_string(gain));
  }
}

TEST(combs_ring_at_their_cutoff) {
  const Controls controls = {12.0f, 0.9f};  // 880 Hz
  const FilterModel positive = model_of(static_cast<int>(FilterType::kCombPositive), 1);
  const FilterModel negative = model_of(static_cast<int>(FilterType::kCombNegative), 1);
  CHECK(magnitude_at(positive, controls, 880.0) > 4.0);
  CHECK(magnitude_at(positive, controls, 440.0) < 1.0);
  CHECK(magnitude_at(negative, controls, 880.0) < 1.0);
  CHECK(magnitude_at(negative, controls, 440.0) > 4.0);
  // Old patches ring 6 samples sooner.
  FilterModel legacy = positive;
  legacy.legacy_comb_tuning = true;
  CHECK(magnitude_at(legacy, controls, kSampleRate / (kSampleRate / 880.0 - 6.0)) > 4.0);
  CHECK(magnitude_at(legacy, controls, 880.0) < 3.0);
}

TEST(coefficients_move_to_new_controls_over_several_blocks) {
  // The rate of sampling and holding is a coefficient itself. From 100 to 200 Hz, a fifth of what
  // is left per block.
  const float low = 12.0f * std::log2(100.0f / 440.0f);
  std::vector<Controls> controls = {{low, 0.0f}};
  constexpr int kNumBlocks = 60;
  for (int block = 1; block < kNumBlocks; ++block) controls.push_back({low + 12.0f, 0.0f});
  std::vector<float> signal(kNumBlocks * kBlock);
  for (std::size_t n = 0; n < signal.size(); ++n) {
    signal[n] = static_cast<float>(n) / static_cast<float>(signal.size());
  }
  const std::vector<float> output =
      filtered(model_of(static_cast<int>(FilterType::kSampleAndHold), 0), controls, signal);

  double expected = 0.0;
  double smoothed = 100.0;
  for (int block = 0; block < kNumBlocks; ++block) {
    const double previous = smoothed;
    if (block > 0) smoothed = 0.8 * smoothed + 0.2 * 200.0;
    expected += 0.5 * (previous + smoothed) * kBlock / kSampleRate;
  }
  int clocks = 1;  // the first sample is taken at once
  for (std::size_t n = 1; n < output.size(); ++n) clocks += output[n] != output[n - 1] ? 1 : 0;
  CHECK(std::abs(clocks - (expected + 1.0)) <= 1.0);
}

TEST(subtypes_are_limited_to_those_of_the_type) {
  const std::vector<float> signal = ramps(4 * kBlock);
  const Controls controls = {12.0f, 0.7f};
  CHECK(filtered(model_of(1, 99), {controls}, signal) ==
        filtered(model_of(1, 2), {controls}, signal));
  CHECK(filtered(model_of(1, -5), {controls}, signal) ==
        filtered(model_of(1, 0), {controls}, signal));
  CHECK(filtered(model_of(0, 7), {controls}, signal) == signal);
}
