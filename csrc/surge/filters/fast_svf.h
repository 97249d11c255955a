// A linear state-variable filter with trapezoidal integrators and many responses.
#pragma once

#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/filters/coefficients.h"

namespace synthrl::surge {

enum class FastSvfResponse {
  kLowpass,
  kHighpass,
  kBandpass,
  kNotch,
  kPeak,
  kAllpass,
  kBell,
  kLowShelf,
  kHighShelf,
};

Coefficients fast_svf_coefficients(float sample_rate_hz, FastSvfResponse response,
                                   float cutoff_semitones, float resonance);

struct FastSvf {
  // Weights of the integrators' equations, then of input, band and low in the output.
  enum : std::size_t { kA1, kA2, kA3, kInput, kBand, kLow };

  template <Lanes S>
  struct State {
    S band{};
    S low{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    const S difference = input - state.low;
    const S band = c[kA1] * state.band + c[kA2] * difference;
    const S low = state.low + c[kA2] * state.band + c[kA3] * difference;
    state.band = 2.0f * band - state.band;
    state.low = 2.0f * low - state.low;
    return c[kInput] * input + c[kBand] * band + c[kLow] * low;
  }
};

}  // namespace synthrl::surge
