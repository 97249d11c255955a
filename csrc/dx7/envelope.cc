#include "dx7/envelope.h"

#include <algorithm>

#include "dx7/plan.h"
#include "dx7/tables.h"

namespace synthrl::dx7 {

namespace {

constexpr int kMinTarget = 16;
constexpr int kTargetOffset = 4256;

// Samples at 44 100 Hz that a stage without a way to go takes.
std::int32_t static_samples(int rate, bool silent_attack) {
  const auto table_size = static_cast<int>(kStaticSamples.size());
  if (rate >= table_size) return 20 * (99 - rate);
  const std::int32_t samples = kStaticSamples[static_cast<std::size_t>(rate)];
  return silent_attack ? samples / 20 : samples;
}

// One step of an envelope that is on its way. Returns whether it has arrived.
bool move(Lanes& lanes, std::size_t op) {
  std::int32_t& level = lanes.level[op];
  const std::int32_t target = lanes.target[op];
  // Unsigned, as the fastest rates wrap at low sample rates.
  const auto increment = static_cast<std::uint32_t>(lanes.increment[op]);
  bool arrived = false;
  if (lanes.motion[op] > 0) {
    level = std::max(level, kJumpLevel);
    const auto slope = static_cast<std::uint32_t>((kCeiling - level) >> 24);
    level = static_cast<std::int32_t>(static_cast<std::uint32_t>(level) + slope * increment);
    arrived = level >= target;
  } else {
    level = static_cast<std::int32_t>(static_cast<std::uint32_t>(level) - increment);
    arrived = level <= target;
  }
  if (arrived) level = target;
  return arrived;
}

}  // namespace

void OperatorEnvelope::start(const Settings& settings, Lanes& lanes, std::size_t op) noexcept {
  settings_ = settings;
  lanes.level[op] = 0;
  key_down_ = true;
  enter(0, lanes, op);
}

void OperatorEnvelope::release(Lanes& lanes, std::size_t op) noexcept {
  if (!key_down_) return;
  key_down_ = false;
  enter(kSustain, lanes, op);
}

void OperatorEnvelope::end_stage(Lanes& lanes, std::size_t op) noexcept {
  const bool waited = lanes.envelope_event[op] == kWaited;
  enter(stage_ + 1, lanes, op);
  // After a wait the next stage starts at once.
  if (waited && lanes.motion[op] != 0 && lanes.static_samples[op] == 0 && move(lanes, op)) {
    enter(stage_ + 1, lanes, op);
  }
}

void OperatorEnvelope::enter(int stage, Lanes& lanes, std::size_t op) noexcept {
  stage_ = stage;
  lanes.motion[op] = 0;
  lanes.static_samples[op] = 0;
  lanes.ended[op] = stage >= kDone ? -1 : 0;
  if (stage >= kDone) return;
  const auto index = static_cast<std::size_t>(stage);
  const int rate = settings_.rates[index];
  const std::int32_t level_steps = 64 * (scaled_level(settings_.levels[index]) >> 1);
  const std::int32_t target =
      std::max(kMinTarget, level_steps + settings_.output_level - kTargetOffset) << 16;
  const std::int32_t level = lanes.level[op];
  lanes.target[op] = target;
  if (stage < kSustain || !key_down_) lanes.motion[op] = target > level ? 1 : -1;

  const int scaled_rate = std::min(63, ((41 * rate) >> 6) + settings_.rate_scaling);
  const std::int64_t increment = static_cast<std::int64_t>(4 + scaled_rate % 4)
                                 << (8 + (scaled_rate >> 2));
  lanes.increment[op] = static_cast<std::int32_t>((increment * settings_.multiplier) >> 24);

  const bool silent_attack = stage == 0 && settings_.levels[0] == 0;
  if (target == level || silent_attack) {
    const int static_rate = std::min(99, rate + settings_.rate_scaling);
    const std::int64_t samples = static_samples(static_rate, silent_attack);
    lanes.static_samples[op] = static_cast<std::int32_t>((samples * settings_.multiplier) >> 24);
  }
}

void PitchEnvelope::start(const Settings& settings, Lanes& lanes, std::size_t lane) noexcept {
  settings_ = settings;
  lanes.pitch_level[lane] = kPitchLevel[settings.levels[3]] * (1 << 19);
  key_down_ = true;
  enter(0, lanes, lane);
}

void PitchEnvelope::release(Lanes& lanes, std::size_t lane) noexcept {
  if (!key_down_) return;
  key_down_ = false;
  enter(kSustain, lanes, lane);
}

void PitchEnvelope::end_stage(Lanes& lanes, std::size_t lane) noexcept {
  enter(stage_ + 1, lanes, lane);
}

void PitchEnvelope::enter(int stage, Lanes& lanes, std::size_t lane) noexcept {
  stage_ = stage;
  lanes.pitch_increment[lane] = 0;
  if (stage >= kDone) return;
  const auto index = static_cast<std::size_t>(stage);
  const std::int32_t target = kPitchLevel[settings_.levels[index]] * (1 << 19);
  lanes.pitch_target[lane] = target;
  if (stage == kSustain && key_down_) return;
  const std::int32_t increment = kPitchRate[settings_.rates[index]] * settings_.unit;
  lanes.pitch_increment[lane] = target > lanes.pitch_level[lane] ? increment : -increment;
}

}  // namespace synthrl::dx7
