// The Vocoder, which has nothing to listen to.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 10;

EffectModel vocoder(float mix) {
  return test::effect_test_model(kType, {0, -96, 0, 0, 0, 20, -15, 49, 0, 0, 0, mix});
}

TEST(only_the_dry_share_is_heard) {
  const test::StereoSignal in = test::effect_test_signal();
  for (const float mix : {0.0f, 0.25f, 1.0f}) {
    const EffectModel model = vocoder(mix);
    const auto output = test::play_through(*test::make_effect(model), model, in);
    float worst = 0.0f;
    for (std::size_t i = test::kSignalStart; i < in.size(); ++i) {
      worst = std::max(worst, std::fabs(output.left[i] - (1.0f - mix) * in.left[i]));
    }
    CHECK(worst < 1e-6f);
  }
}

TEST(old_patches_have_no_dry_share) {
  EffectModel model = vocoder(0.0f);
  find_effect_type(kType)->migrate(model, 11);
  CHECK_EQ(model.values[11], 0.0f);
  find_effect_type(kType)->migrate(model, 10);
  CHECK_EQ(model.values[11], 1.0f);
}

TEST(vocoder_stays_finite) { test::check_stays_finite(kType); }

}  // namespace
}  // namespace synthrl::surge
