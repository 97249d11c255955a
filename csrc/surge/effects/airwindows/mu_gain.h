// The gain cell of the plugins' compressors of the kind with variable-mu tubes.
#pragma once

#include <algorithm>
#include <cmath>

namespace synthrl::surge::airwindows {

class MuGain {
 public:
  double gain() const { return gain_; }

  // `release` above 0 is the larger the slower.
  double process(double level, double threshold, double release, double fast) {
    if (level > threshold) {
      const double inertia = std::sqrt(speed_);
      gain_ = (gain_ * (inertia - 1.0) + std::max(threshold / level, threshold)) / inertia;
    } else {
      const double inertia = speed_ * speed_;
      gain_ = (gain_ * (inertia - 1.0) + 1.0) / inertia;
    }
    speed_ = (speed_ * (speed_ - 1.0) + level * release + fast) / speed_;
    return gain_;
  }

 private:
  double speed_ = 10000.0;
  double gain_ = 1.0;
};

}  // namespace synthrl::surge::airwindows
