#include "surge/effects/nimbus/lanczos_resampler.h"

#include <cmath>
#include <numbers>

namespace synthrl::surge::nimbus {

// Per phase the weights of the samples from 3 before to 4 after the one at or before the output.
const std::array<LanczosResampler::Taps, LanczosResampler::kPhases + 1>& LanczosResampler::table() {
  static const auto weights = [] {
    std::array<Taps, kPhases + 1> rows{};
    for (std::size_t p = 0; p <= kPhases; ++p) {
      for (std::size_t i = 0; i < kTaps; ++i) {
        const double x = static_cast<double>(i) - (kReach - 1) - static_cast<double>(p) / kPhases;
        const double angle = std::numbers::pi * x;
        const bool centre = std::fabs(x) < 1e-9;
        rows[p][i] = centre ? 1.0f
                            : static_cast<float>(kReach * std::sin(angle) *
                                                 std::sin(angle / kReach) / (angle * angle));
      }
    }
    return rows;
  }();
  return weights;
}

LanczosResampler::LanczosResampler(double from_rate, double to_rate)
    : table_(&table()), step_(from_rate / to_rate) {}

void LanczosResampler::start() noexcept {
  distance_ = 0.0;
  history_.fill({});
  pushed_ = 0;
}

void LanczosResampler::push(Frame frame) noexcept {
  history_[pushed_++ % kHistory] = frame;
  distance_ += 1.0;
}

Frame LanczosResampler::pull() noexcept {
  const double whole = std::ceil(distance_);
  const double place = (whole - distance_) * kPhases;
  const auto row = static_cast<std::size_t>(place);
  const auto fraction = static_cast<float>(place - static_cast<double>(row));
  const Taps& taps = (*table_)[row];
  const Taps& next = (*table_)[row + 1];
  const std::size_t first = pushed_ - static_cast<std::size_t>(whole) - (kReach - 1);
  Frame out;
  for (std::size_t i = 0; i < kTaps; ++i) {
    out += (taps[i] + fraction * (next[i] - taps[i])) * history_[(first + i) % kHistory];
  }
  distance_ -= step_;
  return out;
}

}  // namespace synthrl::surge::nimbus
