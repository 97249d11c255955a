// The Waveshaper effect against samples of Surge XT.
#include "surge/waveshapers/waveshaper.h"
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 25;

TEST(waveshaper_equals_surge) {
  const EffectModel model = effect_test_model(kType, {-30, 60, 1, 0.2f, 9, -40, 50, 6, 0.7f});
  CHECK(effect_vector_error(model, {{-0.534831f, -0.079337f, 0.291573f, -0.471178f, -0.000414f, 0},
                                    {0.081301f, 0.209921f, 0.187221f, 0.192735f, -0.000976f, 0},
                                    0.18692f,
                                    0.12318f}) < 1e-4f);
}

TEST(waveshaper_ignores_modulation_of_drive_and_gain) {
  const EffectModel model = effect_test_model(kType, {-60, 70, 1, 0, 6, -60, 70, -6, 1});
  const auto unit = test::make_effect(model);
  const auto play = [&](std::size_t param) {
    return test::play_through(*unit, model, test::effect_test_signal(), {}, 1,
                              [param](std::size_t, EffectValues& values) { values[param] += 0.5f; })
        .left;
  };
  const auto plain = test::play_through(*unit, model, test::effect_test_signal()).left;
  CHECK(play(4) == plain);
  CHECK(play(7) == plain);
  CHECK(play(3) != plain);
}

TEST(waveshaper_without_shape_halves_the_level) {
  EffectModel model = effect_test_model(kType, {0, 0, 0, 0, 0, 0, 0, 0, 1});
  for (const std::size_t cut : {0, 1, 5, 6}) model.options[cut].deactivated = true;
  const auto unit = test::make_effect(model);
  test::StereoSignal sine(32768);
  for (std::size_t i = 0; i < sine.size(); ++i) {
    sine.left[i] = static_cast<float>(std::sin(0.01 * static_cast<double>(i)));
  }
  const test::StereoSignal output = test::play_through(*unit, model, sine);
  float loudest = 0.0f;
  for (std::size_t i = 16384; i < output.size(); ++i) {
    loudest = std::max(loudest, std::fabs(output.left[i]));
  }
  CHECK(std::fabs(loudest - 0.5f) < 1e-3f);
}

TEST(waveshaper_stays_finite) { test::check_stays_finite(kType); }

TEST(waveshaper_decays) {
  for (int shape = 0; shape < kNumWaveshaperTypes; ++shape) {
    const EffectModel model =
        effect_test_model(kType, {-60, 70, static_cast<float>(shape), 0, 0, -60, 70, 0, 1});
    // The low cuts take what a shape makes of silence.
    CHECK(test::loudest_tail(model) < 1e-3f);
  }
}

}  // namespace
}  // namespace synthrl::surge
