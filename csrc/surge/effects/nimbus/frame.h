// What the parts of the Nimbus effect pass to each other: samples at 32 kHz.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace synthrl::surge::nimbus {

inline constexpr double kSampleRate = 32'000.0;
// Frames processed at a time.
inline constexpr std::size_t kGroup = 8;

struct Frame {
  float left = 0.0f;
  float right = 0.0f;

  friend Frame operator+(Frame a, Frame b) { return {a.left + b.left, a.right + b.right}; }
  friend Frame operator-(Frame a, Frame b) { return {a.left - b.left, a.right - b.right}; }
  friend Frame operator*(float gain, Frame a) { return {gain * a.left, gain * a.right}; }
  Frame& operator+=(Frame other) { return *this = *this + other; }
};
using Group = std::array<Frame, kGroup>;

// Controls of a group.
struct Settings {
  float position = 0.0f;  // all but the pitch 0 to 1
  float size = 0.0f;
  float density = 0.0f;
  float texture = 0.0f;
  float spread = 0.0f;
  float feedback = 0.0f;
  float reverb = 0.0f;
  float pitch = 0.0f;  // in semitones
  bool freeze = false;
};

// What fits into the memory of the hardware this engine was made for.
struct Quality {
  bool mono;
  bool half_rate;      // and 8 bits per sample
  std::size_t length;  // of the recording, in its samples
  std::size_t grains;
};
inline constexpr std::array<Quality, 4> kQualities{{{false, false, 32696, 32},
                                                    {true, false, 59384, 40},
                                                    {false, true, 65400, 46},
                                                    {true, true, 118776, 57}}};

// Semitones to a ratio, in steps of 1/256 semitone.
inline float pitch_ratio(float semitones) {
  return std::exp2(std::floor(semitones * 256.0f) * (1.0f / (256.0f * 12.0f)));
}

// The nearest 16-bit sample towards 0.
inline std::int16_t to_int16(float scaled) {
  return static_cast<std::int16_t>(std::clamp(scaled, -32768.0f, 32767.0f));
}
inline constexpr float kFromInt16 = 1.0f / 32768.0f;

// Straight for small signals; a ninth of the input far out.
inline float soft_limit(float x) {
  const float square = x * x;
  return x * (27.0f + square) / (27.0f + 9.0f * square);
}

}  // namespace synthrl::surge::nimbus
