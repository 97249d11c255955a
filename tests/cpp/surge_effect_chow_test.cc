// The CHOW effect.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 18;

// The lowest and highest sample of a slow sine through the effect, after it has settled.
std::pair<float, float> range(float threshold_db, float ratio, bool flip) {
  const EffectModel model =
      test::effect_test_model(kType, {threshold_db, ratio, flip ? 1.0f : 0.0f, 1});
  test::StereoSignal sine(16384);
  for (std::size_t i = 0; i < sine.size(); ++i) {
    sine.left[i] = sine.right[i] =
        static_cast<float>(std::sin(2.0 * std::numbers::pi * 0.003 * static_cast<double>(i)));
  }
  const auto output = test::play_through(*test::make_effect(model), model, sine);
  const auto [low, high] = std::minmax_element(output.left.begin() + 8192, output.left.end());
  return {*low, *high};
}

// Oversampling leaves a quarter of the level, which the threshold sees.
TEST(one_half_wave_is_compressed) {
  const float threshold = 0.125893f;
  const float makeup = std::pow(10.0f, (-18.0f / 12.0f * (0.1f - 1.0f) - 1.0f) / 20.0f);
  const float compressed = 4.0f * (threshold + (0.25f - threshold) / 10.0f) * makeup;
  const auto [low, high] = range(-18.0f, 10.0f, false);
  CHECK(std::fabs(high / compressed - 1.0f) < 0.02f);
  CHECK(std::fabs(low / -makeup - 1.0f) < 0.02f);
  const auto [flipped_low, flipped_high] = range(-18.0f, 10.0f, true);
  CHECK(std::fabs(flipped_low + high) < 1e-3f);
  CHECK(std::fabs(flipped_high + low) < 1e-3f);
}

TEST(chow_stays_finite) { test::check_stays_finite(kType); }

TEST(chow_decays) {
  CHECK(test::loudest_tail(test::effect_test_model(kType, {-40, 20, 0, 1})) < 1e-4f);
}

}  // namespace
}  // namespace synthrl::surge
