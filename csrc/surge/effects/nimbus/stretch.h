// Overlapping windows of the recording, each put where its beginning looks most like the rest of
// the one before, so that time and pitch go their own ways.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/effects/nimbus/playback_mode.h"
#include "surge/effects/nimbus/record_buffer.h"

namespace synthrl::surge::nimbus {

class StretchMode : public PlaybackMode {
 public:
  void start(const Quality& quality, std::uint64_t seed) noexcept override;
  void process(const Settings& settings, std::span<Frame> frames) noexcept override;

 private:
  struct Window {
    std::size_t first_cell = 0;
    std::uint32_t offset = 0;  // of the play head, with 16 fractional bits
    std::uint32_t step = 0;
    std::uint32_t width = 0;  // in cells
    bool plays = false;
  };

  // Signs of the signal, a bit for every `stride` cells.
  static constexpr std::size_t kWords = 64;
  using Signs = std::array<std::uint64_t, kWords>;
  void read_signs(std::size_t first_cell, float stride, std::size_t count, Signs& signs) const;

  // Starts a window, and looks for the place of the next.
  void start_window(const Settings& settings, std::size_t head);
  void search(std::size_t source, std::size_t target, float stride);
  Frame play(Window& window) const;

  RecordBuffer recording_;
  std::array<Window, 2> windows_;
  std::size_t current_ = 0;
  bool started_ = false;
  std::uint32_t width_ = 0;
  std::size_t match_ = 0;  // the centre of the next window
  float pitch_ = 0.0f;
  float ratio_ = 1.0f;  // of the next window
};

}  // namespace synthrl::surge::nimbus
