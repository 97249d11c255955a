// To and from half the rate.
#pragma once

#include <array>
#include <span>

#include "surge/effects/nimbus/frame.h"

namespace synthrl::surge::nimbus {

// A linear-phase low-pass at a quarter of the rate.
class HalfRateFilter {
 public:
  void start() noexcept {
    history_.fill({});
    head_ = 0;
  }
  void push(Frame frame) noexcept { history_[++head_ % kHistory] = frame; }
  Frame output() const noexcept;

 private:
  static constexpr std::size_t kHistory = 64;

  std::array<Frame, kHistory> history_{};
  std::size_t head_ = 0;
};

using HalfGroup = std::array<Frame, kGroup / 2>;

class Decimator {
 public:
  void start() noexcept { filter_.start(); }
  HalfGroup process(const Group& in) noexcept;

 private:
  HalfRateFilter filter_;
};

class Interpolator {
 public:
  void start() noexcept { filter_.start(); }
  Group process(const HalfGroup& in) noexcept;

 private:
  HalfRateFilter filter_;
};

}  // namespace synthrl::surge::nimbus
