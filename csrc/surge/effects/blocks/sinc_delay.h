// A delay line that is read between samples and written block by block.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "surge/dsp/lanes.h"
#include "surge/effects/blocks/effect_tables.h"
#include "surge/plan.h"

namespace synthrl::surge {

class SincDelayLine {
 public:
  static constexpr std::size_t kLength = std::size_t{1} << 18;

  // `length` is in samples and a power of two, at least 128. `tables` must outlive the line.
  explicit SincDelayLine(const EffectTables& tables, std::size_t length = kLength)
      : tables_(&tables), mask_(length - 1), samples_(length + kTaps) {}

  void restart() {
    // What was never written is still zero.
    std::fill_n(samples_.begin(), std::min(written_, mask_ + 1), 0.0f);
    std::fill(samples_.end() - static_cast<std::ptrdiff_t>(kTaps), samples_.end(), 0.0f);
    written_ = 0;
  }

  // The signal `delay` + 6 samples before sample `index` of the next block to be written, with
  // `delay` limited to 32 … length - 13 samples and rounded to 1/256 sample.
  float read(float delay, std::size_t index) const {
    const Place place = place_of(delay, kBlockSamples);
    const std::size_t first = (written_ + index - place.whole - kTaps) & mask_;
    return convolve(tables_->sinc(place.row).data(), samples_.data() + first);
  }

  // The same as lines read that are written sample by sample: the delay has another lower limit,
  // no less than a block, and the tap that would look back furthest is one ahead of the others,
  // with the weight of the next row.
  float read_circular(float delay, std::size_t index, std::size_t shortest) const {
    const Place place = place_of(delay, shortest);
    const std::size_t first = (written_ + index - place.whole - kTaps + 1) & mask_;
    EffectTables::SincRow weights;
    const EffectTables::SincRow& row = tables_->sinc(place.row);
    std::copy(row.begin() + 1, row.end(), weights.begin());
    weights.back() = tables_->sinc(place.row + 1).front();
    return convolve(weights.data(), samples_.data() + first);
  }

  // The same of four delays, none below a block, all at `index` or, if `kStride` is 1, at four
  // samples from there on.
  template <std::size_t kStride = 0>
  Pair read_four(Pair delays, std::size_t index) const {
    const auto longest = static_cast<float>(mask_ + 1 - kTaps - 1);
    const Pair below = minimum(splat<Pair>(longest), delays);
    const Pair limited = maximum(below, splat<Pair>(static_cast<float>(kBlockSamples)));
    const auto whole = __builtin_convertvector(limited, PairMask);
    const Pair steps = (__builtin_convertvector(whole + 1, Pair) - below) * 256.0f;
    const auto row = __builtin_convertvector(clamp(steps, 0.0f, 255.0f), PairMask);
    std::array<Pair, 4> sums;
    for (int i = 0; i < 4; ++i) {
      const std::size_t at = index + kStride * static_cast<std::size_t>(i);
      const std::size_t first =
          (written_ + at - static_cast<std::size_t>(whole[i]) - kTaps) & mask_;
      sums[static_cast<std::size_t>(i)] =
          products(tables_->sinc(static_cast<std::size_t>(row[i])).data(), samples_.data() + first);
    }
    const Pair low01 = __builtin_shufflevector(sums[0], sums[1], 0, 4, 1, 5);
    const Pair high01 = __builtin_shufflevector(sums[0], sums[1], 2, 6, 3, 7);
    const Pair low23 = __builtin_shufflevector(sums[2], sums[3], 0, 4, 1, 5);
    const Pair high23 = __builtin_shufflevector(sums[2], sums[3], 2, 6, 3, 7);
    const Pair even = __builtin_shufflevector(low01, low23, 0, 1, 4, 5) +
                      __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    const Pair odd = __builtin_shufflevector(low01, low23, 2, 3, 6, 7) +
                     __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
    return even + odd;
  }

  // The same for a whole block, with one delay.
  void read_block(float delay, std::span<float, kBlockSamples> out) const {
    const Place place = place_of(delay, kBlockSamples);
    const std::size_t first = (written_ - place.whole - kTaps) & mask_;
    const float* weights = tables_->sinc(place.row).data();
    if (first + kBlockSamples <= mask_ + 1) {
      const float* samples = samples_.data() + first;
      for (std::size_t i = 0; i < kBlockSamples; i += 4) {
        // The sums of `products`, of four samples side by side.
        std::array<Pair, 4> sums;
        for (std::size_t k = 0; k < kTaps; ++k) {
          Pair x;
          std::memcpy(&x, samples + i + k, sizeof(x));
          sums[k % 4] = k < 4 ? weights[k] * x : sums[k % 4] + weights[k] * x;
        }
        const Pair y = (sums[0] + sums[2]) + (sums[1] + sums[3]);
        std::memcpy(&out[i], &y, sizeof(y));
      }
      return;
    }
    for (std::size_t i = 0; i < kBlockSamples; ++i) {
      out[i] = convolve(weights, samples_.data() + ((first + i) & mask_));
    }
  }

  void write(std::span<const float, kBlockSamples> block) {
    const std::size_t position = written_ & mask_;
    std::copy(block.begin(), block.end(), samples_.begin() + static_cast<std::ptrdiff_t>(position));
    // The start is repeated behind the end, so that reading never has to wrap.
    if (position == 0) {
      std::copy_n(block.begin(), kTaps, samples_.begin() + static_cast<std::ptrdiff_t>(mask_ + 1));
    }
    written_ += kBlockSamples;
  }

 private:
  static constexpr std::size_t kTaps = EffectTables::kSincTaps;

  struct Place {
    std::size_t whole;
    std::size_t row;
  };
  Place place_of(float delay, std::size_t shortest) const {
    const auto longest = static_cast<float>(mask_ + 1 - kTaps - 1);
    const float below = std::min(longest, delay);  // not a number is the longest
    const auto whole = static_cast<std::size_t>(std::max(below, static_cast<float>(shortest)));
    const float steps = (static_cast<float>(whole + 1) - below) * 256.0f;
    return {.whole = whole, .row = static_cast<std::size_t>(std::clamp(steps, 0.0f, 255.0f))};
  }

  // Every fourth product is in the same sum.
  static Pair products(const float* weights, const float* samples) {
    Pair sum{};
    for (std::size_t i = 0; i < kTaps; i += 4) {
      Pair w;
      Pair x;
      std::memcpy(&w, weights + i, sizeof(w));
      std::memcpy(&x, samples + i, sizeof(x));
      sum += w * x;
    }
    return sum;
  }
  static float convolve(const float* weights, const float* samples) {
    const Pair sum = products(weights, samples);
    return (sum[0] + sum[2]) + (sum[1] + sum[3]);
  }

  const EffectTables* tables_;
  std::size_t mask_;
  std::size_t written_ = 0;
  std::vector<float> samples_;
};

}  // namespace synthrl::surge
