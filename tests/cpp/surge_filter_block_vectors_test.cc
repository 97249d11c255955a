// The whole filter block of a voice against reference figures: every configuration with three sets
// of units, among them none.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "check.h"
#include "surge/filter_block.h"

namespace {

using namespace synthrl::surge;

constexpr std::size_t kBlock = FilterBlock::kSamples;
constexpr std::size_t kNumSamples = 1024;
constexpr std::size_t kCutoffMoves = 256;  // sample
constexpr std::array<std::size_t, 10> kLeftIndices = {0, 1, 63, 64, 200, 255, 256, 300, 511, 1023};
constexpr std::array<std::size_t, 2> kRightIndices = {511, 1023};

struct Vector {
  char units;
  int configuration;
  std::array<float, kLeftIndices.size()> left;
  std::array<float, kRightIndices.size()> right;
  float rms_left;
  float rms_right;
};

constexpr Vector kVectors[] = {
#include "surge_filter_block_vectors.inc"
};

double ramp(double slope, double offset, std::size_t n) {
  const double phase = slope * static_cast<double>(n) + offset;
  return phase - std::floor(phase);
}

FilterBlockModel model_of(const Vector& vector) {
  FilterBlockModel model;
  model.configuration = static_cast<FilterConfiguration>(vector.configuration);
  if (vector.units == 'A') {
    model.filter1 = {.type = FilterType::kLowpass12, .subtype = 0};
    model.waveshaper = WaveshaperType::kSoft;
    model.filter2 = {.type = FilterType::kHighpass12, .subtype = 0};
  } else if (vector.units == 'B') {
    model.filter1 = {.type = FilterType::kLegacyLadder, .subtype = 3};
    model.waveshaper = WaveshaperType::kAsymmetric;
    model.filter2 = {.type = FilterType::kCombPositive, .subtype = 0};
  }
  return model;
}

struct Stereo {
  std::vector<float> left;
  std::vector<float> right;
};

Stereo render(const Vector& vector) {
  static const FilterTables kFilterTables(96000.0);
  static const WaveshaperTables kWaveshaperTables;

  const FilterBlockModel model = model_of(vector);
  // A balance of 0.3.
  const bool halves = model.configuration == FilterConfiguration::kDual1 ||
                      model.configuration == FilterConfiguration::kDual2 ||
                      model.configuration == FilterConfiguration::kStereo;
  FilterBlockControls controls = {
      .cutoff1 = 12.0f,
      .resonance1 = 0.6f,
      .cutoff2 = 0.0f,
      .resonance2 = 0.4f,
      .gains = {.mix1 = halves ? 0.35f : 0.7f,
                .mix2 = halves ? 0.65f : 1.0f,
                .drive = 2.0f,
                .gain = 0.7f,
                .feedback = 0.5f,  // without effect in the first configuration
                .first_left = 0.5f,
                .first_right = 0.25f,
                .second_left = 0.2f,
                .second_right = 0.6f}};
  FilterBlock block(kFilterTables, kWaveshaperTables);
  block.start(model, controls.gains);

  Stereo output = {.left = std::vector<float>(kNumSamples),
                   .right = std::vector<float>(kNumSamples)};
  const double second_level = is_serial(model.configuration) ? 0.25 : 1.0;
  for (std::size_t start = 0; start < kNumSamples; start += kBlock) {
    std::array<float, kBlock> input1;
    std::array<float, kBlock> input2;
    for (std::size_t i = 0; i < kBlock; ++i) {
      input1[i] = static_cast<float>(1.6 * ramp(0.0061, 0.0, start + i) - 0.8);
      input2[i] = static_cast<float>(second_level * (ramp(0.0047, 0.25, start + i) - 0.5));
    }
    if (start == kCutoffMoves) controls.cutoff1 = 24.0f;
    block.set_controls(controls);
    block.process(input1, input2, output.left.data() + start, output.right.data() + start);
  }
  return output;
}

double rms(std::span<const float> signal) {
  double sum = 0.0;
  for (const float x : signal) sum += static_cast<double>(x) * x;
  return std::sqrt(sum / static_cast<double>(signal.size()));
}

void check_near(double got, double expected, double tolerance, const std::string& what) {
  if (std::abs(got - expected) <= tolerance) return;
  synthrl::test::fail(__FILE__, __LINE__,
                      what + ": " + std::to_string(got) + ", not " + std::to_string(expected));
}

}  // namespace

TEST(every_configuration_has_reference_figures) {
  std::array<int, kNumFilterConfigurations> count{};
  for (const Vector& vector : kVectors) ++count[static_cast<std::size_t>(vector.configuration)];
  for (const int n : count) CHECK_EQ(n, 3);
}

TEST(blocks_match_reference_figures) {
  for (const Vector& vector : kVectors) {
    const Stereo output = render(vector);
    const std::string name = std::string("units ") + vector.units + ", configuration " +
                             std::to_string(vector.configuration);
    const double tolerance_left = 5e-5 * vector.rms_left;
    const double tolerance_right = 5e-5 * vector.rms_right;
    for (std::size_t i = 0; i < kLeftIndices.size(); ++i) {
      check_near(output.left[kLeftIndices[i]], vector.left[i], tolerance_left,
                 name + ", left " + std::to_string(kLeftIndices[i]));
    }
    for (std::size_t i = 0; i < kRightIndices.size(); ++i) {
      check_near(output.right[kRightIndices[i]], vector.right[i], tolerance_right,
                 name + ", right " + std::to_string(kRightIndices[i]));
    }
    check_near(rms(output.left), vector.rms_left, tolerance_left, name + ", level left");
    check_near(rms(output.right), vector.rms_right, tolerance_right, name + ", level right");
  }
}
