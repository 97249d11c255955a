// The Mid-Side Tool.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 26;

// Without filters.
EffectModel tool(int matrix, float middle_db = 0.0f, float side_db = 0.0f, float balance = 0.0f) {
  EffectModel model = test::effect_test_model(kType, {static_cast<float>(matrix), -60, 0, -6, 70,
                                                      -60, 0, 50, 70, middle_db, side_db, balance});
  for (const std::size_t param : {1, 2, 4, 5, 6, 8}) model.options[param].deactivated = true;
  return model;
}

test::StereoSignal play(const EffectModel& model) {
  return test::play_through(*test::make_effect(model), model, test::effect_test_signal());
}

// The largest distance of settled output from what `expected` makes of left and right.
template <typename Expected>
float distance(const EffectModel& model, Expected expected) {
  const test::StereoSignal in = test::effect_test_signal();
  const test::StereoSignal out = play(model);
  float worst = 0.0f;
  for (std::size_t i = test::kSignalStart; i < out.size(); ++i) {
    const auto [left, right] = expected(in.left[i], in.right[i]);
    worst = std::max({worst, std::fabs(out.left[i] - left), std::fabs(out.right[i] - right)});
  }
  return worst;
}
using Sides = std::pair<float, float>;

TEST(matrices) {
  CHECK(distance(tool(0), [](float l, float r) { return Sides(l, r); }) < 1e-6f);
  CHECK(distance(tool(1), [](float l, float r) { return Sides((l + r) / 2, (l - r) / 2); }) <
        1e-6f);
  CHECK(distance(tool(2), [](float m, float s) { return Sides(m + s, m - s); }) < 1e-6f);
}

TEST(gains_and_balance) {
  CHECK(distance(tool(1, 12.0f, -6.0f), [](float l, float r) {
          return Sides(3.981072f * (l + r) / 2, 0.501187f * (l - r) / 2);
        }) < 1e-5f);
  CHECK(distance(tool(0, 0, 0, 0.25f), [](float l, float r) { return Sides(0.75f * l, r); }) <
        1e-6f);
}

TEST(left_side_turns_at_the_start) {
  test::StereoSignal ones(1024);
  std::fill(ones.left.begin(), ones.left.end(), 1.0f);
  std::fill(ones.right.begin(), ones.right.end(), 1.0f);
  const EffectModel model = tool(0);
  const auto output = test::play_through(*test::make_effect(model), model, ones);
  CHECK(output.left.front() < -0.9f);
  CHECK(output.left.back() > 0.999f);
  CHECK(output.right.front() == 1.0f);
}

TEST(filters_act_on_their_lane) {
  EffectModel model = tool(1);
  model.options[4].deactivated = false;
  model.values[4] = -40.0f;  // hardly anything of the middle remains
  const test::StereoSignal filtered = play(model);
  const test::StereoSignal plain = play(tool(1));
  CHECK(test::effect_rms(filtered.left) < 0.5f * test::effect_rms(plain.left));
  CHECK(filtered.right == plain.right);
}

TEST(mid_side_stays_finite) { test::check_stays_finite(kType); }

TEST(mid_side_decays) {
  CHECK(test::loudest_tail(test::effect_test_model(
            kType, {0, -40, 6, 10, 50, -40, -6, 10, 50, 3, -3, 0.2f})) < 1e-3f);
}

}  // namespace
}  // namespace synthrl::surge
