// "Standard" lowpass, highpass and bandpass: state-variable filters that run twice per sample and
// shrink their state when the band signal grows.
#pragma once

#include <array>
#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/filters/coefficients.h"

namespace synthrl::surge {

enum class Response { kLowpass, kHighpass, kBandpass, kNotch, kAllpass };

// Resonance can be pushed less far in the steep lowpass and highpass: `overdrive` is 0.1 there,
// else 0.15.
Coefficients standard_svf_coefficients(float sample_rate_hz, float cutoff_semitones,
                                       float resonance, float overdrive);

// One section is 12 dB per octave, two in series 24.
template <Response kResponse, std::size_t kSections>
struct StandardSvf {
  enum : std::size_t { kFrequency, kDamping, kLimit, kGain };

  template <Lanes S>
  struct State {
    struct Section {
      S band{};
      S low{};
    };
    std::array<Section, kSections> section{};
    S shrink{};  // 0 until the first sample is done
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    // An iteration adds F * band to low, then F * (input - low - Q * band) to band. Written so that
    // the new states depend on the old ones through few operations.
    const float frequency = c[kFrequency];
    const float kept = 1.0f - frequency * (frequency + c[kDamping]);
    S signal = input;
    S limited{};
    for (auto& [band, low] : state.section) {
      const S low1 = low + frequency * band;
      const S band1 = kept * band + frequency * (signal - low);
      const S low2 = low1 + frequency * band1;
      const S band2 = kept * band1 + frequency * (signal - low1);
      band = state.shrink * band2;
      low = state.shrink * low2;
      limited = kSections == 1 ? band1 : band2;
      if constexpr (kResponse == Response::kLowpass) {
        signal = low2;
      } else if constexpr (kResponse == Response::kHighpass) {
        signal = signal - low2 - c[kDamping] * band1;
      } else {
        signal = band2;
      }
    }
    state.shrink = maximum(splat<S>(0.1f), 1.0f - c[kLimit] * limited * limited);
    return c[kGain] * signal;
  }
};

}  // namespace synthrl::surge
