// A sine and cosine by rotation, in single precision, whose rounding is part of it.
#pragma once

#include <cmath>

namespace synthrl::surge {

class QuadratureOscillator {
 public:
  // `angle` is in radians per step. Restores the unit length.
  void set_rate(float angle) {
    if (angle != angle_) {
      angle_ = angle;
      cos_ = std::cos(angle);
      sin_ = std::sin(angle);
    }
    const float scale = 1.0f / std::sqrt(real_ * real_ + imaginary_ * imaginary_);
    real_ *= scale;
    imaginary_ *= scale;
  }
  void set_phase(float angle) {
    real_ = std::sin(angle);
    imaginary_ = -std::cos(angle);
  }
  void advance() {
    const float real = cos_ * real_ - sin_ * imaginary_;
    const float imaginary = cos_ * imaginary_ + sin_ * real_;
    real_ = real;
    imaginary_ = imaginary;
  }
  // Moves part of the way to the state of another.
  void approach(const QuadratureOscillator& other, float share) {
    real_ += share * (other.real_ - real_);
    imaginary_ += share * (other.imaginary_ - imaginary_);
  }
  float real() const { return real_; }
  float imaginary() const { return imaginary_; }

 private:
  float angle_ = 0.0f;
  float cos_ = 1.0f;
  float sin_ = 0.0f;
  float real_ = 0.0f;
  float imaginary_ = -1.0f;
};

}  // namespace synthrl::surge
