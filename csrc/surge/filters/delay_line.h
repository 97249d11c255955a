// A delay line that is read between samples.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <vector>

#include "surge/dsp/lanes.h"
#include "surge/filters/filter_tables.h"

namespace synthrl::surge {

// The shortest and longest delays that a line of `capacity` samples can be read at, in samples.
inline constexpr float kShortestDelay = FilterTables::kKernelLength;
constexpr float longest_delay(std::size_t capacity) {
  return static_cast<float>(capacity - FilterTables::kKernelLength);
}

template <Lanes S>
class DelayLine {
 public:
  // `capacity` is in samples and a power of two.
  DelayLine(const FilterTables& tables, std::size_t capacity)
      : tables_(&tables), mask_(capacity - 1) {
    for (auto& channel : channels_) channel.assign(capacity + FilterTables::kKernelLength, 0.0f);
  }

  void clear() {
    for (auto& channel : channels_) std::fill(channel.begin(), channel.end(), 0.0f);
    position_ = 0;
  }

  // `delay` is between `kShortestDelay` and `longest_delay`. The signal as it was `delay` samples
  // before the next write, rounded to 1/256 sample.
  S read(float delay) const {
    const auto steps = static_cast<std::size_t>(std::lrintf(kSteps * delay));
    const std::size_t whole = steps / FilterTables::kKernelRows;
    const auto row = static_cast<int>(kSteps - 1 - steps % FilterTables::kKernelRows);
    const float* kernel = tables_->kernel(row).data();
    const std::size_t first = (position_ - whole - FilterTables::kKernelLength / 2) & mask_;
    if constexpr (std::same_as<S, float>) {
      return convolve(kernel, channels_[0].data() + first);
    } else {
      return make_pair(convolve(kernel, channels_[0].data() + first),
                       convolve(kernel, channels_[1].data() + first));
    }
  }

  void write(S sample) {
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      float value;
      if constexpr (std::same_as<S, float>) {
        value = sample;
      } else {
        value = sample[i];
      }
      channels_[i][position_] = value;
      // The start is repeated behind the end, so that a kernel never has to wrap.
      if (position_ < FilterTables::kKernelLength) channels_[i][position_ + mask_ + 1] = value;
    }
    position_ = (position_ + 1) & mask_;
  }

 private:
  static constexpr int kSteps = FilterTables::kKernelRows;

  static float convolve(const float* kernel, const float* samples) {
    static_assert(FilterTables::kKernelLength == 12);
    using Four = float __attribute__((vector_size(16)));
    std::array<Four, 3> weights;
    std::array<Four, 3> values;
    std::memcpy(&weights, kernel, sizeof(weights));
    std::memcpy(&values, samples, sizeof(values));
    const Four sum = weights[0] * values[0] + weights[1] * values[1] + weights[2] * values[2];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }

  const FilterTables* tables_;
  std::size_t mask_;
  std::size_t position_ = 0;
  std::array<std::vector<float>, std::same_as<S, float> ? 1 : 2> channels_;
};

}  // namespace synthrl::surge
