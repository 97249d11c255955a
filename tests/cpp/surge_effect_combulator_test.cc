// The Combulator against samples of Surge XT.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 21;

TEST(combulator_equals_surge) {
  const EffectModel model =
      effect_test_model(kType, {0, -9, 4, -5, 0.7f, -0.2f, 0.8f, 0.7f, 0.7f, 0.4f, -0.4f, 0.7f});
  CHECK(effect_vector_error(model,
                            {{-0.076356f, -0.040643f, 0.106079f, -0.379738f, 0.026705f, -0.000146f},
                             {-0.020250f, 0.041426f, 0.083136f, 0.105176f, 0.013664f, 0.000040f},
                             0.13913f,
                             0.05479f}) < 2e-5f);
}

TEST(combulator_rings_at_its_frequency) {
  EffectModel model = effect_test_model(kType, {0, -12, 0, 0, 0.9f, 0, 1, 0, 0, 0, 0, 1});
  model.options[5].deactivated = true;
  const auto unit = test::make_effect(model);
  test::StereoSignal impulse(32768);
  impulse.left[16384] = impulse.right[16384] = 0.5f;
  const test::StereoSignal output = test::play_through(*unit, model, impulse);
  // The best period of what rings.
  std::size_t best = 0;
  double most = -1.0;
  for (std::size_t lag = 100; lag < 300; ++lag) {
    double sum = 0.0;
    for (std::size_t i = 18000; i < 28000; ++i) {
      sum += static_cast<double>(output.left[i]) * static_cast<double>(output.left[i + lag]);
    }
    if (sum > most) {
      most = sum;
      best = lag;
    }
  }
  // 220 Hz.
  CHECK(best == 200 || best == 201);
}

TEST(combulator_noise_follows_the_input_and_the_seed) {
  const EffectModel model =
      effect_test_model(kType, {0.5f, 0, 4, -5, 0.7f, 0, 0.8f, 0.7f, 0.7f, 0.4f, -0.4f, 1});
  const auto unit = test::make_effect(model);
  const auto play = [&](std::uint64_t seed) {
    return test::play_through(*unit, model, test::effect_test_signal(), {}, seed).left;
  };
  const auto first = play(1);
  CHECK(first == play(1));
  CHECK(first != play(2));
  CHECK(std::all_of(first.begin(), first.begin() + test::kSignalStart,
                    [](float x) { return x == 0.0f; }));
}

// Before the combs answer, only the dry share of the input is heard, which starts at 0.
TEST(combulator_starts_wet) {
  const EffectModel model =
      effect_test_model(kType, {0, -9, 4, -5, 0.7f, 0, 0.8f, 0.7f, 0.7f, 0.4f, -0.4f, 0.2f});
  const auto unit = test::make_effect(model);
  test::StereoSignal step(kBlockSamples);
  step.left.assign(step.size(), 0.5f);
  const auto left = test::play_through(*unit, model, step).left;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const float dry = 0.25f * (1.0f - 0.2f) * static_cast<float>(i + 1) / kBlockSamples;
    CHECK(std::fabs(left[i] - 0.5f * dry) < 1e-6f);
  }
}

TEST(combulator_stays_finite) { test::check_stays_finite(kType); }

TEST(combulator_decays) {
  const EffectModel model =
      effect_test_model(kType, {0.5f, 0, 4, -5, 0.7f, 0, 0.8f, 0.7f, 0.7f, 0.4f, -0.4f, 1});
  CHECK(test::loudest_tail(model) < 1e-6f);
}

}  // namespace
}  // namespace synthrl::surge
