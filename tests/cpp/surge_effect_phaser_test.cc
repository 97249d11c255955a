// The Phaser against samples of Surge XT.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 3;
constexpr float kTolerance = 2e-5f;

TEST(phaser_equals_surge) {
  const EffectModel model =
      effect_test_model(kType, {0.1f, 0.5f, -0.2f, -0.5f, 0.7f, 0.5f, 0.6f, 3, 6, 0.4f, 1, -0.3f});
  CHECK(effect_vector_error(model, {{-0.104416f, -0.276030f, 0.682176f, -0.132454f, 0.005125f, 0},
                                    {-0.019051f, 0.075010f, 0.004548f, 0.137611f, 0.000202f, 0},
                                    0.21973f,
                                    0.08009f}) < kTolerance);
}

TEST(phaser_with_one_stage_equals_surge) {
  EffectModel model =
      effect_test_model(kType, {0.05f, -0.5f, 0.2f, -1.7f, 0.8f, 0.8f, 0.5f, 0, 1, 0, 0, 0});
  model.options[3].deactivated = true;
  model.options[11].deactivated = true;
  CHECK(effect_vector_error(model, {{-0.158464f, -0.137917f, 0.240263f, -0.409170f, 0, 0},
                                    {-0.083466f, 0.060642f, -0.047734f, -0.020201f, 0.000038f, 0},
                                    0.14853f,
                                    0.05696f}) < kTolerance);
}

TEST(phaser_stays_finite) { test::check_stays_finite(kType); }

TEST(phaser_decays) {
  for (const float feedback : {-1.0f, -0.5f, 0.0f, 0.7f}) {
    const EffectModel model =
        effect_test_model(kType, {0, feedback, 0, 1, 0.5f, 1, 1, 0, 6, 0.5f, 0, 0});
    CHECK(test::loudest_tail(model) < 1e-6f);
  }
}

// Without feedback the stages change phases only.
TEST(phaser_stages_pass_all_frequencies) {
  EffectModel model = effect_test_model(kType, {0, 0, 0, 0, 0, 0, 1, 0, 12, 0.2f, 0, 0});
  model.options[11].deactivated = true;
  const auto unit = test::make_effect(model);
  test::StereoSignal impulse(65536);
  impulse.left[32768] = impulse.right[32768] = 1.0f;
  const test::StereoSignal output = test::play_through(*unit, model, impulse);
  double energy = 0.0;
  for (const float sample : output.left) {
    energy += static_cast<double>(sample) * static_cast<double>(sample);
  }
  CHECK(std::fabs(energy - 1.0) < 1e-4);
}

}  // namespace
}  // namespace synthrl::surge
