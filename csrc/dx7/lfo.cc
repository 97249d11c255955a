#include "dx7/lfo.h"

#include <algorithm>
#include <limits>

#include "dx7/tables.h"

namespace synthrl::dx7 {

namespace {

constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kSyncedPhase = (1u << 31) - 1;

}  // namespace

void start_lfo(const Plan& plan, const LfoSettings& settings, std::uint32_t phase,
               std::uint8_t sample_hold, Lanes& lanes, std::size_t lane) noexcept {
  lanes.lfo_wave[lane] = settings.wave;
  const double hz = kLfoHz[static_cast<std::size_t>(settings.speed)];
  lanes.lfo_phase_step[lane] =
      static_cast<std::int32_t>(static_cast<std::uint32_t>(hz * plan.lfo_ratio));
  lanes.lfo_phase[lane] = static_cast<std::int32_t>(settings.key_sync ? kSyncedPhase : phase);
  lanes.lfo_sample_hold[lane] = sample_hold;
  lanes.lfo_delay_state[lane] = 0;
  std::uint32_t delay_step = kMax;
  std::uint32_t fade_step = kMax;
  if (const int remaining = 99 - settings.delay; remaining != 99) {
    const auto unit = static_cast<std::uint32_t>(plan.lfo_delay_unit);
    const auto scale =
        static_cast<std::uint32_t>((16 + (remaining & 15)) << (1 + (remaining >> 4)));
    delay_step = unit * scale;
    fade_step = unit * std::max<std::uint32_t>(128, scale & ~127u);
  }
  lanes.lfo_delay_step[lane] = static_cast<std::int32_t>(delay_step);
  lanes.lfo_fade_step[lane] = static_cast<std::int32_t>(fade_step);
}

}  // namespace synthrl::dx7
