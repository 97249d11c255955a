// What holds for every effect.
#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "surge/dsp/rng.h"
#include "surge_effect_test.h"

namespace synthrl::test {

// Whether output stays finite while every block has other control values, drawn from ranges
// `excess` times as wide as those of the parameters, with loud noise as input. `seed` also sets
// the options and the integers of the model.
inline bool stays_finite(int type, float excess, std::uint64_t seed) {
  surge::Rng rng(seed);
  const surge::EffectType& info = *surge::find_effect_type(type);
  surge::EffectModel model;
  model.type = type;
  model.tempo_ratio = std::exp2(2.0f * rng.bipolar());
  const auto draw = [&](std::size_t i, float width) {
    const surge::EffectParamInfo& param = info.params[i];
    const float middle = 0.5f * (param.minimum + param.maximum);
    return middle + 0.5f * width * (param.maximum - param.minimum) * rng.bipolar();
  };
  for (std::size_t i = 0; i < surge::kNumEffectParams; ++i) {
    const surge::EffectParamInfo& param = info.params[i];
    model.values[i] = draw(i, 1.0f);
    if (param.kind == surge::EffectParamKind::kInteger) {
      const auto choices = static_cast<std::uint32_t>(param.maximum - param.minimum) + 1;
      model.integers[i] = static_cast<std::int32_t>(param.minimum) +
                          static_cast<std::int32_t>(rng.bits() % choices);
      model.values[i] = static_cast<float>(model.integers[i]);
    }
    model.options[i].deactivated = rng.bits() % 4 == 0;
    model.options[i].extend_range = rng.bits() % 2 == 0;
    model.options[i].temposync = rng.bits() % 2 == 0;
  }
  const auto unit = make_effect(model);
  StereoSignal noise(16384);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    noise.left[i] = 8.0f * rng.bipolar();
    noise.right[i] = 8.0f * rng.bipolar();
  }
  const StereoSignal output = play_through(
      *unit, model, noise, {}, seed, [&](std::size_t block, surge::EffectValues& values) {
        for (std::size_t i = 0; i < surge::kNumEffectParams; ++i) {
          const surge::EffectParamKind kind = info.params[i].kind;
          if (kind == surge::EffectParamKind::kFloat) values[i] = draw(i, excess);
          // As far out as modulation gets.
          if (kind == surge::EffectParamKind::kFloat && block % 64 == 63) {
            values[i] = rng.bits() % 2 == 0 ? 1e6f : -1e6f;
          }
        }
      });
  const auto finite = [](float x) { return std::isfinite(x); };
  return std::all_of(output.left.begin(), output.left.end(), finite) &&
         std::all_of(output.right.begin(), output.right.end(), finite);
}

inline void check_stays_finite(int type) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CHECK(stays_finite(type, 1.0f, seed));
    CHECK(stays_finite(type, 3.0f, seed));
  }
}

// The loudest sample of the last second, two seconds after the end of the test signal.
inline float loudest_tail(const surge::EffectModel& model) {
  constexpr std::size_t kSecond = 44100 / surge::kBlockSamples * surge::kBlockSamples;
  StereoSignal signal = effect_test_signal();
  signal.left.resize(kSignalStart + 8192 + 3 * kSecond);
  signal.right.resize(signal.left.size());
  const auto unit = make_effect(model);
  const StereoSignal output = play_through(*unit, model, signal);
  float loudest = 0.0f;
  for (std::size_t i = output.size() - kSecond; i < output.size(); ++i) {
    loudest = std::max({loudest, std::fabs(output.left[i]), std::fabs(output.right[i])});
  }
  return loudest;
}

}  // namespace synthrl::test
