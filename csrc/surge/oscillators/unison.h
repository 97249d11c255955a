// How the voices of an oscillator in unison share pitch, level and panorama.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/oscillator_tables.h"

namespace synthrl::surge {

inline constexpr int kMaxUnison = 16;

// Above this note number several conversions of pitch stop.
inline constexpr float kHighestPitch = 148.0f;

struct Unison {
  // Patches hold any number of voices; it is limited to 1 and `max_voices`.
  explicit Unison(std::int32_t voices = 1, int max_voices = kMaxUnison) noexcept
      : num_voices(voices < 1 ? 1 : (voices > max_voices ? max_voices : voices)),
        gain(1.0f / std::sqrt(static_cast<float>(num_voices))) {
    const float middle = 0.5f * static_cast<float>(num_voices - 1);
    for (int v = 0; v < num_voices; ++v) {
      const auto i = static_cast<std::size_t>(v);
      const auto voice = static_cast<float>(v);
      position[i] =
          num_voices > 1 ? 2.0f * voice / static_cast<float>(num_voices - 1) - 1.0f : 0.0f;
      float distance = num_voices > 1 ? std::fabs(voice - middle) / middle : 0.0f;
      // Neighbours in pitch go to opposite sides.
      if (num_voices % 2 == 1 && v >= num_voices / 2) distance = -distance;
      if (v % 2 == 1) distance = -distance;
      side[i] = distance;
    }
  }

  // Gains of voice `v` that sum to 2.
  float left(int v) const noexcept { return 1.0f - side[static_cast<std::size_t>(v)]; }
  float right(int v) const noexcept { return 1.0f + side[static_cast<std::size_t>(v)]; }

  int num_voices;
  float gain;                                // of every voice
  std::array<float, kMaxUnison> position{};  // in pitch, -1 to 1
  std::array<float, kMaxUnison> side{};      // in the panorama, -1 left to 1 right
};

// Semitones between the middle and the outer voices.
inline float unison_detune(float amount, const OscillatorOptions& options) noexcept {
  return options.extended ? 12.0f * amount : amount;
}

// Semitones at `pitch` per semitone of an interval that is meant as a number of Hz: a detune of 1
// is then 8 Hz.
inline float absolute_detune_scale(float pitch) noexcept {
  return (16.0f / 0.9443f) * interval_to_ratio(-std::min(pitch, kHighestPitch));
}

}  // namespace synthrl::surge
