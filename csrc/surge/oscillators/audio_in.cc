#include "surge/oscillators/audio_in.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge {

void AudioInOscillator::start(const OscillatorModel& model, const OscillatorStart&, std::uint64_t,
                              const OscillatorTables& tables) noexcept {
  stereo_ = model.stereo;
  scene_b_ = model.scene_b;
  cuts_ = Cuts(!model.options[5].deactivated, !model.options[6].deactivated, tables);
}

void AudioInOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                                OscillatorSpan right) noexcept {
  std::fill(left.begin(), left.end(), 0.0f);
  if (stereo_) std::fill(right.begin(), right.end(), 0.0f);
  const auto mix = [&](OscillatorInput in_left, OscillatorInput in_right, float balance,
                       float gain_db, float level) {
    const float gain = level * std::pow(10.0f, std::clamp(gain_db, -192.0f, 96.0f) / 20.0f);
    const float gain_left = gain * (1.0f - balance);
    const float gain_right = gain * (1.0f + balance);
    for (std::size_t i = 0; i < left.size(); ++i) {
      const float from_left = in_left != nullptr ? gain_left * in_left[i] : 0.0f;
      const float from_right = in_right != nullptr ? gain_right * in_right[i] : 0.0f;
      if (stereo_) {
        left[i] += from_left;
        right[i] += from_right;
      } else {
        left[i] += from_left + from_right;
      }
    }
  };
  const auto& values = controls.values;
  const float scene_a = scene_b_ ? std::clamp(values[4], 0.0f, 1.0f) : 0.0f;
  const auto balance = [](float value) { return std::clamp(value, -1.0f, 1.0f); };
  mix(controls.input_left, controls.input_right, balance(values[0]), values[1], 1.0f - scene_a);
  if (scene_a > 0.0f) {
    mix(controls.scene_a_left, controls.scene_a_right, balance(values[2]), values[3], scene_a);
  }
  cuts_.process(values[5], values[6], left.data(), stereo_ ? right.data() : nullptr);
}

}  // namespace synthrl::surge
