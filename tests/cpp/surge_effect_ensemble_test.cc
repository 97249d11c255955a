// The Ensemble effect against samples of Surge XT, and its bucket-brigade devices.
#include "surge/effects/ensemble.h"
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 20;

TEST(digital_ensemble_equals_surge) {
  EffectModel model =
      test::effect_test_model(kType, {30, -1, 0.8f, 2.3f, 0.5f, 0, 40, 0.4f, 0.3f, 0.8f, 0.8f, 45});
  model.options[11].deactivated = true;
  CHECK(test::effect_vector_error(
            model, {{-0.050904f, -0.126931f, -0.155006f, 0.277665f, 0.095939f, -0.000576f},
                    {-0.013500f, -0.087796f, 0.117045f, 0.424947f, 0.093571f, -0.000064f},
                    0.11483f,
                    0.08006f}) < 1e-4f);
}

// When the response to a step passes half of its end, in seconds, and the end.
std::array<double, 2> step_response(std::size_t stages, float delay_s) {
  BucketBrigade line;
  line.restart(stages);
  line.set_cutoff(20000.0f, 44100.0f);
  std::array<float, 4096> output;
  for (float& sample : output) sample = line.process(1.0f, delay_s, 1.0f / 44100.0f);
  const float end = output.back();
  std::size_t at = 0;
  while (output[at] < 0.5f * end) ++at;
  return {static_cast<double>(at) / 44100.0, static_cast<double>(end)};
}

TEST(bucket_brigade_delays) {
  for (const std::size_t stages : {128, 1024, 4096}) {
    for (const float delay_s : {0.002f, 0.02f}) {
      const auto [seconds, gain] = step_response(stages, delay_s);
      std::cout << "  " << stages << " stages, " << delay_s << " s: " << seconds << " s, gain "
                << gain << '\n';
      // It samples its input at its own clock.
      const double clock_s = static_cast<double>(delay_s) / static_cast<double>(stages);
      CHECK(std::fabs(seconds - static_cast<double>(delay_s)) < 1e-4 + clock_s);
      // The effect takes 8 dB off.
      CHECK(std::fabs(gain * std::pow(10.0, -8.0 / 20.0) - 1.0) < 0.05);
    }
  }
}

TEST(every_device_sounds_and_decays) {
  for (int device = 0; device <= 6; ++device) {
    const EffectModel model = test::effect_test_model(
        kType, {30, -1, 0.8f, 2.3f, 0.5f, static_cast<float>(device), 40, 0.4f, 0.3f, 1, 1, 45});
    const auto output =
        test::play_through(*test::make_effect(model), model, test::effect_test_signal());
    std::cout << "  device " << device << ": " << test::effect_rms(output.left) << '\n';
    CHECK(test::effect_rms(output.left) > 0.02f);
    CHECK(test::effect_rms(output.right) > 0.01f);
    CHECK(test::loudest_tail(model) < 1e-3f);
  }
}

TEST(ensemble_can_be_used_again) {
  const EffectModel digital =
      test::effect_test_model(kType, {30, -1, 1, 2, 1, 0, 40, 1, 0.5f, 1, 1, 45});
  const EffectModel analog =
      test::effect_test_model(kType, {30, -1, 1, 2, 1, 3, 40, 1, 0.5f, 1, 1, 45});
  const auto unit = test::make_effect(digital);
  for (const EffectModel& model : {analog, digital, analog}) {
    const auto again = test::play_through(*unit, model, test::effect_test_signal());
    const auto fresh =
        test::play_through(*test::make_effect(model), model, test::effect_test_signal());
    CHECK(again.left == fresh.left && again.right == fresh.right);
  }
}

TEST(ensemble_stays_finite) { test::check_stays_finite(kType); }

}  // namespace
}  // namespace synthrl::surge
