// Three saturating one-poles, each lowpass or highpass, with a clipping resonance element in a
// loop that is solved by Newton iteration.
#pragma once

#include <array>
#include <cstddef>

#include "surge/dsp/estimates.h"
#include "surge/dsp/lanes.h"
#include "surge/dsp/saturation.h"
#include "surge/filters/coefficients.h"

namespace synthrl::surge {

// `frequency_hz` is limited already.
Coefficients tri_pole_coefficients(float sample_rate_hz, float frequency_hz, float resonance);

// L and H: lowpass and highpass stages in their order.
enum class TriPoleMode { kLLL, kLHL, kHLH, kHHH };

namespace tri_pole {

// Odd sigmoid with limits of +-1; `softness` is the square of its knee.
template <Lanes S>
S sigmoid(S x, float softness) {
  return x * reciprocal_root_estimate(x * x + softness);
}

// One Newton step towards the solution y of y + gain * sigmoid(y) = drive.
template <Lanes S>
S newton_step(S drive, float gain, float inverse, float softness) {
  const S guess = inverse * drive;
  const S bent = sigmoid(guess, softness);
  return guess + (drive - gain * bent - guess) / (gain * (1.0f - bent * bent) + 1.0f);
}

// The element clips softly beyond this (scaled) input, with an offset towards one side.
inline constexpr float kKnee = 7.5f;
inline constexpr float kOffset = 0.222161f;
inline constexpr float kSteepness = 0.15064103f;  // 9.03240196 ln(1.0168177)

template <Lanes S>
S resonance_element(S input) {
  const S x = 10.0f * input;
  const S clipped = 8.2f - pade_exp(-kSteepness * magnitude(x + kOffset));
  const S outside = select(x < 0.0f, -clipped, clipped);
  return 0.099f * select(magnitude(x) < kKnee, x, outside);
}

template <Lanes S>
S resonance_slope(S input) {
  const S x = 10.0f * input;
  const S outside = pade_exp(-kSteepness * magnitude(x + kOffset)) + 0.1f * kSteepness;
  return select(magnitude(x) < kKnee, splat<S>(0.99f), outside);
}

}  // namespace tri_pole

// The output is that of stage 0, 1, or of the whole loop (2).
template <TriPoleMode kMode, std::size_t kOutput>
struct TriPole {
  enum : std::size_t { kGain1, kGain2, kGain3, kInverse1, kInverse2, kInverse3, kFeedback };

  template <Lanes S>
  struct State {
    std::array<S, 3> output{};  // of the stages
    std::array<S, 3> input{};
    S loop{};
    S previous_loop{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    using tri_pole::resonance_element;
    using tri_pole::resonance_slope;
    const float k = c[kFeedback];
    const S driven = 4.0f * input;
    S loop = state.loop;
    std::array<Solved<S>, 3> stage;
    S resonant{};
    for (int iteration = 0; iteration < kIterations; ++iteration) {
      stage[0] = solve_first(state, c, driven, loop);
      stage[1] = solve<1, kSecondLowpass>(state, c, stage[0].output);
      const S element_input = k * stage[1].output;
      resonant = resonance_element(1.5f * element_input) * (1.0f / 1.5f);
      stage[2] = solve<2, kThirdLowpass>(state, c, resonant);
      const S slope =
          k * resonance_slope(element_input) * stage[0].slope * stage[1].slope * stage[2].slope;
      loop = loop - (loop - stage[2].output) / (1.0f - slope);
    }
    state.input = {driven, stage[0].output, resonant};
    for (std::size_t i = 0; i < 3; ++i) state.output[i] = stage[i].output;
    state.previous_loop = state.loop;
    state.loop = loop;
    c.advance();
    return 0.25f * (kOutput == 2 ? loop : state.output[kOutput]);
  }

 private:
  static constexpr int kIterations = 3;
  static constexpr bool kFirstLowpass = kMode == TriPoleMode::kLLL || kMode == TriPoleMode::kLHL;
  static constexpr bool kSecondLowpass = kMode == TriPoleMode::kLLL || kMode == TriPoleMode::kHLH;
  static constexpr bool kThirdLowpass = kFirstLowpass;

  // Squared knees of the transconductors at the inputs and outputs of the stages.
  static constexpr std::array kInputSoftness = {0.88f, 0.90f, 0.95f};
  static constexpr std::array kOutputSoftness = {1.0f, 0.97f, 1.025f};

  // Output of a stage and its derivative.
  template <Lanes S>
  struct Solved {
    S output;
    S slope;
  };

  template <std::size_t kStage, Lanes S>
  static S solve_output(const CoefficientRamp& c, S drive) {
    return tri_pole::newton_step(drive, c[kGain1 + kStage], c[kInverse1 + kStage],
                                 kOutputSoftness[kStage]);
  }

  // The loop closes at the first stage, after a lowpass or before a highpass.
  template <Lanes S>
  static Solved<S> solve_first(const State<S>& state, const CoefficientRamp& c, S input, S loop) {
    const float gain = c[kGain1];
    const S bent = tri_pole::sigmoid(kFirstLowpass ? input : loop, kInputSoftness[0]);
    if constexpr (kFirstLowpass) {
      const S drive = gain * bent + state.output[0] - loop + state.previous_loop;
      return {solve_output<0>(c, drive), splat<S>(2.0f)};
    } else {
      const S drive = input - state.input[0] + state.output[0] + gain * bent;
      return {solve_output<0>(c, drive), gain * (1.0f - bent * bent)};
    }
  }

  template <std::size_t kStage, bool kLowpass, Lanes S>
  static Solved<S> solve(const State<S>& state, const CoefficientRamp& c, S input) {
    if constexpr (kLowpass) {
      const float gain = c[kGain1 + kStage];
      const S bent = tri_pole::sigmoid(input, kInputSoftness[kStage]);
      return {solve_output<kStage>(c, gain * bent + state.output[kStage]),
              gain * (1.0f - bent * bent)};
    } else {
      return {solve_output<kStage>(c, input - state.input[kStage] + state.output[kStage]),
              splat<S>(2.0f)};
    }
  }
};

}  // namespace synthrl::surge
