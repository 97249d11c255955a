// The Wavetable oscillator against the steps it is meant to play.

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "check.h"
#include "oscillator_probe.h"
#include "surge/oscillators/wavetable.h"

namespace {

using namespace synthrl::surge;
using namespace synthrl::test;

constexpr double kPi = std::numbers::pi;
constexpr std::size_t kBlocks = 640;

// A sine, then a sine of a third of the level with three periods in a frame.
const Wavetable& two_waves() {
  static const Wavetable table = [] {
    constexpr int kSamples = 64;
    std::vector<float> samples;
    for (int i = 0; i < kSamples; ++i) {
      samples.push_back(static_cast<float>(0.9 * std::sin(2.0 * kPi * i / kSamples)));
    }
    for (int i = 0; i < kSamples; ++i) {
      samples.push_back(static_cast<float>(0.3 * std::sin(6.0 * kPi * i / kSamples)));
    }
    return Wavetable(kSamples, 2, false, std::move(samples));
  }();
  return table;
}

OscillatorModel wavetable_model(const Wavetable& table = two_waves(), bool interpolate = true) {
  OscillatorModel model = plain_model(OscillatorType::kWavetable);
  model.wavetable = &table;
  model.options[0].extended = interpolate;
  return model;
}

// morph, vertical skew, saturation, formant, horizontal skew, detune
OscillatorControls wavetable(float morph, float skew = 0.0f, float saturation = 0.0f,
                             float formant = 0.0f, float time_skew = 0.0f, float detune = 0.0f) {
  OscillatorControls controls;
  controls.pitch = 60.0f;
  controls.values = {morph, skew, saturation, formant, time_skew, detune, 0.0f};
  return controls;
}

Sound play_at(const OscillatorModel& model, const OscillatorControls& controls,
              std::size_t num_blocks = kBlocks) {
  OscillatorModel stored = model;
  stored.stored = controls.values;
  return play(stored, controls, num_blocks);
}

struct Step {
  double time;  // in cycles
  double value;
};

// The partials of a wave of steps, one cycle long.
double series(const std::vector<Step>& steps, int k) {
  std::complex<double> sum = 0.0;
  double previous = steps.back().value;
  for (const auto& [time, value] : steps) {
    sum += (value - previous) * std::polar(1.0, -2.0 * kPi * k * time);
    previous = value;
  }
  return std::abs(sum) / (kPi * k);
}

// What the oscillator plays per cycle, by the formulas for the value and the length of a step.
std::vector<Step> steps_of(const std::vector<double>& frame, double skew, double saturation,
                           double formant, double time_skew) {
  std::vector<Step> steps;
  double time = 0.0;
  const auto size = static_cast<double>(frame.size());
  const double ratio = std::exp2(-formant / 12.0);
  for (std::size_t j = 0; j < frame.size(); ++j) {
    double x = frame[j] - 0.5 * skew * frame[j] * frame[j] + 0.5 * skew;
    const double c = -8.0 * saturation * saturation * saturation;
    x = std::clamp(x * (1.0 - c) + c * x * x * x, -1.0, 1.0);
    steps.push_back({time, x});
    const double at = (static_cast<double>(j) + 0.5) / size;
    const double warp =
        1.0 + 4.0 * std::sqrt(6.75) * time_skew * at * (at - 1.0) * (2.0 * at - 1.0);
    time += ratio * warp / size;
  }
  return steps;
}

std::vector<double> frame_of(const Wavetable& table, double position) {
  std::vector<double> frame;
  const int low = std::min(static_cast<int>(position), table.num_frames() - 1);
  const int high = std::min(low + 1, table.num_frames() - 1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(table.frame_samples()); ++i) {
    frame.push_back(std::lerp(static_cast<double>(table.frame(0, low)[i]),
                              static_cast<double>(table.frame(0, high)[i]), position - low));
  }
  return frame;
}

void check_series(const std::vector<float>& samples, const std::vector<Step>& steps) {
  for (int k = 1; k * hz_of(60) < 15000.0; ++k) {
    const double hz = k * hz_of(60);
    const double expected = decibels(series(steps, k) * impulse_train_gain(hz));
    if (expected > -60.0) CHECK(std::fabs(decibels(level(samples, hz)) - expected) < 0.06);
  }
}

}  // namespace

TEST(full_scale_is_one) {
  CHECK(std::fabs(level(play_at(wavetable_model(), wavetable(0.0f)).left, hz_of(60)) - 0.9) < 0.01);
}

TEST(partials_follow_the_steps) {
  struct {
    float morph, skew, saturation, formant, time_skew;
  } const settings[] = {
      {0.0f, 0.0f, 0.0f, 0.0f, 0.0f},    {0.5f, 0.0f, 0.0f, 0.0f, 0.0f},
      {0.3f, 0.7f, 0.0f, 0.0f, 0.0f},    {0.3f, 0.0f, 0.6f, 0.0f, 0.0f},
      {0.3f, 0.0f, 0.0f, 7.0f, 0.0f},    {0.3f, 0.0f, 0.0f, 0.0f, 0.6f},
      {0.8f, -0.4f, 0.5f, 12.0f, -0.5f},
  };
  for (const auto& s : settings) {
    const Sound sound = play_at(wavetable_model(),
                                wavetable(s.morph, s.skew, s.saturation, s.formant, s.time_skew));
    check_series(sound.left, steps_of(frame_of(two_waves(), s.morph * 0.99999), s.skew,
                                      s.saturation, s.formant, s.time_skew));
  }
}

TEST(formant_of_an_octave_plays_half_a_period) {
  std::vector<float> ramp(64);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i) / 63.0f;
  const Wavetable table(64, 1, false, ramp);
  const Sound sound = play_at(wavetable_model(table), wavetable(0.0f, 0.0f, 0.0f, 12.0f), 12);
  const double period = kRateHz / hz_of(60);
  // The last value lasts for the second half, but for what the integrator lets go.
  const auto middle = static_cast<std::size_t>(0.55 * period) + 5;
  const auto end = static_cast<std::size_t>(0.95 * period) + 5;
  const double leak = std::pow(1.0 - 40.0 / kHostRateHz, 2.0);
  for (std::size_t i = middle; i < end; ++i) {
    CHECK(std::fabs(static_cast<double>(sound.left[i]) -
                    leak * static_cast<double>(sound.left[i - 1])) < 1e-3);
  }
}

TEST(high_notes_use_band_limited_levels) {
  OscillatorControls controls = wavetable(1.0f);
  for (const float pitch : {72.0f, 84.0f, 96.0f, 108.0f}) {
    controls.pitch = pitch;
    const Sound sound = play_at(wavetable_model(), controls);
    const double hz = 3.0 * hz_of(static_cast<double>(pitch));
    const double got = level(sound.left, hz) / 0.3 / impulse_train_gain(hz);
    CHECK(std::fabs(decibels(got)) < 0.6);
    // Only that partial.
    const double rest = root_mean_square(sound.left, 32768);
    CHECK(rest < 1.08 * level(sound.left, hz) / std::sqrt(2.0));
  }
}

TEST(frames_do_not_mix_without_interpolation) {
  const OscillatorModel model = wavetable_model(two_waves(), false);
  check_series(play_at(model, wavetable(0.4f)).left,
               steps_of(frame_of(two_waves(), 0.0), 0, 0, 0, 0));
  check_series(play_at(model, wavetable(0.6f)).left,
               steps_of(frame_of(two_waves(), 1.0), 0, 0, 0, 0));
}

TEST(older_morph_extrapolates_below_the_first_frame) {
  OscillatorModel model = wavetable_model();
  model.stored[0] = 0.0f;
  const Sound sound = play(model, wavetable(-0.5f), kBlocks);
  check_series(sound.left, [&] {
    auto low = frame_of(two_waves(), 0.0);
    const auto high = frame_of(two_waves(), 1.0);
    for (std::size_t i = 0; i < low.size(); ++i) low[i] += -0.5 * 0.99999 * (high[i] - low[i]);
    return steps_of(low, 0, 0, 0, 0);
  }());
}

TEST(newer_morph_is_limited_and_follows_modulation_at_once) {
  OscillatorModel model = wavetable_model();
  model.options[0].deform = 1;
  model.stored[0] = 0.0f;
  check_series(play(model, wavetable(-0.5f), kBlocks).left,
               steps_of(frame_of(two_waves(), 0.0), 0, 0, 0, 0));
  // A jump is there two blocks later, long before smoothing would have arrived.
  const auto jump = [](std::size_t block, OscillatorControls& controls) {
    controls.values[0] = block >= 20 ? 0.99f : 0.0f;
  };
  const Sound late = play(model, wavetable(0.0f), 40, 1, jump);
  const Sound constant = play(model, wavetable(0.99f), 40);
  double worst = 0.0;
  for (std::size_t i = 64 * 30; i < late.left.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::fabs(late.left[i] - constant.left[i])));
  }
  CHECK(worst < 0.15);
}

TEST(one_shot_samples_play_their_frames_in_turn) {
  // Five audible frames of one value each and three of silence.
  std::vector<float> samples;
  for (int frame = 0; frame < 8; ++frame) {
    samples.insert(samples.end(), 64, frame < 5 ? 0.2f * static_cast<float>(frame + 1) : 0.0f);
  }
  const Wavetable table(64, 8, true, samples);
  OscillatorModel model = wavetable_model(table);
  const double period = kRateHz / hz_of(60);
  const double leak = std::pow(1.0 - 40.0 / kHostRateHz, 2.0);
  const auto impulses_near = [&](const Sound& sound, double time) {
    double sum = 0.0;
    const auto start = static_cast<std::size_t>(time * period);
    for (std::size_t i = std::max<std::size_t>(start, 1); i < start + 14; ++i) {
      sum += static_cast<double>(sound.left[i]) - leak * static_cast<double>(sound.left[i - 1]);
    }
    return sum;
  };
  model.integers[6] = 2;  // passes
  const Sound twice = play_at(model, wavetable(0.0f), 100);
  // The first pass starts with the second frame. The last played is the third from the end.
  CHECK(std::fabs(impulses_near(twice, 0.0) - 0.4) < 0.01);
  CHECK(std::fabs(impulses_near(twice, 1.0) - 0.2) < 0.01);
  CHECK(std::fabs(impulses_near(twice, 2.0) - 0.2) < 0.01);
  CHECK(std::fabs(impulses_near(twice, 3.0) - 0.2) < 0.01);
  CHECK(std::fabs(impulses_near(twice, 4.0) + 1.0) < 0.05);
  CHECK(std::fabs(impulses_near(twice, 5.0) - 0.2) < 0.01);  // again from the first
  CHECK(std::fabs(impulses_near(twice, 10.0) + 1.0) < 0.05);
  CHECK(std::fabs(impulses_near(twice, 11.0)) < 0.01);  // and no more
  CHECK(std::fabs(impulses_near(twice, 12.0)) < 0.01);
  model.integers[6] = 7;
  const Sound endless = play_at(model, wavetable(0.0f), 400);
  CHECK(std::fabs(impulses_near(endless, 5.0 + 6.0 * 10.0) - 0.2) < 0.01);
}

TEST(missing_tables_play_the_built_in_one) {
  OscillatorModel model = wavetable_model();
  model.wavetable = nullptr;
  const Sound sine = play_at(model, wavetable(0.0f));
  CHECK(std::fabs(level(sine.left, hz_of(60)) - 1.0) < 0.01);
  CHECK(level(sine.left, 2.0 * hz_of(60)) < 1e-3);
  const Sound saw = play_at(model, wavetable(1.0f));
  CHECK(std::fabs(level(saw.left, hz_of(60)) / level(saw.left, 2.0 * hz_of(60)) - 2.0) < 0.05);
}

TEST(starts_late_by_up_to_a_period_without_retrigger) {
  OscillatorModel model = wavetable_model();
  model.retrigger = false;
  double latest = 0.0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Sound sound = play(model, wavetable(0.0f), 16, seed);
    const auto first = std::find_if(sound.left.begin(), sound.left.end(),
                                    [](float x) { return std::fabs(x) > 0.1f; });
    latest = std::max(latest, static_cast<double>(first - sound.left.begin()));
  }
  const double period = kRateHz / hz_of(60);
  CHECK(latest > 0.9 * period);
  CHECK(latest < 1.1 * period);
}

TEST(stays_finite) {
  CHECK(survives_extremes(wavetable_model(), 100.0f));
  OscillatorModel model = wavetable_model();
  model.options[0].deform = 1;
  CHECK(survives_extremes(model, 100.0f));
  const Wavetable tiny(2, 1, false, {1.0f, -1.0f});
  CHECK(survives_extremes(wavetable_model(tiny), 100.0f));
  const Wavetable shot(8, 2, true, std::vector<float>(16, 1.0f));
  CHECK(survives_extremes(wavetable_model(shot), 100.0f));
}
