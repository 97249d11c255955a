// Sample and hold: reduces the sample rate, with feedback of the held value.
#pragma once

#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/dsp/saturation.h"
#include "surge/filters/coefficients.h"

namespace synthrl::surge {

Coefficients sample_and_hold_coefficients(float sample_rate_hz, float cutoff_semitones,
                                          float resonance);

struct SampleAndHold {
  enum : std::size_t { kRate, kFeedback };

  template <Lanes S>
  struct State {
    S held{};
    float phase = 0.0f;  // of the sampling clock, in cycles; it samples above 0
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    state.phase += c[kRate];
    if (state.phase > 0.0f) {
      state.held = soft_clip(input - c[kFeedback] * state.held);
      state.phase -= 1.0f;
    }
    return state.held;
  }
};

}  // namespace synthrl::surge
