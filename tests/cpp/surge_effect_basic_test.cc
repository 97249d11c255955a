// Delay, Reverb 1, EQ, Chorus, Conditioner and Distortion against samples of Surge XT.
#include <array>
#include <cmath>
#include <limits>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/sinc_delay.h"
#include "surge_effect_test.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr float kTolerance = 2e-5f;

TEST(delay) {
  EffectModel model =
      effect_test_model(1, {-3.3f, -2.6f, 0.6f, 0.4f, -20, 40, -1, 0.3f, 0.25f, 0, 0.5f, 3});
  model.options[2].deform_type = 1;
  CHECK(effect_vector_error(model,
                            {{-0.127260f, -0.033358f, 0.099143f, -0.101012f, -0.093203f, 0.000038f},
                             {-0.033750f, 0.057575f, 0.030475f, 0.012864f, 0.015610f, 0.125707f},
                             0.10312f,
                             0.06006f}) < kTolerance);
}

TEST(reverb1) {
  const EffectModel model = effect_test_model(2, {-5, 2, 0.6f, 0.8f, 0.3f, -24, 5, 4, 40, 0.5f, 2});
  CHECK(effect_vector_error(model,
                            {{-0.127260f, -0.033358f, 0.099143f, -0.249909f, 0.046485f, -0.038206f},
                             {-0.033750f, 0.057575f, 0.030475f, 0.038325f, 0.147912f, 0.203286f},
                             0.11919f,
                             0.15165f}) < kTolerance);
}

TEST(eq) {
  const EffectModel model = effect_test_model(6, {6, -30, 2, -9, 10, 1.2f, 5, 50, 2.5f, -2, 0.8f});
  CHECK(effect_vector_error(model, {{-0.020633f, -0.141015f, 0.205277f, -0.264614f, 0.000025f, 0},
                                    {-0.113456f, 0.072411f, 0.018868f, 0.034141f, 0.000031f, 0},
                                    0.10225f,
                                    0.05365f}) < kTolerance);
}

TEST(filters_in_series_are_the_same_as_one_by_one) {
  const Plan& plan = test::effect_test_plan();
  std::array<EffectBiquad, 5> series;
  const auto design = [&](std::array<EffectBiquad, 5>& filters, double omega) {
    filters[0].set_peak(0.1, 1.0, 0.0, plan.decibels);  // changes nothing
    filters[1].set_lowpass(omega, 0.7);
    filters[2].set_peak(0.3, 2.0, 9.0, plan.decibels);
    filters[3].set_highpass(0.01, 0.9);
    filters[4].set_allpass(0.5, 2.0);
  };
  std::array<EffectBiquad, 5> single;
  float phase = 0.0f;
  for (int block = 0; block < 40; ++block) {
    // The lowpass stands for 10 blocks, then glides.
    const double omega = block < 10 ? 0.2 : 1.1;
    design(series, omega);
    design(single, omega);
    StereoBuffer expected;
    for (std::size_t i = 0; i < kBlockSamples; ++i) {
      expected.left[i] = 0.5f * std::sin(phase += 0.17f);
      expected.right[i] = phase - std::floor(phase) - 0.5f;
    }
    StereoBuffer got;
    got.copy(expected.block());
    for (EffectBiquad& filter : single) filter.process(expected.block());
    EffectBiquad::process_series(
        {&series[0], &series[1], nullptr, &series[2], &series[3], &series[4]}, got.block());
    CHECK(got.left == expected.left);
    CHECK(got.right == expected.right);
  }
}

TEST(a_delay_line_reads_blocks_as_it_reads_samples) {
  SincDelayLine line(test::effect_test_plan().effects, 256);
  std::array<float, kBlockSamples> block;
  float phase = 0.0f;
  for (int written = 0; written < 20; ++written) {
    for (float& sample : block) sample = std::sin(phase += 0.31f);
    line.write(block);
  }
  // The last ones lie across the end of the memory.
  for (const float delay : {32.0f, 47.3f, 100.9f, 130.25f, 200.0f, 240.1f, 1000.0f}) {
    line.read_block(delay, block);
    for (std::size_t i = 0; i < block.size(); ++i) CHECK(block[i] == line.read(delay, i));
    const Pair delays = {delay, delay + 1.3f, delay + 2.6f, delay - 0.4f};
    const Pair four = line.read_four<1>(delays, 8);
    for (int i = 0; i < 4; ++i) {
      CHECK(four[i] == line.read(delays[i], 8 + static_cast<std::size_t>(i)));
    }
  }
}

TEST(a_curve_of_pairs_is_the_curve) {
  const EffectTables::Curve& curve = test::effect_test_plan().effects.soft;
  for (float x = -40.0f; x < 40.0f; x += 0.371f) {
    const Pair y = curve(make_pair(x, -0.2f * x));
    CHECK(y[0] == curve(x));
    CHECK(y[1] == curve(-0.2f * x));
  }
  const float nothing = std::numeric_limits<float>::quiet_NaN();
  CHECK(curve(make_pair(nothing, 0.0f))[0] == curve(nothing));
}

TEST(chorus) {
  const EffectModel model = effect_test_model(9, {-6.3f, -0.5f, 0.35f, 0.6f, -17, 50, 0.5f, 4});
  CHECK(effect_vector_error(model, {{-0.127260f, -0.132838f, 0.310905f, -0.074664f, -0.001401f, 0},
                                    {-0.033750f, 0.000631f, 0.176860f, 0.114778f, 0.002868f, 0},
                                    0.11717f,
                                    0.09086f}) < kTolerance);
}

TEST(conditioner) {
  const EffectModel model = effect_test_model(8, {4, -3, 0.6f, 0.2f, -18, 0.5f, 0.3f, -4, -20});
  CHECK(effect_vector_error(model, {{0, 0.117547f, -0.152689f, 0.561250f, -0.000144f, 0},
                                    {0, 0.478585f, -0.147799f, 0.374095f, -0.000380f, 0},
                                    0.20994f,
                                    0.15352f}) < kTolerance);
}

TEST(distortion_soft) {
  const EffectModel model =
      effect_test_model(5, {6, -10, 2, 50, 12, 0.2f, -5, 20, 1.5f, 45, -6, 0});
  CHECK(effect_vector_error(model, {{0.129268f, -0.495571f, 0.502257f, -0.333070f, 0, 0},
                                    {-0.318754f, 0.300671f, 0.079849f, 0.152542f, 0, 0},
                                    0.19635f,
                                    0.16895f}) < kTolerance);
}

TEST(distortion_hard) {
  const EffectModel model = effect_test_model(5, {0, 0, 2, 60, 9, 0, 3, -12, 2, 60, -3, 1});
  CHECK(effect_vector_error(model, {{-0.275748f, -0.491498f, 0.736447f, -0.780053f, 0, 0},
                                    {-0.204300f, 0.270757f, 0.114659f, 0.159495f, 0, 0},
                                    0.33039f,
                                    0.17384f}) < kTolerance);
}

}  // namespace
}  // namespace synthrl::surge
