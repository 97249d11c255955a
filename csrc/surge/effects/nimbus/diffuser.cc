#include "surge/effects/nimbus/diffuser.h"

#include <algorithm>

namespace synthrl::surge::nimbus {
namespace {

constexpr float kGain = 0.625f;

}  // namespace

void Diffuser::Allpass::start() {
  std::fill(ring_.begin(), ring_.end(), 0.0f);
  place_ = 0;
}

float Diffuser::Allpass::process(float in) {
  const float delayed = ring_[place_];
  const float stored = in + kGain * delayed;
  ring_[place_] = stored;
  if (++place_ == ring_.size()) place_ = 0;
  return delayed - kGain * stored;
}

Diffuser::Diffuser()
    : left_{Allpass(125), Allpass(179), Allpass(268), Allpass(443)},
      right_{Allpass(150), Allpass(204), Allpass(244), Allpass(404)} {}

void Diffuser::start() noexcept {
  for (Allpass& stage : left_) stage.start();
  for (Allpass& stage : right_) stage.start();
  used_ = false;
}

void Diffuser::process(float amount, std::span<Frame> frames) noexcept {
  // It costs nothing in sounds that never use it.
  used_ = used_ || amount > 0.0f;
  if (!used_) return;
  for (Frame& frame : frames) {
    Frame out = frame;
    for (Allpass& stage : left_) out.left = stage.process(out.left);
    for (Allpass& stage : right_) out.right = stage.process(out.right);
    frame += amount * (out - frame);
  }
}

}  // namespace synthrl::surge::nimbus
