#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "check.h"
#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/twist.h"

namespace synthrl::surge {
namespace {

constexpr double kRate = 88200.0;
constexpr double kTuning = 48000.0 / 47872.34;  // all engines are sharp by this
constexpr double kMiddleC = 261.6255653 * kTuning;

enum Engine {
  kWaveforms,
  kWaveshaper,
  kTwoOperatorFm,
  kFormant,
  kHarmonic,
  kWavetable,
  kChords,
  kSpeech,
  kSwarm,
  kNoise,
  kParticles,
  kString,
  kModal,
  kKick,
  kSnare,
  kHiHat,
};

const OscillatorTables& tables() {
  static const OscillatorTables kTables(44100.0);
  return kTables;
}

struct Setup {
  OscillatorModel model;
  OscillatorStart start;
  OscillatorControls controls;
};

// Macros from 0 to 1; main signal, without low-pass gate.
Setup engine(int number, float harmonics, float timbre, float morph, float pitch = 60.0f) {
  Setup setup;
  setup.model.type = OscillatorType::kTwist;
  setup.model.integers[0] = number;
  setup.model.options[5].deactivated = true;
  setup.model.retrigger = true;
  setup.model.character = Character::kNeutral;
  setup.controls.pitch = setup.start.pitch = pitch;
  setup.controls.values = {
      0.0f, 2.0f * harmonics - 1.0f, 2.0f * timbre - 1.0f, 2.0f * morph - 1.0f, -1.0f, 0.0f, 0.0f};
  setup.start.values = setup.controls.values;
  return setup;
}

Setup alternative(Setup setup) {
  setup.controls.values[4] = setup.start.values[4] = 1.0f;
  return setup;
}

Setup gated(Setup setup, float colour, float decay) {
  setup.model.options[5].deactivated = false;
  setup.controls.values[5] = setup.start.values[5] = colour;
  setup.controls.values[6] = setup.start.values[6] = decay;
  return setup;
}

struct Stereo {
  std::vector<float> left, right;
};

Stereo render_stereo(const Setup& setup, double seconds, std::uint64_t seed = 1) {
  static TwistOscillator oscillator;  // of any state before
  oscillator.start(setup.model, setup.start, seed, tables());
  Stereo sound;
  std::array<float, kOscillatorBlockSamples> left;
  std::array<float, kOscillatorBlockSamples> right{};
  while (static_cast<double>(sound.left.size()) < seconds * kRate) {
    oscillator.process(setup.controls, left, right);
    sound.left.insert(sound.left.end(), left.begin(), left.end());
    sound.right.insert(sound.right.end(), right.begin(), right.end());
  }
  return sound;
}

std::vector<float> render(const Setup& setup, double seconds, std::uint64_t seed = 1) {
  return render_stereo(setup, seconds, seed).left;
}

// Amplitude of a sinusoid within [from, end), Hann window.
double amplitude(const std::vector<float>& sound, double hz, std::size_t from = 0) {
  const std::size_t count = sound.size() - from;
  const double step = 2.0 * std::numbers::pi / static_cast<double>(count);
  std::complex<double> sum = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += (1.0 - std::cos(step * static_cast<double>(i))) * static_cast<double>(sound[from + i]) *
           std::polar(1.0, -2.0 * std::numbers::pi * hz * static_cast<double>(i) / kRate);
  }
  return 2.0 * std::abs(sum) / static_cast<double>(count);
}

double peak_hz(const std::vector<float>& sound, double hz, double cents_around, std::size_t from) {
  double best = 0.0;
  double best_hz = 0.0;
  for (double cents = -cents_around; cents <= cents_around; cents += 0.5) {
    const double f = hz * std::exp2(cents / 1200.0);
    const double a = amplitude(sound, f, from);
    if (a > best) {
      best = a;
      best_hz = f;
    }
  }
  return best_hz;
}

double rms(const std::vector<float>& sound, std::size_t from = 0,
           std::size_t to = std::numeric_limits<std::size_t>::max()) {
  to = std::min(to, sound.size());
  double sum = 0.0;
  for (std::size_t i = from; i < to; ++i) sum += static_cast<double>(sound[i]) * sound[i];
  return std::sqrt(sum / static_cast<double>(to - from));
}

double cents_between(double a, double b) { return 1200.0 * std::log2(a / b); }

double level_db(double a, double b) { return 20.0 * std::log10(a / b); }

TEST(twist_names_its_engines) {
  CHECK(twist_engine(11).name == "inharmonic string");
  CHECK(twist_engine(-5).name == twist_engine(0).name);
  CHECK(twist_engine(99).name == twist_engine(15).name);
  CHECK(twist_engine(9).fidelity == TwistFidelity::kMeant);
  CHECK(twist_engine(5).fidelity == TwistFidelity::kOtherWaves);
}

TEST(twist_is_4_6_cents_sharp) {
  for (int number : {kWaveforms, kWaveshaper, kTwoOperatorFm, kHarmonic, kWavetable}) {
    Setup setup = engine(number, 0.5f, 0.2f, 0.5f);
    if (number == kHarmonic) setup = engine(number, 0.0f, 0.0f, 1.0f);
    if (number == kWaveshaper || number == kTwoOperatorFm) setup = engine(number, 0.5f, 0.0f, 0.5f);
    const auto sound = render(setup, 0.3);
    CHECK(std::abs(cents_between(peak_hz(sound, 261.6256, 20.0, 2000), 261.6256) - 4.61) < 0.6);
  }
}

TEST(twist_harmonic_has_the_spectrum_of_its_macros) {
  constexpr double kTimbre = 0.35;
  constexpr double kMorph = 0.5;
  constexpr double kBumps = 16.0 * 0.3 * 0.3;
  const auto sound = render(engine(kHarmonic, 0.3f, 0.35f, 0.5f), 1.0);
  const double x = (1.0 - 0.6 * 0.3) * kMorph;
  const double slope = 0.01 + 1.99 * x * x * x;
  const double margin = (1.0 / slope - 1.0) / (1.0 + kBumps);
  const double centre = kTimbre * (23.0 + margin) - 0.5 * margin;
  std::array<double, 24> expected;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double order = std::abs(static_cast<double>(i) - centre) * slope;
    const double peak = 2.0 * std::max(1.0 - order, 0.0);
    expected[i] =
        std::pow(peak * peak * (1.0 + std::cos(2.0 * std::numbers::pi * order * kBumps)), 4.0) *
        (1.0 - 2.0 * static_cast<double>(i + 1) * kMiddleC / 48000.0);
  }
  const double loudest = *std::max_element(expected.begin(), expected.end());
  double loudest_heard = 0.0;
  std::array<double, 24> heard;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    heard[i] = amplitude(sound, kMiddleC * static_cast<double>(i + 1), 40000);
    loudest_heard = std::max(loudest_heard, heard[i]);
  }
  int compared = 0;
  for (std::size_t i = 0; i < heard.size(); ++i) {
    if (expected[i] < 1e-4 * loudest) continue;
    ++compared;
    CHECK(std::abs(level_db(heard[i] / loudest_heard, expected[i] / loudest)) < 0.2);
  }
  CHECK(compared >= 6);
}

TEST(twist_waveforms_play_a_saw_at_the_detuned_pitch) {
  // The square is silent at timbre 0; far above the note's pitch is a saw.
  const auto sound = render(engine(kWaveforms, 0.75f, 0.0f, 0.5f), 0.5);
  double detune = 2.05 * 0.75 - 1.025;
  detune *= 3.9999;  // 2.05 steps: an octave, and a little of the way to the fifth above
  double share = detune - 2.0;
  for (int i = 0; i < 2; ++i) share = share * share * (3.0 - 2.0 * share);
  const double hz = kMiddleC * std::exp2((12.01 + 7.0 * share) / 12.0);
  CHECK(std::abs(cents_between(peak_hz(sound, hz, 30.0, 2000), hz)) < 1.0);
  for (int number = 2; number <= 6; ++number) {
    const double ratio = amplitude(sound, hz * number, 2000) / amplitude(sound, hz, 2000);
    CHECK(std::abs(level_db(ratio, 1.0 / number)) < 2.0);
  }
}

TEST(twist_particles_fire_at_the_density_of_timbre) {
  for (double timbre : {0.7, 1.0}) {
    const Setup setup = alternative(engine(kParticles, 0.5f, static_cast<float>(timbre), 0.5f));
    const double nu = 13.75 / 47872.34 * std::exp2((60.0 + 72.0 * timbre * timbre - 9.0) / 12.0);
    const double per_second = 6.0 * 48000.0 * nu * nu / 6.0;
    const double seconds = 20000.0 / per_second < 6.0 ? 6.0 : 1.0;
    const auto sound = render(setup, seconds);
    // An impulse has 0.5 on average, with the output's inverted polarity.
    double sum = 0.0;
    for (float x : sound) sum -= static_cast<double>(x) - 1.0 / 32768.0;
    const double frames = sum * 48000.0 / kRate;
    CHECK(std::abs(frames / (0.5 * per_second * seconds) - 1.0) < 0.15);
  }
}

TEST(twist_noise_keeps_its_level_whatever_the_resonance) {
  const double broad = rms(render(engine(kNoise, 0.5f, 1.0f, 0.1f, 72.0f), 1.0), 9000);
  const double narrow = rms(render(engine(kNoise, 0.5f, 1.0f, 0.7f, 72.0f), 1.0), 9000);
  const auto expected = [](double morph) {
    const double q = 0.5 * std::exp2(10.0 * morph);
    return std::sqrt(q / (0.5 + q));
  };
  CHECK(std::abs(level_db(narrow, broad) - level_db(expected(0.7), expected(0.1))) < 1.5);
  const auto sound = render(engine(kNoise, 0.5f, 1.0f, 0.8f, 72.0f), 1.0);
  double inside = 0.0;
  double outside = 0.0;
  for (double f = 100.0; f < 3000.0; f += 7.0) {
    const double a = amplitude(sound, f, 9000);
    (std::abs(cents_between(f, 2.0 * kMiddleC)) < 200.0 ? inside : outside) += a * a;
  }
  CHECK(inside > 10.0 * outside);
}

TEST(twist_string_is_in_tune_without_stiffness) {
  for (float pitch : {45.0f, 60.0f, 72.0f}) {
    const auto sound = render(gated(engine(kString, 0.25f, 0.5f, 0.7f, pitch), 0.0f, 0.0f), 1.0);
    const double nominal = 440.0 * std::exp2((pitch - 69.0) / 12.0) * kTuning;
    // The loop is shortened by the delay of its analogue low-pass. The digital one, and what keeps
    // the loop free of an offset, differ a little from that.
    const double brightness = 0.25 + 0.2 * 0.75;
    const double damping = 0.7 + 0.2 * 0.3;
    const double c = 12.0 + 60.0 * damping * damping + 24.0 * brightness;
    const double cutoff = nominal * std::exp2(c / 12.0);
    const double w = 2.0 * std::numbers::pi * nominal;  // rad/s
    const double analogue = 2.0 * std::atan(std::exp2(-c / 12.0)) / w;
    const double digital =
        2.0 *
        std::atan(std::tan(0.5 * w / 48000.0) / std::tan(std::numbers::pi * cutoff / 48000.0)) / w;
    const double lead = std::atan(20.0 / w) / w;
    const double hz = 1.0 / (1.0 / nominal - analogue + digital - lead);
    CHECK(std::abs(cents_between(peak_hz(sound, hz, 40.0, 8000), hz)) < 1.5);
  }
}

TEST(twist_low_string_runs_at_a_lower_rate) {
  const auto sound = render(engine(kString, 0.25f, 0.6f, 0.8f, 24.0f), 3.0);
  const double hz = 440.0 * std::exp2((24.0 - 69.0) / 12.0) * kTuning;
  double strongest = 0.0;
  double strongest_hz = 0.0;
  for (double cents = -60.0; cents <= 60.0; cents += 2.0) {
    double sum = 0.0;
    const double f = hz * std::exp2(cents / 1200.0);
    for (int number = 2; number <= 6; ++number) sum += amplitude(sound, f * number, 20000);
    if (sum > strongest) {
      strongest = sum;
      strongest_hz = f;
    }
  }
  CHECK(std::abs(cents_between(strongest_hz, hz)) < 12.0);
}

TEST(twist_modal_is_harmonic_without_stiffness) {
  const Setup setup = gated(engine(kModal, 0.275f, 0.6f, 0.6f), 0.0f, 0.5f);
  const auto sound = render(setup, 1.5);
  for (int number : {1, 2, 3, 5}) {
    const double hz = kMiddleC * number;
    CHECK(std::abs(cents_between(peak_hz(sound, hz, 25.0, 4000), hz)) < 2.0);
    CHECK(amplitude(sound, hz, 4000) > 20.0 * amplitude(sound, hz * 1.06, 4000));
  }
}

TEST(twist_modal_rings_longer_with_more_morph) {
  const auto fall = [](float morph) {
    const auto sound = render(gated(engine(kModal, 0.275f, 0.5f, morph), 0.0f, 0.5f), 1.0);
    return rms(sound, 60000, 80000) / rms(sound, 4000, 8000);
  };
  CHECK(fall(0.8f) > 3.0 * fall(0.4f));
}

TEST(twist_speech_has_the_formants_of_its_vowel) {
  // An i of the third register: formants at notes 60 and 93, nothing between.
  const auto sound = render(engine(kSpeech, 0.0f, 0.5f, 0.5f, 33.0f), 1.0);
  const auto near = [&](double note) {
    double best = 0.0;
    const double centre = 440.0 * std::exp2((note - 69.0) / 12.0);
    for (int number = 1; number < 80; ++number) {
      const double hz = 55.0 * kTuning * number;
      if (std::abs(cents_between(hz, centre)) > 250.0) continue;
      best = std::max(best, amplitude(sound, hz, 9000));
    }
    return best;
  };
  CHECK(near(60.0) > 5.0 * near(78.0));
  CHECK(near(93.0) > 1.5 * near(83.0));
}

TEST(twist_speech_moves_between_its_voices) {
  std::vector<float> last;
  for (float harmonics : {0.0f, 0.12f, 0.25f, 0.4f}) {
    const auto sound = render(engine(kSpeech, harmonics, 0.5f, 0.3f), 0.2);
    CHECK(rms(sound, 4000) > 0.02);
    CHECK(sound != last);
    last = sound;
  }
}

TEST(twist_gate_closes_with_its_decay) {
  const auto later = [](float decay, float colour) {
    const auto sound = render(gated(engine(kHarmonic, 0.0f, 0.0f, 1.0f), colour, decay), 1.0);
    return rms(sound, 9000, 13000) / rms(sound, 500, 2000);
  };
  CHECK(later(0.2f, 0.5f) < 0.01);
  CHECK(later(0.9f, 0.5f) > 0.1);
}

// Until the gate opens there is only the converter's offset.
TEST(twist_output_has_16_bits) {
  const auto sound = render(gated(engine(kModal, 0.5f, 0.5f, 0.0f), 0.0f, 0.0f), 2.0);
  for (std::size_t i = sound.size() - 1000; i < sound.size(); ++i) {
    CHECK(std::abs(sound[i] * 32768.0f - 1.0f) < 1e-2f);
  }
}

TEST(twist_string_pulls_loud_sounds_down) {
  for (int number : {kString, kModal, kNoise, kSwarm, kParticles}) {
    const auto sound = render(engine(number, 0.5f, 1.0f, 1.0f), 1.0);
    CHECK(rms(sound, 40000) < 0.85);
    CHECK(rms(sound, 40000) > 0.05);
  }
}

TEST(twist_pans_main_and_alternative_signal) {
  Setup setup = engine(kWaveforms, 0.6f, 0.5f, 0.4f);
  const auto main = render(setup, 0.1);
  const auto aux = render(alternative(setup), 0.1);
  setup.model.stereo = true;
  const auto together = render_stereo(setup, 0.1);
  CHECK(together.left == main);
  CHECK(together.right == main);
  setup.model.options[4].extended = true;
  const auto swapped = render_stereo(setup, 0.1);
  CHECK(swapped.left == aux);
  CHECK(swapped.right == main);
}

TEST(twist_modulator_moves_the_note) {
  Setup setup = engine(kHarmonic, 0.0f, 0.0f, 1.0f);
  std::array<float, kOscillatorBlockSamples> modulator;
  modulator.fill(0.25f);
  setup.controls.modulator = modulator.data();
  setup.controls.fm_gain = std::pow(10.0f, -12.0f / 20.0f);
  const double n = 36.0 / 72.0;
  const double semitones = 1.05 * n * (n - 0.05) * 137.0 * 0.25;
  const double hz = kMiddleC * std::exp2(semitones / 12.0);
  const auto sound = render(setup, 0.4);
  CHECK(std::abs(cents_between(peak_hz(sound, hz, 40.0, 8000), hz)) < 2.0);
}

TEST(twist_depends_on_the_seed_alone) {
  for (int number = 0; number < kNumTwistEngines; ++number) {
    const Setup setup = engine(number, 0.4f, 0.6f, 0.5f);
    const auto once = render(setup, 0.05, 5);
    CHECK(render(setup, 0.05, 5) == once);
    const bool random = number == kSwarm || number == kNoise || number == kParticles ||
                        number == kString || number == kModal || number == kSnare ||
                        number == kHiHat;
    // Dust may need a while to fall.
    const auto longer = render(setup, 0.5, 5);
    CHECK_EQ(render(setup, 0.5, 6) != longer, random);
  }
}

TEST(twist_starts_anywhere_without_retrigger) {
  Setup setup = engine(kWaveforms, 0.5f, 0.5f, 0.5f);
  setup.model.retrigger = false;
  CHECK(render(setup, 0.02, 1) != render(setup, 0.02, 2));
}

TEST(twist_engines_sound) {
  for (int number = 0; number < kNumTwistEngines; ++number) {
    for (const Setup& setup :
         {engine(number, 0.4f, 0.6f, 0.5f), alternative(engine(number, 0.4f, 0.6f, 0.5f)),
          gated(engine(number, 0.4f, 0.6f, 0.5f), 0.5f, 0.5f)}) {
      const auto sound = render(setup, 0.6);
      CHECK(rms(sound) > 0.002);
      CHECK(rms(sound) < 0.9);
    }
  }
}

TEST(twist_is_finite_whatever_it_is_given) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInf = std::numeric_limits<float>::infinity();
  std::array<float, kOscillatorBlockSamples> modulator;
  for (std::size_t i = 0; i < modulator.size(); ++i) {
    modulator[i] = i % 3 == 0 ? 1e9f : i % 3 == 1 ? -1e9f : 0.3f;
  }
  for (int number = -1; number <= kNumTwistEngines; ++number) {
    for (float value : {kNan, kInf, -kInf, 1e30f, -1e30f, 0.0f, 127.0f, -20.0f}) {
      for (int variant = 0; variant < 4; ++variant) {
        Setup setup = engine(number, 0.5f, 0.5f, 0.5f);
        setup.controls.values.fill(value);
        setup.start.values.fill(value);
        setup.controls.pitch = setup.start.pitch = value;
        setup.controls.fm_gain = value;
        setup.model.options[5].deactivated = variant % 2 == 0;
        if (variant >= 2) setup.controls.modulator = modulator.data();
        for (float x : render(setup, 0.02)) {
          if (std::isfinite(x) && std::abs(x) < 4.0f) continue;
          CHECK(std::isfinite(x));
          CHECK(std::abs(x) < 4.0f);
          break;
        }
      }
    }
  }
}

}  // namespace
}  // namespace synthrl::surge
