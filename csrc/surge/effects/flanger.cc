#include "surge/effects/flanger.h"

#include <algorithm>
#include <cmath>

#include "surge/effects/blocks/clippers.h"

namespace synthrl::surge {
namespace {

enum : std::size_t {
  kMode,
  kWave,
  kRate,
  kDepth,
  kVoices,
  kPitch,
  kSpacing,
  kFeedback,
  kDamping,
  kWidth,
  kMix,
};

enum Mode { kDryAndCombs, kCombs, kDryAndTurns, kTurns };
enum Wave { kSine, kTriangle, kSaw, kNoise, kHold, kSquare };

// Of MIDI note 0.
constexpr float kLowestHz = 8.17579891564371f;
constexpr std::int64_t kRingOut = 1024;
// The share of a turn after which the next tap fades in.
constexpr float kFadeStart = 0.9f;

float fraction(float x) { return x - std::floor(x); }

bool takes_turns(int mode) { return mode == kDryAndTurns || mode == kTurns; }
bool keeps_input(int mode) { return mode == kDryAndCombs || mode == kDryAndTurns; }

float square(float phase) {
  if (phase < 0.49f) return 1.0f;
  if (phase < 0.51f) return 50.0f - 100.0f * phase;
  if (phase <= 0.98f) return -1.0f;
  return 100.0f * phase - 99.0f;
}

float saw(float phase) {
  constexpr float kTurn = 0.98f;
  return phase < kTurn ? 2.0f * phase / kTurn - 1.0f
                       : 1.0f - 2.0f * (phase - kTurn) / (1.0f - kTurn);
}

}  // namespace

const EffectType kFlangerType = {
    .id = 12,
    .params = {{{EffectParamKind::kInteger, 0, 3, 0},
                {EffectParamKind::kInteger, 0, 5, 0},
                {EffectParamKind::kFloat, -7, 9, -2},
                {EffectParamKind::kFloat, 0, 1, 1},
                {EffectParamKind::kFloat, 1, 4, 4},
                {EffectParamKind::kFloat, 0, 127, 60},
                {EffectParamKind::kFloat, 0, 12, 0},
                {EffectParamKind::kFloat, 0, 1, 0},
                {EffectParamKind::kFloat, 0, 1, 0.1f},
                {EffectParamKind::kFloat, -24, 24, 0},
                {EffectParamKind::kFloat, -1, 1, 0.8f},
                {}}},
    .make = [](const Plan& plan, int) -> std::unique_ptr<EffectUnit> {
      return std::make_unique<FlangerEffect>(plan);
    },
};

void FlangerEffect::start(const EffectModel& model, std::uint64_t seed) noexcept {
  model_ = &model;
  rng_ = Rng(seed);
  pitch_known_ = false;
  pitch_ = Lag();
  for (LateLine* line : {&depth_, &feedback_, &damping_, &voices_, &mix_}) *line = LateLine();
  width_ = BlockRamp();
  position_ = 0;
  for (std::size_t c = 0; c < channels_.size(); ++c) {
    Channel& channel = channels_[c];
    const float offset = 0.5f * static_cast<float>(c);
    for (std::size_t i = 0; i < kTaps; ++i) {
      channel.taps[i] = Tap();
      channel.taps[i].phase = (static_cast<float>(i) + offset) / kTaps;
    }
    channel.turn = offset;
    channel.damper = 0.0f;
    channel.line.fill(0.0f);
  }
  ring_out_blocks_ = model.values[kFeedback] > 0.0f
                         ? static_cast<std::int64_t>(32.0 * plan_->sample_rate())
                         : kRingOut;
}

float FlangerEffect::wave(Tap& tap, float phase, float rate, bool new_cycle) {
  switch (model_->integers[kWave]) {
    case kTriangle:
      return 2.0f * std::fabs(2.0f * phase - 1.0f) - 1.0f;
    case kSaw:
      return saw(phase);
    case kSquare:
      return square(phase);
    case kNoise:
    case kHold: {
      if (new_cycle) tap.target = rng_.unipolar() - 1.0f;
      if (model_->integers[kWave] == kHold) return tap.target;
      const float now = tap.lfo.value();
      return now + (tap.target - now) * std::min(2.0f * rate, 1.0f);
    }
    default:
      return plan_->effects.sine(phase);
  }
}

// Weights stay for the whole block, and jump from block to block.
void FlangerEffect::set_weights(Channel& channel, float voices) const {
  for (std::size_t i = 0; i < kTaps; ++i) {
    channel.taps[i].weight =
        !takes_turns(model_->integers[kMode]) && static_cast<float>(i) < voices ? 1.0f : 0.0f;
  }
  if (!takes_turns(model_->integers[kMode])) {
    const auto last = static_cast<std::size_t>(voices);
    if (last < kTaps) channel.taps[last].weight = fraction(voices);
    return;
  }
  const std::size_t now = std::min(static_cast<std::size_t>(channel.turn), kTaps - 1);
  const float part = fraction(channel.turn);
  if (part > kFadeStart) {
    const float fade = std::min((part - kFadeStart) / (1.0f - kFadeStart), 1.0f);
    channel.taps[now].weight = std::sqrt(1.0f - fade);
    channel.taps[(now + 1) % kTaps].weight = std::sqrt(fade);
  } else {
    channel.taps[now].weight = 1.0f;
  }
}

void FlangerEffect::set_controls(const EffectValues& values) {
  const auto rate_hz = static_cast<float>(plan_->sample_rate());
  const int mode = model_->integers[kMode];
  const int wave_shape = model_->integers[kWave];
  const float rate = kBlockSamples / rate_hz *
                     plan_->effects.octaves(std::clamp(values[kRate], -8.0f, 10.0f)) *
                     model_->rate_scale(kRate);
  const float depth = std::clamp(values[kDepth], 0.0f, 2.0f);
  const float voices = std::clamp(values[kVoices], 1.0f, static_cast<float>(kTaps));

  // It glides from the first pitch above 0.
  if (values[kPitch] > 0.0f) pitch_known_ = true;
  if (pitch_known_) {
    pitch_.set(values[kPitch]);
    pitch_.advance();
    pitch_.advance();
  }
  float sum = 0.0f;
  std::array<float, kTaps> samples;
  for (std::size_t i = 0; i < kTaps; ++i) {
    const float pitch = pitch_.value() + values[kSpacing] * static_cast<float>(i);
    samples[i] = rate_hz / (kLowestHz * plan_->effects.ratio(pitch));
    const float longest = samples[i] * (1.0f + depth) + 1.0f;
    if (longest >= static_cast<float>(kLineLength)) {
      samples[i] = samples[i] * 0.999f * static_cast<float>(kLineLength) / longest;
    }
    sum += samples[i];
  }
  const float mean = sum / kTaps;

  for (Channel& channel : channels_) {
    channel.turn += rate;
    if (channel.turn >= static_cast<float>(kTaps)) channel.turn -= static_cast<float>(kTaps);
    if (channel.turn >= static_cast<float>(kTaps)) channel.turn = 0.0f;
    for (std::size_t i = 0; i < kTaps; ++i) {
      Tap& tap = channel.taps[i];
      tap.phase += rate;
      const bool new_cycle = tap.phase > 1.0f;
      if (new_cycle) tap.phase -= std::max(1.0f, std::floor(tap.phase));
      const float phase = takes_turns(mode) ? fraction(channel.turn) : tap.phase;
      tap.lfo.set(wave(tap, phase, rate, new_cycle));
      tap.samples.set(samples[i]);
    }
    set_weights(channel, voices);
  }

  depth_.set(depth);
  mix_.set(values[kMix]);
  voices_.set(voices);
  damping_.set(0.4f * values[kDamping]);

  // Sounds that move fast bear more feedback.
  const float speed = std::clamp(rate * rate_hz / kBlockSamples * mean * depth, 2.0f, 60.0f);
  float strength = 0.4f * std::sqrt((speed + 30.0f) / 100.0f);
  if (!takes_turns(mode)) {
    strength += 0.15f * (3.0f - (voices_.value() - 1.0f));
  } else {
    strength += mode == kDryAndTurns ? 0.3f : 0.5f;
  }
  if (wave_shape == kSaw || wave_shape == kHold) strength *= 0.7f;
  float feedback = values[kFeedback];
  if (feedback > 0.0f && feedback < 1.0f) feedback = std::sqrt(feedback);
  feedback_.set(strength * feedback);
  ring_out_blocks_ =
      values[kFeedback] > 0.0f ? static_cast<std::int64_t>(32.0 * plan_->sample_rate()) : kRingOut;
  width_.set(plan_->decibels.amplitude(values[kWidth]) / 3.0f);
}

void FlangerEffect::follow_controls(Lines& lines) {
  const int mode = model_->integers[kMode];
  const auto loss = [&] {
    switch (mode) {
      case kDryAndCombs:
        return 1.0f / std::sqrt(7.0f - voices_.value());
      case kCombs:
        return 1.0f / std::sqrt(8.0f - voices_.value());
      case kDryAndTurns:
        return 1.0f / std::sqrt(6.0f);
      default:
        return 1.0f / std::sqrt(7.0f);
    }
  };
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    lines.depth[i] = depth_.value();
    lines.feedback[i] = feedback_.value();
    lines.damping[i] = std::clamp(damping_.value(), 0.01f, 0.99f);
    lines.mix[i] = mix_.value();
    lines.level[i] = 1.0f - (loss() + 0.07f * mix_.value());
    for (LateLine* line : {&depth_, &feedback_, &damping_, &voices_, &mix_}) line->advance();
  }
}

void FlangerEffect::run(Channel& channel, const Lines& lines,
                        std::span<float, kBlockSamples> audio) const {
  constexpr std::size_t kMask = kLineLength - 1;
  constexpr auto kLongest = static_cast<float>(kLineLength - 2);
  const float dry = keeps_input(model_->integers[kMode]) ? 1.0f : 0.0f;
  float damper = channel.damper;
  for (std::size_t i = 0; i < kBlockSamples; ++i) {
    const std::size_t newest = position_ + i + kMask;  // one before
    float comb = 0.0f;
    for (Tap& tap : channel.taps) {
      if (tap.weight != 0.0f) {
        const float delay = std::clamp(
            tap.samples.value() * (1.0f + tap.lfo.value() * lines.depth[i]) + 1.0f, 0.0f, kLongest);
        const auto whole = static_cast<std::size_t>(delay);
        const float part = delay - static_cast<float>(whole);
        comb += tap.weight * ((1.0f - part) * channel.line[(newest - whole) & kMask] +
                              part * channel.line[(newest - whole - 1) & kMask]);
      }
      tap.samples.advance();
      tap.lfo.advance();
    }
    float back = 0.0f;
    if (lines.feedback[i] > 0.0f) {
      back = clip_cubic(lines.feedback[i] * comb);
      damper = damper * (1.0f - lines.damping[i]) + back * lines.damping[i];
      back -= damper;
    }
    channel.line[(position_ + i) & kMask] = audio[i] - back;
    audio[i] = clip_cubic(lines.level[i] * (dry * audio[i] + lines.mix[i] * comb));
  }
  channel.damper = damper;
}

void FlangerEffect::process(const EffectControls& controls, StereoBlock audio) noexcept {
  set_controls(controls.values);
  Lines lines;
  follow_controls(lines);
  run(channels_[0], lines, audio.left);
  run(channels_[1], lines, audio.right);
  position_ += kBlockSamples;
  scale_side(width_, audio);
}

}  // namespace synthrl::surge
