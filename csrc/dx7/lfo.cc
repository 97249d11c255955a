#include "dx7/lfo.h"

#include <algorithm>
#include <limits>

#include "dx7/tables.h"

namespace synthrl::dx7 {

namespace {

constexpr std::uint32_t kHalf = 1u << 31;
constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kSyncedPhase = kHalf - 1;
constexpr std::int32_t kOne = 1 << 24;
constexpr std::uint32_t kMask24 = (1u << 24) - 1;

}  // namespace

void Lfo::start(const Plan& plan, const Settings& settings, std::uint32_t phase,
                std::uint8_t sample_hold) noexcept {
  wave_ = settings.wave;
  const double hz = kLfoHz[static_cast<std::size_t>(settings.speed)];
  phase_step_ = static_cast<std::uint32_t>(hz * plan.lfo_ratio);
  phase_ = settings.key_sync ? kSyncedPhase : phase;
  sample_hold_ = sample_hold;
  delay_state_ = 0;
  const int remaining = 99 - settings.delay;
  if (remaining == 99) {
    delay_step_ = fade_step_ = kMax;
  } else {
    const auto unit = static_cast<std::uint32_t>(plan.lfo_delay_unit);
    const auto scale =
        static_cast<std::uint32_t>((16 + (remaining & 15)) << (1 + (remaining >> 4)));
    delay_step_ = unit * scale;
    fade_step_ = unit * std::max<std::uint32_t>(128, scale & ~127u);
  }
}

void Lfo::step() noexcept {
  phase_ += phase_step_;
  value_ = wave_value();

  const std::uint32_t step = delay_state_ < kHalf ? delay_step_ : fade_step_;
  const std::uint64_t next = static_cast<std::uint64_t>(delay_state_) + step;
  if (next > kMax) {
    fade_ = kOne;
  } else {
    delay_state_ = static_cast<std::uint32_t>(next);
    fade_ = delay_state_ < kHalf ? 0 : static_cast<std::int32_t>((delay_state_ >> 7) & kMask24);
  }
}

std::int32_t Lfo::wave_value() noexcept {
  switch (wave_) {
    case 0: {
      const std::uint32_t ramp = (phase_ >> 7) & kMask24;
      return static_cast<std::int32_t>(phase_ < kHalf ? ramp : ramp ^ kMask24);
    }
    case 1:
      return static_cast<std::int32_t>((~phase_ ^ kHalf) >> 8);
    case 2:
      return static_cast<std::int32_t>((phase_ ^ kHalf) >> 8);
    case 3:
      return phase_ < kHalf ? kOne : 0;
    case 4:
      return (kOne >> 1) + (sine_q24(static_cast<std::int32_t>(phase_ >> 8)) >> 1);
    case 5:
      if (phase_ < phase_step_) {
        sample_hold_ = static_cast<std::uint8_t>(sample_hold_ * 179 + 17);
      }
      return ((sample_hold_ ^ 0x80) + 1) << 16;
    default:
      return kOne >> 1;
  }
}

}  // namespace synthrl::dx7
