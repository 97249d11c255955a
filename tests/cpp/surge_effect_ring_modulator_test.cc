// The Ring Modulator against samples of Surge XT.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 13;

TEST(ring_modulator_equals_surge) {
  const EffectModel model =
      test::effect_test_model(kType, {0, 62, 0.2f, 1, 0.3f, 0.7f, -50, 60, 0.6f});
  CHECK(test::effect_vector_error(model,
                                  {{-0.164976f, -0.076492f, 0.155267f, -0.397596f, -0.000103f, 0},
                                   {-0.090168f, -0.003745f, 0.100332f, -0.167009f, -0.000103f, 0},
                                   0.09644f,
                                   0.07101f}) < 2e-5f);
}

// A migrated model: the shape that a number of an old patch means.
int shape_of(int stored, int revision) {
  EffectModel model = test::effect_test_model(kType, {static_cast<float>(stored)});
  find_effect_type(kType)->migrate(model, revision);
  return model.integers[0];
}

TEST(old_patches_number_shapes_otherwise) {
  CHECK_EQ(shape_of(28, 27), 32);
  CHECK_EQ(shape_of(1, 27), 28);
  CHECK_EQ(shape_of(7, 20), 31);
  CHECK_EQ(shape_of(2, 27), 2);
  CHECK_EQ(shape_of(28, 28), 28);
}

TEST(unison_spreads_over_both_sides) {
  EffectModel model = test::effect_test_model(kType, {0, 62, 0.5f, 2, 0.1f, 0.3f, -60, 70, 1});
  model.options[6].deactivated = model.options[7].deactivated = true;
  const auto output =
      test::play_through(*test::make_effect(model), model, test::effect_test_signal());
  CHECK(output.left != output.right);
  CHECK(test::effect_rms(output.left) > 0.01f && test::effect_rms(output.right) > 0.01f);
}

TEST(ring_modulator_without_carrier_is_silent) {
  EffectModel model = test::effect_test_model(kType, {32, 62, 0, 1, 0.1f, 0.3f, -60, 70, 1});
  const auto output =
      test::play_through(*test::make_effect(model), model, test::effect_test_signal());
  CHECK(test::effect_rms(output.left) < 1e-6f);
}

TEST(ring_modulator_stays_finite) { test::check_stays_finite(kType); }

TEST(ring_modulator_decays) {
  CHECK(test::loudest_tail(
            test::effect_test_model(kType, {5, 62, 0.2f, 7, 0.3f, 0.7f, -50, 60, 0.6f})) < 1e-3f);
}

}  // namespace
}  // namespace synthrl::surge
