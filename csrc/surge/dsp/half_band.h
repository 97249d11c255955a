// Halving the sample rate.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "surge/dsp/lanes.h"

namespace synthrl::surge {

// Two chains of allpasses whose mean is a half-band lowpass: -3 dB at a quarter of the input's
// rate, more than 100 dB down a little above it. Both channels at once.
class HalfBandDecimator {
 public:
  static constexpr std::size_t kSections = 6;

  void restart() { *this = HalfBandDecimator(); }

  // Takes twice as many samples per channel as it gives. `out_right` may be empty, with `right`,
  // where only the left channel is wanted.
  void process(std::span<const float> left, std::span<const float> right, std::span<float> out_left,
               std::span<float> out_right) noexcept;

 private:
  // The delays are of two input samples, so each chain works on the samples of one parity only.
  // Lanes: chain A of left and right, chain B of left and right. Entry s holds what section s was
  // given last, the last entry what the last section returned.
  std::array<Pair, kSections + 1> last_{};
};

}  // namespace synthrl::surge
