// The last seconds of input, in a ring.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "surge/effects/nimbus/frame.h"

namespace synthrl::surge::nimbus {

// A sample after having been stored with 8 bits by the mu-law of G.711.
std::int16_t through_mu_law(std::int16_t sample);

class RecordBuffer {
 public:
  RecordBuffer();

  void start(const Quality& quality) noexcept;

  // Stops recording while frozen. Thereafter, what came when it began fades into the input.
  void write(std::span<const Frame> frames, bool freeze) noexcept;

  // The cell that is written next.
  std::size_t head() const { return head_; }
  std::size_t length() const { return length_; }

  // A cell `offset` before (or, if below 0, after) another one.
  std::size_t before(std::size_t cell, std::ptrdiff_t offset) const {
    const auto length = static_cast<std::ptrdiff_t>(length_);
    const std::ptrdiff_t wrapped = (static_cast<std::ptrdiff_t>(cell) - offset) % length;
    return static_cast<std::size_t>(wrapped < 0 ? wrapped + length : wrapped);
  }

  // Between `cell` and the next one. Cells are below the length.
  Frame read_linear(std::size_t cell, float fraction) const {
    const Cell* x = &cells_[cell];
    const auto between = [fraction](std::int16_t a, std::int16_t b) {
      const auto from = static_cast<float>(a);
      return (from + fraction * (static_cast<float>(b) - from)) * kFromInt16;
    };
    return {between(x[0].left, x[1].left), between(x[0].right, x[1].right)};
  }

  // Between the second and third of four cells.
  Frame read_hermite(std::size_t cell, float fraction) const {
    const Cell* x = &cells_[cell];
    return {hermite(x[0].left, x[1].left, x[2].left, x[3].left, fraction),
            hermite(x[0].right, x[1].right, x[2].right, x[3].right, fraction)};
  }

  // Of both sides together.
  bool is_negative(std::size_t cell) const { return cells_[cell].left + cells_[cell].right < 0; }

 private:
  struct Cell {
    std::int16_t left = 0;
    std::int16_t right = 0;
  };
  static constexpr std::size_t kFade = 256;
  // The first cells again behind the last, so that reading need not wrap.
  static constexpr std::size_t kRepeated = 4;

  static float hermite(std::int16_t before, std::int16_t from, std::int16_t to, std::int16_t after,
                       float t) {
    const auto x0 = static_cast<float>(from);
    const auto x1 = static_cast<float>(to);
    const float slope = 0.5f * (x1 - static_cast<float>(before));
    const float v = x0 - x1;
    const float w = slope + v;
    const float a = w + v + 0.5f * (static_cast<float>(after) - x0);
    const float b = w + a;
    return (((a * t - b) * t + slope) * t + x0) * kFromInt16;
  }

  std::int16_t store(float sample) const;
  void write(Frame frame);

  std::vector<Cell> cells_;
  std::size_t length_ = 1;
  std::size_t head_ = 0;
  bool mu_law_ = false;
  std::array<Frame, kFade> remembered_{};
  std::size_t num_remembered_ = 0;
  std::size_t faded_ = kFade;
  bool frozen_ = false;
};

}  // namespace synthrl::surge::nimbus
