#include "dx7/plan.h"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace synthrl::dx7 {

namespace {

constexpr double kMinSampleRate = 8000.0;
constexpr double kMaxSampleRate = 384000.0;

// Dexed and dexed-py differ by one unit of 2^-24 octave.
constexpr std::int32_t kPluginKeyZero = 50857777;
constexpr std::int32_t kEngineKeyZero = 50857776;

// Below 16 385 Hz the upper entries do not fit; x86-64 builds of Dexed then store the most
// negative integer, which is followed here so that renders stay equal.
std::int32_t to_int32(double value) {
  if (value > std::numeric_limits<std::int32_t>::max()) {
    return std::numeric_limits<std::int32_t>::min();
  }
  return static_cast<std::int32_t>(value);
}

}  // namespace

Plan::Plan(RenderFormat format, Engine engine, Stage stage, InstructionSet instruction_set)
    : sample_rate_(format.sample_rate),
      engine_(engine),
      stage_(stage),
      instruction_set_(instruction_set) {
  if (!(sample_rate_ >= kMinSampleRate && sample_rate_ <= kMaxSampleRate)) {
    throw std::invalid_argument("sample_rate must be between 8000 and 384000 Hz");
  }
  if (!is_supported(instruction_set)) {
    throw std::invalid_argument("this processor does not have the instruction set");
  }
  log_hz_of_key_zero = stage == Stage::kPlugin ? kPluginKeyZero : kEngineKeyZero;
  envelope_multiplier = static_cast<std::int32_t>(44100.0 / sample_rate_ * (1 << 24));
  lfo_delay_unit = static_cast<std::int32_t>(kBlock * 25190424.0 / sample_rate_ + 0.5);
  lfo_ratio = static_cast<std::int32_t>(4437500000.0 * kBlock / sample_rate_);
  pitch_envelope_unit = static_cast<std::int32_t>(
      kBlock * static_cast<double>(1 << 24) / (21.3 * sample_rate_) + 0.5);
  // A running product, as a direct power differs in one entry at 22 050 Hz.
  const double step = std::exp2(1.0 / 1024.0);
  double y = std::exp2(44.0) / sample_rate_;
  for (std::int32_t& entry : frequency_) {
    entry = to_int32(std::floor(y + 0.5));
    y *= step;
  }
}

std::int32_t Plan::phase_step(std::int32_t log_hz) const {
  const auto index = static_cast<std::size_t>((log_hz & 0xffffff) >> 14);
  const std::int64_t fraction = log_hz & 0x3fff;
  // The difference wraps like the table's overflowing entries do.
  const auto slope = static_cast<std::int32_t>(static_cast<std::uint32_t>(frequency_[index + 1]) -
                                               static_cast<std::uint32_t>(frequency_[index]));
  const std::int32_t y = static_cast<std::int32_t>(frequency_[index] + ((slope * fraction) >> 14));
  // From 21 octaves on the count would be negative; x86-64 shifts by it modulo 32.
  return y >> ((20 - (log_hz >> 24)) & 31);
}

}  // namespace synthrl::dx7
