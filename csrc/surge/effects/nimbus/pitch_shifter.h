// Two taps that move through a short delay line and fade in and out in turn.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/effects/nimbus/frame.h"

namespace synthrl::surge::nimbus {

class PitchShifter {
 public:
  void start() noexcept;
  void process(float ratio, float size, std::span<Frame> frames) noexcept;

 private:
  struct Cell {
    std::int16_t left;
    std::int16_t right;
  };
  static constexpr std::size_t kLength = 2048;

  Frame read(float delay) const;

  std::array<Cell, kLength> line_;
  std::size_t head_ = 0;  // the latest
  float phase_ = 0.0f;
  float size_ = 0.0f;  // in samples
};

}  // namespace synthrl::surge::nimbus
