// Small pieces of signal processing that several Twist engines are made of.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/dsp/rng.h"

namespace synthrl::surge::twist {

inline constexpr float kTwoPi = 2.0f * std::numbers::pi_v<float>;

// Sine of a phase in cycles.
inline float sine(float cycles) noexcept {
  return std::sin(kTwoPi * (cycles - std::floor(cycles)));
}

inline float wrap(float phase) noexcept { return phase - std::floor(phase); }

inline float clamp01(float x) noexcept { return std::clamp(x, 0.0f, 1.0f); }

inline float smooth_step(float x) noexcept { return x * x * (3.0f - 2.0f * x); }

// With probability `p` a value uniform in [0, 1), otherwise 0.
inline float dust(Rng& random, float p) noexcept {
  const float u = random.unipolar();
  return u < p ? u / p : 0.0f;
}

// Linear from the last call's value to `target` over the frames of a call.
class Ramp {
 public:
  Ramp(float& last, float target, int num_frames) noexcept
      : value_(last), step_((target - last) / static_cast<float>(num_frames)) {
    last = target;
  }
  float next() noexcept {
    value_ += step_;
    return value_;
  }

 private:
  float value_;
  float step_;
};

struct OnePole {
  float state = 0.0f;

  // `g` in [0, 1], about 2 pi times the corner in cycles per sample.
  float lowpass(float x, float g) noexcept {
    state += g * (x - state);
    return state;
  }
  float highpass(float x, float g) noexcept { return x - lowpass(x, g); }
};

// Coefficient of a one-pole for a corner in cycles per sample.
inline float one_pole_gain(float frequency) noexcept {
  const float g = std::tan(std::numbers::pi_v<float> * std::clamp(frequency, 0.0f, 0.497f));
  return g / (1.0f + g);
}

// About tan(pi f). It stays below 4.6, so that filters at half the sample rate still delay a
// little.
inline float tan_estimate(float frequency) noexcept {
  const float x = std::numbers::pi_v<float> * std::clamp(frequency, 0.0f, 0.4999f);
  const float square = x * x;
  return x * (1.0f + square * (0.326f + 0.1823f * square));
}

// Trapezoidal state-variable filter. Corners are in cycles per sample, below 1/2.
struct SvfCoefficients {
  SvfCoefficients() = default;
  SvfCoefficients(float frequency, float q) noexcept { set(frequency, q); }

  void set(float frequency, float q) noexcept { set_gain(tan_estimate(frequency), q); }
  void set_gain(float gain, float q) noexcept {
    g = gain;
    r = 1.0f / q;
    h = 1.0f / (1.0f + r * g + g * g);
  }

  float g = 0.0f;
  float r = 1.0f;
  float h = 1.0f;
};

struct Svf {
  struct Output {
    float low, band, high;  // `band` has a gain of Q at the corner
  };

  Output process(float x, const SvfCoefficients& c) noexcept {
    const float high = (x - (c.r + c.g) * s1 - s2) * c.h;
    const float band = c.g * high + s1;
    s1 = c.g * high + band;
    const float low = c.g * band + s2;
    s2 = c.g * band + low;
    return {low, band, high};
  }

  float s1 = 0.0f;
  float s2 = 0.0f;
};

// Corrections around an edge of a wave, for a signal that is handed out one sample late: `t` is
// the time since the edge in samples, 0 to 1.
struct EdgeCorrector {
  // The sample before the edges of this step, and the one after them.
  float now = 0.0f;
  float next = 0.0f;

  void begin() noexcept {
    now = next;
    next = 0.0f;
  }
  // The wave jumps by `height`.
  void step(float t, float height) noexcept {
    now += 0.5f * t * t * height;
    next -= 0.5f * (1.0f - t) * (1.0f - t) * height;
  }
  // The wave's slope changes by `change` per sample.
  void corner(float t, float change) noexcept {
    now += residual(1.0f - t) * change;
    next += residual(t) * change;
  }

 private:
  static float residual(float t) noexcept {
    return 0.1875f - 0.5f * t + 0.375f * t * t - 0.0625f * t * t * t * t;
  }
};

// One period of a wave made of two straight lines.
struct TwoLineWave {
  float breakpoint;  // phase at which the second line begins, within 0 and 1
  float start1, end1, start2, end2;

  float slope1() const noexcept { return (end1 - start1) / breakpoint; }
  float slope2() const noexcept { return (end2 - start2) / (1.0f - breakpoint); }
  float value(float phase) const noexcept {
    return phase < breakpoint ? start1 + slope1() * phase : end2 - slope2() * (1.0f - phase);
  }

  static TwoLineWave triangle(float breakpoint) noexcept {
    return {breakpoint, -1.0f, 1.0f, 1.0f, -1.0f};
  }
  static TwoLineWave saw(float breakpoint) noexcept {
    const float middle = 2.0f * breakpoint - 1.0f;
    return {breakpoint, -1.0f, middle, middle, 1.0f};
  }
  static TwoLineWave pulse(float breakpoint) noexcept {
    return {breakpoint, -1.0f, -1.0f, 1.0f, 1.0f};
  }
  // From `a` at 0 to `b` at 1; both must have the same breakpoint.
  static TwoLineWave mix(const TwoLineWave& a, const TwoLineWave& b, float share) noexcept {
    return {a.breakpoint, std::lerp(a.start1, b.start1, share), std::lerp(a.end1, b.end1, share),
            std::lerp(a.start2, b.start2, share), std::lerp(a.end2, b.end2, share)};
  }
};

// Plays a TwoLineWave with corrected edges and corners, one sample late.
class TwoLineOscillator {
 public:
  float phase() const noexcept { return phase_; }
  void set_phase(float phase) noexcept { phase_ = phase; }

  // `increment` in cycles per sample, below 1/2.
  float process(const TwoLineWave& wave, float increment) noexcept {
    corrector_.begin();
    advance(wave, increment, increment, 0.0f);
    corrector_.next += wave.value(phase_);
    return corrector_.now;
  }

  // Restarts the wave with every period of a silent oscillator of `master` cycles per sample.
  float process_synced(const TwoLineWave& wave, float master, float increment) noexcept {
    corrector_.begin();
    master_ += master;
    if (master_ >= 1.0f) {
      master_ -= 1.0f;
      const float t = std::min(master_ / master, 1.0f);
      advance(wave, (1.0f - t) * increment, increment, t);
      corrector_.step(t, wave.start1 - wave.value(phase_));
      const float slope = phase_ < wave.breakpoint ? wave.slope1() : wave.slope2();
      corrector_.corner(t, (wave.slope1() - slope) * increment);
      phase_ = 0.0f;
      advance(wave, t * increment, increment, 0.0f);
    } else {
      advance(wave, increment, increment, 0.0f);
    }
    corrector_.next += wave.value(phase_);
    return corrector_.now;
  }

 private:
  // Moves on by `cycles`, up to `t_end` samples before now.
  void advance(const TwoLineWave& wave, float cycles, float increment, float t_end) noexcept {
    const float end = phase_ + cycles;
    const auto since = [&](float at) {
      return std::clamp(t_end + (end - at) / increment, 0.0f, 1.0f);
    };
    if (phase_ < wave.breakpoint && end >= wave.breakpoint)
      break_at(wave, since(wave.breakpoint), increment);
    if (end >= 1.0f) {
      corrector_.step(since(1.0f), wave.start1 - wave.end2);
      corrector_.corner(since(1.0f), (wave.slope1() - wave.slope2()) * increment);
      if (end >= 1.0f + wave.breakpoint) break_at(wave, since(1.0f + wave.breakpoint), increment);
      phase_ = wrap(end);
    } else {
      phase_ = end;
    }
  }

  void break_at(const TwoLineWave& wave, float t, float increment) noexcept {
    corrector_.step(t, wave.start2 - wave.end1);
    corrector_.corner(t, (wave.slope2() - wave.slope1()) * increment);
  }

  EdgeCorrector corrector_;
  float phase_ = 0.0f;
  float master_ = 0.0f;
};

}  // namespace synthrl::surge::twist
