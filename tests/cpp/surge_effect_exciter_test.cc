// The Exciter.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 19;

test::StereoSignal play(const EffectModel& model,
                        test::StereoSignal in = test::effect_test_signal()) {
  return test::play_through(*test::make_effect(model), model, std::move(in));
}

EffectModel exciter(float drive, float tone, float mix) {
  return test::effect_test_model(kType, {drive, tone, 0.5f, 0.5f, mix});
}

TEST(dry_signal_stays) {
  const test::StereoSignal in = test::effect_test_signal();
  CHECK(play(exciter(1, 1, 0)).left == in.left);
  CHECK(play(exciter(0, 1, 1)).right == in.right);
}

// What is added to a sine, at a harmonic of it.
double harmonic(const EffectModel& model, double hz, int number) {
  test::StereoSignal sine(44096);
  for (std::size_t i = 0; i < sine.size(); ++i) {
    sine.left[i] = sine.right[i] = static_cast<float>(
        0.5 * std::sin(2.0 * std::numbers::pi * hz / 44100.0 * static_cast<double>(i)));
  }
  const auto output = play(model, sine);
  double real = 0.0;
  double imaginary = 0.0;
  constexpr std::size_t kLast = 22050;
  for (std::size_t i = sine.size() - kLast; i < sine.size(); ++i) {
    const double angle = 2.0 * std::numbers::pi * number * hz / 44100.0 * static_cast<double>(i);
    real += static_cast<double>(output.left[i] - sine.left[i]) * std::cos(angle);
    imaginary += static_cast<double>(output.left[i] - sine.left[i]) * std::sin(angle);
  }
  return std::hypot(real, imaginary) * 2.0 / kLast;
}

TEST(highs_gain_harmonics) {
  const EffectModel model = exciter(0.7f, 0.5f, 1);
  CHECK(harmonic(model, 4000, 3) > 1e-3);
  // The low cut is at 2.2 kHz.
  CHECK(harmonic(model, 200, 3) < 0.1 * harmonic(model, 4000, 3));
  CHECK(harmonic(exciter(0.3f, 0.5f, 1), 4000, 3) < 0.1 * harmonic(model, 4000, 3));
}

TEST(exciter_can_be_used_again) {
  const EffectModel model = exciter(0.7f, 0.5f, 1);
  const auto unit = test::make_effect(model);
  const auto first = test::play_through(*unit, model, test::effect_test_signal());
  const auto second = test::play_through(*unit, model, test::effect_test_signal());
  CHECK(first.left == second.left && first.right == second.right);
}

TEST(exciter_stays_finite) { test::check_stays_finite(kType); }

TEST(exciter_decays) { CHECK(test::loudest_tail(exciter(1, 1, 1)) < 1e-4f); }

}  // namespace
}  // namespace synthrl::surge
