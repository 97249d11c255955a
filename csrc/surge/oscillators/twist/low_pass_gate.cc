#include "surge/oscillators/twist/low_pass_gate.h"

namespace synthrl::surge::twist {

float GateEnvelope::next(float frequency, float decay, float colour) noexcept {
  constexpr float kQuick = 0.6f;
  const float slow = 0.05f * std::exp2(-8.0f * decay);
  const float tail = 0.005f * std::exp2(-6.0f * decay + colour) - slow;
  float target = 0.0f;
  if (rising_) {
    ramp_ += 24.0f * frequency;
    if (ramp_ >= 1.0f) {
      ramp_ = 1.0f;
      rising_ = false;
    }
    target = ramp_;
  }
  const float error = target - level_;
  const float square = level_ * level_;
  const float follow = error > 0.0f ? kQuick : slow + (1.0f - square * square) * tail;
  level_ = clamp01(level_ + follow * error);
  return level_;
}

void LowPassGate::process(float level, float colour, float* samples, int num_frames) noexcept {
  const float square = level * level;
  const SvfCoefficients c(0.003f + 0.3f * square * square + 0.04f * colour, 0.4f);
  const float closed = (1.0f - level) * (1.0f - level);
  const float bleed = (closed + (1.0f - closed) * colour) * colour * colour;
  Ramp gain(last_level_, level, num_frames);
  for (int i = 0; i < num_frames; ++i) {
    const float x = gain.next() * samples[i];
    const float low = filter_.process(x, c).low;
    samples[i] = low + (x - low) * bleed;
  }
}

}  // namespace synthrl::surge::twist
