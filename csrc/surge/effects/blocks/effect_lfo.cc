#include "surge/effects/blocks/effect_lfo.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge {
namespace {

float fraction(float x) { return x - std::floor(x); }

// Falls back in the last 2 % of the cycle.
float saw(float phase) {
  constexpr float kTurn = 0.98f;
  return phase < kTurn ? 2.0f * phase / kTurn - 1.0f
                       : 1.0f - 2.0f * (phase - kTurn) / (1.0f - kTurn);
}

float trapezoid(float phase) {
  if (phase < 0.49f) return 1.0f;
  if (phase < 0.5f) return 50.0f - 100.0f * phase;
  if (phase < 0.99f) return -1.0f;
  return 100.0f * phase - 99.0f;
}

}  // namespace

void EffectLfo::restart(std::uint64_t seed) {
  *this = EffectLfo(*tables_, draws_);
  rng_ = Rng(seed);
}

void EffectLfo::set_steps(int steps) {
  for (LateLine& output : outputs_) output.set_steps(steps);
  depth_.set_steps(steps);
}

void EffectLfo::advance() {
  for (LateLine& output : outputs_) output.advance();
  depth_.advance();
}

void EffectLfo::draw(float width) {
  for (float& value : drawn_) value = rng_.bipolar();
  const float mixed = 0.5f * (1.0f - width * width * width);
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
    const float difference = drawn_[i + 1] - drawn_[i];
    drawn_[i] += mixed * difference;
    drawn_[i + 1] -= mixed * difference;
  }
}

void EffectLfo::update(Wave wave, float rate, float depth, float offset, float width) noexcept {
  const float distance = 0.25f * std::clamp(width, 0.0f, 1.0f);
  float base = offset;
  if (rate > 0.0f) {
    phase_ = fraction(phase_ + rate);
    base = phase_ + offset;
  }
  std::array<float, kOutputs> phases;
  for (std::size_t i = 0; i < kOutputs; ++i) {
    phases[i] = fraction(base + static_cast<float>(i) * distance);
  }

  const bool random = wave == Wave::kNoise || wave == Wave::kHold;
  if (random) {
    const int step = static_cast<int>(16.0f * std::clamp(offset, -1e3f, 1e3f));
    const bool stands = !(rate > 0.0f);
    const bool moved = stands && step != last_step_;
    if (draws_ == Draws::kTogether) {
      if (first_ || moved || (!stands && fraction(base) - rate <= 0.0f)) {
        draw(wave == Wave::kHold ? std::clamp(width, 0.0f, 1.0f) : 1.0f);
      }
    } else {
      for (std::size_t i = 0; i < kOutputs; ++i) {
        if (first_ || moved || (!stands && phases[i] < last_phase_[i])) drawn_[i] = rng_.bipolar();
      }
    }
    last_step_ = step;
    last_phase_ = phases;
  }

  for (std::size_t i = 0; i < kOutputs; ++i) {
    const float p = phases[i];
    float value = 0.0f;
    switch (wave) {
      case Wave::kSine:
        value = tables_->sine(p);
        break;
      case Wave::kTriangle:
        value = 2.0f * std::fabs(2.0f * p - 1.0f) - 1.0f;
        break;
      case Wave::kSawUp:
        value = saw(p);
        break;
      case Wave::kSawDown:
        value = -saw(p);
        break;
      case Wave::kSquare:
        value = trapezoid(p);
        break;
      case Wave::kNoise: {
        constexpr float kJump = 0.98f;
        const float now = outputs_[i].value();
        value = rate >= kJump || first_
                    ? drawn_[i]
                    : std::clamp(now + 2.0f * rate * (drawn_[i] - now), -1.0f, 1.0f);
        break;
      }
      case Wave::kHold:
        value = drawn_[i];
        break;
    }
    outputs_[i].set(value);
  }
  depth_.set(depth);
  first_ = false;
}

}  // namespace synthrl::surge
