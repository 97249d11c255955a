// Treemonster.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 24;
enum : std::size_t { kThreshold, kSpeed, kLowCut, kHighCut, kPitch, kRing, kWidth, kMix };

EffectModel monster(float pitch, float ring) {
  EffectModel model = test::effect_test_model(kType, {-60, 1, -60, 70, pitch, ring, 0, 1});
  model.options[kLowCut].deactivated = model.options[kHighCut].deactivated = true;
  return model;
}

// Power of the last half second of the left side at a frequency, of a settled sine through `model`.
double power_at(const EffectModel& model, double sine_hz, double frequency_hz) {
  test::StereoSignal signal(88192);
  for (std::size_t i = 0; i < signal.size(); ++i) {
    signal.left[i] = signal.right[i] = static_cast<float>(
        0.5 * std::sin(2.0 * std::numbers::pi * sine_hz / 44100.0 * static_cast<double>(i) - 0.3));
  }
  const auto output = test::play_through(*test::make_effect(model), model, signal);
  double real = 0.0;
  double imaginary = 0.0;
  constexpr std::size_t kLast = 22050;
  for (std::size_t i = signal.size() - kLast; i < signal.size(); ++i) {
    const double angle = 2.0 * std::numbers::pi * frequency_hz / 44100.0 * static_cast<double>(i);
    real += static_cast<double>(output.left[i]) * std::cos(angle);
    imaginary += static_cast<double>(output.left[i]) * std::sin(angle);
  }
  return (real * real + imaginary * imaginary) / (kLast * static_cast<double>(kLast) / 4.0);
}

// 441 Hz have a period of a hundred samples.
TEST(oscillator_follows_the_pitch) {
  CHECK(power_at(monster(0, 0), 441, 441) > 0.01);
  CHECK(power_at(monster(0, 0), 441, 300) < 1e-4);
  CHECK(power_at(monster(12, 0), 441, 882) > 0.01);
  CHECK(power_at(monster(0, 0), 882, 882) > 0.01);
}

TEST(ring_modulation_has_sum_and_difference) {
  CHECK(power_at(monster(7, 1), 441, 441.0 * (std::exp2(7.0 / 12.0) - 1.0)) > 0.01);
  CHECK(power_at(monster(7, 1), 441, 441.0 * (std::exp2(7.0 / 12.0) + 1.0)) > 0.01);
  CHECK(power_at(monster(7, 1), 441, 441) < 1e-3);
}

TEST(quiet_input_is_not_followed) {
  EffectModel model = monster(0, 0);
  model.values[kThreshold] = 0.0f;
  // Never above full scale: the oscillator stays where it starts.
  CHECK(power_at(model, 882, 882) < 1e-4);
}

TEST(treemonster_can_be_used_again) {
  const EffectModel model = monster(3, 0.5f);
  const auto unit = test::make_effect(model);
  const auto first = test::play_through(*unit, model, test::effect_test_signal());
  const auto second = test::play_through(*unit, model, test::effect_test_signal());
  CHECK(first.left == second.left && first.right == second.right);
}

TEST(treemonster_stays_finite) { test::check_stays_finite(kType); }

TEST(treemonster_decays) {
  // One more second in silence: the envelopes release slowly.
  CHECK(test::loudest_tail(monster(0, 0.5f)) < 1e-3f);
}

}  // namespace
}  // namespace synthrl::surge
