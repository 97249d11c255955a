// Patches made in code, for tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "surge/instrument.h"
#include "surge/patch.h"
#include "surge/prepared_patch.h"

namespace synthrl::test {

// Sets a parameter of either kind.
inline void set(surge::Scene& scene, surge::SceneParam param, float value) {
  scene.params.values[surge::index_of(param)] = value;
  scene.params.integers[surge::index_of(param)] = static_cast<std::int32_t>(value);
}
inline void set(surge::Patch& patch, surge::GlobalParam param, float value) {
  patch.globals.values[surge::index_of(param)] = value;
  patch.globals.integers[surge::index_of(param)] = static_cast<std::int32_t>(value);
}

// Every parameter at its initial value; the first oscillator of each scene a sine that starts at
// the same phase each time, and nothing after it.
inline surge::Patch initial_patch() {
  using namespace surge;
  Patch patch;
  for (Scene& scene : patch.scenes) {
    for (int i = 0; i < kNumSceneParams; ++i) {
      set(scene, static_cast<SceneParam>(i), info(static_cast<SceneParam>(i)).initial);
    }
    set(scene, osc_param(0, OscParam::kType), static_cast<float>(OscillatorType::kSine));
    set(scene, osc_param(0, OscParam::kRetrigger), 1);
    for (int i = 0; i < kNumOscillators; ++i) {
      set(scene, osc_type_param(i, 6), 1);  // one unison voice
      scene.params.options[index_of(osc_type_param(i, 3))].deactivated = true;
      scene.params.options[index_of(osc_type_param(i, 4))].deactivated = true;
    }
  }
  for (int i = 0; i < static_cast<int>(GlobalParam::kEffects); ++i) {
    set(patch, static_cast<GlobalParam>(i), info(static_cast<GlobalParam>(i)).initial);
  }
  set(patch, GlobalParam::kVolume, 0.0f);
  return patch;
}

struct StereoSound {
  std::vector<float> left;
  std::vector<float> right;
};

inline StereoSound play(surge::Instrument& instrument, const surge::Patch& patch,
                        const NoteEvent& note, std::size_t num_samples, std::uint64_t seed = 0,
                        bool stereo = true) {
  const surge::PreparedPatch prepared(patch);
  StereoSound sound{.left = std::vector<float>(num_samples),
                    .right = std::vector<float>(stereo ? num_samples : 0)};
  instrument.render(prepared, note, seed, nullptr, sound.left, sound.right);
  return sound;
}

}  // namespace synthrl::test
