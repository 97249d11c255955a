// Nimbus: what its four modes do with tones, noise and bursts, and its parts.
#include <cmath>
#include <complex>
#include <memory>
#include <numbers>

#include "surge/effects/nimbus/fourier.h"
#include "surge/effects/nimbus/half_rate.h"
#include "surge/effects/nimbus/lanczos_resampler.h"
#include "surge/effects/nimbus/nimbus.h"
#include "surge/effects/nimbus/record_buffer.h"
#include "surge_effect_properties.h"

namespace synthrl::surge {
namespace {

using test::effect_test_model;
using test::StereoSignal;

constexpr int kType = 22;
constexpr double kRate = 44100.0;
constexpr double kTurn = 2.0 * std::numbers::pi;
enum Mode { kGranular, kStretch, kLoopingDelay, kSpectral };

// What the engine gives back of a quiet signal that its mode lets pass.
constexpr double kQuietGain = 0.42426;

struct Controls {
  int mode = kGranular;
  int quality = 0;
  float position = 0.0f;
  float size = 0.5f;
  float pitch = 0.0f;
  float density = 0.0f;
  float texture = 0.0f;
  float spread = 0.0f;
  float freeze = 0.0f;
  float feedback = 0.0f;
  float reverb = 0.0f;
  float mix = 1.0f;
};

EffectModel model_of(const Controls& c) {
  return effect_test_model(
      kType, {static_cast<float>(c.mode), static_cast<float>(c.quality), c.position, c.size,
              c.pitch, c.density, c.texture, c.spread, c.freeze, c.feedback, c.reverb, c.mix});
}

StereoSignal play(const Controls& controls, const StereoSignal& signal, std::uint64_t seed = 1,
                  const std::function<void(std::size_t, EffectValues&)>& control = {}) {
  const EffectModel model = model_of(controls);
  return test::play_through(*test::make_effect(model), model, signal, {}, seed, control);
}

std::size_t seconds(double s) {
  return static_cast<std::size_t>(s * kRate) / kBlockSamples * kBlockSamples;
}

StereoSignal tone(double hz, double level, double length_s) {
  StereoSignal signal(seconds(length_s));
  for (std::size_t i = 0; i < signal.size(); ++i) {
    const double angle = kTurn * hz * static_cast<double>(i) / kRate;
    signal.left[i] = static_cast<float>(level * std::sin(angle));
    signal.right[i] = static_cast<float>(level * std::cos(angle));
  }
  return signal;
}

// A burst of 1 kHz, bell-shaped around `at_s`, 5 ms wide.
StereoSignal burst(double at_s, double level, double length_s) {
  StereoSignal signal = tone(1000.0, level, length_s);
  for (std::size_t i = 0; i < signal.size(); ++i) {
    const double x = (static_cast<double>(i) / kRate - at_s) / 0.005;
    const auto bell = static_cast<float>(std::exp(-0.5 * x * x));
    signal.left[i] *= bell;
    signal.right[i] *= bell;
  }
  return signal;
}

double energy(const std::vector<float>& x, std::size_t begin, std::size_t end) {
  double sum = 0.0;
  for (std::size_t i = begin; i < end; ++i)
    sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

double rms(const std::vector<float>& x, double begin_s, double end_s) {
  const std::size_t begin = seconds(begin_s);
  const std::size_t end = std::min(seconds(end_s), x.size());
  return std::sqrt(energy(x, begin, end) / static_cast<double>(end - begin));
}

double level_db(const StereoSignal& signal, double begin_s, double end_s) {
  return 20.0 * std::log10(1e-9 + std::hypot(rms(signal.left, begin_s, end_s),
                                             rms(signal.right, begin_s, end_s)) /
                                      std::numbers::sqrt2);
}

// Centre of the energy, in seconds.
double centre(const std::vector<float>& x) {
  double sum = 0.0;
  double moment = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double power = static_cast<double>(x[i]) * static_cast<double>(x[i]);
    sum += power;
    moment += power * static_cast<double>(i);
  }
  return moment / sum / kRate;
}

// The share of the energy of the second before the end that is within 40 Hz of `hz`.
double share(const std::vector<float>& x, double hz) {
  const std::size_t length = seconds(1.0);
  const std::size_t begin = x.size() - length;
  double sum = 0.0;
  for (int offset = -40; offset <= 40; ++offset) {
    const double step = kTurn * std::round(hz + offset) * static_cast<double>(kRate) /
                        (kRate * static_cast<double>(length));
    std::complex<double> turn(1.0, 0.0);
    const std::complex<double> turning = std::polar(1.0, step);
    std::complex<double> spectrum(0.0, 0.0);
    for (std::size_t i = 0; i < length; ++i) {
      spectrum += turn * static_cast<double>(x[begin + i]);
      turn *= turning;
    }
    sum += 2.0 * std::norm(spectrum) / static_cast<double>(length);
  }
  return sum / energy(x, begin, x.size());
}

// Noise and two tones.
StereoSignal noise_and_tones(double level, double length_s) {
  StereoSignal signal(seconds(length_s));
  Rng rng(7);
  for (std::size_t i = 0; i < signal.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    const double tones = std::sin(kTurn * 220.0 * t) + std::sin(kTurn * 1234.5 * t);
    signal.left[i] = static_cast<float>(tones + 1.5 * static_cast<double>(rng.bipolar()));
    signal.right[i] = static_cast<float>(tones + 1.5 * static_cast<double>(rng.bipolar()));
  }
  const double gain = level / rms(signal.left, 0.0, length_s);
  for (std::size_t i = 0; i < signal.size(); ++i) {
    signal.left[i] *= static_cast<float>(gain);
    signal.right[i] *= static_cast<float>(gain);
  }
  return signal;
}

TEST(nimbus_looping_delay_passes_quiet_tones_at_its_gain) {
  const double level = 0.02;
  const StereoSignal out = play({.mode = kLoopingDelay, .density = -1.0f}, tone(440.0, level, 1.0));
  CHECK(std::fabs(rms(out.left, 0.5, 1.0) / (level / std::numbers::sqrt2) - kQuietGain) < 0.004);
  CHECK(std::fabs(rms(out.right, 0.5, 1.0) / (level / std::numbers::sqrt2) - kQuietGain) < 0.004);
}

// Behind the latency there is half of the pitch shifter's line, which the size sets.
TEST(nimbus_looping_delay_has_the_line_of_its_pitch_shifter_in_circuit) {
  const auto delay_at = [](float size) {
    const StereoSignal out =
        play({.mode = kLoopingDelay, .size = size, .density = -1.0f}, burst(0.5, 0.1, 1.0));
    return centre(out.left) - centre(burst(0.5, 0.1, 1.0).left);
  };
  const double shortest = delay_at(0.0f);
  const double longest = delay_at(1.0f);
  CHECK(std::fabs(longest - shortest - 0.5 * 1919.0 / 32000.0) < 2e-5);
  // The host adds less than two blocks to the 66 samples.
  CHECK(shortest > 66.0 / 32000.0 && shortest < 66.0 / 32000.0 + 64.0 / kRate);
}

TEST(nimbus_looping_delay_is_as_long_as_its_position) {
  const auto delay_at = [](float position) {
    // Once it has got there.
    const StereoSignal in = burst(5.0, 0.1, 5.7);
    return centre(play({.mode = kLoopingDelay, .position = position, .density = -1.0f}, in).left);
  };
  const double moved = delay_at(0.4f) - delay_at(0.0f);
  CHECK(std::fabs(moved - 0.4 * (32696.0 - 64.0) / 32000.0) < 5e-4);
}

TEST(nimbus_modes_shift_pitch) {
  const StereoSignal in = tone(440.0, 0.1, 2.5);
  for (const int mode : {kGranular, kStretch, kLoopingDelay, kSpectral}) {
    // Grains one at a time: those that overlap are not in phase. Spectra refreshed at once.
    const float density = mode == kGranular ? -0.36f : mode == kSpectral ? 0.0f : -1.0f;
    const float size = mode == kSpectral ? 0.5f : 1.0f;
    const Controls controls{.mode = mode, .size = size, .density = density};
    Controls up = controls;
    up.pitch = 12.0f;
    Controls down = controls;
    down.pitch = -12.0f;
    const double same = share(play(controls, in).left, 440.0);
    const double octave_up = share(play(up, in).left, 880.0);
    const double octave_down = share(play(down, in).left, 220.0);
    std::cout << "  mode " << mode << ": " << same << ' ' << octave_up << ' ' << octave_down
              << '\n';
    CHECK(same > 0.9);
    CHECK(octave_up > 0.8);
    CHECK(octave_down > 0.8);
  }
}

// Levels of Surge XT. Its input was another one of the same kind.
TEST(nimbus_grains_are_as_loud_as_in_surge) {
  constexpr double kInputDb = -25.9;
  const StereoSignal in = noise_and_tones(std::pow(10.0, kInputDb / 20.0), 6.0);
  constexpr std::array<std::array<double, 2>, 5> kLevels{
      {{-1.0, -18.0}, {-0.6, -26.3}, {0.5, -30.7}, {0.8, -22.0}, {1.0, -19.0}}};
  for (const auto& [density, level] : kLevels) {
    const StereoSignal out = play({.density = static_cast<float>(density)}, in);
    const double measured = level_db(out, 1.0, 6.0);
    std::cout << "  density " << density << ": " << measured << " dB, Surge XT " << level << '\n';
    CHECK(std::fabs(measured - level) < 2.0);
  }
  const StereoSignal silence = play({.density = 0.0f}, in);
  CHECK_EQ(energy(silence.left, 0, silence.size()), 0.0);
}

// Without smoothing of spectra everything returns, twice as loud, after 5120 samples at 32 kHz.
TEST(nimbus_spectral_mode_returns_its_input) {
  const Controls controls{.mode = kSpectral, .density = -0.04f};
  const double level = 0.02;
  const StereoSignal out = play(controls, tone(440.0, level, 3.0));
  CHECK(std::fabs(rms(out.left, 2.0, 3.0) / (level / std::numbers::sqrt2) - 2.0 * kQuietGain) <
        0.01);
  // Bursts come late by that and the host's two blocks at most.
  const Controls transparent{.mode = kSpectral, .density = 0.03f};
  const StereoSignal late = play(transparent, burst(0.5, 0.1, 1.5));
  const double delay = centre(late.left) - 0.5;
  std::cout << "  spectral delay " << delay << '\n';
  CHECK(delay > 5120.0 / 32000.0 && delay < 5120.0 / 32000.0 + 0.012);
}

TEST(nimbus_spectral_texture_removes_what_is_quiet) {
  StereoSignal in = tone(440.0, 0.2, 2.0);
  const StereoSignal quiet = tone(3000.0, 0.0005, 2.0);
  for (std::size_t i = 0; i < in.size(); ++i) in.left[i] += quiet.left[i];
  const double plain = share(play({.mode = kSpectral, .texture = 0.0f}, in).left, 3000.0);
  const double stepped = share(play({.mode = kSpectral, .texture = -0.7f}, in).left, 3000.0);
  CHECK(plain > 1e-6);
  CHECK(stepped < 0.1 * plain);
}

TEST(nimbus_reverb_rings_on) {
  Controls controls{.mode = kLoopingDelay, .density = -1.0f};
  const StereoSignal in = burst(0.2, 0.5, 1.5);
  CHECK_EQ(rms(play(controls, in).left, 1.0, 1.5), 0.0);
  controls.reverb = 0.8f;
  const StereoSignal half = play(controls, in);
  CHECK(rms(half.left, 1.0, 1.5) > 1e-4);
  CHECK(rms(half.right, 1.0, 1.5) > 1e-4);
}

TEST(nimbus_feedback_repeats) {
  Controls controls{.mode = kLoopingDelay, .position = 0.0f, .size = 1.0f, .density = -1.0f};
  const StereoSignal in = burst(0.2, 0.5, 1.0);
  CHECK_EQ(rms(play(controls, in).left, 0.6, 1.0), 0.0);
  controls.feedback = 0.9f;
  CHECK(rms(play(controls, in).left, 0.6, 1.0) > 1e-2);
}

TEST(nimbus_freeze_plays_on_what_was_recorded) {
  for (const int mode : {kGranular, kStretch, kLoopingDelay, kSpectral}) {
    StereoSignal in = tone(440.0, 0.1, 3.0);
    std::fill(in.left.begin() + static_cast<std::ptrdiff_t>(seconds(1.0)), in.left.end(), 0.0f);
    std::fill(in.right.begin() + static_cast<std::ptrdiff_t>(seconds(1.0)), in.right.end(), 0.0f);
    const Controls controls{.mode = mode, .density = mode == kGranular ? -0.36f : 0.2f};
    const StereoSignal out = play(controls, in, 1, [](std::size_t block, EffectValues& values) {
      values[8] = block * kBlockSamples > seconds(0.95) ? 1.0f : 0.0f;
    });
    CHECK(rms(out.left, 2.0, 3.0) > 0.01);
    CHECK(share(out.left, 440.0) > 0.8);
    const StereoSignal free = play(controls, in);
    CHECK(rms(free.left, 2.6, 3.0) < 1e-3);
  }
}

TEST(nimbus_half_rate_qualities_lose_the_upper_octave) {
  for (int quality = 0; quality < 4; ++quality) {
    const Controls controls{.mode = kLoopingDelay, .quality = quality, .density = -1.0f};
    // The same on both sides, as two qualities have one.
    const auto gain = [&](double hz) {
      StereoSignal in = tone(hz, 0.1, 1.0);
      in.right = in.left;
      const StereoSignal out = play(controls, in);
      CHECK(quality % 2 == 0 || out.left == out.right);
      return rms(out.left, 0.5, 1.0) / rms(in.left, 0.5, 1.0);
    };
    CHECK(std::fabs(gain(440.0) - kQuietGain) < 0.02);
    CHECK((gain(11000.0) < 0.05) == (quality >= 2));
  }
}

TEST(nimbus_seeds_matter_only_to_random_grains) {
  const StereoSignal in = tone(440.0, 0.1, 1.0);
  const auto same = [&](const Controls& controls) {
    return play(controls, in, 1).left == play(controls, in, 2).left;
  };
  CHECK(same({.density = -0.8f}));
  CHECK(!same({.density = 0.8f}));
  CHECK(!same({.density = -0.8f, .spread = 0.5f}));
  CHECK(same({.mode = kStretch}));
  CHECK(same({.mode = kLoopingDelay}));
  CHECK(same({.mode = kSpectral, .density = 0.2f}));
  CHECK(!same({.mode = kSpectral, .density = 1.0f}));
}

TEST(nimbus_does_not_remember_earlier_sounds) {
  const StereoSignal in = noise_and_tones(0.2, 0.7);
  for (int mode = 0; mode < 4; ++mode) {
    const EffectModel model = model_of({.mode = mode,
                                        .position = 0.3f,
                                        .size = 0.3f,
                                        .pitch = 5.0f,
                                        .density = 0.7f,
                                        .texture = 0.8f,
                                        .spread = 0.5f,
                                        .feedback = 0.6f,
                                        .reverb = 0.6f});
    EffectModel other = model;
    other.values[1] = 3.0f;
    other.integers[1] = 3;
    other.values[8] = 1.0f;
    const auto unit = test::make_effect(model);
    const StereoSignal first = test::play_through(*unit, model, in);
    test::play_through(*unit, other, in);
    const StereoSignal second = test::play_through(*unit, model, in);
    CHECK(first.left == second.left && first.right == second.right);
  }
}

TEST(nimbus_stays_finite) { test::check_stays_finite(kType); }

TEST(nimbus_decays) {
  for (int mode = 0; mode < 4; ++mode) {
    const float density = mode == kSpectral ? 0.2f : -0.8f;
    const float loudest =
        test::loudest_tail(model_of({.mode = mode, .density = density, .reverb = 0.2f}));
    std::cout << "  mode " << mode << ": " << loudest << '\n';
    CHECK(loudest < 1e-3f);
  }
}

TEST(nimbus_mu_law_is_that_of_g711) {
  using nimbus::through_mu_law;
  CHECK_EQ(through_mu_law(0), 0);
  CHECK_EQ(through_mu_law(1000), 988);
  CHECK_EQ(through_mu_law(-1000), -988);
  CHECK_EQ(through_mu_law(32767), 32124);
  CHECK_EQ(through_mu_law(-32768), -32124);
  CHECK_EQ(through_mu_law(16000), 15996);
}

TEST(nimbus_fourier_transform_equals_its_definition) {
  using nimbus::kTransform;
  const auto transform = std::make_unique<nimbus::FourierTransform>();
  std::vector<std::complex<double>> in(kTransform);
  const auto real = std::make_unique<nimbus::Component>();
  const auto imaginary = std::make_unique<nimbus::Component>();
  Rng rng(3);
  for (std::size_t i = 0; i < kTransform; ++i) {
    (*real)[i] = rng.bipolar();
    (*imaginary)[i] = rng.bipolar();
    in[i] = {static_cast<double>((*real)[i]), static_cast<double>((*imaginary)[i])};
  }
  transform->run(*real, *imaginary);
  for (const std::size_t k : {0u, 1u, 2u, 3u, 17u, 1024u, 2048u, 3333u, 4095u}) {
    std::complex<double> sum(0.0, 0.0);
    for (std::size_t n = 0; n < kTransform; ++n) {
      sum += in[n] * std::polar(1.0, -kTurn * static_cast<double>(k * n % kTransform) / kTransform);
    }
    CHECK(std::fabs(sum.real() - static_cast<double>((*real)[k])) < 1e-3);
    CHECK(std::fabs(sum.imag() - static_cast<double>((*imaginary)[k])) < 1e-3);
  }
}

TEST(nimbus_resampler_interpolates) {
  for (const double rate : {8000.0, 44100.0, 48000.0, 192000.0}) {
    nimbus::LanczosResampler resampler(rate, nimbus::kSampleRate);
    resampler.start();
    double worst = 0.0;
    std::size_t pulled = 0;
    for (std::size_t i = 0; i < 4000; ++i) {
      const auto sine = [](double t) { return std::sin(kTurn * 300.0 * t); };
      const auto x = static_cast<float>(sine(static_cast<double>(i) / rate));
      resampler.push({x, -x});
      while (resampler.ready()) {
        const nimbus::Frame y = resampler.pull();
        const double wanted = sine(static_cast<double>(pulled) / nimbus::kSampleRate);
        if (pulled > 100) worst = std::max(worst, std::fabs(static_cast<double>(y.left) - wanted));
        CHECK_EQ(y.left, -y.right);
        ++pulled;
      }
    }
    // The kernel is not flat: it lets a per cent of the aliases pass.
    CHECK(worst < 0.012);
    CHECK(std::fabs(static_cast<double>(pulled) - 4000.0 * nimbus::kSampleRate / rate) < 30.0);
  }
}

}  // namespace
}  // namespace synthrl::surge
