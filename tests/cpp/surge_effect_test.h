// Plays test signals through effects.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <memory>
#include <numbers>
#include <span>
#include <vector>

#include "check.h"
#include "surge/effects/effect.h"
#include "surge/effects/registry.h"

namespace synthrl::test {

struct StereoSignal {
  std::vector<float> left;
  std::vector<float> right;

  explicit StereoSignal(std::size_t length = 0) : left(length), right(length) {}
  std::size_t size() const { return left.size(); }
};

// A sine on the left, a sawtooth on the right, 8192 samples in all, after and before silence.
inline constexpr std::size_t kSignalStart = 4096;
inline StereoSignal effect_test_signal() {
  StereoSignal signal(kSignalStart + 32768);
  for (std::size_t i = 0; i < 8192; ++i) {
    const auto n = static_cast<double>(i);
    signal.left[kSignalStart + i] =
        static_cast<float>(0.5 * std::sin(2.0 * std::numbers::pi * 0.0117 * n));
    signal.right[kSignalStart + i] =
        static_cast<float>(0.5 * (0.0073 * n - std::floor(0.0073 * n) - 0.5));
  }
  return signal;
}

inline const surge::Plan& effect_test_plan() {
  static const surge::Plan plan({.sample_rate = 44100.0});
  return plan;
}

// All parameters active, neither extended nor in time with the tempo. Missing values are 0.
inline surge::EffectModel effect_test_model(int type, std::initializer_list<float> values) {
  surge::EffectModel model;
  model.type = type;
  std::size_t i = 0;
  for (const float value : values) {
    model.values[i] = value;
    model.integers[i] = static_cast<std::int32_t>(std::lround(value));
    ++i;
  }
  return model;
}

inline std::unique_ptr<surge::EffectUnit> make_effect(const surge::EffectModel& model) {
  const surge::EffectType* type = surge::find_effect_type(model.type);
  if (type == nullptr) {
    fail(__FILE__, __LINE__, "no such type of effect");
    std::abort();
  }
  return type->make(effect_test_plan(), surge::effect_variant(model));
}

// Samples at which a chain begins and ceases to have input. By default it has all the time.
struct InputRange {
  std::size_t begin = 0;
  std::size_t end = static_cast<std::size_t>(-1);
};

// Starts `unit` and plays a signal through it as a chain does: idle while there is no input, but
// for its ring-out. `control` may change the values of a block.
inline StereoSignal play_through(
    surge::EffectUnit& unit, const surge::EffectModel& model, StereoSignal signal,
    InputRange input = {}, std::uint64_t seed = 1,
    const std::function<void(std::size_t block, surge::EffectValues&)>& control = {}) {
  constexpr std::size_t kBlock = surge::kBlockSamples;
  unit.start(model, seed);
  surge::EffectControls controls;
  controls.blocks_since_input = 10'000'000;
  for (std::size_t begin = 0; begin + kBlock <= signal.size(); begin += kBlock) {
    controls.values = model.values;
    if (control) control(begin / kBlock, controls.values);
    const bool present = begin + kBlock > input.begin && begin < input.end;
    controls.blocks_since_input = present ? 0 : controls.blocks_since_input + 1;
    const surge::StereoBlock block{std::span<float, kBlock>(signal.left.data() + begin, kBlock),
                                   std::span<float, kBlock>(signal.right.data() + begin, kBlock)};
    const std::int64_t ring = unit.ring_out_blocks();
    if (ring < 0 || controls.blocks_since_input < ring || present) {
      unit.process(controls, block);
    } else {
      unit.idle(controls);
    }
  }
  return signal;
}

// What an effect makes of effect_test_signal(): samples at n = 50, 511, 2003, 5021, 9001 and 15013
// after its start, and the root mean square from there on.
struct EffectVector {
  std::array<float, 6> left;
  std::array<float, 6> right;
  float rms_left;
  float rms_right;
};

inline float effect_rms(const std::vector<float>& samples) {
  double sum = 0.0;
  for (std::size_t i = kSignalStart; i < samples.size(); ++i) {
    sum += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  }
  return static_cast<float>(std::sqrt(sum / static_cast<double>(samples.size() - kSignalStart)));
}

// The largest distance from a vector. Where silence is listed, less than 5e-7 counts as none.
inline float effect_vector_error(const StereoSignal& output, const EffectVector& vector) {
  constexpr std::array<std::size_t, 6> kPlaces{50, 511, 2003, 5021, 9001, 15013};
  float worst = std::max(std::fabs(effect_rms(output.left) - vector.rms_left),
                         std::fabs(effect_rms(output.right) - vector.rms_right));
  for (std::size_t i = 0; i < kPlaces.size(); ++i) {
    worst = std::max(worst, std::fabs(output.left[kSignalStart + kPlaces[i]] - vector.left[i]));
    worst = std::max(worst, std::fabs(output.right[kSignalStart + kPlaces[i]] - vector.right[i]));
  }
  return worst;
}

// The distance from a vector of a fresh unit, and of the same once more after it was used.
inline float effect_vector_error(const surge::EffectModel& model, const EffectVector& vector) {
  const auto unit = make_effect(model);
  const StereoSignal first = play_through(*unit, model, effect_test_signal());
  const StereoSignal second = play_through(*unit, model, effect_test_signal());
  if (first.left != second.left || first.right != second.right) {
    fail(__FILE__, __LINE__, "the second use of an effect differs from the first");
  }
  const float error = effect_vector_error(first, vector);
  std::cout << "  error of type " << model.type << ": " << error << '\n';
  return error;
}

}  // namespace synthrl::test
