#include "surge/modulators/envelope.h"

#include <algorithm>
#include <cmath>

namespace synthrl::surge {

namespace {

constexpr float kInstantAttackRange = 0.01f;  // above the shortest time, log2 seconds
constexpr float kStealTime = -6.5f;           // log2 seconds

// Analog mode: volts of the supplies, relative to the level that ends the attack.
constexpr float kSupply = 1.5f;
constexpr float kPeak = 1.0f;
constexpr float kSilence = 1e-6f;

// Modulation of modulation can overflow.
float finite(float x, float otherwise) { return std::isfinite(x) ? x : otherwise; }

// p^(1/2), p, p^2 for the shapes of the attack; positions below 0 have no root.
float shaped_attack(float p, int shape) {
  if (shape <= 0) return std::sqrt(std::max(p, 0.0f));
  return shape == 1 ? p : p * p;
}

// The position at which `shaped_attack` is `level`.
float attack_position(float level, int shape) {
  if (shape <= 0) return level * level;
  return shape == 1 ? level : std::sqrt(level);
}

// p, p^2, p^3 for the shapes of the release.
float shaped_release(float p, int shape) {
  if (shape <= 0) return p;
  return shape == 1 ? p * p : p * p * p;
}

float cube(float x) { return x * x * x; }

// One block of decay from `p` towards `sustain`, at `rate` of the whole way per block.
float decayed(float p, float sustain, float rate, float time, int shape) {
  float low = p - rate;
  float high = p + rate;
  if (shape == 1) {
    const float root = std::sqrt(std::max(p, 0.0f));
    // A square, so both ends rise again when the root is below the rate.
    low = p - 2.0f * rate * root + rate * rate;
    high = p + 2.0f * rate * root + rate * rate;
    if ((sustain < 1e-3f && p < 1e-4f) || (sustain == 0.0f && time < -7.0f)) low = 0.0f;
    if (rate > 1.0f && low > sustain) low = sustain;
  } else if (shape >= 2) {
    const float root = std::cbrt(p);
    low = cube(root - rate);
    high = cube(root + rate);
  }
  return std::clamp(sustain, low, std::max(low, high));
}

}  // namespace

void Envelope::start(const ModulatorTables& tables, const EnvelopeModel& model,
                     float tempo_bpm) noexcept {
  *this = Envelope{};
  tables_ = &tables;
  model_ = model;
  tempo_ratio_ = tempo_bpm / 120.0f;
  analog_offset_ = 2.0f + std::log2(tables.block_seconds());
}

void Envelope::attack(const EnvelopeControls& controls) noexcept {
  gate_ = true;
  idle_ = false;
  attack_from(controls, 0.0f);
}

void Envelope::retrigger(const EnvelopeControls& controls, bool from_level) noexcept {
  if (!gate_) return;
  attack_from(controls, from_level ? level_ : 0.0f);
}

void Envelope::attack_from(const EnvelopeControls& controls, float level) noexcept {
  level_ = level;
  charge_ = level;
  last_charge_ = level;
  discharging_ = false;
  phase_ = level > 0.0f ? attack_position(level, controls.attack_shape) : 0.0f;
  stage_ = Stage::kAttack;
  if (finite(controls.attack, 0.0f) - kShortestTime < kInstantAttackRange) {
    stage_ = Stage::kDecay;
    phase_ = 1.0f;
    if (!controls.analog) level_ = 1.0f;
  }
}

void Envelope::release() noexcept {
  if (!gate_) return;
  gate_ = false;
  stage_ = Stage::kRelease;
  release_level_ = level_;
  phase_ = 1.0f;
}

void Envelope::steal(bool analog) noexcept {
  gate_ = false;
  stage_ = Stage::kFastRelease;
  release_level_ = level_;
  phase_ = 1.0f;
  if (analog) {
    level_ = 0.0f;
    charge_ = 0.0f;
    stage_ = Stage::kSilent;
    idle_ = true;
  }
}

float Envelope::tick(const EnvelopeControls& controls) noexcept {
  if (controls.analog) {
    tick_analog(controls);
  } else {
    tick_digital(controls);
  }
  return level_;
}

float Envelope::digital_rate(float time, bool synced) const noexcept {
  const float rate = tables_->rate(finite(time, 0.0f));
  return synced ? rate * tempo_ratio_ : rate;
}

void Envelope::tick_digital(const EnvelopeControls& controls) noexcept {
  float level = level_;
  switch (stage_) {
    case Stage::kAttack:
      phase_ += digital_rate(controls.attack, model_.attack_synced);
      if (phase_ >= 1.0f) {
        phase_ = 1.0f;
        stage_ = Stage::kDecay;
      }
      level = shaped_attack(phase_, controls.attack_shape);
      break;
    case Stage::kDecay: {
      const float rate = digital_rate(controls.decay, model_.decay_synced);
      phase_ = decayed(phase_, finite(controls.sustain, 0.0f), rate, controls.decay,
                       controls.decay_shape);
      level = phase_;
      break;
    }
    case Stage::kRelease:
    case Stage::kFastRelease: {
      const bool fast = stage_ == Stage::kFastRelease;
      phase_ -= fast ? digital_rate(kStealTime, false)
                     : digital_rate(controls.release, model_.release_synced);
      if (phase_ < 0.0f) {
        level = 0.0f;
        stage_ = Stage::kSilent;
      } else if (model_.gated_release && !fast) {
        level = release_level_;
      } else {
        level = release_level_ * shaped_release(phase_, controls.release_shape);
      }
      break;
    }
    case Stage::kSilent:
      level = 0.0f;
      idle_ = true;
      break;
  }
  level_ = std::clamp(level, 0.0f, 1.0f);
}

float Envelope::analog_coefficient(float time, bool synced) const noexcept {
  // The tempo scales the exponent here, not the rate.
  const float octaves = analog_offset_ - finite(time, 0.0f) * (synced ? tempo_ratio_ : 1.0f);
  return std::exp2(std::min(octaves, 0.0f));
}

void Envelope::tick_analog(const EnvelopeControls& controls) noexcept {
  if (stage_ == Stage::kSilent) {
    level_ = 0.0f;
    idle_ = true;
    return;
  }
  // The peak is seen one block late, so fast attacks pass it.
  discharging_ = gate_ && (discharging_ || last_charge_ > kPeak);
  last_charge_ = charge_;

  const float sustain = std::clamp(finite(controls.sustain, 0.0f), 0.0f, 1.0f);
  const float attack_supply = gate_ && !discharging_ ? kSupply : 0.0f;
  const float decay_supply = discharging_ ? sustain * sustain : kSupply;
  const float release_supply = gate_ ? kSupply : 0.0f;

  const float attack_drop = std::max(0.0f, attack_supply - charge_);
  // Only past the peak does the decay branch also charge.
  const float decay_drop =
      discharging_ && gate_ ? decay_supply - charge_ : std::min(0.0f, decay_supply - charge_);
  const float release_drop = std::min(0.0f, release_supply - charge_);

  charge_ += analog_coefficient(controls.attack, model_.attack_synced) * attack_drop +
             analog_coefficient(controls.decay, model_.decay_synced) * decay_drop +
             analog_coefficient(controls.release, model_.release_synced) * release_drop;
  level_ = charge_;
  if (!gate_ && charge_ < kSilence) {
    level_ = 0.0f;
    stage_ = Stage::kSilent;
    idle_ = true;
  }
}

}  // namespace synthrl::surge
