// Values of control that follow another in their own ways.
#pragma once

#include <algorithm>
#include <cmath>

#include "surge/plan.h"

namespace synthrl::surge {

// Straight lines that arrive one update late, if stepped `steps` times between updates.
class LateLine {
 public:
  explicit LateLine(int steps = kBlockSamples) : rate_(1.0f / static_cast<float>(steps)) {}

  void set(float target) {
    if (first_) {
      value_ = next_ = target;
      first_ = false;
    } else {
      value_ = next_;
      next_ = target;
    }
    step_ = (next_ - value_) * rate_;
  }
  void set_at_once(float value) {
    value_ = next_ = value;
    step_ = 0.0f;
    first_ = false;
  }
  // Of steps that follow the next `set`.
  void set_steps(int steps) { rate_ = 1.0f / static_cast<float>(steps); }

  float value() const { return value_; }
  float target() const { return next_; }
  void advance() { value_ += step_; }

 private:
  float rate_;
  float value_ = 0.0f;
  float next_ = 0.0f;
  float step_ = 0.0f;
  bool first_ = true;
};

// One-pole lowpass whose first target holds at once. Single precision is part of it: it stops
// short of its target, by more the lower the rate.
class Lag {
 public:
  explicit Lag(float rate = 0.004f) : rate_(rate), keep_(1.0f - rate) {}

  void set_rate(float rate) {
    rate_ = rate;
    keep_ = 1.0f - rate;
  }
  void set(float target) {
    target_ = target;
    if (first_) {
      value_ = target;
      first_ = false;
    }
  }
  void set_at_once(float target) {
    first_ = true;
    set(target);
  }
  float value() const { return value_; }
  float target() const { return target_; }
  void advance() { value_ = value_ * keep_ + target_ * rate_; }

 private:
  float rate_;
  float keep_;
  float value_ = 0.0f;
  float target_ = 0.0f;
  bool first_ = true;
};

// Arrives at a new target after a fixed number of steps, in equal differences, or in equal ratios
// if kGeometric, which needs values above 0.
template <bool kGeometric>
class TimedRamp {
 public:
  // Jumps to `value`.
  void restart(float value, int steps) {
    steps_ = std::max(steps, 1);
    value_ = target_ = value;
    left_ = 0;
  }
  // Of ramps that start later; jumps to the target.
  void set_steps(int steps) { restart(target_, steps); }

  void set(float target) {
    if (target == target_) return;
    target_ = target;
    left_ = steps_;
    if constexpr (kGeometric) {
      step_ = std::pow(target_ / value_, 1.0f / static_cast<float>(steps_));
    } else {
      step_ = (target_ - value_) / static_cast<float>(steps_);
    }
  }

  bool moving() const { return left_ > 0; }
  float value() const { return value_; }
  float target() const { return target_; }

  // The value one step on.
  float next() {
    if (left_ == 0) return target_;
    --left_;
    if constexpr (kGeometric) {
      value_ *= step_;
    } else {
      value_ += step_;
    }
    if (left_ == 0) value_ = target_;
    return value_;
  }

 private:
  float value_ = 0.0f;
  float target_ = 0.0f;
  float step_ = 0.0f;
  int steps_ = 1;
  int left_ = 0;
};
using LinearRamp = TimedRamp<false>;
using GeometricRamp = TimedRamp<true>;

}  // namespace synthrl::surge
