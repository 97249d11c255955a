// The Sine oscillator against its definition, evaluated sample by sample in double precision.

#include <cmath>
#include <numbers>

#include "check.h"
#include "oscillator_probe.h"

namespace {

using namespace synthrl::surge;
using namespace synthrl::test;

constexpr double kPi = std::numbers::pi;
constexpr std::size_t kBlocks = 64;

OscillatorModel sine_model(int shape = 0, bool legacy = false) {
  OscillatorModel model = plain_model(OscillatorType::kSine);
  model.integers[0] = shape;
  model.integers[2] = legacy ? 0 : 1;
  return model;
}

OscillatorControls sine(float feedback = 0.0f, float detune = 0.0f) {
  OscillatorControls controls;
  controls.pitch = 57.0f;
  controls.values[1] = feedback;
  controls.values[5] = detune;
  return controls;
}

double step_of(double note) { return 2.0 * kPi * hz_of(note) / kRateHz; }

// The shapes over one turn, by quadrant.
double shape_at(int shape, double turns) {
  const double angle = 2.0 * kPi * turns;
  const double s = std::sin(angle);
  const double c = std::cos(angle);
  const double twice = std::sin(2.0 * angle);
  const double twice_cosine = std::cos(2.0 * angle);
  const int quadrant = static_cast<int>(4.0 * turns) + 1;
  const bool upper = quadrant <= 2;
  switch (shape) {
    case 0:
      return s;
    case 1:
      return upper ? s * s : -s * s;
    case 2:
      return upper ? s : 0.0;
    case 3:
      return upper ? s * s : 0.0;
    case 4:
      return upper ? twice : 0.0;
    case 5:
      return quadrant == 1 ? twice * twice : quadrant == 2 ? -twice * twice : 0.0;
    case 6:
      return upper ? std::fabs(twice) : 0.0;
    case 7:
      return upper ? twice * twice : 0.0;
    case 8:
      return upper ? 2.0 * s - 1.0 : -1.0;
    case 9:
      return quadrant % 2 == 0 ? s : 0.0;
    case 10:
      return quadrant % 2 == 1 ? s : 0.0;
    case 11:
      return upper ? -twice_cosine : -1.0;
    case 12:
      return quadrant == 1 || quadrant == 4 ? twice : -twice;
    case 13:
      return quadrant == 1 ? twice : quadrant == 3 ? -twice : 0.0;
    case 14:
      return upper ? std::fabs(twice_cosine) : 0.0;
    case 15:
      return quadrant == 1 ? 1.0 - s : quadrant == 4 ? -1.0 - s : 0.0;
    case 16:
      return quadrant == 1 ? 1.0 - s : quadrant == 4 ? c - 1.0 : 0.0;
    case 17:
      return upper ? 1.0 - s : -1.0 - s;
    case 18:
      return quadrant == 1 ? twice : quadrant == 4 ? -twice : c;
    case 19:
      return quadrant == 1 ? twice : quadrant == 2 ? -std::sin(4.0 * angle) : s;
    case 20:
      return quadrant % 2 == 1 ? s : quadrant == 2 ? 1.0 : -1.0;
    case 21:
      return quadrant % 2 == 0 ? s : quadrant == 1 ? 1.0 : -1.0;
    case 22:
      return quadrant == 1 || quadrant == 4 ? s : 0.0;
    case 23:
      return quadrant == 2 || quadrant == 3 ? s : 0.0;
    case 24:
      return upper ? 1.0 - s : s;
    case 25:
      return quadrant == 1 ? twice : quadrant == 2 ? 0.5 * twice : 0.0;
    case 26:
      return quadrant == 3 ? 0.0 : s;
    case 27:
      return twice / quadrant;
    case 28:
      return upper ? 1.0 - std::fabs(c) : std::fabs(c) - 1.0;
    case 29:
      return upper ? 1.0 - std::fabs(c) : 0.0;
    case 30:
      return quadrant == 1   ? 1.0 - std::fabs(twice_cosine)
             : quadrant == 2 ? std::fabs(twice_cosine) - 1.0
                             : 0.0;
    default:
      return upper ? 1.0 - std::fabs(twice_cosine) : 0.0;
  }
}

double wrapped(double turns) { return turns - std::floor(turns); }

// Whether a phase is where a shape may jump.
bool at_edge(double turns) {
  const double quarter = 4.0 * turns;
  return std::fabs(quarter - std::round(quarter)) < 1e-4;
}

}  // namespace

TEST(all_shapes_follow_their_definition) {
  for (int shape = 0; shape < 32; ++shape) {
    const Sound sound = play(sine_model(shape), sine(), kBlocks);
    double worst = 0.0;
    for (std::size_t i = 0; i < sound.left.size(); ++i) {
      const double turns = wrapped(step_of(57) / (2.0 * kPi) * static_cast<double>(i));
      if (at_edge(turns)) continue;
      worst =
          std::max(worst, std::fabs(shape_at(shape, turns) - static_cast<double>(sound.left[i])));
    }
    CHECK(worst < 3e-4);
    if (shape == 0) CHECK(worst < 3e-5);
  }
}

TEST(unknown_shapes_are_silent) {
  const Sound sound = play(sine_model(32), sine(), 4);
  CHECK(root_mean_square(sound.left, 256) == 0.0);
}

TEST(feedback_adds_the_last_output_to_the_phase) {
  for (const double amount : {0.6, -0.7}) {
    for (const bool average : {false, true}) {
      for (const int voices : {1, 3}) {
        OscillatorModel model = sine_model();
        model.options[1].deform = average ? 1 : 0;
        model.integers[6] = voices;
        const Sound sound = play(model, sine(static_cast<float>(amount)), kBlocks);
        double z1 = 0.0;
        double z2 = 0.0;
        double worst = 0.0;
        for (std::size_t i = 0; i < sound.left.size(); ++i) {
          const double memory = average ? 0.5 * (z1 + z2) : z1;
          const double bend = amount >= 0.0 ? amount * memory : -amount * memory * memory;
          z2 = z1;
          z1 = std::sin(step_of(57) * static_cast<double>(i) + bend);
          // Voices in unison without detune play the same after they have faded in.
          const double expected = z1 * std::sqrt(static_cast<double>(voices));
          if (i < 64 && voices > 1) continue;
          worst = std::max(worst, std::fabs(expected - static_cast<double>(sound.left[i])));
        }
        CHECK(worst < 2e-4);
      }
    }
  }
}

TEST(extended_feedback_is_four_times_as_strong) {
  OscillatorModel model = sine_model();
  const Sound plain = play(model, sine(0.8f), kBlocks);
  model.options[1].extended = true;
  const Sound extended = play(model, sine(0.2f), kBlocks);
  for (std::size_t i = 0; i < plain.left.size(); ++i) {
    CHECK(std::fabs(plain.left[i] - extended.left[i]) < 1e-4f);
  }
}

TEST(other_voices_fade_in) {
  OscillatorModel model = sine_model(24);  // starts at 1
  model.integers[6] = 4;
  const Sound sound = play(model, sine(), 2);
  CHECK(std::fabs(sound.left[0] - 0.5f) < 1e-3f);  // one of four voices, at half its level
  const double later = 1.0 - std::sin(64.0 * step_of(57));
  CHECK(std::fabs(static_cast<double>(sound.left[64]) - 2.0 * later) < 1e-3);
}

TEST(modulator_shifts_the_phase) {
  std::array<float, kOscillatorBlockSamples> modulator;
  for (std::size_t i = 0; i < modulator.size(); ++i) {
    modulator[i] = std::sin(0.1f * static_cast<float>(i));
  }
  OscillatorControls controls = sine();
  controls.fm_gain = 0.25f;
  controls.modulator = modulator.data();
  const Sound sound = play(sine_model(), controls, 4);
  const double index = 32.0 * kPi * 0.25 * 0.25 * 0.25;
  for (std::size_t i = 0; i < sound.left.size(); ++i) {
    const double expected = std::sin(step_of(57) * static_cast<double>(i) +
                                     index * static_cast<double>(modulator[i % 64]));
    CHECK(std::fabs(static_cast<double>(sound.left[i]) - expected) < 3e-5);
  }
}

TEST(legacy_plays_backwards) {
  const Sound sound = play(sine_model(8, true), sine(), 8);
  for (std::size_t i = 0; i < sound.left.size(); ++i) {
    // Half a turn minus the phase: the same sine, the opposite cosine.
    const double turns = wrapped(0.5 - step_of(57) / (2.0 * kPi) * static_cast<double>(i + 1));
    CHECK(std::fabs(shape_at(8, turns) - static_cast<double>(sound.left[i])) < 1e-4);
  }
  const Sound saw_like = play(sine_model(15, true), sine(), 8);
  for (std::size_t i = 0; i < saw_like.left.size(); ++i) {
    const double turns = wrapped(0.5 - step_of(57) / (2.0 * kPi) * static_cast<double>(i + 1));
    if (at_edge(turns)) continue;
    CHECK(std::fabs(shape_at(15, turns) - static_cast<double>(saw_like.left[i])) < 1e-4);
  }
}

TEST(legacy_modulator_shifts_the_frequency) {
  std::array<float, kOscillatorBlockSamples> modulator;
  modulator.fill(1.0f);
  OscillatorControls controls = sine();
  controls.fm_gain = 0.01f;
  controls.modulator = modulator.data();
  const Sound sound = play(sine_model(0, true), controls, 8);
  for (std::size_t i = 0; i < sound.left.size(); ++i) {
    const double expected = std::sin((step_of(57) + 0.01) * static_cast<double>(i));
    CHECK(std::fabs(static_cast<double>(sound.left[i]) - expected) < 1e-4);
  }
}

TEST(detune_spreads_the_voices) {
  OscillatorModel model = sine_model();
  model.integers[6] = 3;
  model.stereo = true;
  model.options[5].extended = true;
  const Sound sound = play(model, sine(0.0f, 0.5f), 1024);  // six semitones
  const double gain = 1.0 / std::sqrt(3.0);
  // The middle voice on both sides, the others to the left and to the right.
  CHECK(std::fabs(decibels(level(sound.left, hz_of(57)) / gain)) < 0.02);
  CHECK(std::fabs(decibels(level(sound.right, hz_of(57)) / gain)) < 0.02);
  const double low_left = level(sound.left, hz_of(51));
  const double low_right = level(sound.right, hz_of(51));
  CHECK(std::fabs(low_left + low_right - 2.0 * gain) < 1e-3);
  CHECK(std::min(low_left, low_right) < 1e-4);
}

TEST(cuts_have_their_corners_at_minus_three_decibels) {
  OscillatorModel model = sine_model();
  OscillatorControls controls = sine();
  controls.pitch = 81.0f;  // 12 semitones above A4
  model.options[3].deactivated = false;
  controls.values[3] = 12.0f;
  CHECK(std::fabs(decibels(level(play(model, controls, 1024).left, hz_of(81))) + 3.01) < 0.02);
  model.options[3].deactivated = true;
  model.options[4].deactivated = false;
  controls.values[4] = 12.0f;
  CHECK(std::fabs(decibels(level(play(model, controls, 1024).left, hz_of(81))) + 3.01) < 0.1);
  controls.values[4] = 0.0f;  // an octave lower: 12 dB per octave
  CHECK(std::fabs(decibels(level(play(model, controls, 1024).left, hz_of(81))) + 12.3) < 0.2);
}

TEST(drift_starts_sharp_by_up_to_a_sixth_of_a_semitone) {
  OscillatorModel model = sine_model();
  model.random_drift_start = true;
  OscillatorControls controls = sine();
  controls.pitch = 105.0f;
  const auto reference = partial(play(model, controls, 8).left, hz_of(105), 256);
  controls.drift = 1.0f;
  double lowest = 1.0;
  double highest = 0.0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Sound sound = play(model, controls, 8, seed);
    // How far the phase is ahead in the middle of the last 256 samples tells the frequency.
    const auto late = partial(sound.left, hz_of(105), 256);
    const double ahead = std::arg(late / reference) / (384.0 * step_of(105));
    const double semitones = 12.0 * std::log2(1.0 + ahead);
    lowest = std::min(lowest, semitones);
    highest = std::max(highest, semitones);
  }
  CHECK(lowest > -0.02);
  CHECK(lowest < 0.03);
  CHECK(highest > 0.12);
  CHECK(highest < 0.2);
}

TEST(stays_finite) {
  for (const int shape : {0, 8, 30}) {
    CHECK(survives_extremes(sine_model(shape), 100.0f));
    CHECK(survives_extremes(sine_model(shape, true), 100.0f));
  }
}
