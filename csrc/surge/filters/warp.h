// Biquads with saturation inside the loop, up to four in series. In "cutoff warp" filters the
// level moves the cutoff, in "resonance warp" filters the resonance.
#pragma once

#include <array>
#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/dsp/saturation.h"
#include "surge/filters/coefficients.h"
#include "surge/filters/standard_svf.h"

namespace synthrl::surge {

// `frequency_hz` is limited already. `subtype` selects the make-up gain: 4 per saturator.
Coefficients cutoff_warp_coefficients(float sample_rate_hz, Response response, int subtype,
                                      float frequency_hz, float resonance);
Coefficients resonance_warp_coefficients(float sample_rate_hz, Response response,
                                         float frequency_hz, float resonance);

enum class Saturator { kTanh, kSoftClip, kOverdrive };

template <Saturator kSaturator, Lanes S>
S saturate(S x) {
  if constexpr (kSaturator == Saturator::kTanh) {
    return pade_tanh(x);
  } else if constexpr (kSaturator == Saturator::kSoftClip) {
    return soft_clip(x);
  } else {
    return asymmetric_overdrive(x);
  }
}

// The subtypes are in groups of four, one to four stages, with a saturator per group.
constexpr std::size_t warp_stages(std::size_t subtype) { return subtype % 4 + 1; }
constexpr Saturator warp_saturator(std::size_t subtype) {
  return static_cast<Saturator>(subtype / 4);
}

template <std::size_t kSubtype>
struct CutoffWarp {
  enum : std::size_t { kA1, kA2, kB0, kB1, kB2, kMakeUp };

  // Transposed direct form II.
  template <Lanes S>
  struct State {
    std::array<S, warp_stages(kSubtype)> z1{};
    std::array<S, warp_stages(kSubtype)> z2{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    S signal = input;
    for (std::size_t i = 0; i < warp_stages(kSubtype); ++i) {
      const S output = state.z1[i] + c[kB0] * signal;
      const S fed_back = saturate<warp_saturator(kSubtype)>(output);
      state.z1[i] = state.z2[i] + c[kB1] * signal - c[kA1] * fed_back;
      state.z2[i] = c[kB2] * signal - c[kA2] * fed_back;
      signal = c[kMakeUp] * output;
    }
    c.advance();
    return signal;
  }
};

template <std::size_t kSubtype>
struct ResonanceWarp {
  enum : std::size_t { kA1, kA2, kB0, kB1, kB2 };

  // Transposed direct form II.
  template <Lanes S>
  struct State {
    std::array<S, warp_stages(kSubtype)> z1{};
    std::array<S, warp_stages(kSubtype)> z2{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    constexpr Saturator kSaturator = warp_saturator(kSubtype);
    S signal = input;
    for (std::size_t i = 0; i < warp_stages(kSubtype); ++i) {
      const S output = state.z1[i] + c[kB0] * signal;
      state.z1[i] = saturate<kSaturator>(state.z2[i] + c[kB1] * signal - c[kA1] * output);
      state.z2[i] = saturate<kSaturator>(c[kB2] * signal - c[kA2] * output);
      signal = output;
    }
    c.advance();
    return signal;
  }
};

}  // namespace synthrl::surge
