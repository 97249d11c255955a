#include "surge/effects/nimbus/stretch.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace synthrl::surge::nimbus {
namespace {

constexpr std::uint32_t kFirstWidth = 2048;
constexpr float kWidest = 4096.0f;
constexpr float kMinStride = 1.25f;
constexpr float kPitchStep = 12.0f;  // in semitones per window
constexpr std::size_t kWordBits = 64;

}  // namespace

void StretchMode::start(const Quality& quality, std::uint64_t) noexcept {
  recording_.start(quality);
  windows_ = {};
  current_ = 0;
  started_ = false;
  width_ = kFirstWidth;
  match_ = 0;
  pitch_ = 0.0f;
  ratio_ = 1.0f;
}

void StretchMode::read_signs(std::size_t first_cell, float stride, std::size_t count,
                             Signs& signs) const {
  signs.fill(0);
  float place = 0.0f;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t cell = recording_.before(first_cell, -static_cast<std::ptrdiff_t>(place));
    const std::uint64_t bit = recording_.is_negative(cell) ? 0 : 1;
    signs[i / kWordBits] |= bit << (i % kWordBits);
    place += stride;
  }
}

void StretchMode::search(std::size_t source, std::size_t target, float stride) {
  const auto width = static_cast<float>(width_);
  const auto count =
      std::min(static_cast<std::size_t>(width / stride), kWords * kWordBits / 2 - 32);
  const std::size_t first = recording_.before(target, static_cast<std::ptrdiff_t>(width_));
  Signs pattern;
  Signs region;
  read_signs(source, stride, count, pattern);
  read_signs(first, stride, 2 * count, region);

  const std::size_t num_words = (count + kWordBits - 1) / kWordBits;
  const std::uint64_t last_mask =
      count % kWordBits == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << (count % kWordBits)) - 1;
  const std::size_t num_candidates = (count + 31) / 32 * 32;
  std::size_t best = 0;
  int best_score = -1;
  for (std::size_t candidate = 0; candidate < num_candidates; ++candidate) {
    const std::size_t skipped = candidate / kWordBits;
    const std::size_t shift = candidate % kWordBits;
    int differences = 0;
    for (std::size_t i = 0; i < num_words; ++i) {
      const std::size_t at = skipped + i;
      std::uint64_t bits = region[at] >> shift;
      if (shift > 0 && at + 1 < kWords) bits |= region[at + 1] << (kWordBits - shift);
      std::uint64_t different = bits ^ pattern[i];
      if (i + 1 == num_words) different &= last_mask;
      differences += std::popcount(different);
    }
    const int score = static_cast<int>(count) - differences;
    if (score > best_score) {
      best_score = score;
      best = candidate;
    }
  }
  const auto lag = static_cast<std::ptrdiff_t>(static_cast<float>(best) * stride);
  match_ = recording_.before(first, -(lag + static_cast<std::ptrdiff_t>(width_ / 2)));
}

void StretchMode::start_window(const Settings& settings, std::size_t head) {
  Window& window = windows_[current_];
  window.first_cell = recording_.before(match_, static_cast<std::ptrdiff_t>(width_ / 2));
  window.offset = 0;
  window.step = static_cast<std::uint32_t>(ratio_ * 65536.0f);
  window.width = width_;
  window.plays = true;
  const std::size_t source = match_;

  pitch_ += std::clamp(settings.pitch - pitch_, -kPitchStep, kPitchStep);
  ratio_ = pitch_ratio(pitch_);
  const auto wanted =
      static_cast<std::int32_t>(kWidest * pitch_ratio(60.0f * (settings.size - 1.0f)));
  const std::int32_t missing = wanted - static_cast<std::int32_t>(width_);
  if (std::abs(missing) > 64) {
    width_ = static_cast<std::uint32_t>(static_cast<std::int32_t>(width_) + (missing >> 5)) &
             ~std::uint32_t{3};
  }
  const auto width = static_cast<float>(width_);
  const float limit = std::max(0.0f, static_cast<float>(recording_.length()) -
                                         std::floor(2.0f * width / ratio_) - 2.0f * width);
  const std::size_t target =
      recording_.before(head, static_cast<std::ptrdiff_t>(limit * settings.position) +
                                  static_cast<std::ptrdiff_t>(width_));
  search(source, target, std::clamp(width / 2048.0f, 1.0f, 2.0f) * std::max(kMinStride, ratio_));
}

Frame StretchMode::play(Window& window) const {
  if (!window.plays) return {};
  const std::uint32_t whole = window.offset >> 16;
  const float phase = 2.0f * static_cast<float>(whole) / static_cast<float>(window.width);
  if (phase >= 2.0f) {
    window.plays = false;
    return {};
  }
  std::size_t cell = window.first_cell + whole;
  if (cell >= recording_.length()) cell -= recording_.length();
  const float fraction = static_cast<float>(window.offset & 0xffff) * 0x1p-16f;
  window.offset += window.step;
  return (phase < 1.0f ? phase : 2.0f - phase) * recording_.read_hermite(cell, fraction);
}

void StretchMode::process(const Settings& settings, std::span<Frame> frames) noexcept {
  recording_.write(frames, settings.freeze);
  if (!started_) {
    started_ = true;
    start_window(settings, recording_.head());
  }
  for (Frame& frame : frames) {
    const Window& window = windows_[current_];
    if (!window.plays || 2 * (window.offset >> 16) >= window.width) {
      current_ ^= 1;
      start_window(settings, recording_.head());
    }
    frame = play(windows_[0]) + play(windows_[1]);
  }
}

}  // namespace synthrl::surge::nimbus
