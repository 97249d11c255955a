// Rounds off a signal as a worn groove would: with the average of its last differences.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "surge/effects/airwindows/stereo.h"

namespace synthrl::surge::airwindows {

template <std::size_t kTaps>
using WearWeights = std::array<Stereo, kTaps>;

// Weights of an average over `width` samples, at least 1, of each channel.
template <std::size_t kTaps>
WearWeights<kTaps> wear_weights(Stereo width) {
  WearWeights<kTaps> weights;
  Stereo left = width;
  for (Stereo& weight : weights) {
    const Stereo part = each([](double v) { return std::clamp(v, 0.0, 1.0); }, left);
    weight = part / width;
    left -= part;
  }
  return weights;
}

template <std::size_t kTaps>
class Wear {
 public:
  // By how much the last difference exceeds the average of the last ones.
  Stereo correction(Stereo in, const WearWeights<kTaps>& weights) {
    const Stereo difference = in - last_;
    last_ = in;
    return difference - average(difference, weights);
  }

  // Of a value and those before it.
  Stereo average(Stereo value, const WearWeights<kTaps>& weights) {
    newest_ = newest_ == 0 ? kTaps - 1 : newest_ - 1;
    // Twice, so that the last ones are always in one piece.
    values_[newest_] = values_[newest_ + kTaps] = value;
    Stereo sum{};
    for (std::size_t i = 0; i < kTaps; ++i) sum += weights[i] * values_[newest_ + i];
    return sum;
  }

 private:
  std::array<Stereo, 2 * kTaps> values_{};
  std::size_t newest_ = 0;
  Stereo last_{};
};

}  // namespace synthrl::surge::airwindows
