// Properties of a voice that hold for any bytes, any engine and any rate.
#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <vector>

#include "check.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice_bank.h"
#include "render_raw.h"

using namespace synthrl;
using namespace synthrl::dx7;
using synthrl::test::render_raw;

namespace {

constexpr std::array kEngines = {Engine::kMark1, Engine::kModern, Engine::kOpl};

Patch random_patch(std::mt19937& random) {
  std::array<std::uint8_t, kPackedBytes> packed;
  for (std::uint8_t& byte : packed) byte = static_cast<std::uint8_t>(random());
  return {.voice = unpack(packed), .master_tune = static_cast<float>(random() % 1000) / 999.0f};
}

NoteEvent random_note(std::mt19937& random) {
  return {.key = static_cast<int>(random() % 128),
          .velocity = static_cast<int>(random() % 128),
          .gate_samples = static_cast<std::int64_t>(random() % 4000),
          .lfo_phase = static_cast<std::uint32_t>(random()),
          .sample_hold = static_cast<std::uint8_t>(random())};
}

// One sine carrier that ends at once after the release.
Patch sine_patch() {
  Patch patch;
  patch.voice[kSwitches] = 63;
  std::fill_n(patch.voice.begin() + kPitchRate1, 8, std::uint8_t{50});
  patch.voice[kTranspose] = 24;
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    std::uint8_t* bytes = patch.voice.data() + slot * kSlotBytes;
    std::fill_n(bytes, 7, std::uint8_t{99});
    bytes[kCoarse] = 1;
    bytes[kDetune] = 7;
  }
  patch.voice[5 * kSlotBytes + kOutputLevel] = 99;
  return patch;
}

}  // namespace

// Under the sanitizers this also shows that no bytes lead outside a table.
TEST(a_voice_forgets_what_it_played) {
  std::mt19937 random(1);
  for (const double rate : {8000.0, 16385.0, 22050.0, 44100.0, 96000.0}) {
    for (const Engine engine : kEngines) {
      const Plan plan({.sample_rate = rate}, engine, Stage::kPlugin);
      VoiceBank used(plan);
      for (int i = 0; i < 60; ++i) {
        const Patch patch = random_patch(random);
        const NoteEvent note = random_note(random);
        VoiceBank fresh(plan);
        CHECK(render_raw(plan, used, patch, note, 6000) ==
              render_raw(plan, fresh, patch, note, 6000));
      }
    }
  }
}

TEST(a_finished_voice_is_silent) {
  for (const Engine engine : kEngines) {
    const Plan plan({.sample_rate = 22050}, engine, Stage::kEngine);
    VoiceBank voice(plan);
    const auto raw = render_raw(plan, voice, sine_patch(), {.gate_samples = 2048}, 22050);
    CHECK(std::any_of(raw.begin(), raw.begin() + 2048, [](auto x) { return x != 0; }));
    CHECK(std::all_of(raw.end() - 11025, raw.end(), [](auto x) { return x == 0; }));
  }
}

TEST(the_key_goes_up_at_the_next_block) {
  const Plan plan({.sample_rate = 22050}, Engine::kMark1, Stage::kEngine);
  VoiceBank voice(plan);
  const auto at_129 = render_raw(plan, voice, sine_patch(), {.gate_samples = 129}, 4096);
  const auto at_192 = render_raw(plan, voice, sine_patch(), {.gate_samples = 192}, 4096);
  const auto at_193 = render_raw(plan, voice, sine_patch(), {.gate_samples = 193}, 4096);
  CHECK(at_129 == at_192);
  CHECK(at_192 != at_193);
  CHECK(std::equal(at_192.begin(), at_192.begin() + 192, at_193.begin()));
}

TEST(a_note_with_no_gate_starts_in_release) {
  const Plan plan({.sample_rate = 22050}, Engine::kMark1, Stage::kEngine);
  VoiceBank voice(plan);
  const auto raw = render_raw(plan, voice, sine_patch(), {.gate_samples = 0}, 4096);
  CHECK(std::all_of(raw.begin(), raw.end(), [](auto x) { return x == 0; }));
}

TEST(the_state_of_a_free_lfo_is_given) {
  const Plan plan({.sample_rate = 22050}, Engine::kMark1, Stage::kEngine);
  Patch patch = sine_patch();
  patch.voice[kLfoSpeed] = 50;
  patch.voice[kLfoPitchDepth] = 99;
  patch.voice[kPitchModSensitivity] = 7;
  VoiceBank voice(plan);
  const NoteEvent at_start = {.gate_samples = 9999};
  const NoteEvent at_half = {.gate_samples = 9999, .lfo_phase = 1u << 31};
  CHECK(render_raw(plan, voice, patch, at_start, 4096) !=
        render_raw(plan, voice, patch, at_half, 4096));
  patch.voice[kLfoKeySync] = 1;
  CHECK(render_raw(plan, voice, patch, at_start, 4096) ==
        render_raw(plan, voice, patch, at_half, 4096));
  patch.voice[kLfoWave] = 5;
  const NoteEvent other_draw = {.gate_samples = 9999, .sample_hold = 77};
  CHECK(render_raw(plan, voice, patch, at_start, 4096) !=
        render_raw(plan, voice, patch, other_draw, 4096));
}
