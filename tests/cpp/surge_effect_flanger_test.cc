// The Flanger against samples of Surge XT.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 12;
constexpr float kTolerance = 2e-5f;

TEST(flanger_equals_surge) {
  const EffectModel model =
      effect_test_model(kType, {0, 0, -1, 0.6f, 3.5f, 55, 5, 0.5f, 0.2f, 3, 0.7f});
  CHECK(effect_vector_error(model, {{-0.084876f, -0.300348f, 0.205210f, -0.686364f, -0.234850f, 0},
                                    {-0.057526f, -0.211557f, -0.126225f, -0.865743f, -0.092914f, 0},
                                    0.18339f,
                                    0.13489f}) < kTolerance);
}

TEST(flanger_in_turns_equals_surge) {
  const EffectModel model =
      effect_test_model(kType, {2, 1, 2, 0.4f, 4, 50, 7, 0.4f, 0.1f, 6, 0.8f});
  CHECK(effect_vector_error(model, {{-0.178313f, 0.325591f, 0.246354f, -0.598233f, 0.022664f, 0},
                                    {-0.079181f, 0.277263f, 0.115349f, -0.002771f, 0.000533f, 0},
                                    0.14961f,
                                    0.07554f}) < kTolerance);
}

TEST(flanger_stays_finite) { test::check_stays_finite(kType); }

TEST(flanger_decays) {
  for (const float mode : {0.0f, 1.0f, 2.0f, 3.0f}) {
    const EffectModel model =
        effect_test_model(kType, {mode, 1, -2, 0.5f, 4, 60, 5, 0.5f, 0.1f, 0, 0.8f});
    CHECK(test::loudest_tail(model) < 1e-6f);
  }
}

TEST(flanger_draws_random_waves_from_its_seed) {
  for (const float wave : {3.0f, 4.0f}) {
    const EffectModel model =
        effect_test_model(kType, {1, wave, 4, 1, 4, 60, 5, 0.2f, 0.1f, 0, 0.8f});
    const auto unit = test::make_effect(model);
    const auto play = [&](std::uint64_t seed) {
      return test::play_through(*unit, model, test::effect_test_signal(), {}, seed);
    };
    const test::StereoSignal first = play(1);
    CHECK(first.left == play(1).left);
    CHECK(first.left != play(2).left);
  }
}

}  // namespace
}  // namespace synthrl::surge
