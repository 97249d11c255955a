#include "surge/effects/nimbus/looping_delay.h"

#include <algorithm>

namespace synthrl::surge::nimbus {
namespace {

// Cells next to the head that are not used.
constexpr float kMargin = 64.0f;
constexpr float kGlide = 0.00005f;
constexpr float kSeam = 64.0f;

}  // namespace

void LoopingDelayMode::start(const Quality& quality, std::uint64_t) noexcept {
  recording_.start(quality);
  delay_ = 0.0f;
  loop_ = last_loop_ = {};
  phase_ = 0.0f;
  looping_ = fading_ = false;
}

Frame LoopingDelayMode::read(std::size_t head, float delay) const {
  // With 12 fractional bits, counted backwards.
  const auto steps = static_cast<std::ptrdiff_t>(delay * 4096.0f);
  const std::ptrdiff_t whole = (steps + 4095) >> 12;
  const auto fraction = static_cast<float>((whole << 12) - steps) * (1.0f / 4096.0f);
  return recording_.read_hermite(recording_.before(head, whole + 4), fraction);
}

Frame LoopingDelayMode::play_loop(const Settings& settings, float ratio) {
  const float available = static_cast<float>(recording_.length()) - kMargin;
  if (!looping_ || phase_ >= loop_.length) {
    fading_ = looping_;
    last_loop_ = loop_;
    phase_ = looping_ ? phase_ - loop_.length : 0.0f;
    looping_ = true;
    loop_.length = (0.01f + 0.99f * settings.size * settings.size * settings.size) * available;
    loop_.end = std::min(settings.position * available * (15.0f / 16.0f) + kMargin,
                         available - loop_.length);
    loop_.end = std::max(loop_.end, 0.0f);
    phase_ = std::min(phase_, loop_.length);
  }
  Frame out = read(recording_.head(), loop_.end + loop_.length - phase_);
  if (fading_) {
    const float seam = kSeam * std::min(1.0f, ratio);
    const float fade = phase_ / seam;
    if (fade < 1.0f) {
      const Frame last = read(recording_.head(), std::max(0.0f, last_loop_.end - phase_));
      out = last + fade * (out - last);
    } else {
      fading_ = false;
    }
  }
  phase_ += ratio;
  return out;
}

void LoopingDelayMode::process(const Settings& settings, std::span<Frame> frames) noexcept {
  recording_.write(frames, settings.freeze);
  if (settings.freeze) {
    const float ratio = pitch_ratio(settings.pitch);
    for (Frame& frame : frames) frame = play_loop(settings, ratio);
    return;
  }
  looping_ = false;
  const float target = settings.position * (static_cast<float>(recording_.length()) - kMargin);
  auto newer = static_cast<std::ptrdiff_t>(frames.size());
  for (Frame& frame : frames) {
    --newer;
    delay_ += kGlide * (target - delay_);
    frame = read(recording_.before(recording_.head(), newer), delay_);
  }
}

}  // namespace synthrl::surge::nimbus
