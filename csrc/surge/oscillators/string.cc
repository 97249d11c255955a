#include "surge/oscillators/string.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/oscillators/random_streams.h"

namespace synthrl::surge {
namespace {

constexpr float kMaxPitch = 148.0f;
constexpr float kMaxDelay = 16284.0f;  // samples
constexpr float kMinDelay1 = 7.0f;
constexpr float kMinDelay2 = 1.0f;
constexpr float kMinAbsoluteHz = 10.0f;
constexpr float kToneLevel = 0.707f;
constexpr float kPinkGain = 1.7f;
constexpr int kConstantExciters = 7;  // number of the first of them in patches
constexpr int kNumExciters = 16;
constexpr int kPrefillPeriods = 10;
constexpr float kSmallest = 1e-16f;  // quieter samples end in the loop
constexpr float kFmFactor = 3.0f / 16.0f;

// Bits of the deform of the exciter's level and of the stiffness.
constexpr int kSingleRateBit = 2;
constexpr int kDoubleRateBit = 4;
constexpr int kHoldBit = 8;
constexpr int kLinearBit = 16;
constexpr int kSincBit = 32;
constexpr int kFixedBit = 64;
constexpr int kCompensateBit = 256;

// Semitones by which stiffness at 0, 1/4, 1/2, 3/4 and 1 detunes the loop.
using StiffnessTable = std::array<float, 5>;
constexpr StiffnessTable kStiffSharp = {0.0275f, 0.0903f, 0.31f, 0.615f, 0.87f};
constexpr StiffnessTable kSoftFlat = {0.0591f, 0.1224f, 0.2257f, 0.4061f, 0.7590f};

float interpolate(const StiffnessTable& table, float x) noexcept {
  const float at = std::clamp(x, 0.0f, 1.0f) * static_cast<float>(table.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(at), table.size() - 2);
  return std::lerp(table[i], table[i + 1], at - static_cast<float>(i));
}

// Modulation can bring any value; what is no number counts as the lower limit.
float limited(float x, float low, float high) noexcept { return x > low ? std::min(x, high) : low; }

// exp(x) by the ratio of two polynomials of degree 4.
float exp_estimate(float x) noexcept {
  const float even = 1680.0f + x * x * (180.0f + x * x);
  const float odd = x * (840.0f + 20.0f * x * x);
  return (even + odd) / (even - odd);
}

// Cookbook sections with a Q of `q`; `omega` in radians per sample.
std::array<double, 5> lowpass_section(double omega, double q) noexcept {
  if (omega > std::numbers::pi) return {1.0, 0.0, 0.0, 0.0, 0.0};
  const double c = std::cos(omega);
  const double alpha = std::sin(omega) / (2.0 * q);
  const double scale = 1.0 / (1.0 + alpha);
  return {0.5 * (1.0 - c) * scale, (1.0 - c) * scale, 0.5 * (1.0 - c) * scale, -2.0 * c * scale,
          (1.0 - alpha) * scale};
}

std::array<double, 5> highpass_section(double omega, double q) noexcept {
  if (omega > std::numbers::pi) return {};
  const double c = std::cos(omega);
  const double alpha = std::sin(omega) / (2.0 * q);
  const double scale = 1.0 / (1.0 + alpha);
  return {0.5 * (1.0 + c) * scale, -(1.0 + c) * scale, 0.5 * (1.0 + c) * scale, -2.0 * c * scale,
          (1.0 - alpha) * scale};
}

// A low-pass that has the analogue filter's gain at half the sample rate.
std::array<double, 5> corrected_lowpass_section(double omega, double q) noexcept {
  constexpr double kPi = std::numbers::pi;
  if (omega > kPi) return {1.0, 0.0, 0.0, 0.0, 0.0};
  const double c = std::cos(omega);
  const double alpha = std::sin(omega) / (2.0 * q);
  const double w2 = omega * omega;
  const double denominator = w2 * w2 + kPi * kPi * kPi * kPi + w2 * kPi * kPi * (1.0 / q - 2.0);
  const double gain = std::min(1.0, 0.5 * std::sqrt(w2 * w2 / denominator));
  const double a = 2.0 * std::sqrt(gain) * std::sqrt(2.0 - gain) * std::sin(omega);
  const double sum = 1.0 - c + gain * (1.0 + c);
  const double scale = 1.0 / (1.0 + alpha);
  return {0.5 * (sum + a) * scale, (1.0 - c - gain * (1.0 + c)) * scale, 0.5 * (sum - a) * scale,
          -2.0 * c * scale, (1.0 - alpha) * scale};
}

}  // namespace

void StringOscillator::Section::set_target(const Coefficients& target) noexcept {
  target_ = target;
  if (!has_target_) now_ = target;
  has_target_ = true;
}

double StringOscillator::Section::process(double x) noexcept {
  for (std::size_t i = 0; i < now_.size(); ++i) now_[i] += 0.004 * (target_[i] - now_[i]);
  const double y = now_[0] * x + s1_;
  s1_ = now_[1] * x - now_[3] * y + s2_;
  s2_ = now_[2] * x - now_[4] * y;
  return y;
}

StringOscillator::DelayLine::DelayLine() : samples_(kSamples + kRepeated) {}

void StringOscillator::DelayLine::restart() noexcept {
  std::ranges::fill(samples_, 0.0f);
  next_ = 0;
}

void StringOscillator::DelayLine::write(float x) noexcept {
  samples_[next_] = x;
  if (next_ < kRepeated) samples_[kSamples + next_] = x;
  next_ = (next_ + 1) % kSamples;
}

float StringOscillator::DelayLine::read(float delay, Interpolation interpolation,
                                        const ImpulseKernel& kernel) const noexcept {
  const float whole = std::floor(delay);
  const float fraction = delay - whole;
  // The sample just before the point to read, unless that is a sample itself.
  const std::size_t before = next_ + 2 * kSamples - static_cast<std::size_t>(whole) - 1;
  switch (interpolation) {
    case Interpolation::kNone:
      return 0.0f;
    case Interpolation::kHold:
      return samples_[before % kSamples];
    case Interpolation::kLinear: {
      const float* x = &samples_[before % kSamples];
      return x[1] + fraction * (x[0] - x[1]);
    }
    case Interpolation::kSinc: {
      // The kernel peaks 5 samples after its first tap.
      const float* x = &samples_[(before - 5) % kSamples];
      const float* taps = kernel.row(
          static_cast<int>((1.0f - fraction) * static_cast<float>(ImpulseKernel::kPositions)));
      float sum = 0.0f;
      for (int k = 0; k < ImpulseKernel::kTaps; ++k) sum += taps[k] * x[k];
      return sum;
    }
  }
  return 0.0f;
}

StringOscillator::StringOscillator() = default;

float StringOscillator::excite(String& string, float cycles) noexcept {
  const float phase = string.phase;
  float x = 0.0f;
  switch (exciter_) {
    case Exciter::kNoise:
      return string.noise.bipolar();
    case Exciter::kPink:
      return kPinkGain * static_cast<float>(string.pink.process(string.noise.bipolar()));
    case Exciter::kAudioIn:
    case Exciter::kSceneA:
      return 0.0f;
    case Exciter::kSine:
      x = std::sin(2.0f * std::numbers::pi_v<float> * phase);
      break;
    case Exciter::kTriangle:
      x = phase < 0.5f ? 4.0f * phase - 1.0f : 4.0f * (1.0f - phase) - 1.0f;
      break;
    case Exciter::kRamp:
      x = 2.0f * phase - 1.0f;
      break;
    case Exciter::kSquare:
      x = phase <= 0.5f ? -1.0f : 1.0f;
      break;
    case Exciter::kSweep:
      x = std::sin(2.0f * std::numbers::pi_v<float> / (phase > 1e-6f ? phase : 1.0f));
      break;
  }
  string.phase += cycles;
  string.phase -= std::floor(string.phase);
  return kToneLevel * x;
}

float StringOscillator::filter_tone(String& string, float w, float stiffness) noexcept {
  const double low = string.lowpass.process(w);
  const double high = string.highpass.process(w);
  return static_cast<float>(stiffness > 0.0f ? high : low);
}

void StringOscillator::set_tone(float pitch, float stiffness) noexcept {
  const float softness = std::abs(stiffness);
  const float low = keytracked_ ? pitch - 40.0f * softness : 100.0f - 90.0f * softness;
  const float high = keytracked_ ? pitch - 130.0f + 80.0f * stiffness : 130.0f * stiffness - 70.0f;
  const auto omega = [&](float note) {
    const double hz = 440.0 * std::exp2(static_cast<double>(note) / 12.0) * tone_scale_;
    return 2.0 * std::numbers::pi * hz / static_cast<double>(tables_->rate_hz);
  };
  for (String& string : strings_) {
    string.lowpass.set_target(lowpass_section(omega(low), 0.707));
    string.highpass.set_target(highpass_section(omega(high), 0.707));
  }
}

float StringOscillator::delay_samples(float pitch, float minimum) const noexcept {
  return limited(tables_->rate_hz / note_to_hz(std::min(pitch, kMaxPitch)), minimum, kMaxDelay);
}

float StringOscillator::second_string_delay(float pitch, float adjustment,
                                            float detune) const noexcept {
  const OscillatorOptions& options = model_.options[4];
  const float range = options.extended ? 12.0f : 1.0f;
  if (!options.absolute) {
    return delay_samples(pitch + range * detune + adjustment, kMinDelay2);
  }
  const float hz = note_to_hz(std::min(pitch + adjustment, kMaxPitch)) + 16.0f * range * detune;
  return limited(tables_->rate_hz / std::max(kMinAbsoluteHz, hz), kMinDelay2, kMaxDelay);
}

float StringOscillator::stiffness_adjustment(float stiffness) const noexcept {
  if (!compensated_) return 0.0f;
  return stiffness >= 0.0f ? -interpolate(kStiffSharp, stiffness)
                           : interpolate(kSoftFlat, -stiffness);
}

float StringOscillator::feedback_gain(std::size_t decay_parameter, float value) const noexcept {
  float p = limited(value, 0.0f, 1.0f);
  float sign = 1.0f;
  if (model_.options[decay_parameter].extended) {
    p = 2.0f * p - 1.0f;
    if (p < 0.0f) sign = -1.0f;
    p = std::abs(p);
  }
  return sign * (p < 0.2f ? 0.85f + 0.5f * p : 0.9375f + 0.0625f * p);
}

void StringOscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                             std::uint64_t seed, const OscillatorTables& tables) noexcept {
  tables_ = &tables;
  model_ = model;
  const int exciter = std::clamp(static_cast<int>(model.integers[0]), 0, kNumExciters - 1);
  constant_ = exciter >= kConstantExciters && exciter < 2 * kConstantExciters;
  exciter_ =
      static_cast<Exciter>(exciter < kConstantExciters ? exciter : exciter - kConstantExciters);
  const int rate = model.options[1].deform;
  oversampling_ = (rate & kSingleRateBit) != 0 ? 1 : 2;
  tone_scale_ = (rate & kSingleRateBit) == 0 && (rate & kDoubleRateBit) != 0 ? 2 : 1;
  interpolation_ = (rate & kSincBit) != 0     ? Interpolation::kSinc
                   : (rate & kLinearBit) != 0 ? Interpolation::kLinear
                   : (rate & kHoldBit) != 0   ? Interpolation::kHold
                                              : Interpolation::kNone;
  const int tone = model.options[6].deform;
  keytracked_ = (tone & kFixedBit) == 0;
  compensated_ = (tone & kCompensateBit) != 0;

  drift_random_ = random_stream(seed, RandomStream::kDrift);
  drift_.start(model.random_drift_start, drift_random_);
  character_ = CharacterFilter(model.character, tables.host_rate_hz);
  decimator_.restart();
  excitation_ = Lag<float>();
  balance_ = Lag<float>();
  stiffness_ = Lag<float>();

  const float pitch = limited(start.pitch, -200.0f, kMaxPitch);
  const float level = limited(start.values[1], 0.0f, 1.0f);
  const float detune = limited(start.values[4], -1.0f, 1.0f);
  const float stiffness = limited(start.values[6], -1.0f, 1.0f);
  balance_.set_target(0.5f * (limited(start.values[5], -1.0f, 1.0f) + 1.0f));
  const std::array<float, kNumStrings> delays = {delay_samples(pitch, kMinDelay1),
                                                 second_string_delay(pitch, 0.0f, detune)};
  Rng phases = random_stream(seed, RandomStream::kPhase);
  constexpr std::array<RandomStream, kNumStrings> kNoiseStreams = {RandomStream::kNoise,
                                                                   RandomStream::kRightNoise};
  for (std::size_t t = 0; t < kNumStrings; ++t) {
    String& string = strings_[t];
    string.line.restart();
    string.lowpass.restart();
    string.highpass.restart();
    string.pink.restart();
    string.pink.set_target(corrected_lowpass_section(
        4.0 * std::numbers::pi * 440.0 / static_cast<double>(tables.host_rate_hz), 0.9));
    string.delay = Lag<float>();
    string.delay.set_target(delays[t]);
    string.feedback = Lag<float>();
    string.input = 0.0f;
    string.noise = random_stream(seed, kNoiseStreams[t]);
    string.phase = model.retrigger ? 0.0f : phases.unipolar();
  }
  stiffness_.set_target(stiffness);
  set_tone(pitch, stiffness);

  const float gain = constant_ ? level * level * level * level : 1.0f;
  const int num_samples = static_cast<int>(static_cast<float>(kPrefillPeriods * oversampling_) *
                                           std::max(delays[0], delays[1]));
  for (std::size_t t = 0; t < kNumStrings; ++t) {
    String& string = strings_[t];
    const float cycles = 1.0f / (delays[t] * static_cast<float>(oversampling_));
    for (int i = 0; i < num_samples; ++i) {
      string.line.write(filter_tone(string, gain * excite(string, cycles), stiffness));
    }
  }
}

void StringOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                               OscillatorSpan right) noexcept {
  const float pitch = limited(controls.pitch, -200.0f, 200.0f);
  const float level = limited(controls.values[1], 0.0f, 1.0f);
  const float detune = limited(controls.values[4], -1.0f, 1.0f);
  const float stiffness = limited(controls.values[6], -1.0f, 1.0f);
  const float adjustment = stiffness_adjustment(stiffness);
  const float drift = limited(controls.drift * drift_.advance(drift_random_), -100.0f, 100.0f);
  const float first_delay = delay_samples(pitch + drift + adjustment, kMinDelay1);
  const float second_delay = second_string_delay(pitch, adjustment, detune);
  const float oversampling = static_cast<float>(oversampling_);

  strings_[0].delay.set_target(first_delay);
  strings_[1].delay.set_target(second_delay);
  strings_[0].feedback.set_target(feedback_gain(2, controls.values[2]));
  strings_[1].feedback.set_target(feedback_gain(3, controls.values[3]));
  balance_.set_target(0.5f * (limited(controls.values[5], -1.0f, 1.0f) + 1.0f));
  stiffness_.set_target(stiffness);
  const bool audible_input = exciter_ == Exciter::kAudioIn || exciter_ == Exciter::kSceneA;
  if (constant_ || audible_input) {
    excitation_.set_target(level * level * level * level);
  } else {
    excitation_.set_target(level < 0.1f ? 5.6234f * level : std::sqrt(std::sqrt(level)));
  }
  // The coefficients follow what has been reached of the stiffness so far.
  set_tone(pitch, stiffness_.value());
  const std::array<float, kNumStrings> cycles = {1.0f / (first_delay * oversampling),
                                                 1.0f / (second_delay * oversampling)};

  std::array<float, 2 * kOscillatorBlockSamples> inner;
  const int num_inner = oversampling_ * kOscillatorBlockSamples;
  for (int i = 0; i < num_inner; ++i) {
    const int frame = i / oversampling_;
    for (Lag<float>* lag : {&excitation_, &balance_, &stiffness_}) lag->advance();
    const float excitation = excitation_.value();
    float stretch = 1.0f;
    if (controls.modulator != nullptr) {
      // Two inner samples per sample: the second half of them comes from the right channel.
      float m = 0.0f;
      if (i < kOscillatorBlockSamples) {
        m = controls.modulator[i];
      } else if (controls.modulator_right != nullptr) {
        m = controls.modulator_right[i - kOscillatorBlockSamples];
      }
      stretch = exp_estimate(limited(kFmFactor * controls.fm_gain * m, -6.0f, 4.0f));
    }
    if (audible_input) {
      const bool host = exciter_ == Exciter::kAudioIn;
      const OscillatorInput in_left = host ? controls.input_left : controls.scene_a_left;
      const OscillatorInput in_right = host ? controls.input_right : controls.scene_a_right;
      strings_[0].input = in_left != nullptr ? excitation * in_left[frame] : 0.0f;
      strings_[1].input = in_right != nullptr ? excitation * in_right[frame] : 0.0f;
    }

    std::array<float, kNumStrings> v;
    for (std::size_t t = 0; t < kNumStrings; ++t) {
      String& string = strings_[t];
      string.delay.advance();
      string.feedback.advance();
      const float delay = limited(string.delay.value() * oversampling * stretch, 1.0f, kMaxDelay);
      v[t] = string.line.read(delay, interpolation_, tables_->impulse);
      if (constant_) {
        v[t] += excitation * excite(string, cycles[t]);
      } else if (!audible_input) {
        v[t] *= excitation;
      }
      float w = limited(v[t] + string.input, -1.0f, 1.0f);
      w = string.feedback.value() * filter_tone(string, w, stiffness_.value());
      string.line.write(std::abs(w) < kSmallest ? 0.0f : w);
    }
    const float o = limited(std::lerp(v[0], v[1], balance_.value()), -1.0f, 1.0f);
    inner[static_cast<std::size_t>(i)] = 1.5f * o - 0.5f * o * o * o;
  }

  if (oversampling_ == 2) {
    decimator_.process(inner, {}, left, {});
  } else {
    std::copy_n(inner.begin(), left.size(), left.begin());
  }
  character_.process(left);
  if (model_.stereo) std::ranges::copy(left, right.begin());
}

}  // namespace synthrl::surge
