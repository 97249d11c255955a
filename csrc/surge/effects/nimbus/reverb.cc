#include "surge/effects/nimbus/reverb.h"

#include <algorithm>
#include <bit>

namespace synthrl::surge::nimbus {
namespace {

constexpr std::array<std::size_t, 4> kInputDelays{112, 161, 240, 398};
constexpr std::array<std::size_t, 4> kTankDelays{1652, 2037, 1912, 1662};
constexpr float kDiffusion = 0.7f;
constexpr float kInputGain = 0.2f;
// The first all-pass is smeared: a place that swings is copied to one that does not.
constexpr std::size_t kSmearTo = 100;
constexpr float kSmearFrom = 10.0f;
constexpr float kSmearSwing = 60.0f;
constexpr std::size_t kFirstDelay = 3410;
constexpr float kSecondDelay = 4680.0f;
constexpr float kSecondSwing = 100.0f;
constexpr std::size_t kSwingPeriod = 32;
constexpr float kScale = 4096.0f;

std::int16_t store(float sample) { return to_int16(sample * kScale); }

}  // namespace

Reverb::Line::Line(std::size_t longest)
    : cells_(std::bit_ceil(longest + 2)), mask_(cells_.size() - 1) {}

void Reverb::Line::start() {
  std::fill(cells_.begin(), cells_.end(), std::int16_t{0});
  next_ = 0;
}

void Reverb::Line::write(float sample) { cells_[next_++ & mask_] = store(sample); }

float Reverb::Line::read(std::size_t delay) const {
  return static_cast<float>(cells_[(next_ - delay) & mask_]) * (1.0f / kScale);
}

float Reverb::Line::read_between(float delay) const {
  const auto whole = static_cast<std::size_t>(delay);
  const float newer = read(whole);
  return newer + (delay - static_cast<float>(whole)) * (read(whole + 1) - newer);
}

void Reverb::Line::replace(std::size_t delay, float sample) {
  cells_[(next_ - delay) & mask_] = store(sample);
}

float Reverb::Line::allpass(std::size_t delay, float gain, float in) {
  const float delayed = read(delay);
  const float stored = in + gain * delayed;
  write(stored);
  return delayed - gain * stored;
}

Reverb::Swing::Swing(double cycles_per_step)
    : coefficient_(2.0 - 32.0 * cycles_per_step * cycles_per_step) {}

void Reverb::Swing::start() {
  now_ = 1.0;
  before_ = 0.5 * coefficient_;
}

void Reverb::Swing::advance() {
  const double next = coefficient_ * now_ - before_;
  before_ = now_;
  // Rounding would let it grow in hours.
  now_ = std::clamp(next, -1.0, 1.0);
}

Reverb::Reverb()
    : input_{Line(kInputDelays[0]), Line(kInputDelays[1]), Line(kInputDelays[2]),
             Line(kInputDelays[3])},
      tank_{Line(kTankDelays[0]), Line(kTankDelays[1]), Line(kTankDelays[2]), Line(kTankDelays[3])},
      delays_{Line(kFirstDelay), Line(static_cast<std::size_t>(kSecondDelay + kSecondSwing))},
      swings_{Swing(0.5 * kSwingPeriod / kSampleRate), Swing(0.3 * kSwingPeriod / kSampleRate)} {}

void Reverb::start() noexcept {
  for (Line& line : input_) line.start();
  for (Line& line : tank_) line.start();
  for (Line& line : delays_) line.start();
  for (Swing& swing : swings_) swing.start();
  damped_ = {};
  samples_ = 0;
  used_ = false;
}

void Reverb::process(float amount, float feedback, std::span<Frame> frames) noexcept {
  // It costs nothing in sounds that never use it.
  used_ = used_ || amount > 0.0f;
  if (!used_) return;
  const float level = 0.54f * amount;
  const float time = 0.35f + 0.63f * amount;
  const float brightness = 0.6f + 0.37f * feedback;
  for (Frame& frame : frames) {
    if (samples_++ % kSwingPeriod == 0) {
      for (Swing& swing : swings_) swing.advance();
    }
    input_[0].replace(kSmearTo,
                      input_[0].read_between(kSmearFrom + kSmearSwing * swings_[0].value()));
    float in = kInputGain * (frame.left + frame.right);
    for (std::size_t i = 0; i < input_.size(); ++i) {
      in = input_[i].allpass(kInputDelays[i], kDiffusion, in);
    }

    const float to_first =
        in + time * delays_[1].read_between(kSecondDelay + kSecondSwing * swings_[1].value());
    damped_[0] += brightness * (to_first - damped_[0]);
    const float left = tank_[1].allpass(kTankDelays[1], kDiffusion,
                                        tank_[0].allpass(kTankDelays[0], -kDiffusion, damped_[0]));
    delays_[0].write(left);
    frame.left += level * (2.0f * left - frame.left);

    // The sample just written is not counted.
    const float to_second = in + time * delays_[0].read(kFirstDelay + 1);
    damped_[1] += brightness * (to_second - damped_[1]);
    const float right = tank_[3].allpass(kTankDelays[3], -kDiffusion,
                                         tank_[2].allpass(kTankDelays[2], kDiffusion, damped_[1]));
    delays_[1].write(right);
    frame.right += level * (2.0f * right - frame.right);
  }
}

}  // namespace synthrl::surge::nimbus
