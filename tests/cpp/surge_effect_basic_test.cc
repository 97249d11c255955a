// Delay, Reverb 1, EQ, Chorus, Conditioner and Distortion against samples of Surge XT.
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
