// Band-limited impulses, integrated to band-limited steps: what Classic, Wavetable and
// sample-and-hold noise are made of.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/oscillator_tables.h"

namespace synthrl::surge {

// Collects the impulses of a block; those at its end ring on in the next block.
class ImpulseTrain {
 public:
  ImpulseTrain() = default;
  ImpulseTrain(const OscillatorTables& tables, bool stereo) noexcept
      : kernel_(&tables.impulse), stereo_(stereo) {}

  // An impulse `fraction` in [0, 1) of a sample after sample `sample` of the block. Without stereo
  // `right` is ignored.
  void add(int sample, float fraction, float left, float right) noexcept {
    const float position = fraction * static_cast<float>(ImpulseKernel::kPositions);
    const int whole = static_cast<int>(position);
    const float part = position - static_cast<float>(whole);
    const float* low = kernel_->row(whole);
    const float* high = low + ImpulseKernel::kTaps;  // rows follow one another
    const auto at = static_cast<std::size_t>(sample);
    std::array<float, ImpulseKernel::kTaps> taps;
    for (std::size_t k = 0; k < taps.size(); ++k) taps[k] = low[k] + part * (high[k] - low[k]);
    float* out = left_.data() + at;
    for (std::size_t k = 0; k < taps.size(); ++k) out[k] += left * taps[k];
    if (!stereo_) return;
    out = right_.data() + at;
    for (std::size_t k = 0; k < taps.size(); ++k) out[k] += right * taps[k];
  }

  // The slope of what will be the output, per sample, changes when the impulse at `sample` rings.
  void add_slope(int sample, float change) noexcept {
    slopes_[static_cast<std::size_t>(sample + kSlopeLatency)] += change;
  }

  // Writes the integral of the block and moves on to the next. `leak` is what the integrator keeps
  // of its value per sample; it is reached at the end of the block.
  void integrate(float leak, OscillatorSpan left, OscillatorSpan right) noexcept {
    const auto as_it_is = [](float sample) { return sample; };
    run<false>(leak, 0.0f, left, right, as_it_is, as_it_is);
  }

  // The same with the slopes so far, times `scale`, added to the impulses. Every sample is written
  // as `finish_left` or `finish_right` returns it, which saves another pass that would wait for
  // its own results as this one does.
  template <typename FinishLeft, typename FinishRight>
  void integrate_with_slopes(float leak, float scale, OscillatorSpan left, OscillatorSpan right,
                             FinishLeft finish_left, FinishRight finish_right) noexcept {
    run<true>(leak, scale, left, right, finish_left, finish_right);
    shift(slopes_);
  }

 private:
  static constexpr int kSlopeLatency = 6;

  static constexpr std::size_t kTail = ImpulseKernel::kTaps;  // beyond the end of the block
  using Track = std::array<float, kOscillatorBlockSamples + kTail>;

  template <bool kSlopes, typename FinishLeft, typename FinishRight>
  void run(float leak, float scale, OscillatorSpan left, OscillatorSpan right,
           FinishLeft finish_left, FinishRight finish_right) noexcept {
    if (!started_) leak_ = leak;
    started_ = true;
    constexpr float kPerSample = 1.0f / kOscillatorBlockSamples;
    const float step = (leak - leak_) * kPerSample;
    float now = leak_;
    float slope = slope_;
    float left_sum = left_sum_;
    float right_sum = right_sum_;
    const auto each_sample = [&](auto is_stereo) {
      for (std::size_t i = 0; i < kOscillatorBlockSamples; ++i) {
        now += step;
        float ramp = 0.0f;
        if constexpr (kSlopes) {
          slope += slopes_[i];
          ramp = scale * slope;
        }
        left_sum = now * left_sum + (kSlopes ? left_[i] + ramp : left_[i]);
        left[i] = finish_left(left_sum);
        if constexpr (is_stereo) {
          right_sum = now * right_sum + (kSlopes ? right_[i] + ramp : right_[i]);
          right[i] = finish_right(right_sum);
        }
      }
    };
    if (stereo_) {
      each_sample(std::true_type());
      shift(right_);
    } else {
      each_sample(std::false_type());
    }
    slope_ = slope;
    left_sum_ = left_sum;
    right_sum_ = right_sum;
    shift(left_);
    leak_ = leak;
  }

  static void shift(Track& track) noexcept {
    std::copy(track.begin() + kOscillatorBlockSamples, track.end(), track.begin());
    std::fill(track.begin() + kTail, track.end(), 0.0f);
  }

  const ImpulseKernel* kernel_ = nullptr;
  bool stereo_ = false;
  bool started_ = false;
  float leak_ = 0.0f;
  float left_sum_ = 0.0f;
  float right_sum_ = 0.0f;
  float slope_ = 0.0f;
  Track left_{};
  Track right_{};
  Track slopes_{};
};

// What an integrator with a corner of about 25 Hz keeps of its value per sample.
inline float integrator_leak(float host_rate_hz) noexcept {
  const float root = 1.0f - 40.0f / host_rate_hz;
  return root * root;
}

// Periods of the base pitch per sample.
inline double periods_per_sample(float pitch, float rate_hz) noexcept {
  const double hz = note_to_hz(std::min(pitch, 148.0f));
  return 1.0 / std::max(1.0, static_cast<double>(rate_hz) / hz);
}

// Runs all voices of `engine` through a block. Its timers count periods of the base pitch:
//   double next(int voice)       time of the voice's next event from the start of the block
//                                (under FM: of the sample), or beyond the block
//   bool due(int voice, double end)
//   void fire(int voice, int sample, float fraction)
//   void elapse(int voice, double time)
// A modulator makes the clock run faster or slower from sample to sample.
template <typename Engine>
void run_events(Engine& engine, int num_voices, double periods, OscillatorInput modulator,
                float depth) noexcept {
  constexpr float kBelowOne = 0x1.fffffep-1f;
  if (modulator == nullptr) {
    const double block = kOscillatorBlockSamples * periods;
    const double samples = 1.0 / periods;
    for (int voice = 0; voice < num_voices; ++voice) {
      while (engine.due(voice, block)) {
        const double time = std::max(0.0, engine.next(voice) * samples);
        const int sample = std::min(static_cast<int>(time), kOscillatorBlockSamples - 1);
        engine.fire(voice, sample, std::min(static_cast<float>(time - sample), kBelowOne));
      }
      engine.elapse(voice, block);
    }
    return;
  }
  for (int sample = 0; sample < kOscillatorBlockSamples; ++sample) {
    const double rate = std::clamp(1.0f + depth * modulator[sample], 0.1f, 1.9f);
    const double passed = periods * rate;
    for (int voice = 0; voice < num_voices; ++voice) {
      while (engine.due(voice, passed)) {
        const auto fraction = static_cast<float>(std::max(0.0, engine.next(voice) / passed));
        engine.fire(voice, sample, std::min(fraction, kBelowOne));
      }
      engine.elapse(voice, passed);
    }
  }
}

}  // namespace synthrl::surge
