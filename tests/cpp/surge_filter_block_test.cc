// What holds for every arrangement of filters, shaper and feedback.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "check.h"
#include "surge/filter_block.h"

using namespace synthrl::surge;

namespace {

constexpr double kSampleRateHz = 96000.0;
constexpr std::size_t kLength = 1024;

struct Stereo {
  std::vector<float> left;
  std::vector<float> right;
};

const FilterTables& filter_tables() {
  static const FilterTables tables(kSampleRateHz);
  return tables;
}

const WaveshaperTables& waveshaper_tables() {
  static const WaveshaperTables tables;
  return tables;
}

FilterBlockModel model_of(char units, FilterConfiguration configuration) {
  FilterBlockModel model;
  model.configuration = configuration;
  if (units == 'A') {
    model.filter1 = {.type = FilterType::kLowpass12};
    model.filter2 = {.type = FilterType::kHighpass12};
    model.waveshaper = WaveshaperType::kSoft;
  } else if (units == 'B') {
    model.filter1 = {.type = FilterType::kLegacyLadder, .subtype = 3};
    model.filter2 = {.type = FilterType::kCombPositive};
    model.waveshaper = WaveshaperType::kAsymmetric;
  }
  return model;
}

FilterBlockControls controls_of(FilterConfiguration configuration, float balance) {
  const bool halves = configuration == FilterConfiguration::kDual1 ||
                      configuration == FilterConfiguration::kDual2 ||
                      configuration == FilterConfiguration::kStereo;
  return {.resonance1 = 0.6f,
          .resonance2 = 0.4f,
          .gains = {.mix1 = halves ? 0.5f - 0.5f * balance : std::min(1.0f, 1.0f - balance),
                    .mix2 = halves ? 0.5f + 0.5f * balance : std::min(1.0f, 1.0f + balance),
                    .drive = 2.0f,
                    .gain = 0.7f,
                    .feedback = 0.5f,
                    .first_left = 0.5f,
                    .first_right = 0.25f,
                    .second_left = 0.2f,
                    .second_right = 0.6f}};
}

Stereo run(const FilterBlockModel& model, FilterBlockControls controls, bool with_right) {
  FilterBlock block(filter_tables(), waveshaper_tables());
  block.start(model, controls.gains);
  Stereo out{.left = std::vector<float>(kLength), .right = std::vector<float>(kLength)};
  const double second_level = is_serial(model.configuration) ? 0.25 : 1.0;
  for (std::size_t begin = 0; begin < kLength; begin += FilterBlock::kSamples) {
    std::array<float, FilterBlock::kSamples> input1;
    std::array<float, FilterBlock::kSamples> input2;
    for (std::size_t i = 0; i < FilterBlock::kSamples; ++i) {
      const auto n = static_cast<double>(begin + i);
      double whole = 0.0;
      input1[i] = static_cast<float>(1.6 * std::modf(0.0061 * n, &whole) - 0.8);
      input2[i] = static_cast<float>(second_level * (std::modf(0.0047 * n + 0.25, &whole) - 0.5));
    }
    controls.cutoff1 = begin < 256 ? 12.0f : 24.0f;
    block.set_controls(controls);
    block.process(input1, input2, out.left.data() + begin,
                  with_right ? out.right.data() + begin : nullptr);
  }
  return out;
}

}  // namespace

// Blocks without feedback go through each unit as a whole; the others sample by sample.
TEST(no_feedback_is_the_limit_of_little_feedback) {
  for (int i = 1; i < kNumFilterConfigurations; ++i) {
    const auto configuration = static_cast<FilterConfiguration>(i);
    FilterBlockControls controls = controls_of(configuration, 0.3f);
    controls.gains.feedback = 0.0f;
    const Stereo none = run(model_of('A', configuration), controls, true);
    controls.gains.feedback = 1e-20f;
    const Stereo little = run(model_of('A', configuration), controls, true);
    for (std::size_t n = 0; n < kLength; ++n) {
      CHECK(std::fabs(none.left[n] - little.left[n]) < 1e-6f);
      CHECK(std::fabs(none.right[n] - little.right[n]) < 1e-6f);
    }
  }
}

TEST(the_left_channel_does_not_depend_on_whether_the_right_is_wanted) {
  for (int i = 0; i < kNumFilterConfigurations; ++i) {
    const auto configuration = static_cast<FilterConfiguration>(i);
    const FilterBlockControls controls = controls_of(configuration, -0.2f);
    const FilterBlockModel model = model_of('B', configuration);
    CHECK(run(model, controls, true).left == run(model, controls, false).left);
  }
}

TEST(gains_arrive_at_the_last_sample_of_a_block) {
  FilterBlock block(filter_tables(), waveshaper_tables());
  FilterBlockControls controls;
  block.start({}, controls.gains);
  controls.gains.gain = 1.0f;
  controls.gains.first_left = 1.0f;
  std::array<float, FilterBlock::kSamples> ones;
  ones.fill(1.0f);
  const std::array<float, FilterBlock::kSamples> zeros{};
  std::array<float, FilterBlock::kSamples> out{};
  block.set_controls(controls);
  block.process(ones, zeros, out.data(), nullptr);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float part = static_cast<float>(i + 1) / 64.0f;
    CHECK(std::fabs(out[i] - part * part) < 1e-6f);
  }
}
