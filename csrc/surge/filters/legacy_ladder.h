// The first ladder lowpass: four one-poles, the first of which saturates.
#pragma once

#include <array>
#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/dsp/saturation.h"
#include "surge/filters/coefficients.h"

namespace synthrl::surge {

Coefficients legacy_ladder_coefficients(float sample_rate_hz, float cutoff_semitones,
                                        float resonance);

// The output is that of pole `kTap` (0 to 3), 6 dB per octave more each.
template <std::size_t kTap>
struct LegacyLadder {
  enum : std::size_t { kInputGain, kPole, kFeedback };

  template <Lanes S>
  struct State {
    std::array<S, 4> pole{};
    S previous_last{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    auto& y = state.pole;
    const float kept = 1.0f - c[kPole];
    const float feedback = c[kPole] * c[kFeedback];
    // Everything but the newest signal comes first, to keep the loop short.
    const S early = kept * y[0] + c[kPole] * c[kInputGain] * input - feedback * state.previous_last;
    state.previous_last = y[3];
    y[0] = soft_clip_8(early - feedback * y[3]);
    for (std::size_t i = 1; i < 4; ++i) y[i] = kept * y[i] + c[kPole] * y[i - 1];
    return y[kTap];
  }
};

}  // namespace synthrl::surge
