// Every instruction set makes the same integers, and lanes do not hear each other.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "dx7/instruction_set.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice_bank.h"
#include "dx7/voice_group.h"
#include "render/note.h"

using namespace synthrl;
using namespace synthrl::dx7;

namespace {

constexpr std::array kEngines = {Engine::kMark1, Engine::kModern, Engine::kOpl};
constexpr std::array kSets = {InstructionSet::kPortable, InstructionSet::kAvx2,
                              InstructionSet::kAvx512};
constexpr std::size_t kNumBlocks = 80;

struct Score {
  std::vector<Patch> patches;
  std::vector<NoteEvent> notes;
};

// Voices of any bytes; algorithm and feedback go through all combinations.
Score random_score(std::size_t size, std::uint32_t seed) {
  std::mt19937 random(seed);
  Score score;
  for (std::size_t i = 0; i < size; ++i) {
    std::array<std::uint8_t, kPackedBytes> packed;
    for (std::uint8_t& byte : packed) byte = static_cast<std::uint8_t>(random());
    Patch patch{.voice = unpack(packed)};
    patch.voice[kAlgorithm] = static_cast<std::uint8_t>((i + seed) % 32);
    patch.voice[kFeedback] = static_cast<std::uint8_t>(i / 32 % 8);
    patch.voice[kSwitches] = static_cast<std::uint8_t>(random() % 4 == 0 ? random() % 64 : 63);
    score.patches.push_back(patch);
    score.notes.push_back({.key = static_cast<int>(random() % 128),
                           .velocity = static_cast<int>(random() % 128),
                           .gate_samples = static_cast<std::int64_t>(random() % 5000),
                           .lfo_phase = static_cast<std::uint32_t>(random()),
                           .sample_hold = static_cast<std::uint8_t>(random())});
  }
  return score;
}

// The signals of up to kLanes voices, one after the other.
std::vector<std::int32_t> play(const Plan& plan, const Score& score) {
  const auto bank = std::make_unique<VoiceBank>(plan);
  const std::size_t num_voices = score.patches.size();
  for (std::size_t lane = 0; lane < num_voices; ++lane) {
    bank->start(lane, score.patches[lane], score.notes[lane]);
  }
  std::vector<std::int32_t> signals(num_voices * kNumBlocks * kBlock);
  for (std::size_t block = 0; block < kNumBlocks; ++block) {
    bank->begin_block(num_voices);
    for (std::size_t lane = 0; lane < num_voices; ++lane) {
      if (lane % kTile == 0) bank->mix_tile(lane / kTile);
      std::copy_n(
          bank->signal(lane), kBlock,
          signals.begin() + static_cast<std::ptrdiff_t>((lane * kNumBlocks + block) * kBlock));
    }
  }
  return signals;
}

}  // namespace

TEST(instruction_sets_make_the_same_integers) {
  for (const Engine engine : kEngines) {
    for (const double rate : {8000.0, 22050.0, 44100.0}) {
      for (std::uint32_t seed = 0; seed < 8; ++seed) {
        const Score score = random_score(kLanes, seed * 32);
        const Plan portable({.sample_rate = rate}, engine, Stage::kPlugin,
                            InstructionSet::kPortable);
        const std::vector<std::int32_t> expected = play(portable, score);
        CHECK(std::any_of(expected.begin(), expected.end(), [](auto x) { return x != 0; }));
        for (const InstructionSet set : kSets) {
          if (!is_supported(set)) continue;
          const Plan plan({.sample_rate = rate}, engine, Stage::kPlugin, set);
          CHECK(play(plan, score) == expected);
        }
      }
    }
  }
}

TEST(lanes_do_not_hear_each_other) {
  for (const InstructionSet set : kSets) {
    if (!is_supported(set)) continue;
    const Plan plan({.sample_rate = 22050}, Engine::kMark1, Stage::kPlugin, set);
    const Score score = random_score(kLanes, 99);
    const std::vector<std::int32_t> together = play(plan, score);
    constexpr std::ptrdiff_t kLength = kNumBlocks * kBlock;
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const Score one = {{score.patches[lane]}, {score.notes[lane]}};
      const std::vector<std::int32_t> alone = play(plan, one);
      CHECK(std::equal(alone.begin(), alone.end(),
                       together.begin() + static_cast<std::ptrdiff_t>(lane) * kLength));
    }
  }
}

// Pairs of voices that differ in one byte, which may be one that is not heard.
TEST(equal_fingerprints_mean_equal_signals_on_all_instruction_sets) {
  std::size_t num_equal = 0;
  for (const Engine engine : kEngines) {
    for (std::uint32_t seed = 0; seed < 12; ++seed) {
      Score score = random_score(kLanes, seed * 32);
      std::mt19937 random(seed);
      for (std::size_t i = 0; i < kLanes; i += 2) {
        score.patches[i].voice[kFeedback] = static_cast<std::uint8_t>(random() % 8);
        score.patches[i + 1] = score.patches[i];
        score.notes[i + 1] = score.notes[i];
        const std::array<std::size_t, 4> bytes = {kAlgorithm, kFeedback, random() % kName,
                                                  random() % kName};
        std::uint8_t& byte = score.patches[i + 1].voice[bytes[i / 2 % bytes.size()]];
        byte = byte == 0 ? 1 : static_cast<std::uint8_t>(byte - 1);
      }
      const Plan portable({.sample_rate = 22050}, engine, Stage::kEngine,
                          InstructionSet::kPortable);
      const std::vector<std::int32_t> signals = play(portable, score);
      std::array<std::uint64_t, kLanes> expected;
      VoiceGroup(portable).fingerprint(score.patches, score.notes, kNumBlocks * kBlock, expected);
      constexpr std::ptrdiff_t kLength = kNumBlocks * kBlock;
      for (std::size_t i = 0; i < kLanes; i += 2) {
        if (expected[i] != expected[i + 1]) continue;
        ++num_equal;
        const auto begin = signals.begin() + static_cast<std::ptrdiff_t>(i) * kLength;
        CHECK(std::equal(begin, begin + kLength, begin + kLength));
      }
      for (const InstructionSet set : kSets) {
        if (!is_supported(set)) continue;
        const Plan plan({.sample_rate = 22050}, engine, Stage::kEngine, set);
        std::array<std::uint64_t, kLanes> hashes;
        VoiceGroup(plan).fingerprint(score.patches, score.notes, kNumBlocks * kBlock, hashes);
        CHECK(hashes == expected);
      }
    }
  }
  CHECK(num_equal > 100);
}

TEST(rows_are_filled_to_their_end_and_no_further) {
  const Plan plan({.sample_rate = 22050}, Engine::kMark1, Stage::kPlugin);
  VoiceGroup group(plan);
  constexpr float kUntouched = 77.0f;
  for (const std::size_t num_samples : {0, 1, 63, 64, 65, 3000, 60000}) {
    for (const std::size_t size : {1, 16, 17, 64}) {
      const Score score = random_score(size, 5);
      std::vector<float> out(size * num_samples + 1, kUntouched);
      group.render(score.patches, score.notes, num_samples, out.data());
      CHECK_EQ(out.back(), kUntouched);
      CHECK(std::none_of(out.begin(), out.end() - 1, [](float x) { return x == kUntouched; }));
    }
  }
}

TEST(instruction_sets_that_are_not_there_are_refused) {
  CHECK(is_supported(InstructionSet::kPortable));
  CHECK(is_supported(best_instruction_set()));
  for (const InstructionSet set : kSets) {
    const auto make = [set] { Plan({}, Engine::kMark1, Stage::kEngine, set); };
    CHECK_EQ(test::throws<std::invalid_argument>(make), !is_supported(set));
  }
}
