// The Graphic EQ against samples of Surge XT and its own frequencies.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 16;

TEST(graphic_eq_equals_surge) {
  const EffectModel model = effect_test_model(kType, {3, -4, 5, -6, 2, -2, 4, -3, 6, -5, 3, -1});
  CHECK(effect_vector_error(model,
                            {{-0.245221f, -0.047813f, 0.183587f, -0.535160f, 0.000573f, 0.000020f},
                             {-0.048161f, 0.082132f, 0.057701f, 0.061250f, 0.000513f, -0.000002f},
                             0.18895f,
                             0.05933f}) < 2e-5f);
}

TEST(graphic_eq_raises_each_band_by_its_gain) {
  constexpr std::array<double, 11> kFrequencies{30,   60,   120,  250,   500,  1000,
                                                2000, 4000, 8000, 12000, 16000};
  for (std::size_t band = 0; band < kFrequencies.size(); ++band) {
    EffectModel model = effect_test_model(kType, {});
    model.values[band] = 12.0f;
    test::StereoSignal sine(65536);
    for (std::size_t i = 0; i < sine.size(); ++i) {
      sine.left[i] = static_cast<float>(0.1 * std::sin(2.0 * std::numbers::pi * kFrequencies[band] /
                                                       44100.0 * static_cast<double>(i)));
    }
    const auto unit = test::make_effect(model);
    const test::StereoSignal output = test::play_through(*unit, model, sine);
    // 30 Hz and its multiples repeat every 1470 samples, 250 and 500 Hz every 882.
    double before = 0.0;
    double after = 0.0;
    for (std::size_t i = sine.size() - 4410; i < sine.size(); ++i) {
      before += static_cast<double>(sine.left[i]) * static_cast<double>(sine.left[i]);
      after += static_cast<double>(output.left[i]) * static_cast<double>(output.left[i]);
    }
    CHECK(std::fabs(10.0 * std::log10(after / before) - 12.0) < 0.01);
  }
}

TEST(graphic_eq_leaves_out_bands_that_are_off) {
  EffectModel model = effect_test_model(kType, {12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12});
  for (std::size_t band = 0; band < 11; ++band) model.options[band].deactivated = true;
  const auto unit = test::make_effect(model);
  const test::StereoSignal input = test::effect_test_signal();
  CHECK(test::play_through(*unit, model, input).left == input.left);
}

TEST(graphic_eq_starts_with_its_gains) {
  const EffectModel model = effect_test_model(kType, {3, -4, 5, -6, 12, -2, 4, -3, 6, -5, 3, 0});
  const auto unit = test::make_effect(model);
  const auto play = [&](std::size_t place) {
    test::StereoSignal impulse(16384);
    impulse.left[place] = 1.0f;
    const auto left = test::play_through(*unit, model, impulse).left;
    return std::vector<float>(left.begin() + static_cast<std::ptrdiff_t>(place),
                              left.begin() + static_cast<std::ptrdiff_t>(place + 4096));
  };
  CHECK(play(0) == play(8192));
}

TEST(graphic_eq_stays_finite) { test::check_stays_finite(kType); }

}  // namespace
}  // namespace synthrl::surge
