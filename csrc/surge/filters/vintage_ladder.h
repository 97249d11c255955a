// Three models of a transistor ladder lowpass. "Compensated" variants feed some of the input
// around the ladder, so that resonance takes less of the bass.
#pragma once

#include <array>
#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/dsp/saturation.h"
#include "surge/filters/coefficients.h"

namespace synthrl::surge {

Coefficients runge_kutta_ladder_coefficients(float sample_rate_hz, float frequency_hz,
                                             float resonance, bool compensated);
Coefficients huovilainen_ladder_coefficients(float sample_rate_hz, float frequency_hz,
                                             float resonance, bool compensated);
Coefficients huovilainen_2010_ladder_coefficients(float sample_rate_hz, float frequency_hz,
                                                  float resonance, bool compensated);

// Type 1: the ladder's differential equation, solved at four times the sample rate.
struct RungeKuttaLadder {
  // The rate is in radians per step of the solver.
  enum : std::size_t { kRate, kFeedback, kCompensation };

  template <Lanes S>
  using Poles = std::array<S, 4>;

  template <Lanes S>
  struct State {
    Poles<S> pole{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    // What the steps contribute to the decimated output.
    constexpr std::array kDecimation = {-0.0636844f, 0.0f, 0.57315917f, 1.0f};
    S output{};
    for (std::size_t step = 0; step < kDecimation.size(); ++step) {
      c.advance(0.25f);
      // The input is zero-stuffed.
      solve_step(state.pole, c, step == 0 ? input : splat<S>(0.0f));
      output += kDecimation[step] * state.pole[3];
    }
    return 1.5f * output;
  }

 private:
  // Reaches +-2 at +-3.
  template <Lanes S>
  static S saturate(S x) {
    const S v = clamp(x, -3.0f, 3.0f);
    return v - ((1.0f / 27.0f) * v) * (v * v);
  }

  // Of the poles per step, times `rate`. `input` includes the compensation.
  template <Lanes S>
  static Poles<S> slopes(const Poles<S>& y, float rate, float feedback, S input) {
    S previous = saturate(input - feedback * y[3]);
    Poles<S> slope;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const S present = saturate(y[i]);
      slope[i] = rate * (previous - present);
      previous = present;
    }
    return slope;
  }

  template <Lanes S>
  static Poles<S> sum(const Poles<S>& a, const Poles<S>& b) {
    Poles<S> result;
    for (std::size_t i = 0; i < a.size(); ++i) result[i] = a[i] + b[i];
    return result;
  }

  // Runge-Kutta, but for the last slope, which classically is taken at the end of the step. Taking
  // it half way smooths what comes in.
  template <Lanes S>
  static void solve_step(Poles<S>& y, const CoefficientRamp& c, S input) {
    const float half_rate = 0.5f * c[kRate];
    const float feedback = c[kFeedback];
    const S compensated = input + feedback * c[kCompensation] * input;
    const Poles<S> half1 = slopes(y, half_rate, feedback, compensated);
    const Poles<S> half2 = slopes(sum(y, half1), half_rate, feedback, compensated);
    const Poles<S> half3 = slopes(sum(y, half2), half_rate, feedback, compensated);
    const Poles<S> half4 = slopes(sum(y, half3), half_rate, feedback, compensated);
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] += (1.0f / 3.0f) * ((half1[i] + half4[i]) + 2.0f * (half2[i] + half3[i]));
    }
  }
};

// Type 2, after Huovilainen (2004), at twice the sample rate.
struct HuovilainenLadder {
  enum : std::size_t { kCycles, kResonance, kCompensation };

  template <Lanes S>
  struct State {
    std::array<S, 4> pole{};
    std::array<S, 3> saturated{};  // of the first three poles
    S previous_last{};
    S averaged{};  // last pole, half a sample later
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    const Tuning tuning = tune(c);
    for (int step = 0; step < 2; ++step) {
      c.advance(0.5f);
      auto& y = state.pole;
      const S loop = input - tuning.feedback * (state.averaged - c[kCompensation] * input);
      const S old_last = saturate(y[3]);
      S before = saturate(loop);
      for (std::size_t i = 0; i < 3; ++i) {
        y[i] += tuning.pole * (before - state.saturated[i]);
        before = saturate(y[i]);
        // The next pole compares with its own saturated value of the last step.
        state.saturated[i] = before;
      }
      y[3] += tuning.pole * (before - old_last);
      state.averaged = 0.5f * (y[3] + state.previous_last);
      state.previous_last = y[3];
    }
    return state.averaged;
  }

 private:
  // Voltage at which a transistor pair saturates.
  static constexpr float kThermal = 70.0f;

  template <Lanes S>
  static S saturate(S x) {
    return pade_tanh(x * (1.0f / kThermal));
  }

  struct Tuning {
    float pole;
    float feedback;
  };
  static Tuning tune(const CoefficientRamp& c);
};

// Type 3, after Huovilainen (2010).
struct Huovilainen2010Ladder {
  enum : std::size_t { kFeedback, kPole, kCompensation };

  template <Lanes S>
  struct State {
    std::array<S, 4> input{};  // of each pole, a sample ago
    std::array<S, 4> pole{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    const S driven = 4.0f * input;
    const S loop = driven - c[kFeedback] * (state.pole[3] + c[kCompensation] * driven);
    S signal = kThermal * pade_tanh(loop * (1.0f / kThermal));
    for (std::size_t i = 0; i < 4; ++i) {
      const S mixed = (signal + 0.3f * state.input[i]) * (1.0f / 1.3f);
      state.input[i] = signal;
      state.pole[i] += c[kPole] * (mixed - state.pole[i]);
      signal = state.pole[i];
    }
    c.advance();
    return 0.125f * signal;
  }

 private:
  static constexpr float kThermal = 70.0f;
};

}  // namespace synthrl::surge
