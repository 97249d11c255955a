// "Driven", "Clean" and "Mild" filters: biquads, realised as coupled oscillators or lattices whose
// state shrinks when the output grows.
#pragma once

#include <array>
#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/filters/coefficients.h"
#include "surge/filters/filter_tables.h"
#include "surge/filters/standard_svf.h"

namespace synthrl::surge {

// Slope that the resonance is scaled for: 12 or 24 dB per octave.
enum class Slope { k12, k24 };

// Lowpass, highpass and bandpass for `CoupledBiquad`. High resonance makes it oscillate by itself.
Coefficients driven_coefficients(const FilterTables& tables, Response response, Slope slope,
                                 float cutoff_semitones, float resonance);

// Lowpass, highpass and bandpass for `LatticeBiquad`.
Coefficients clean_coefficients(const FilterTables& tables, Response response, Slope slope,
                                float cutoff_semitones, float resonance);

// Notch and allpass for `LatticeBiquad`; a mild notch is narrower.
Coefficients notch_coefficients(const FilterTables& tables, Response response, bool mild,
                                float cutoff_semitones, float resonance);

template <std::size_t kSections>
struct CoupledBiquad {
  enum : std::size_t { kReal, kImaginary, kMix1, kMix2, kDirect, kLimit };

  template <Lanes S>
  struct State {
    std::array<S, kSections> real{};
    std::array<S, kSections> imaginary{};
    S shrink{};  // 0 until the first sample is done
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    S signal = input;
    for (std::size_t i = 0; i < kSections; ++i) {
      const S u = state.real[i];
      const S v = state.imaginary[i];
      state.real[i] = state.shrink * (signal + c[kReal] * u - c[kImaginary] * v);
      state.imaginary[i] = state.shrink * (c[kImaginary] * u + c[kReal] * v);
      signal = c[kMix1] * u + c[kMix2] * v + c[kDirect] * signal;
    }
    state.shrink = maximum(splat<S>(0.1f), 1.0f - c[kLimit] * signal * signal);
    return signal;
  }
};

template <std::size_t kSections>
struct LatticeBiquad {
  enum : std::size_t { kReflect1, kReflect2, kPass1, kPass2, kTap1, kTap2, kTap3, kLimit };

  template <Lanes S>
  struct State {
    std::array<S, kSections> first{};
    std::array<S, kSections> second{};
    S shrink{};  // 0 until the first sample is done
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    // The single section advances in the middle of the sample.
    if constexpr (kSections > 1) c.advance();
    S signal = input;
    for (std::size_t i = 0; i < kSections; ++i) {
      const S first = state.first[i];
      const S second = state.second[i];
      const S forward2 = c[kPass2] * signal - c[kReflect2] * second;
      const S forward1 = c[kPass1] * forward2 - c[kReflect1] * first;
      if constexpr (kSections == 1) c.advance();
      const S backward2 = c[kReflect2] * signal + c[kPass2] * second;
      const S backward1 = c[kReflect1] * forward2 + c[kPass1] * first;
      state.first[i] = state.shrink * forward1;
      state.second[i] = state.shrink * backward1;
      signal = c[kTap3] * backward2 + c[kTap2] * backward1 + c[kTap1] * forward1;
    }
    state.shrink = maximum(splat<S>(0.1f), 1.0f - c[kLimit] * signal * signal);
    return signal;
  }
};

}  // namespace synthrl::surge
