#include "dx7/envelope.h"

#include <algorithm>
#include <cstddef>

#include "dx7/plan.h"
#include "dx7/tables.h"

namespace synthrl::dx7 {

namespace {

constexpr std::int32_t kJumpLevel = 1716 << 16;  // where a rising stage starts at the latest
constexpr std::int32_t kCeiling = 17 << 24;      // what a rising stage slows down towards
constexpr int kMinTarget = 16;
constexpr int kTargetOffset = 4256;

// Samples at 44 100 Hz that a stage without a way to go takes.
std::int32_t static_samples(int rate, bool silent_attack) {
  const auto table_size = static_cast<int>(kStaticSamples.size());
  if (rate >= table_size) return 20 * (99 - rate);
  const std::int32_t samples = kStaticSamples[static_cast<std::size_t>(rate)];
  return silent_attack ? samples / 20 : samples;
}

}  // namespace

void OperatorEnvelope::start(const Settings& settings) noexcept {
  settings_ = settings;
  level_ = 0;
  static_samples_ = 0;
  key_down_ = true;
  enter(0);
}

void OperatorEnvelope::release() noexcept {
  if (!key_down_) return;
  key_down_ = false;
  enter(kSustain);
}

void OperatorEnvelope::enter(int stage) noexcept {
  stage_ = stage;
  if (stage >= kDone) return;
  const auto index = static_cast<std::size_t>(stage);
  const int rate = settings_.rates[index];
  const std::int32_t level_steps = 64 * (scaled_level(settings_.levels[index]) >> 1);
  target_ = std::max(kMinTarget, level_steps + settings_.output_level - kTargetOffset) << 16;
  rising_ = target_ > level_;

  const int scaled_rate = std::min(63, ((41 * rate) >> 6) + settings_.rate_scaling);
  const std::int64_t increment = static_cast<std::int64_t>(4 + scaled_rate % 4)
                                 << (8 + (scaled_rate >> 2));
  increment_ = static_cast<std::int32_t>((increment * settings_.multiplier) >> 24);

  const bool silent_attack = stage == 0 && settings_.levels[0] == 0;
  static_samples_ = 0;
  if (target_ == level_ || silent_attack) {
    const int static_rate = std::min(99, rate + settings_.rate_scaling);
    const std::int64_t samples = static_samples(static_rate, silent_attack);
    static_samples_ = static_cast<std::int32_t>((samples * settings_.multiplier) >> 24);
  }
}

std::int32_t OperatorEnvelope::step() noexcept {
  if (static_samples_ != 0) {
    static_samples_ -= kBlock;
    if (static_samples_ <= 0) {
      static_samples_ = 0;
      enter(stage_ + 1);
    }
  }
  const bool moving = stage_ < kSustain || (stage_ == kSustain && !key_down_);
  if (moving && static_samples_ == 0) move();
  return level_;
}

void OperatorEnvelope::move() noexcept {
  if (rising_) {
    level_ = std::max(level_, kJumpLevel);
    // Unsigned, as the fastest rates wrap at low sample rates.
    const auto slope = static_cast<std::uint32_t>((kCeiling - level_) >> 24);
    level_ = static_cast<std::int32_t>(static_cast<std::uint32_t>(level_) +
                                       slope * static_cast<std::uint32_t>(increment_));
    if (level_ < target_) return;
  } else {
    level_ -= increment_;
    if (level_ > target_) return;
  }
  level_ = target_;
  enter(stage_ + 1);
}

void PitchEnvelope::start(const Settings& settings) noexcept {
  settings_ = settings;
  level_ = kPitchLevel[settings.levels[3]] * (1 << 19);
  key_down_ = true;
  enter(0);
}

void PitchEnvelope::release() noexcept {
  if (!key_down_) return;
  key_down_ = false;
  enter(kSustain);
}

void PitchEnvelope::enter(int stage) noexcept {
  stage_ = stage;
  if (stage >= kDone) return;
  const auto index = static_cast<std::size_t>(stage);
  target_ = kPitchLevel[settings_.levels[index]] * (1 << 19);
  rising_ = target_ > level_;
  increment_ = kPitchRate[settings_.rates[index]] * settings_.unit;
}

std::int32_t PitchEnvelope::step() noexcept {
  if (stage_ < kSustain || (stage_ == kSustain && !key_down_)) {
    level_ += rising_ ? increment_ : -increment_;
    const bool arrived = rising_ ? level_ >= target_ : level_ <= target_;
    if (arrived) {
      level_ = target_;
      enter(stage_ + 1);
    }
  }
  return level_;
}

}  // namespace synthrl::dx7
