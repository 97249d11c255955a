// Reverb 2 against samples of Surge XT.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::effect_vector_error;

constexpr int kType = 11;

TEST(reverb2_equals_surge) {
  const EffectModel model =
      effect_test_model(kType, {-6, -0.3f, 0.9f, 0.8f, 0.7f, 0, 0.3f, 0.4f, 3, 0.5f});
  CHECK(effect_vector_error(model,
                            {{-0.127260f, -0.033358f, 0.099241f, -0.252693f, 0.013645f, 0.030473f},
                             {-0.033750f, 0.057575f, 0.029901f, 0.020299f, 0.054166f, -0.014235f},
                             0.09276f,
                             0.04247f}) < 2e-5f);
}

TEST(reverb2_stays_finite) { test::check_stays_finite(kType); }

TEST(reverb2_decays) {
  EffectModel model = effect_test_model(kType, {-8, 0, -2, 0.8f, 0.7f, 0.5f, 0.2f, 0.2f, 0, 1});
  CHECK(test::loudest_tail(model) < 1e-6f);
  model.values[2] = 3.0f;
  CHECK(test::loudest_tail(model) > 1e-3f);
}

// Without diffusion a pulse circulates: once in 917.4 ms, of which the 550.8 ms of the four delays
// count for the decay.
TEST(reverb2_loses_60_db_per_decay_of_its_delays) {
  const EffectModel model = effect_test_model(kType, {-8, 0, 1, 0, 0, 0, 0, 0, 0, 1});
  test::StereoSignal impulse(44096 * 4);
  impulse.left[64] = impulse.right[64] = 1.0f;
  const auto unit = test::make_effect(model);
  const test::StereoSignal output = test::play_through(*unit, model, impulse);
  constexpr std::size_t kTurn = 40457;
  const auto energy = [&](std::size_t turn) {
    double sum = 0.0;
    for (std::size_t i = turn * kTurn; i < (turn + 1) * kTurn; ++i) {
      sum += static_cast<double>(output.left[i]) * static_cast<double>(output.left[i]);
    }
    return sum;
  };
  const double lost_db = 10.0 * std::log10(energy(1) / energy(3));
  // The dampers always take a little.
  CHECK(std::fabs(lost_db - 2.0 * 60.0 * 0.5508 / 2.0) < 2.0);
}

TEST(reverb2_rings_out_after_two_decays_and_predelays) {
  const EffectModel model = effect_test_model(kType, {-2, 0, 1});
  const auto unit = test::make_effect(model);
  unit->start(model, 1);
  CHECK_EQ(unit->ring_out_blocks(), static_cast<std::int64_t>(44100.0 * 4.5 / 32.0));
}

}  // namespace
}  // namespace synthrl::surge
