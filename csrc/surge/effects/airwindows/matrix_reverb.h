// What the plugins' reverbs of delays and matrices share.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/plugin.h"
#include "surge/effects/airwindows/stereo.h"

namespace synthrl::surge::airwindows {

using Quad = std::array<Stereo, 4>;

// A Householder reflection, times 2.
inline Quad reflect(const Quad& in) {
  const Stereo sum = in[0] + in[1] + in[2] + in[3];
  return {2.0 * in[0] - sum, 2.0 * in[1] - sum, 2.0 * in[2] - sum, 2.0 * in[3] - sum};
}

// Three banks of four delays, with reflections in between.
class DelayBanks {
 public:
  static constexpr std::size_t kNumDelays = 12;
  using Delays = std::array<int, kNumDelays>;  // bank by bank

  explicit DelayBanks(const Delays& longest)
      : lines_{RingDelay(longest[0]), RingDelay(longest[1]),  RingDelay(longest[2]),
               RingDelay(longest[3]), RingDelay(longest[4]),  RingDelay(longest[5]),
               RingDelay(longest[6]), RingDelay(longest[7]),  RingDelay(longest[8]),
               RingDelay(longest[9]), RingDelay(longest[10]), RingDelay(longest[11])} {}

  void clear() {
    for (RingDelay& line : lines_) line.clear();
  }

  // What leaves the last bank.
  Quad process(Quad in, const Delays& delays) {
    for (std::size_t bank = 0; bank < kNumDelays; bank += 4) {
      if (bank > 0) in = reflect(in);
      for (std::size_t i = 0; i < 4; ++i) in[i] = lines_[bank + i].process(in[i], delays[bank + i]);
    }
    return in;
  }

 private:
  std::array<RingDelay, kNumDelays> lines_;
};

// At high sample rates reverbs run at every second to fourth sample only.
class Undersampling {
 public:
  explicit Undersampling(double sample_rate)
      : factor_(std::clamp(static_cast<int>(sample_rate / kReferenceRate), 1, 4)) {}

  void clear() {
    count_ = 0;
    before_ = now_ = Stereo{};
  }
  int factor() const { return factor_; }

  // At each sample: whether the reverb runs.
  bool due() {
    if (++count_ < factor_) return false;
    count_ = 0;
    return true;
  }
  void put(Stereo value) {
    before_ = now_;
    now_ = value;
  }
  Stereo get() const {
    if (factor_ == 1) return now_;
    double part = static_cast<double>(count_) / factor_;
    if (factor_ == 3 && count_ > 0) part = 1.0 - part;  // in the wrong order
    return before_ + part * (now_ - before_);
  }

 private:
  int factor_;
  int count_ = 0;
  Stereo before_{};
  Stereo now_{};
};

}  // namespace synthrl::surge::airwindows
