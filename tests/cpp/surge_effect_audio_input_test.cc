// The Audio Input effect.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 29;

EffectModel mixer(float channel, float pan, float level_db, float other_db = -96.0f) {
  return test::effect_test_model(kType,
                                 {0, 0, -96, channel, pan, level_db, 0, 0, other_db, 1, 1, 0});
}

// Settled output where the input is `left` and `right`, and the other scene twice 0.25.
std::pair<float, float> settled(const EffectModel& model, float left, float right) {
  const auto unit = test::make_effect(model);
  unit->start(model, 1);
  std::array<float, kBlockSamples> other;
  other.fill(0.25f);
  EffectControls controls{.values = model.values};
  controls.other_left = controls.other_right = other.data();
  std::array<float, kBlockSamples> out_left;
  std::array<float, kBlockSamples> out_right;
  for (int block = 0; block < 8; ++block) {
    out_left.fill(left);
    out_right.fill(right);
    unit->process(controls, {out_left, out_right});
  }
  return {out_left.back(), out_right.back()};
}

bool near(std::pair<float, float> got, float left, float right) {
  return std::fabs(got.first - left) < 1e-4f && std::fabs(got.second - right) < 1e-4f;
}

TEST(input_passes) { CHECK(near(settled(mixer(0, 0, 0), 0.5f, -0.3f), 0.5f, -0.3f)); }

TEST(channel_and_pan) {
  CHECK(near(settled(mixer(1, 0, 0), 0.5f, -0.3f), 0, -0.3f));
  CHECK(near(settled(mixer(-1, 0, 0), 0.5f, -0.3f), 0.5f, 0));
  CHECK(near(settled(mixer(0, 1, 0), 0.5f, -0.3f), 0, 0.2f));
  CHECK(near(settled(mixer(0, -0.5f, 0), 0.5f, -0.3f), 0.35f, -0.15f));
}

TEST(level) { CHECK(near(settled(mixer(0, 0, -20), 0.5f, -0.3f), 0.05f, -0.03f)); }

TEST(other_scene_is_mixed) {
  CHECK(near(settled(mixer(0, 0, -96, 0), 0.5f, -0.3f), 0.25f, 0.25f));
  CHECK(find_effect_type(kType)->generates(mixer(0, 0, 0, 0)));
}

TEST(audio_input_stays_finite) { test::check_stays_finite(kType); }

}  // namespace
}  // namespace synthrl::surge
