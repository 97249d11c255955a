// Control values that move in a straight line from block to block.
#pragma once

#include <cstddef>
#include <span>

namespace synthrl::surge {

// The value at the last sample of a block is exactly the one set for it.
class Ramp {
 public:
  void restart(float value) { start_ = target_ = value; }

  // Once per block: the line runs from the last block's value to `target`.
  void set(float target) {
    start_ = target_;
    target_ = target;
  }

  float start() const { return start_; }
  float target() const { return target_; }
  bool constant() const { return start_ == target_; }
  bool zero() const { return start_ == 0.0f && target_ == 0.0f; }

  // The value at every sample of the block.
  void fill(std::span<float> out) const {
    const float step = (target_ - start_) / static_cast<float>(out.size());
    for (int i = 0; i < length(out); ++i) {
      out[index(i)] = start_ + step * static_cast<float>(i + 1);
    }
    if (!out.empty()) out.back() = target_;
  }

  void multiply(std::span<float> samples) const {
    const float step = (target_ - start_) / static_cast<float>(samples.size());
    for (int i = 0; i < length(samples); ++i) {
      samples[index(i)] *= start_ + step * static_cast<float>(i + 1);
    }
  }

  // Adds `samples` times the value.
  void accumulate(std::span<const float> samples, std::span<float> out) const {
    const float step = (target_ - start_) / static_cast<float>(out.size());
    for (int i = 0; i < length(out); ++i) {
      out[index(i)] += samples[index(i)] * (start_ + step * static_cast<float>(i + 1));
    }
  }

 private:
  // Compilers make vectors of conversions from int, not from std::size_t.
  static int length(std::span<const float> samples) { return static_cast<int>(samples.size()); }
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }

  float start_ = 0.0f;
  float target_ = 0.0f;
};

}  // namespace synthrl::surge
