// The Rotary Speaker against samples of Surge XT.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 4;

TEST(rotary_equals_surge) {
  const EffectModel model = effect_test_model(kType, {1, 0.4f, 0.6f, 0.7f, 0.3f, 0, 2, 0.8f});
  CHECK(effect_vector_error(model, {{-0.013934f, -0.183501f, 0.335517f, -0.252830f, 0, 0},
                                    {0.023470f, -0.006129f, -0.012866f, -0.193704f, 0, 0},
                                    0.13173f,
                                    0.08809f}) < 2e-5f);
}

TEST(rotary_stays_finite) { test::check_stays_finite(kType); }

TEST(rotary_decays) {
  for (int distortion = 0; distortion < 8; ++distortion) {
    const EffectModel model =
        effect_test_model(kType, {1, 0.4f, 0.6f, 0.7f, 0, static_cast<float>(distortion), 2, 1});
    // The quantiser has no step at 0, so silence leaves it half a step off.
    constexpr int kDigital = 4;
    CHECK(test::loudest_tail(model) < (distortion == kDigital ? 0.04f : 1e-5f));
  }
}

// The horn and rotor go round while nothing plays: a sound is the same a turn later, and half a
// turn later it is not.
TEST(rotary_turns_in_silence) {
  constexpr std::size_t kTurn = 512 * kBlockSamples;
  const auto rate = static_cast<float>(std::log2(44100.0 / static_cast<double>(kTurn)));
  const EffectModel model = effect_test_model(kType, {rate, 0.4f, 0.6f, 1, 0, 0, 0, 1});
  const auto unit = test::make_effect(model);
  const auto play = [&](std::size_t start) {
    test::StereoSignal noise(start + 8192);
    Rng rng(3);
    for (std::size_t i = start; i < noise.size(); ++i) {
      noise.left[i] = noise.right[i] = rng.bipolar();
    }
    return test::play_through(*unit, model, noise, {.begin = start});
  };
  const test::StereoSignal now = play(0);
  const auto distance = [&](std::size_t start) {
    const test::StereoSignal later = play(start);
    float worst = 0.0f;
    for (std::size_t i = 0; i < now.size(); ++i) {
      worst = std::max(worst, std::fabs(now.left[i] - later.left[start + i]));
    }
    return worst;
  };
  CHECK(distance(kTurn) < 0.01f);
  CHECK(distance(kTurn / 2) > 0.1f);
}

}  // namespace
}  // namespace synthrl::surge
