// First-order shelves and second-order state variable filters of single channels.
#pragma once

#include <cmath>
#include <numbers>

namespace synthrl::surge {

// From one gain at low to another at high frequencies.
class ShelfFilter {
 public:
  void restart() { state_ = 0.0f; }

  void set(float low_gain, float high_gain, float frequency_hz, float sample_rate_hz) {
    if (low_gain == high_gain) {
      b0_ = low_gain;
      b1_ = a1_ = 0.0f;
      return;
    }
    const float rho = std::sqrt(high_gain / low_gain);
    const float k = 1.0f / std::tan(std::numbers::pi_v<float> * frequency_hz / sample_rate_hz);
    const float b0 = high_gain / rho * k;
    const float a0 = k / rho;
    const float scale = 1.0f / (a0 + 1.0f);
    b0_ = (b0 + low_gain) * scale;
    b1_ = (low_gain - b0) * scale;
    a1_ = (1.0f - a0) * scale;
  }
  float process(float x) {
    const float y = b0_ * x + state_;
    state_ = b1_ * x - a1_ * y;
    return y;
  }

 private:
  float b0_ = 1.0f;
  float b1_ = 0.0f;
  float a1_ = 0.0f;
  float state_ = 0.0f;
};

// Topology-preserving, damping of a Butterworth filter.
class StateVariableFilter {
 public:
  void restart() { s1_ = s2_ = 0.0f; }

  // `frequency_hz` below half the sample rate.
  void set_frequency(float frequency_hz, float sample_rate_hz) {
    g_ = std::tan(std::numbers::pi_v<float> * frequency_hz / sample_rate_hz);
    h_ = 1.0f / (1.0f + kDamping * g_ + g_ * g_);
  }

  float lowpass(float x) {
    advance(x);
    return low_;
  }
  float highpass(float x) {
    // y / g of the bandpass part.
    const float high = (x - s1_ * (g_ + kDamping) - s2_) * h_;
    advance(x);
    return high;
  }
  float bandpass(float x) {
    advance(x);
    return band_;
  }

 private:
  static constexpr float kDamping = std::numbers::sqrt2_v<float>;

  void advance(float x) {
    const float y = (x - s1_ * (g_ + kDamping) - s2_) * g_ * h_;
    band_ = s1_ + y;
    s1_ += 2.0f * y;
    const float a = (s1_ - y) * g_;
    s2_ += 2.0f * a;
    low_ = s2_ - a;
  }

  float g_ = 0.0f;
  float h_ = 1.0f;
  float s1_ = 0.0f;
  float s2_ = 0.0f;
  float low_ = 0.0f;
  float band_ = 0.0f;
};

}  // namespace synthrl::surge
