// The way from the scenes through inserts, sends and effects on the sum.
#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "surge/effects/chain.h"
#include "surge_effect_test.h"

namespace synthrl::surge {
namespace {

constexpr int kEq = 6;
constexpr int kConditioner = 8;
constexpr std::size_t kInsertA1 = 0;
constexpr std::size_t kInsertB1 = 2;
constexpr std::size_t kSend1 = 4;
constexpr std::size_t kGlobal1 = 6;

void set_param(Patch& patch, std::size_t slot, std::size_t param, float value) {
  patch.effects[slot].params[param] = {
      .bits = std::bit_cast<std::uint32_t>(value), .stored_as_integer = false, .present = true};
}

// An EQ that does nothing but amplify.
void add_gain(Patch& patch, std::size_t slot, float gain_db) {
  patch.effects[slot].type = kEq;
  for (const std::size_t band : {0u, 3u, 6u}) {
    set_param(patch, slot, band, 0.0f);
    patch.effects[slot].params[band].options.deactivated = true;
  }
  set_param(patch, slot, 9, gain_db);
  set_param(patch, slot, 10, 1.0f);
}

Patch plain_patch() {
  Patch patch;
  for (int i = 0; i < kNumSends; ++i) patch.globals.values[index_of(return_param(i))] = 1.0f;
  return patch;
}

// Feeds 1 into scene A for `blocks` blocks, and returns the last sample of the last one.
struct Outcome {
  float scene_a;
  float sum;
};
struct Run {
  int blocks = 200;
  int voice_blocks = 200;
  float send = 0.0f;
  float modulation = 0.0f;  // of the gain of the EQ in `modulated_slot`
  int modulated_slot = 0;
};
Outcome play(const Patch& patch, const Run& run) {
  const PreparedPatch prepared(patch);
  EffectChain chain(test::effect_test_plan());
  chain.start(prepared, {true, false}, 7);
  EffectChain::Globals globals = patch.globals.values;
  globals[index_of(effect_param(run.modulated_slot, 9))] = run.modulation;
  EffectChain::SendLevels sends{};
  sends[0][0] = run.send;
  Outcome outcome{};
  for (int block = 0; block < run.blocks; ++block) {
    StereoBuffer a;
    StereoBuffer b;
    StereoBuffer sum;
    const bool playing = block < run.voice_blocks;
    a.left.fill(playing ? 1.0f : 0.0f);
    a.right.fill(playing ? 1.0f : 0.0f);
    b.clear();
    chain.process_inserts({{a.block(), b.block()}}, {playing, false}, globals);
    sum.copy(a.block());
    chain.process_sum({{a.block(), b.block()}}, sends, globals, sum.block());
    outcome = {a.left.back(), sum.left.back()};
  }
  return outcome;
}

bool near(float got, float expected) { return std::fabs(got - expected) < 1e-3f; }

TEST(without_effects_there_is_nothing_to_do) {
  const Patch patch = plain_patch();
  const PreparedPatch prepared(patch);
  EffectChain chain(test::effect_test_plan());
  chain.start(prepared, {true, true}, 0);
  CHECK(!chain.active());
}

TEST(inserts_and_globals_are_in_series) {
  Patch patch = plain_patch();
  add_gain(patch, kInsertA1, 6.0f);
  add_gain(patch, kGlobal1, -12.0f);
  const Outcome outcome = play(patch, {});
  CHECK(near(outcome.scene_a, std::pow(10.0f, 0.3f)));
  CHECK(near(outcome.sum, std::pow(10.0f, -0.3f)));
}

TEST(disabled_slots_are_left_out) {
  Patch patch = plain_patch();
  add_gain(patch, kInsertA1, 6.0f);
  patch.globals.integers[index_of(GlobalParam::kEffectDisable)] = 1 << kInsertA1;
  const PreparedPatch prepared(patch);
  EffectChain chain(test::effect_test_plan());
  chain.start(prepared, {true, true}, 0);
  CHECK(!chain.active());
}

TEST(inserts_of_a_scene_without_voice_do_not_run) {
  Patch patch = plain_patch();
  add_gain(patch, kInsertB1, 6.0f);
  const PreparedPatch prepared(patch);
  EffectChain chain(test::effect_test_plan());
  chain.start(prepared, {true, false}, 0);
  CHECK(!chain.active());
}

TEST(sends_are_added_with_cubed_levels) {
  Patch patch = plain_patch();
  add_gain(patch, kSend1, 0.0f);
  patch.globals.values[index_of(return_param(0))] = 0.8f;
  // Levels follow at a quarter of the way per block, so the sum takes some blocks to settle.
  patch.scenes[0].params.values[index_of(send_param(0))] = 0.5f;
  CHECK(near(play(patch, {.send = 0.5f}).sum, 1.0f + 0.125f * 0.512f));
  const float first = 0.25f * 0.125f * 0.25f * 0.512f;
  CHECK(std::fabs(play(patch, {.blocks = 1, .send = 0.5f}).sum - (1.0f + first)) < 1e-6f);
}

TEST(unheard_sends_do_not_run) {
  Patch patch = plain_patch();
  add_gain(patch, kSend1, 0.0f);
  const PreparedPatch prepared(patch);
  EffectChain chain(test::effect_test_plan());
  chain.start(prepared, {true, false}, 0);
  CHECK(!chain.active());
}

TEST(parameters_of_effects_are_modulated) {
  Patch patch = plain_patch();
  add_gain(patch, kInsertA1, 0.0f);
  CHECK(near(play(patch, {.modulation = 6.0f}).scene_a, 1.0f));  // without a routing
  patch.global_routings.push_back({.source = ModSource::kMacro1,
                                   .source_index = 0,
                                   .source_scene = 0,
                                   .destination = effect_param(0, 9),
                                   .depth = 1.0f});
  CHECK(near(play(patch, {.modulation = 6.0f}).scene_a, std::pow(10.0f, 0.3f)));
}

// The Conditioner looks ahead 128 samples, and is processed for 100 blocks after its input.
TEST(effects_stop_when_they_have_rung_out) {
  Patch patch = plain_patch();
  patch.effects[kInsertA1].type = kConditioner;
  CHECK(std::fabs(play(patch, {.blocks = 200, .voice_blocks = 198}).scene_a) > 0.1f);
  CHECK_EQ(play(patch, {.blocks = 400, .voice_blocks = 200}).scene_a, 0.0f);
}

TEST(values_are_limited_to_their_range) {
  Patch patch = plain_patch();
  add_gain(patch, kInsertA1, 1e9f);
  set_param(patch, kInsertA1, 1, std::numeric_limits<float>::quiet_NaN());
  patch.effects[kInsertA1].params[2].present = false;
  const EffectModel model = make_effect_model(patch, kInsertA1);
  CHECK_EQ(model.values[9], 48.0f);
  CHECK_EQ(model.values[1], 0.0f);
  CHECK_EQ(model.values[2], 2.0f);  // the initial value
}

// Whatever modulation does, the output is finite, and the next start is as if nothing had been.
TEST(all_types_survive_any_values) {
  const std::array<float, 6> extremes{-1e6f, -300.0f, -1.0f, 0.0f, 300.0f, 1e6f};
  for (int id = 1; id < 32; ++id) {
    const EffectType* type = find_effect_type(id);
    if (type == nullptr || type->variant_of != nullptr) continue;
    Patch patch = plain_patch();
    patch.effects[0].type = id;
    for (auto& param : patch.effects[0].params) param.options.deactivated = false;
    const EffectModel model = make_effect_model(patch, 0);
    const auto unit = type->make(test::effect_test_plan(), 0);
    test::StereoSignal signal(128 * kBlockSamples);
    Rng rng(5);
    for (std::size_t i = 0; i < signal.size(); ++i) {
      signal.left[i] = 8.0f * rng.bipolar();
      signal.right[i] = 8.0f * rng.bipolar();
    }
    const test::StereoSignal fresh = test::play_through(*unit, model, signal);
    Rng pick(9);
    const test::StereoSignal wild =
        test::play_through(*unit, model, signal, {}, 1, [&](std::size_t, EffectValues& values) {
          for (std::size_t i = 0; i < values.size(); ++i) {
            if (type->params[i].kind == EffectParamKind::kFloat) {
              values[i] = extremes[pick.bits() % extremes.size()];
            }
          }
        });
    bool finite = true;
    for (std::size_t i = 0; i < wild.size(); ++i) {
      finite = finite && std::isfinite(wild.left[i]) && std::isfinite(wild.right[i]);
    }
    if (!finite) std::cout << "  type " << id << '\n';
    CHECK(finite);
    const test::StereoSignal again = test::play_through(*unit, model, signal);
    CHECK(again.left == fresh.left && again.right == fresh.right);
  }
}

}  // namespace
}  // namespace synthrl::surge
