// The Spring Reverb.
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

constexpr int kType = 27;
enum : std::size_t { kSize, kDecay, kReflections, kDamping, kSpin, kChaos, kKnock, kMix };

EffectModel spring(float decay, float mix = 1.0f) {
  return test::effect_test_model(kType, {0.5f, decay, 1, 0.5f, 0.5f, 0, 0, mix});
}

// The response to a click on both sides.
test::StereoSignal click_response(const EffectModel& model, std::uint64_t seed = 1) {
  test::StereoSignal click(44096);
  click.left[4096] = click.right[4096] = 1.0f;
  return test::play_through(*test::make_effect(model), model, click, {}, seed);
}

double energy(const std::vector<float>& samples, std::size_t begin, std::size_t end) {
  double sum = 0.0;
  for (std::size_t i = begin; i < end; ++i) {
    sum += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  }
  return sum;
}

TEST(spring_rings_longer_with_more_decay) {
  double last = 0.0;
  for (const float decay : {0.0f, 0.5f, 1.0f}) {
    const auto response = click_response(spring(decay)).left;
    const double tail =
        energy(response, 4096 + 15000, 4096 + 25000) / energy(response, 4096, 44096);
    std::cout << "  decay " << decay << ": tail " << tail << '\n';
    CHECK(tail > 2.0 * last);
    CHECK(tail < 0.5);
    last = tail;
  }
}

// The allpasses and the delay: the first echo comes when they have been passed three times.
TEST(spring_echoes_after_its_delay) {
  EffectModel model = spring(0.5f);
  model.values[kReflections] = 0.0f;
  const auto response = click_response(model).left;
  // Sixteen stages of twice 1.85 ms, and 1000 samples and 49.5 ms.
  const double chain = 16.0 * 2.0 * 0.00185 * 44100.0;
  const double echo = 3183.0 + 3.0 * chain;
  const auto loudness_around = [&](double at) {
    const auto middle = static_cast<std::size_t>(4096.0 + at);
    return energy(response, middle - 700, middle + 700);
  };
  CHECK(loudness_around(chain) > 0.0);
  CHECK(energy(response, 4096, 4096 + 8) < 0.1 * loudness_around(chain));
  CHECK(loudness_around(echo) < loudness_around(chain));
}

TEST(spring_mixes) {
  const auto dry = click_response(spring(0.5f, 0.0f));
  CHECK(std::fabs(dry.left[4096] - 1.0f) < 1e-4f);
  CHECK(energy(dry.left, 4097, 44096) < 1e-6);
}

TEST(spring_can_be_knocked_at) {
  EffectModel model = spring(0.5f);
  model.values[kKnock] = 1.0f;
  const auto unit = test::make_effect(model);
  const auto output = test::play_through(*unit, model, test::StereoSignal(8192));
  CHECK(energy(output.left, 0, 8192) > 0.1);
  CHECK(output.left == output.right || test::effect_rms(output.right) > 0.0f);
}

TEST(spring_chaos_follows_its_seed) {
  EffectModel model = spring(0.7f);
  CHECK(click_response(model, 1).left == click_response(model, 2).left);
  model.values[kChaos] = 1.0f;
  CHECK(click_response(model, 1).left == click_response(model, 1).left);
  CHECK(click_response(model, 1).left != click_response(model, 2).left);
}

TEST(spring_can_be_used_again) {
  const EffectModel model = spring(0.5f);
  const auto unit = test::make_effect(model);
  const auto first = test::play_through(*unit, model, test::effect_test_signal());
  const auto second = test::play_through(*unit, model, test::effect_test_signal());
  CHECK(first.left == second.left && first.right == second.right);
}

TEST(spring_stays_finite) { test::check_stays_finite(kType); }

TEST(spring_decays) {
  CHECK(test::loudest_tail(spring(0.0f)) < 1e-3f);
  CHECK(test::loudest_tail(spring(1.0f)) < 0.3f);
}

}  // namespace
}  // namespace synthrl::surge
