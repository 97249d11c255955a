// Neuron.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 15;
enum : std::size_t { kSquash = 1, kStab, kAsymmetry, kBias, kComb, kSeparation };

EffectModel neuron(float squash, float stab, float asymmetry, float comb) {
  return test::effect_test_model(kType, {0, squash, stab, asymmetry, 0, comb, 0, 0, -2, 0, 0, 0});
}

test::StereoSignal play(const EffectModel& model) {
  return test::play_through(*test::make_effect(model), model, test::effect_test_signal());
}

// With no weights but that of the input, the unit is y += (1 - f) (tanh(x) - y) with a constant
// gate f: a one-pole lowpass at the high rate, behind a curve.
TEST(plain_unit_is_a_lowpass) {
  const double forget = 1.0 / (1.0 + std::exp(1.0));
  test::StereoSignal sine(32768);
  constexpr double kStep = 2.0 * std::numbers::pi * 1000.0 / 44100.0;
  for (std::size_t i = 0; i < sine.size(); ++i) {
    sine.left[i] = sine.right[i] =
        static_cast<float>(0.01 * std::sin(kStep * static_cast<double>(i)));
  }
  // The comb at its shortest; at the high rate it is less than a sample.
  const EffectModel model = neuron(0, 0, 0, 70);
  const auto output = test::play_through(*test::make_effect(model), model, sine);
  double sum = 0.0;
  constexpr std::size_t kLast = 4410;
  for (std::size_t i = sine.size() - kLast; i < sine.size(); ++i) {
    sum += static_cast<double>(output.left[i]) * static_cast<double>(output.left[i]);
  }
  const double gain = std::sqrt(2.0 * sum / kLast) / 0.01;
  const double lowpass =
      (1.0 - forget) / std::sqrt(1.0 - 2.0 * forget * std::cos(kStep / 4.0) + forget * forget);
  // Oversampling takes 12 dB; makeup gives 1.8.
  CHECK(std::fabs(gain / (0.25 * 1.8 * lowpass) - 1.0) < 0.02);
}

TEST(every_weight_is_heard) {
  const test::StereoSignal plain = play(neuron(0.5f, 0.5f, 0.5f, 20));
  CHECK(test::effect_rms(plain.left) > 0.005f);
  for (const std::size_t param : {kSquash, kStab, kAsymmetry, kBias, kComb}) {
    EffectModel model = neuron(0.5f, 0.5f, 0.5f, 20);
    model.values[param] += param == kComb ? 12.0f : 0.3f;
    CHECK(play(model).left != plain.left);
  }
  EffectModel apart = neuron(0.5f, 0.5f, 0.5f, 20);
  apart.values[kSeparation] = 12.0f;
  CHECK(play(apart).right != plain.right);
}

TEST(neuron_can_be_used_again) {
  const EffectModel model = neuron(0.5f, 0.5f, 1, 0);
  const auto unit = test::make_effect(model);
  const auto first = test::play_through(*unit, model, test::effect_test_signal());
  const auto second = test::play_through(*unit, model, test::effect_test_signal());
  CHECK(first.left == second.left && first.right == second.right);
}

TEST(neuron_stays_finite) { test::check_stays_finite(kType); }

TEST(neuron_decays) { CHECK(test::loudest_tail(neuron(0.5f, 0.5f, 0.5f, 20)) < 1e-3f); }

}  // namespace
}  // namespace synthrl::surge
