// Plays oscillators of the Surge engine and measures the partials of what they play.
#pragma once

#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numbers>
#include <vector>

#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/oscillator_tables.h"

namespace synthrl::test {

inline constexpr double kHostRateHz = 48000.0;
inline constexpr double kRateHz = 2.0 * kHostRateHz;

inline const surge::OscillatorTables& oscillator_tables() {
  static const surge::OscillatorTables tables(kHostRateHz);
  return tables;
}

// A model without unison, tone filter, cuts or drift, that starts the same way each time.
inline surge::OscillatorModel plain_model(surge::OscillatorType type) {
  surge::OscillatorModel model;
  model.type = type;
  model.retrigger = true;
  model.character = surge::Character::kNeutral;
  model.integers[6] = 1;
  for (auto& options : model.options) options.deactivated = true;
  return model;
}

struct Sound {
  std::vector<float> left;
  std::vector<float> right;
};

// What happens in a block.
using Change = std::function<void(std::size_t block, surge::OscillatorControls& controls)>;

// Starts a note with the values of `controls` and plays whole blocks.
inline Sound play(const surge::OscillatorModel& model, surge::OscillatorControls controls,
                  std::size_t num_blocks, std::uint64_t seed = 1, const Change& change = {}) {
  surge::Oscillator oscillator(oscillator_tables());
  surge::OscillatorStart start;
  start.pitch = controls.pitch;
  start.values = controls.values;
  oscillator.start(model, start, seed);
  Sound sound;
  std::array<float, surge::kOscillatorBlockSamples> left{};
  std::array<float, surge::kOscillatorBlockSamples> right{};
  for (std::size_t block = 0; block < num_blocks; ++block) {
    if (change) change(block, controls);
    oscillator.process(controls, left, right);
    sound.left.insert(sound.left.end(), left.begin(), left.end());
    sound.right.insert(sound.right.end(), right.begin(), right.end());
  }
  return sound;
}

inline double hz_of(double note) { return 440.0 * std::exp2((note - 69.0) / 12.0); }

// Amplitude and phase at `hz` in the last `count` samples, relative to their start.
inline std::complex<double> partial(const std::vector<float>& samples, double hz,
                                    std::size_t count) {
  constexpr double kPi = std::numbers::pi;
  const std::size_t first = samples.size() - count;
  std::complex<double> sum = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = 2.0 * kPi * (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    // Blackman-Harris: partials four bins away do not leak.
    const double window =
        0.35875 - 0.48829 * std::cos(x) + 0.14128 * std::cos(2.0 * x) - 0.01168 * std::cos(3.0 * x);
    const double angle = -2.0 * kPi * hz * static_cast<double>(i) / kRateHz;
    sum += window * static_cast<double>(samples[first + i]) * std::polar(1.0, angle);
    total += window;
  }
  return 2.0 * sum / total;
}

inline double level(const std::vector<float>& samples, double hz, std::size_t count = 32768) {
  return std::abs(partial(samples, hz, count));
}

inline double decibels(double amplitude) { return 20.0 * std::log10(std::max(amplitude, 1e-12)); }

// Root mean square of the last `count` samples.
inline double root_mean_square(const std::vector<float>& samples, std::size_t count) {
  double sum = 0.0;
  for (std::size_t i = samples.size() - count; i < samples.size(); ++i) {
    sum += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  }
  return std::sqrt(sum / static_cast<double>(count));
}

// What the band-limited impulses and the leaky integrator make of an ideal wave's partial at `hz`.
inline double impulse_train_gain(double hz) {
  constexpr double kPi = std::numbers::pi;
  double kernel = 0.0;
  constexpr int kFine = 256;
  for (int i = -6 * kFine; i <= 6 * kFine; ++i) {
    const double x = static_cast<double>(i) / kFine;
    const double window =
        0.42 + 0.5 * std::cos(2.0 * kPi * x / 12.0) + 0.08 * std::cos(4.0 * kPi * x / 12.0);
    const double argument = kPi * 0.455 * x;
    const double sinc = i == 0 ? 1.0 : std::sin(argument) / argument;
    kernel += window * 0.455 * sinc * std::cos(2.0 * kPi * hz / kRateHz * x) / kFine;
  }
  const double leak = std::pow(1.0 - 40.0 / kHostRateHz, 2.0);
  const std::complex<double> z = std::polar(1.0, -2.0 * kPi * hz / kRateHz);
  // An ideal integrator turns the impulses of a wave into the wave.
  const double ideal = 2.0 * kPi * hz / kRateHz;
  return kernel * ideal / std::abs(1.0 - leak * z);
}

// Whether all samples are finite and within +-`limit`.
inline bool bounded(const std::vector<float>& samples, float limit) {
  for (const float sample : samples) {
    if (!(std::fabs(sample) <= limit)) return false;
  }
  return true;
}

// Plays all kinds of absurd values; whether the result stays within +-`limit`.
inline bool survives_extremes(surge::OscillatorModel model, float limit) {
  constexpr float kExtremes[] = {0.0f,
                                 1.0f,
                                 -1.0f,
                                 1e30f,
                                 -1e30f,
                                 1e-30f,
                                 0.001f,
                                 127.0f,
                                 -60.0f,
                                 12.0f,
                                 std::numeric_limits<float>::quiet_NaN(),
                                 std::numeric_limits<float>::infinity()};
  constexpr std::int32_t kIntegers[] = {0, 1, 16, -2147483647 - 1, 2147483647, 7};
  std::array<float, surge::kOscillatorBlockSamples> modulator{};
  for (std::size_t i = 0; i < modulator.size(); ++i) {
    modulator[i] = std::sin(0.3f * static_cast<float>(i));
  }
  for (std::size_t i = 0; i < 64; ++i) {
    surge::OscillatorModel odd = model;
    odd.stereo = i % 2 == 0;
    odd.retrigger = i % 3 == 0;
    odd.random_drift_start = true;
    for (std::size_t p = 0; p < odd.integers.size(); ++p) {
      odd.integers[p] = i == 0 ? model.integers[p] : kIntegers[(i + p) % std::size(kIntegers)];
      odd.options[p].extended = (i >> (p % 3)) % 2 == 1;
      odd.options[p].absolute = (i >> ((p + 1) % 4)) % 2 == 1;
      odd.options[p].deactivated = i % 4 != 0;
      odd.stored[p] = kExtremes[(i * 5 + p) % std::size(kExtremes)];
    }
    surge::OscillatorControls controls;
    controls.pitch = 60.0f;
    const Sound sound = play(odd, controls, 24, i, [&](std::size_t block, auto& now) {
      for (std::size_t p = 0; p < now.values.size(); ++p) {
        now.values[p] = kExtremes[(i * 7 + block * 3 + p * 5) % std::size(kExtremes)];
      }
      now.pitch = block % 4 == 0 ? 60.0f : kExtremes[(i + block) % std::size(kExtremes)];
      now.drift = kExtremes[(i + 2 * block) % std::size(kExtremes)];
      now.fm_gain = kExtremes[(2 * i + block) % std::size(kExtremes)];
      now.modulator = i % 2 == 1 ? modulator.data() : nullptr;
    });
    if (!bounded(sound.left, limit)) return false;
    if (odd.stereo && !bounded(sound.right, limit)) return false;
  }
  return true;
}

}  // namespace synthrl::test
