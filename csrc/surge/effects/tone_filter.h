// A knob that takes treble on one side and bass on the other.
#pragma once

#include <algorithm>
#include <cmath>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/followers.h"

namespace synthrl::surge {

class ToneFilter {
 public:
  void restart() { *this = ToneFilter(); }

  // `tone` is limited to -1 … 1 and takes effect at the next call.
  void set(const Plan& plan, float tone) {
    constexpr double kQ = 0.707;
    // Semitones from A440 of both filters in the middle, and at the ends.
    constexpr float kOpenTreble = 43.0f;
    constexpr float kLeastTreble = -36.0f;
    constexpr float kOpenBass = -57.0f;
    constexpr float kLeastBass = 43.0f;
    tone_.set(std::clamp(tone, -1.0f, 1.0f));
    const float treble = std::max(-tone_.value(), 0.0f);
    const float bass = std::max(tone_.value(), 0.0f);
    lowpass_.set_lowpass(omega_of(plan, kOpenTreble + treble * (kLeastTreble - kOpenTreble)), kQ);
    highpass_.set_highpass(omega_of(plan, kOpenBass + bass * (kLeastBass - kOpenBass)), kQ);
  }
  void process(StereoBlock audio) noexcept {
    EffectBiquad::process_series({&lowpass_, &highpass_}, audio);
  }

 private:
  LateLine tone_;
  EffectBiquad lowpass_;
  EffectBiquad highpass_;
};

}  // namespace synthrl::surge
