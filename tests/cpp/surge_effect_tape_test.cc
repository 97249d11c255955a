// The Tape effect.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 23;
enum : std::size_t { kDrive = 0, kLosses = 4, kDegrade = 8 };

EffectModel tape(int solver, float drive = 0.7f) {
  EffectModel model =
      test::effect_test_model(kType, {drive, 0.4f, 0.5f, 0.2f, 15, 5, 2, 1, 0, 0, 0, 1});
  model.options[kDrive].deform_type = solver;
  return model;
}

test::StereoSignal play(const EffectModel& model, std::uint64_t seed = 1) {
  return test::play_through(*test::make_effect(model), model, test::effect_test_signal(), {}, seed);
}

float distance(const test::StereoSignal& a, const test::StereoSignal& b) {
  float worst = 0.0f;
  for (std::size_t i = 0; i < a.size(); ++i) {
    worst = std::max({worst, std::fabs(a.left[i] - b.left[i]), std::fabs(a.right[i] - b.right[i])});
  }
  return worst;
}

// Level of a sine of 1 kHz once it has settled.
float response_at_1khz(const EffectModel& model) {
  test::StereoSignal sine(32768);
  double sum = 0.0;
  for (std::size_t i = 0; i < sine.size(); ++i) {
    const double phase = 2.0 * std::numbers::pi * 1000.0 / 44100.0 * static_cast<double>(i);
    sine.left[i] = sine.right[i] = static_cast<float>(0.1 * std::sin(phase));
  }
  const auto output = test::play_through(*test::make_effect(model), model, sine);
  constexpr std::size_t kLast = 4410;
  for (std::size_t i = sine.size() - kLast; i < sine.size(); ++i) {
    sum += static_cast<double>(output.left[i]) * static_cast<double>(output.left[i]);
  }
  return static_cast<float>(std::sqrt(2.0 * sum / kLast) / 0.1);
}

TEST(tape_solvers_agree) {
  const auto reference = play(tape(3));
  CHECK(test::effect_rms(reference.left) > 0.05f);
  for (int solver = 0; solver < 3; ++solver) {
    const float error = distance(play(tape(solver)), reference);
    std::cout << "  solver " << solver << ": " << error << '\n';
    CHECK(error < (solver == 2 ? 1e-4f : 0.1f));
  }
}

TEST(tape_without_sections_is_a_wire) {
  EffectModel model = tape(1);
  for (const std::size_t section : {kDrive, kLosses, kDegrade}) {
    model.options[section].deactivated = true;
  }
  CHECK(distance(play(model), test::effect_test_signal()) == 0.0f);
}

TEST(tape_losses_are_greater_at_lower_speed) {
  EffectModel model = tape(1);
  model.options[kDrive].deactivated = model.options[kDegrade].deactivated = true;
  model.values[5] = 20.0f;  // keeps the bump of the head away
  model.values[6] = 5.0f;
  float last = 2.0f;
  for (const float speed : {30.0f, 15.0f, 7.5f, 3.75f}) {
    model.values[kLosses] = speed;
    // What spacing, thickness and gap take. Surge XT's filter is half a bin off, and keeps a trace
    // of the one before.
    const double frequency = 1000.0 - 0.5 * 44100.0 / 48.0;
    const double wave_number =
        2.0 * std::numbers::pi * frequency / (0.0254 * static_cast<double>(speed));
    const double across = wave_number * 1e-6;
    const double along = wave_number * 10e-6;
    const double expected = (1.0 + 1.0 / 48.0) * std::exp(-wave_number * 5e-6) *
                            (1.0 - std::exp(-across)) / across * std::sin(along) / along;
    const float response = response_at_1khz(model);
    std::cout << "  " << speed << " ips: " << response << ", in theory " << expected << '\n';
    CHECK(std::fabs(response - static_cast<float>(expected)) < 0.03f);
    CHECK(response < last);
    last = response;
  }
}

TEST(worn_tape_is_a_lowpass_at_first) {
  EffectModel model = tape(1);
  model.options[kDrive].deactivated = model.options[kLosses].deactivated = true;
  model.values[9] = 0.85f;  // 200 Hz x 100^0.15
  const double frequency = 200.0 * std::pow(100.0, 0.15);
  const double tangent = std::tan(std::numbers::pi * 1000.0 / 44100.0);
  const auto first_order = [&](double cutoff) {
    const double ratio = tangent / std::tan(std::numbers::pi * cutoff / 44100.0);
    return 1.0 / std::sqrt(1.0 + ratio * ratio);
  };
  const double expected = first_order(frequency) * first_order(20000.0);
  CHECK(std::fabs(response_at_1khz(model) - static_cast<float>(expected)) < 1e-3f);
}

TEST(worn_tape_follows_its_seed) {
  EffectModel model = tape(0);
  for (const std::size_t param : {8, 9, 10}) model.values[param] = 0.5f;
  CHECK(distance(play(model, 1), play(model, 1)) == 0.0f);
  CHECK(distance(play(model, 1), play(model, 2)) > 1e-3f);
}

TEST(tape_can_be_used_again) {
  const EffectModel first = tape(1);
  EffectModel other = tape(2, 1.0f);
  other.values[9] = other.values[10] = 1.0f;
  const auto unit = test::make_effect(first);
  test::play_through(*unit, other, test::effect_test_signal());
  const auto again = test::play_through(*unit, first, test::effect_test_signal());
  CHECK(distance(again, play(first)) == 0.0f);
}

TEST(tape_stays_finite) { test::check_stays_finite(kType); }

TEST(tape_decays) { CHECK(test::loudest_tail(tape(1)) < 1e-3f); }

}  // namespace
}  // namespace synthrl::surge
