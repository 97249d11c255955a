// The Frequency Shifter against samples of Surge XT.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 7;

TEST(frequency_shifter_equals_surge) {
  const EffectModel model = effect_test_model(kType, {2.5f, -0.5f, -5, 0.7f, 0.6f});
  CHECK(effect_vector_error(
            model, {{-0.101808f, -0.026687f, -0.221150f, -0.484841f, -0.168190f, -0.000592f},
                    {-0.027000f, 0.046060f, -0.042612f, -0.092571f, -0.085850f, -0.000987f},
                    0.13077f,
                    0.05460f}) < 2e-5f);
}

// The energy of a second of a signal at a frequency in whole hertz.
double energy_at(const std::vector<float>& samples, std::size_t begin, double hertz) {
  double real = 0.0;
  double imaginary = 0.0;
  for (std::size_t i = 0; i < 44100; ++i) {
    const double angle = 2.0 * std::numbers::pi * hertz * static_cast<double>(i) / 44100.0;
    real += static_cast<double>(samples[begin + i]) * std::cos(angle);
    imaginary += static_cast<double>(samples[begin + i]) * std::sin(angle);
  }
  return (real * real + imaginary * imaginary) / (44100.0 * 44100.0 / 4.0);
}

TEST(frequency_shifter_moves_a_sine) {
  for (const float shift : {-300.0f, 300.0f}) {
    EffectModel model = effect_test_model(kType, {shift / 1000.0f, 0.5f, -6, 0, 1});
    model.options[0].extend_range = true;
    test::StereoSignal sine(44096 * 2);
    for (std::size_t i = 0; i < sine.size(); ++i) {
      sine.left[i] = sine.right[i] = static_cast<float>(
          std::sin(2.0 * std::numbers::pi * 2000.0 / 44100.0 * static_cast<double>(i)));
    }
    const auto unit = test::make_effect(model);
    const test::StereoSignal output = test::play_through(*unit, model, sine);
    const std::size_t begin = output.size() - 44100;
    CHECK(std::fabs(energy_at(output.left, begin, 2000.0 + static_cast<double>(shift)) - 1.0) <
          0.01);
    CHECK(energy_at(output.left, begin, 2000.0) < 1e-6);
    CHECK(energy_at(output.left, begin, 2000.0 - static_cast<double>(shift)) < 1e-6);
    CHECK(std::fabs(energy_at(output.right, begin, 2000.0 + 0.5 * static_cast<double>(shift)) -
                    1.0) < 0.01);
  }
}

TEST(frequency_shifter_stays_finite) { test::check_stays_finite(kType); }

TEST(frequency_shifter_decays) {
  const EffectModel model = effect_test_model(kType, {1, 1, -6, 0.7f, 1});
  CHECK(test::loudest_tail(model) < 1e-6f);
}

TEST(frequency_shifter_rings_as_long_as_its_feedback) {
  const auto blocks = [](float feedback) {
    const EffectModel model = effect_test_model(kType, {1, 1, -2, feedback, 1});
    const auto unit = test::make_effect(model);
    unit->start(model, 1);
    return unit->ring_out_blocks();
  };
  CHECK_EQ(blocks(1.0f), EffectUnit::kRingsForever);
  // Two passes of a delay that is 6 samples short of 11025.
  CHECK_EQ(blocks(0.0f), static_cast<std::int64_t>(2.0 * 11019.0 / 32.0));
  CHECK(blocks(0.9f) > blocks(0.5f));
}

}  // namespace
}  // namespace synthrl::surge
