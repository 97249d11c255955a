// The Resonator against samples of Surge XT.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 17;

TEST(resonator_equals_surge) {
  const EffectModel model =
      effect_test_model(kType, {-15, 0.8f, 0.8f, 8, 0.7f, 0.75f, 36, 0.6f, 0.8f, 1, 3, 0.8f});
  CHECK(effect_vector_error(model, {{-0.128589f, 0.029036f, 0.045578f, -0.258530f, 0.000822f, 0},
                                    {-0.009763f, 0.025531f, -0.023067f, -0.010772f, 0.000490f, 0},
                                    0.09355f,
                                    0.03277f}) < 2e-5f);
}

TEST(resonator_keeps_to_its_bands_unless_extended) {
  const auto play = [](float frequency, bool extended) {
    EffectModel model =
        effect_test_model(kType, {frequency, 0.8f, 0.8f, 8, 0.7f, 0.75f, 36, 0.6f, 0.8f, 1, 0, 1});
    model.options[0].extend_range = extended;
    const auto unit = test::make_effect(model);
    return test::play_through(*unit, model, test::effect_test_signal()).left;
  };
  CHECK(play(20.0f, false) == play(30.0f, false));
  CHECK(play(20.0f, true) != play(30.0f, true));
}

TEST(resonator_stays_finite) { test::check_stays_finite(kType); }

TEST(resonator_decays) {
  for (const float mode : {0.0f, 1.0f, 2.0f, 3.0f}) {
    const EffectModel model =
        effect_test_model(kType, {-15, 0.5f, 0.8f, 8, 0.5f, 0.75f, 36, 0.5f, 0.8f, mode, 0, 1});
    CHECK(test::loudest_tail(model) < 1e-4f);
  }
}

}  // namespace
}  // namespace synthrl::surge
