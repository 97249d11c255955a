// A linear diode ladder lowpass: four one-poles, each also fed by the next.
#pragma once

#include <array>
#include <cstddef>

#include "surge/dsp/estimates.h"
#include "surge/dsp/lanes.h"
#include "surge/filters/coefficients.h"

namespace synthrl::surge {

// `frequency_hz` is limited already.
Coefficients diode_ladder_coefficients(float sample_rate_hz, float frequency_hz, float resonance);

// The output is that of pole `kTap` (0 to 3), 6 dB per octave more each.
template <std::size_t kTap>
struct DiodeLadder {
  // Stage gains G1 to G4, counted from the input.
  enum : std::size_t { kPole, kLoopGain, kGain, kG4, kG3, kG2, kG1, kFeedback };

  template <Lanes S>
  struct State {
    std::array<S, 4> integrator{};
    S feedback2{};  // of stages 2 and 3, a sample ago
    S feedback3{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    const float g = c[kGain];
    const float half_g = 0.5f * g;
    const float beta1 = reciprocal_estimate(1.0f + g - g * c[kG2]);
    const float beta2 = reciprocal_estimate(1.0f + g - half_g * c[kG3]);
    const float beta3 = reciprocal_estimate(1.0f + g - half_g * c[kG4]);
    const float beta4 = reciprocal_estimate(1.0f + g);
    auto& z = state.integrator;

    const S feedback3 = beta4 * z[3];
    const S feedback2 = beta3 * (half_g * state.feedback3 + z[2]);
    const S feedback1 = beta2 * (half_g * state.feedback2 + z[1]);
    state.feedback3 = feedback3;
    state.feedback2 = feedback2;

    const S out1 = beta1 * (g * feedback1 + z[0]);
    const S out2 = beta2 * (half_g * feedback2 + z[1]);
    const S out3 = beta3 * (half_g * feedback3 + z[2]);
    const S out4 = beta4 * z[3];
    const S sum = ((c[kG2] * out1 + out2) * c[kG3] + out3) * c[kG4] + out4;
    const float k = c[kFeedback];
    // The loop has no delay: its equation is solved for the input of the first pole.
    const S driven = ((1.0f + 0.3f * k) * input - k * sum) * (1.0f / (1.0f + k * c[kLoopGain]));

    std::array<S, 4> y;
    y[0] =
        one_pole(z[0], c[kPole], driven * (1.0f + c[kG1] * c[kG2]) + (feedback1 + c[kG2] * out1));
    y[1] = one_pole(z[1], c[kPole],
                    y[0] * (0.5f + 0.5f * c[kG2] * c[kG3]) + 0.5f * (feedback2 + c[kG3] * out2));
    y[2] = one_pole(z[2], c[kPole],
                    y[1] * (0.5f + 0.5f * c[kG3] * c[kG4]) + 0.5f * (feedback3 + c[kG4] * out3));
    y[3] = one_pole(z[3], c[kPole], 0.5f * y[2]);
    return kLevels[kTap] * y[kTap];
  }

 private:
  static constexpr std::array kLevels = {0.125f, 0.3f, 0.6f, 1.2f};

  template <Lanes S>
  static S one_pole(S& integrator, float pole, S input) {
    const S output = pole * input + (1.0f - pole) * integrator;
    integrator = 2.0f * output - integrator;
    return output;
  }
};

}  // namespace synthrl::surge
