#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "core/thread_pool.h"
#include "score/batch_scorer.h"
#include "score/scorer.h"

using namespace synthrl;
using namespace synthrl::score;

namespace {

constexpr std::size_t kSamples = 9000;
constexpr RewardWeights kWeights{.spectrogram = 0.27f, .convergence = 0.7f, .mfcc13 = 0.03f};
const ThreadPool::KeepGoing kAlways = [] { return true; };

// A decaying sine that peaks at 1.
std::vector<float> pluck(float hz) {
  std::vector<float> audio(kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) {
    const float time_s = static_cast<float>(i) / 22050.0f;
    audio[i] = std::cos(6.2831853f * hz * time_s) * std::exp(-5.0f * time_s);
  }
  return audio;
}

std::vector<float> plucks(std::size_t count) {
  std::vector<float> all;
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<float> one = pluck(110.0f * static_cast<float>(i + 1));
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

bool same_bits(const Score& a, const Score& b) { return std::memcmp(&a, &b, sizeof(Score)) == 0; }

// Stands in for a renderer: row i is sound i of a matrix, in groups of `group_size`.
struct Playback {
  const std::vector<float>& sounds;
  std::size_t group_size;
  ThreadPool& pool;

  bool operator()(RowSink& sink) const {
    const std::size_t count = sounds.size() / kSamples;
    return pool.run((count + group_size - 1) / group_size,
                    [&](std::size_t group, std::size_t worker) {
                      const std::size_t first = group * group_size;
                      const std::size_t size = std::min(group_size, count - first);
                      std::vector<float*> rows(size);
                      for (std::size_t i = 0; i < size; ++i) {
                        rows[i] = sink.room(first + i, i, worker);
                        std::copy_n(sounds.data() + (first + i) * kSamples, kSamples, rows[i]);
                      }
                      for (std::size_t i = 0; i < size; ++i) {
                        sink.finish(first + i, worker, {rows[i], kSamples});
                      }
                    },
                    kAlways);
  }
};

}  // namespace

TEST(a_sound_is_nearest_to_itself_whatever_its_level) {
  const std::vector<float> target = pluck(220.0f);
  const Targets targets(target.data(), 1, kSamples, 1, kAlways);
  Scorer scorer{targets.grid()};
  for (const float gain : {1.0f, 0.25f, 40.0f}) {
    std::vector<float> audio = target;
    for (float& x : audio) x *= gain;
    const Score score = scorer.score(audio, targets, 0, kWeights);
    CHECK(score.spectrogram < 1e-3f);
    CHECK(score.convergence < 1e-4f);
    CHECK(score.mfcc13 < 1e-2f);
    CHECK(score.mfcc40 < 1e-2f);
    CHECK_EQ(score.reward, 10.0f);
  }
}

TEST(the_reward_is_the_inverse_of_the_weighted_sum) {
  const std::vector<float> target = pluck(220.0f);
  const Targets targets(target.data(), 1, kSamples, 1, kAlways);
  Scorer scorer{targets.grid()};
  const std::vector<float> audio = pluck(330.0f);
  const Score s = scorer.score(audio, targets, 0, kWeights);
  CHECK(s.spectrogram > 0.1f && s.convergence > 0.1f && s.mfcc13 > s.mfcc40);
  const float cost = 0.27f * s.spectrogram + 0.7f * s.convergence + 0.03f * s.mfcc13;
  CHECK(std::abs(s.reward * cost - 1.0f) < 1e-6f);
  const RewardWeights much{.spectrogram = 1e6f, .convergence = 0.0f, .mfcc13 = 0.0f};
  CHECK_EQ(scorer.score(audio, targets, 0, much).reward, 0.2f);
}

TEST(silence_is_compared_too) {
  const std::vector<float> sound = pluck(220.0f), silence(kSamples, 0.0f);
  std::vector<float> both = sound;
  both.insert(both.end(), silence.begin(), silence.end());
  const Targets targets(both.data(), 2, kSamples, 1, kAlways);
  Scorer scorer{targets.grid()};
  const Score poor = scorer.score(silence, targets, 0, kWeights);
  CHECK(std::abs(poor.convergence - 1.0f) < 1e-3f);
  std::cerr << poor.spectrogram << " " << poor.convergence << " " << poor.mfcc13 << " "
            << poor.mfcc40 << " " << poor.reward << "\n";
  CHECK(poor.spectrogram > 0.3f && poor.mfcc13 > 10.0f && poor.mfcc40 > 5.0f);
  CHECK(poor.reward < 0.5f);
  CHECK_EQ(scorer.score(silence, targets, 1, kWeights).spectrogram, 0.0f);
  CHECK_EQ(scorer.score(silence, targets, 1, kWeights).reward, 10.0f);
  CHECK_EQ(scorer.score(sound, targets, 1, kWeights).convergence, 5.0f);
}

TEST(extremes_are_finite) {
  std::vector<float> target(kSamples, 1e6f);
  const Targets targets(target.data(), 1, kSamples, 1, kAlways);
  Scorer scorer{targets.grid()};
  // As near to a constant -1e-5 as can be, whose peak is a rounding error.
  std::vector<float> odd(kSamples, -1e-5f);
  odd[5000] = std::nextafter(-1e-5f, 0.0f);
  const std::vector<float> constant(kSamples, -1e-5f);
  const std::vector<float> huge(kSamples, std::numeric_limits<float>::max());
  for (const std::vector<float>& audio : {odd, constant, huge}) {
    const Score s = scorer.score(audio, targets, 0, kWeights);
    for (const float x : {s.spectrogram, s.convergence, s.mfcc13, s.mfcc40, s.reward}) {
      CHECK(std::isfinite(x));
    }
  }
}

TEST(what_is_no_sound_has_no_score) {
  const std::vector<float> target = pluck(220.0f);
  const Targets targets(target.data(), 1, kSamples, 1, kAlways);
  Scorer scorer{targets.grid()};
  const Score before = scorer.score(target, targets, 0, kWeights);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    std::vector<float> audio = target;
    audio[kSamples - 1] = bad;
    const Score s = scorer.score(audio, targets, 0, kWeights);
    CHECK(std::isnan(s.spectrogram) && std::isnan(s.mfcc40) && std::isnan(s.reward));
  }
  CHECK(same_bits(scorer.score(target, targets, 0, kWeights), before));
}

TEST(targets_are_checked) {
  const std::vector<float> audio = plucks(2);
  CHECK(test::throws<std::invalid_argument>(
      [&] { Targets(audio.data(), 1, kMinSamples - 1, 1, kAlways); }));
  CHECK_EQ(Targets(audio.data(), 2, kMinSamples, 3, kAlways).count(), 2u);
  CHECK_EQ(Targets(audio.data(), 0, kSamples, 1, kAlways).count(), 0u);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), 2e6f, std::numeric_limits<float>::infinity()}) {
    std::vector<float> broken = audio;
    broken[kSamples + 7] = bad;
    CHECK(test::throws<std::invalid_argument>(
        [&] { Targets(broken.data(), 2, kSamples, 1, kAlways); }));
  }
}

TEST(scores_do_not_depend_on_company) {
  const std::vector<float> sounds = plucks(13), other = plucks(14);
  const float* const wanted = other.data() + kSamples;
  const Targets targets(wanted, 13, kSamples, 2, kAlways), single(wanted, 1, kSamples, 1, kAlways);
  std::vector<Score> expected, expected_single;
  for (std::size_t i = 0; i < 13; ++i) {
    const std::span<const float> audio(sounds.data() + i * kSamples, kSamples);
    const Targets own(wanted + i * kSamples, 1, kSamples, 1, kAlways);
    expected.push_back(Scorer(own.grid()).score(audio, own, 0, kWeights));
    expected_single.push_back(Scorer(own.grid()).score(audio, single, 0, kWeights));
  }
  for (const std::size_t threads : {1u, 3u}) {
    ThreadPool pool(threads);
    BatchScorer scorer(threads, 4);
    for (const std::size_t group_size : {1u, 4u}) {
      const Playback play{sounds, group_size, pool};
      std::vector<Score> scores(13);
      CHECK(scorer.run(targets, kWeights, scores, play));
      for (std::size_t i = 0; i < 13; ++i) CHECK(same_bits(scores[i], expected[i]));
      CHECK(scorer.run(single, kWeights, scores, play));
      for (std::size_t i = 0; i < 13; ++i) CHECK(same_bits(scores[i], expected_single[i]));
    }
  }
}

TEST(there_is_a_target_for_each_row_or_for_all) {
  const std::vector<float> sounds = plucks(3);
  const Targets targets(sounds.data(), 3, kSamples, 1, kAlways);
  BatchScorer scorer(1, 1);
  std::vector<Score> scores(2);
  CHECK(test::throws<std::invalid_argument>(
      [&] { scorer.run(targets, kWeights, scores, [](RowSink&) { return true; }); }));
  std::vector<Score> three(3);
  CHECK(!scorer.run(targets, kWeights, three, [](RowSink&) { return false; }));
}
