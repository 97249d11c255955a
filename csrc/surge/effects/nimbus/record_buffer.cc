#include "surge/effects/nimbus/record_buffer.h"

#include <algorithm>
#include <bit>

namespace synthrl::surge::nimbus {

std::int16_t through_mu_law(std::int16_t sample) {
  constexpr int kBias = 33;
  constexpr int kLargest = 8191;
  const int value = sample >> 2;
  const int magnitude = std::min((value < 0 ? -value : value) + kBias, kLargest);
  const int segment = std::bit_width(static_cast<unsigned>(magnitude)) - 6;
  const int step = magnitude >> (segment + 1) & 15;
  const int decoded = 4 * (((2 * step + kBias) << segment) - kBias);
  return static_cast<std::int16_t>(value < 0 ? -decoded : decoded);
}

RecordBuffer::RecordBuffer() {
  std::size_t longest = 0;
  for (const Quality& quality : kQualities) longest = std::max(longest, quality.length);
  cells_.resize(longest + kRepeated);
}

void RecordBuffer::start(const Quality& quality) noexcept {
  length_ = quality.length;
  mu_law_ = quality.half_rate;
  std::fill_n(cells_.begin(), length_ + kRepeated, Cell{});
  head_ = 0;
  num_remembered_ = 0;
  faded_ = kFade;
  frozen_ = false;
}

std::int16_t RecordBuffer::store(float sample) const {
  const std::int16_t value = to_int16(32767.0f * sample);
  return mu_law_ ? through_mu_law(value) : value;
}

void RecordBuffer::write(Frame frame) {
  const Cell cell{store(frame.left), store(frame.right)};
  cells_[head_] = cell;
  if (head_ < kRepeated) cells_[length_ + head_] = cell;
  head_ = head_ + 1 < length_ ? head_ + 1 : 0;
}

void RecordBuffer::write(std::span<const Frame> frames, bool freeze) noexcept {
  if (freeze) {
    if (!frozen_) num_remembered_ = 0;
    for (const Frame& frame : frames) {
      if (num_remembered_ < kFade) remembered_[num_remembered_++] = frame;
    }
  } else {
    if (frozen_) faded_ = 0;
    for (const Frame& frame : frames) {
      if (faded_ < num_remembered_) {
        const float fade = static_cast<float>(faded_) * (1.0f / kFade);
        write(remembered_[faded_] + fade * (frame - remembered_[faded_]));
        ++faded_;
      } else {
        write(frame);
      }
    }
  }
  frozen_ = freeze;
}

}  // namespace synthrl::surge::nimbus
