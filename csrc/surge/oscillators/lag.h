// One-pole smoothing of a control value.
#pragma once

namespace synthrl::surge {

// Approaches its target exponentially, in control blocks or samples.
template <typename Real>
class Lag {
 public:
  static constexpr Real kPerSample = static_cast<Real>(0.004);
  static constexpr Real kPerBlock = static_cast<Real>(0.05);

  explicit Lag(Real rate = kPerSample) noexcept : rate_(rate) {}

  // Jumps to `value`.
  void reset(Real value) noexcept {
    value_ = value;
    started_ = true;
  }

  // Sets where to go; the first target is taken at once.
  void set_target(Real target) noexcept {
    target_ = target;
    if (!started_) reset(target);
  }

  void advance() noexcept { value_ += rate_ * (target_ - value_); }

  Real value() const noexcept { return value_; }

  // The value before or after each of `count` steps.
  void fill_then_advance(Real* out, int count) noexcept {
    if (value_ == target_) {
      for (int i = 0; i < count; ++i) out[i] = value_;
      return;
    }
    for (int i = 0; i < count; ++i) {
      out[i] = value_;
      advance();
    }
  }

 private:
  Real rate_;
  Real value_ = 0;
  Real target_ = 0;
  bool started_ = false;
};

}  // namespace synthrl::surge
