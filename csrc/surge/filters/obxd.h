// Filters after the OB-Xd: a two-pole with a nonlinear damping, and a four-pole whose outputs mix
// to many responses, of which some are the lowpass and the others the "Xpander".
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "surge/dsp/lanes.h"
#include "surge/filters/coefficients.h"
#include "surge/filters/standard_svf.h"

namespace synthrl::surge {

// Resonance is not limited, here and for the four-pole.
Coefficients obxd_two_pole_coefficients(float sample_rate_hz, float cutoff_semitones,
                                        float resonance);
Coefficients obxd_four_pole_coefficients(float sample_rate_hz, float cutoff_semitones,
                                         float resonance);

// "Pushed" damps less.
template <Response kResponse, bool kPushed>
struct ObxdTwoPole {
  enum : std::size_t { kGain, kDamping };

  template <Lanes S>
  struct State {
    S first{};
    S second{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    const float g = c[kGain];
    const S damping = 2.0f * (c[kDamping] + diode_pair_damping(state.first));
    const S high = (input - state.first * damping - g * state.first - state.second) /
                   (1.0f + g * (damping + g));
    const S band = g * high + state.first;
    state.first = g * high + band;
    const S low = g * band + state.second;
    state.second = g * band + low;
    if constexpr (kResponse == Response::kLowpass) {
      return kLevel * low;
    } else if constexpr (kResponse == Response::kHighpass) {
      return kLevel * high;
    } else if constexpr (kResponse == Response::kBandpass) {
      return 0.5f * kLevel * band;
    } else {
      return 0.5f * kLevel * (low + high);
    }
  }

 private:
  static constexpr float kLevel = 0.74f;

  // Damping that grows with the level, from a Taylor series of a diode pair.
  template <Lanes S>
  static S diode_pair_damping(S level) {
    const S z = 0.0876f * level;
    const S squared = z * z;
    const S series = z * (0.05f + 0.185f * z) + (squared * z) * (0.00920833f + 0.0103592f * z);
    return kPushed ? series - 0.035f : series;
  }
};

// Weights of the input of the four poles and of their outputs.
using PoleMix = std::array<float, 5>;

// The mixes in the order of the Xpander's subtypes, then the one that is only in the lowpass.
inline constexpr std::size_t kNumXpanderMixes = 15;
inline constexpr std::size_t kLegacyLowpassMix = kNumXpanderMixes;
inline constexpr std::array<PoleMix, kNumXpanderMixes + 1> kPoleMixes = {{
    {0, 1, 0, 0, 0},    // LP1
    {0, 0, 1, 0, 0},    // LP2
    {0, 0, 0, 1, 0},    // LP3
    {0, 0, 0, 0, 1},    // LP4
    {1, -1, 0, 0, 0},   // HP1
    {1, -2, 1, 0, 0},   // HP2
    {1, -3, 3, -1, 0},  // HP3
    {0, -2, 2, 0, 0},   // BP2
    {0, 0, 2, -4, 2},   // BP4
    {1, -2, 2, 0, 0},   // N2
    {1, -3, 6, -4, 0},  // PH3
    {0, -1, 2, -1, 0},  // HP2 + LP1
    {0, -1, 3, -3, 1},  // HP3 + LP1
    {0, -1, 2, -2, 0},  // N2 + LP1
    {0, -1, 3, -6, 4},  // PH3 + LP1
    {0, 0, 0, 1, 1},    // LP4 of old patches
}};

template <std::size_t kMix>
struct ObxdFourPole {
  enum : std::size_t { kGain, kFeedback, kKnee, kInverseKnee };

  template <Lanes S>
  struct State {
    std::array<S, 4> integrator{};
  };

  template <Lanes S>
  static S tick(State<S>& state, CoefficientRamp& c, S input) {
    c.advance();
    const float g = c[kGain];
    const float feedback = c[kFeedback];
    const float decay = 1.0f / (1.0f + g);
    const float pole = g * decay;
    auto& s = state.integrator;
    const S offset = (((s[0] * pole + s[1]) * pole + s[2]) * pole + s[3]) * decay;
    // The loop has no delay: its equation is solved for the input of the first pole.
    std::array<S, 5> y;
    // Negative resonance makes it run away; the limit, far beyond any signal, keeps it finite.
    const float solved = 1.0f / (1.0f + feedback * (pole * pole) * (pole * pole));
    y[0] = clamp((input - feedback * offset) * solved, -kMaxLevel, kMaxLevel);
    for (std::size_t i = 0; i < 4; ++i) {
      y[i + 1] = pole * y[i] + decay * s[i];
      s[i] = 2.0f * y[i + 1] - s[i];
    }
    s[0] = c[kInverseKnee] * arc_tangent(c[kKnee] * s[0]);

    S output{};
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (kPoleMixes[kMix][i] != 0.0f) output += kPoleMixes[kMix][i] * y[i];
    }
    return 0.6f * (1.0f + 0.45f * feedback) * output;
  }

 private:
  static constexpr float kMaxLevel = 1e6f;

  // The series is exact to a float below the limit, which only extreme signals exceed.
  static constexpr float kSeriesLimit = 0.25f;

  template <Lanes S>
  static S series_of(S x) {
    const S q = x * x;
    const S tail = 1.0f / 5.0f + q * (-1.0f / 7.0f + q * (1.0f / 9.0f + q * (-1.0f / 11.0f)));
    return x + (x * q) * (-1.0f / 3.0f + q * tail);
  }
  static float arc_tangent(float x) {
    return std::fabs(x) < kSeriesLimit ? series_of(x) : std::atan(x);
  }
  static Pair arc_tangent(Pair x) {
    if (std::fabs(x[0]) < kSeriesLimit && std::fabs(x[1]) < kSeriesLimit) return series_of(x);
    return make_pair(arc_tangent(x[0]), arc_tangent(x[1]));
  }
};

}  // namespace synthrl::surge
