// From one sample rate to another by interpolation with a windowed sinc. Nothing is done about
// aliases.
#pragma once

#include <array>

#include "surge/effects/nimbus/frame.h"

namespace synthrl::surge::nimbus {

class LanczosResampler {
 public:
  LanczosResampler(double from_rate, double to_rate);

  void start() noexcept;
  void push(Frame frame) noexcept;
  // Whether there is a sample to pull.
  bool ready() const noexcept { return distance_ > kReach + 1; }
  Frame pull() noexcept;

 private:
  static constexpr int kReach = 4;
  static constexpr std::size_t kTaps = 2 * kReach;
  static constexpr std::size_t kPhases = 1024;
  static constexpr std::size_t kHistory = 16;
  using Taps = std::array<float, kTaps>;

  static const std::array<Taps, kPhases + 1>& table();

  const std::array<Taps, kPhases + 1>* table_;
  double step_;
  double distance_ = 0.0;  // from the next input to the next output, in samples of the input
  std::array<Frame, kHistory> history_{};
  std::size_t pushed_ = 0;
};

}  // namespace synthrl::surge::nimbus
