// What happens to a scene's sound on its way to the host's rate.
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "check.h"
#include "surge/dsp/decibels.h"
#include "surge/dsp/half_band.h"
#include "surge/dsp/hard_clip.h"
#include "surge/dsp/scene_highpass.h"

using namespace synthrl::surge;

namespace {

constexpr double kHostRateHz = 44100.0;

// Level in dB of a sine of `frequency_hz` once the decimator has settled.
double decimated_level_db(double nominal_hz) {
  constexpr std::size_t kLength = 1 << 14;
  // Whole cycles are measured.
  const double step_hz = kHostRateHz / (kLength / 2.0);
  const double frequency_hz = step_hz * std::round(nominal_hz / step_hz);
  std::vector<float> input(2 * kLength);
  for (std::size_t i = 0; i < input.size(); ++i) {
    input[i] = static_cast<float>(std::sin(2.0 * std::numbers::pi * frequency_hz *
                                           static_cast<double>(i) / (2.0 * kHostRateHz)));
  }
  std::vector<float> output(kLength);
  HalfBandDecimator decimator;
  decimator.process(input, {}, output, {});
  double sum = 0.0;
  for (std::size_t i = kLength / 2; i < kLength; ++i) {
    sum += static_cast<double>(output[i]) * output[i];
  }
  return 10.0 * std::log10(2.0 * sum / (kLength / 2.0) + 1e-30);
}

// As the definition says it: second-order allpasses at the full rate.
std::vector<double> decimate_plainly(const std::vector<float>& input) {
  constexpr std::array kA = {0.036681502163648017, 0.2746317593794541, 0.56109896978791948,
                             0.769741833862266,    0.8922608180038789, 0.962094548378084};
  constexpr std::array kB = {0.13654762463195771, 0.42313861743656667, 0.6775400499741616,
                             0.839889624849638,   0.9315419599631839,  0.9878163707328971};
  const auto chain = [](std::vector<double> x, const std::array<double, 6>& coefficients) {
    for (const double c : coefficients) {
      std::vector<double> y(x.size());
      for (std::size_t n = 0; n < x.size(); ++n) {
        y[n] = (n >= 2 ? x[n - 2] : 0.0) + c * (x[n] - (n >= 2 ? y[n - 2] : 0.0));
      }
      x = y;
    }
    return x;
  };
  const std::vector<double> wide(input.begin(), input.end());
  const std::vector<double> a = chain(wide, kA);
  const std::vector<double> b = chain(wide, kB);
  std::vector<double> output(input.size() / 2);
  for (std::size_t k = 0; k < output.size(); ++k) output[k] = 0.5 * (a[2 * k + 1] + b[2 * k]);
  return output;
}

std::vector<float> impulse(std::size_t length) {
  std::vector<float> samples(length);
  samples[0] = 1.0f;
  return samples;
}

}  // namespace

TEST(the_decimator_is_two_chains_of_allpasses) {
  std::vector<float> input(512);
  for (std::size_t i = 0; i < input.size(); ++i) {
    input[i] = std::sin(0.37f * static_cast<float>(i * i % 101));
  }
  const std::vector<double> expected = decimate_plainly(input);
  std::vector<float> output(input.size() / 2);
  HalfBandDecimator decimator;
  // In two parts, to see that state goes on.
  const std::span<const float> in(input);
  const std::span<float> out(output);
  decimator.process(in.first(128), {}, out.first(64), {});
  decimator.process(in.subspan(128), {}, out.subspan(64), {});
  for (std::size_t i = 0; i < output.size(); ++i) {
    CHECK(std::fabs(static_cast<double>(output[i]) - expected[i]) < 1e-6);
  }
}

TEST(the_decimator_passes_what_the_host_rate_can_hold) {
  CHECK(std::fabs(decimated_level_db(100.0)) < 0.001);
  CHECK(std::fabs(decimated_level_db(10000.0)) < 0.001);
  CHECK(std::fabs(decimated_level_db(22050.0) + 3.01) < 0.05);
  CHECK(decimated_level_db(23500.0) < -100.0);
  CHECK(decimated_level_db(40000.0) < -100.0);
}

TEST(the_channels_of_the_decimator_are_alike_and_apart) {
  std::vector<float> left = impulse(256);
  std::vector<float> right(256);
  right[1] = 1.0f;
  std::array<float, 128> out_left{};
  std::array<float, 128> out_right{};
  HalfBandDecimator stereo;
  stereo.process(left, right, out_left, out_right);
  std::array<float, 128> alone{};
  HalfBandDecimator first;
  first.process(left, {}, alone, {});
  CHECK(alone == out_left);
  HalfBandDecimator second;
  second.process(right, {}, alone, {});
  CHECK(alone == out_right);
}

TEST(the_highpass_has_its_slope_and_starts_at_its_cutoff) {
  for (int sections = 1; sections <= 4; ++sections) {
    SceneHighpass highpass(kHostRateHz);
    highpass.set_controls(12.0f, sections);  // 880 Hz
    std::vector<float> response = impulse(1 << 14);
    highpass.process(response, {});
    const auto level_db = [&](double frequency_hz) {
      double re = 0.0;
      double im = 0.0;
      for (std::size_t n = 0; n < response.size(); ++n) {
        const double angle =
            2.0 * std::numbers::pi * frequency_hz * static_cast<double>(n) / kHostRateHz;
        re += static_cast<double>(response[n]) * std::cos(angle);
        im -= static_cast<double>(response[n]) * std::sin(angle);
      }
      return 10.0 * std::log10(re * re + im * im);
    };
    // The analog filter, from which the digital one departs little down here.
    for (const double frequency_hz : {220.0, 440.0, 880.0, 1760.0}) {
      const double ratio = frequency_hz / 880.0;
      const double distance = 1.0 - ratio * ratio;
      const double gain =
          ratio * ratio / std::sqrt(distance * distance + ratio * ratio / (0.4 * 0.4));
      CHECK(std::fabs(level_db(frequency_hz) - sections * 20.0 * std::log10(gain)) <
            0.1 * sections);
    }
    CHECK(std::fabs(level_db(15000.0)) < 0.1 * sections);
  }
}

TEST(the_highpass_treats_both_channels_alike) {
  for (int sections = 1; sections <= 4; ++sections) {
    std::array<std::vector<float>, 2> together = {impulse(256), std::vector<float>(256)};
    together[1][3] = -0.7f;
    std::array<std::vector<float>, 2> alone = together;
    SceneHighpass both(kHostRateHz);
    std::array<SceneHighpass, 2> single = {SceneHighpass(kHostRateHz), SceneHighpass(kHostRateHz)};
    // The second block is on the way to another cutoff.
    for (const float cutoff : {0.0f, 24.0f}) {
      both.set_controls(cutoff, sections);
      both.process(together[0], together[1]);
      for (std::size_t c = 0; c < 2; ++c) {
        single[c].set_controls(cutoff, sections);
        single[c].process(alone[c], {});
        CHECK(together[c] == alone[c]);
      }
    }
    CHECK(together[0] != together[1]);
  }
}

TEST(the_highpass_follows_its_cutoff_slowly) {
  SceneHighpass jumped(kHostRateHz);
  SceneHighpass moved(kHostRateHz);
  jumped.set_controls(24.0f, 1);
  moved.set_controls(-72.0f, 1);
  std::array<float, 32> silence{};
  moved.process(silence, {});
  // After 11 025 samples the coefficients are 1 - 0.996^11025 of the way, which is all of it.
  for (int block = 0; block < 345; ++block) {
    moved.set_controls(24.0f, 1);
    moved.process(silence, {});
  }
  std::vector<float> expected = impulse(256);
  std::vector<float> got = impulse(256);
  jumped.process(expected, {});
  moved.process(got, {});
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(std::fabs(got[i] - expected[i]) < 1e-6f);

  SceneHighpass early(kHostRateHz);
  early.set_controls(-72.0f, 1);
  early.process(silence, {});
  early.set_controls(24.0f, 1);
  std::vector<float> soon = impulse(256);
  early.process(soon, {});
  CHECK(std::fabs(soon[0] - expected[0]) > 1e-3f);
}

TEST(the_decibel_table_is_exact_at_whole_decibels_only) {
  const DecibelTable table;
  for (int level = -60; level <= 60; ++level) {
    const auto level_db = static_cast<float>(level);
    CHECK(std::fabs(table.amplitude(level_db) / amplitude_of(level_db) - 1.0f) < 1e-5f);
    const float halfway = table.amplitude(level_db + 0.5f) / amplitude_of(level_db + 0.5f);
    CHECK(halfway > 1.001f && halfway < 1.0017f);
  }
  CHECK(table.amplitude(-1e9f) < 1e-9f);
  CHECK(std::isfinite(table.amplitude(1e9f)));
  CHECK(std::isfinite(table.amplitude(NAN)));
}

TEST(hard_clips_hold_any_sample) {
  std::array<float, 4> samples = {0.5f, -20.0f, 3.0f, NAN};
  hard_clip(HardClip::k18Db, samples);
  CHECK_EQ(samples[0], 0.5f);
  CHECK_EQ(samples[1], -8.0f);
  CHECK_EQ(samples[2], 3.0f);
  CHECK_EQ(samples[3], 8.0f);
  hard_clip(HardClip::k0Db, samples);
  CHECK_EQ(samples[2], 1.0f);
}
