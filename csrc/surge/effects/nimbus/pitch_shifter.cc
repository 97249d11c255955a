#include "surge/effects/nimbus/pitch_shifter.h"

#include <algorithm>

namespace synthrl::surge::nimbus {
namespace {

constexpr float kShortest = 128.0f;
constexpr float kRange = 1919.0f;

}  // namespace

void PitchShifter::start() noexcept {
  line_.fill({});
  head_ = 0;
  phase_ = 0.0f;
  size_ = kShortest + kRange;
}

Frame PitchShifter::read(float delay) const {
  const auto whole = static_cast<std::size_t>(delay);
  const float fraction = delay - static_cast<float>(whole);
  const Cell newer = line_[(head_ - whole) % kLength];
  const Cell older = line_[(head_ - whole - 1) % kLength];
  const auto between = [fraction](std::int16_t a, std::int16_t b) {
    const auto from = static_cast<float>(a);
    return (from + fraction * (static_cast<float>(b) - from)) * kFromInt16;
  };
  return {between(newer.left, older.left), between(newer.right, older.right)};
}

void PitchShifter::process(float ratio, float size, std::span<Frame> frames) noexcept {
  size_ += 0.05f * (kShortest + kRange * size * size * size - size_);
  const float step = (1.0f - ratio) / size_;
  for (Frame& frame : frames) {
    ++head_;
    line_[head_ % kLength] = {to_int16(32768.0f * frame.left), to_int16(32768.0f * frame.right)};
    phase_ += step;
    if (phase_ > 1.0f) {
      phase_ -= 1.0f;
    } else if (phase_ <= 0.0f) {
      phase_ += 1.0f;
    }
    const float gain = 2.0f * std::min(phase_, 1.0f - phase_);
    const float first = phase_ * size_;
    float second = first + 0.5f * size_;
    if (second >= size_) second -= size_;
    frame = gain * read(first) + (1.0f - gain) * read(second);
  }
}

}  // namespace synthrl::surge::nimbus
