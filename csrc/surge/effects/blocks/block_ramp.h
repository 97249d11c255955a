// Gains of effects: a straight line per block towards a value that follows the wanted one.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "surge/effects/effect.h"

namespace synthrl::surge {

class BlockRamp {
 public:
  BlockRamp() = default;
  explicit BlockRamp(float value) : start_(value), target_(value) {}

  // No line: the value itself.
  void set_at_once(float value) { start_ = target_ = value; }
  // The line ends a quarter of the way towards `value`. Without a call in a block, its line is
  // repeated.
  void set(float value) {
    start_ = target_;
    target_ = 0.25f * value + 0.75f * target_;
  }
  // The line ends at `value`.
  void set_line(float value) {
    start_ = target_;
    target_ = value;
  }
  // The next line starts where this one ends.
  void freeze() { start_ = target_; }

  float start() const { return start_; }
  float target() const { return target_; }
  bool is(float value) const { return start_ == value && target_ == value; }

  // The value at sample `index` of the block.
  float at(std::size_t index) const { return start_ + step() * kPlaces[index]; }
  float step() const { return (target_ - start_) * (1.0f / kBlockSamples); }

  void multiply(std::span<float, kBlockSamples> samples) const {
    for (std::size_t i = 0; i < kBlockSamples; ++i) samples[i] *= at(i);
  }
  void multiply(StereoBlock audio) const {
    multiply(audio.left);
    multiply(audio.right);
  }

  // `out` += samples x value.
  void accumulate(std::span<const float, kBlockSamples> samples,
                  std::span<float, kBlockSamples> out) const {
    for (std::size_t i = 0; i < kBlockSamples; ++i) out[i] += samples[i] * at(i);
  }

  // `dry` becomes dry x (1 - value) + wet x value.
  void crossfade(std::span<float, kBlockSamples> dry,
                 std::span<const float, kBlockSamples> wet) const {
    for (std::size_t i = 0; i < kBlockSamples; ++i) {
      const float mix = at(i);
      dry[i] = dry[i] * (1.0f - mix) + wet[i] * mix;
    }
  }
  void crossfade(StereoBlock dry, StereoBlock wet) const {
    crossfade(dry.left, wet.left);
    crossfade(dry.right, wet.right);
  }

 private:
  // 1, 2, … as floats, since compilers do not make vectors of conversions from std::size_t.
  static constexpr std::array<float, kBlockSamples> kPlaces = [] {
    std::array<float, kBlockSamples> places{};
    for (int i = 0; i < kBlockSamples; ++i) {
      places[static_cast<std::size_t>(i)] = static_cast<float>(i + 1);
    }
    return places;
  }();

  float start_ = 0.0f;
  float target_ = 0.0f;
};

// Side signal x value; the middle stays.
inline void scale_side(const BlockRamp& side, StereoBlock audio) {
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const float middle = 0.5f * (audio.left[i] + audio.right[i]);
    const float difference = 0.5f * (audio.left[i] - audio.right[i]) * side.at(i);
    audio.left[i] = middle + difference;
    audio.right[i] = middle - difference;
  }
}

// A block of two channels for wet signals; not initialised.
struct StereoBuffer {
  alignas(16) std::array<float, kBlockSamples> left;
  alignas(16) std::array<float, kBlockSamples> right;

  StereoBlock block() { return {left, right}; }
  void clear() {
    left.fill(0.0f);
    right.fill(0.0f);
  }
  void copy(StereoBlock from) {
    for (std::size_t i = 0; i < kBlockSamples; ++i) {
      left[i] = from.left[i];
      right[i] = from.right[i];
    }
  }
};

}  // namespace synthrl::surge
