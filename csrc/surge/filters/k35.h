// Lowpass and highpass after the Korg 35: two one-poles in a saturating loop without delay.
#pragma once

#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/dsp/saturation.h"
#include "surge/filters/coefficients.h"

namespace synthrl::surge {

enum class K35Response { kLowpass, kHighpass };

// `frequency_hz` is limited already. `saturation` 0 is linear, 1 and more the drive of the loop.
Coefficients k35_coefficients(float sample_rate_hz, K35Response response, float frequency_hz,
                              float resonance, float saturation);

// Not `kSaturating` leaves out the saturator, for a `saturation` of 0.
template <K35Response kResponse, bool kSaturating>
struct K35 {
  enum : std::size_t {
    kPole,
    kLowBeta,
    kHighBeta,
    kFeedback,
    kAlpha,
    kSaturation,
    kSaturated,
    kClean,
  };

  template <Lanes S>
  struct State {
    S low{};
    S high{};
    S loop{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    const float k = c[kFeedback];
    if constexpr (kResponse == K35Response::kLowpass) {
      const S first = lowpass(state.low, c[kPole], input);
      const S loop = first + c[kLowBeta] * state.loop + c[kHighBeta] * state.high;
      const S output = lowpass(state.loop, c[kPole], saturate(c, c[kAlpha] * loop));
      highpass(state.high, c[kPole], k * output);
      return output;
    } else {
      const S first = highpass(state.high, c[kPole], input);
      const S loop = first + c[kHighBeta] * state.loop + c[kLowBeta] * state.low;
      const S output = saturate(c, k * c[kAlpha] * loop);
      lowpass(state.low, c[kPole], highpass(state.loop, c[kPole], output));
      return output / splat<S>(k);
    }
  }

 private:
  template <Lanes S>
  static S lowpass(S& state, float pole, S input) {
    const S output = pole * input + (1.0f - pole) * state;
    state = 2.0f * output - state;
    return output;
  }

  template <Lanes S>
  static S highpass(S& state, float pole, S input) {
    return input - lowpass(state, pole, input);
  }

  template <Lanes S>
  static S saturate(const CoefficientRamp& c, S x) {
    if constexpr (!kSaturating) return x;
    return c[kClean] * x + c[kSaturated] * pade_tanh(c[kSaturation] * x);
  }
};

}  // namespace synthrl::surge
