#include "surge/effects/nimbus/engine.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/effects/nimbus/grains.h"
#include "surge/effects/nimbus/looping_delay.h"
#include "surge/effects/nimbus/spectral.h"
#include "surge/effects/nimbus/stretch.h"

namespace synthrl::surge::nimbus {
namespace {

constexpr float kFreezeRate = 0.0005f;  // per group
constexpr float kHighestCutoff = 0.499f;
constexpr float kOutputGain = 1.2f / std::numbers::sqrt2_v<float>;

float squared(float x) { return x * x; }

}  // namespace

std::unique_ptr<PlaybackMode> make_playback_mode(int mode) {
  switch (mode) {
    case kGranular:
      return std::make_unique<GranularMode>();
    case kStretch:
      return std::make_unique<StretchMode>();
    case kLoopingDelay:
      return std::make_unique<LoopingDelayMode>();
    default:
      return std::make_unique<SpectralMode>();
  }
}

void Engine::start(const Quality& quality, std::uint64_t seed) noexcept {
  quality_ = &quality;
  player_->start(quality, seed);
  last_ = {};
  feedback_filter_.start();
  frozenness_ = 0.0f;
  decimator_.start();
  interpolator_.start();
  diffuser_.start();
  pitch_shifter_.start();
  texture_lowpass_.start();
  texture_highpass_.start();
  reverb_.start();
  first_ = true;
}

void Engine::set(const Settings& settings) noexcept {
  settings_ = settings;
  ratio_ = pitch_ratio(settings.pitch);
  const auto rate = static_cast<float>(quality_->half_rate ? 0.5 * kSampleRate : kSampleRate);
  feedback_filter_.set((20.0f + 100.0f * squared(settings.feedback)) / rate, 1.0f);
  if (mode_ == kStretch || mode_ == kLoopingDelay) set_texture_filters();
}

void Engine::set_texture_filters() {
  const float texture = settings_.texture;
  const float low =
      std::min(kHighestCutoff, 0.5f * pitch_ratio(216.0f * std::min(0.0f, texture - 0.5f)));
  texture_lowpass_.set(low, 1.0f + 3.0f * (1.0f - settings_.feedback) * (0.5f - low));
  const float high = std::min(
      kHighestCutoff, 0.25f * pitch_ratio(216.0f * (texture < 0.5f ? -0.5f : texture - 1.0f)));
  texture_highpass_.set(high, 1.0f);
}

void Engine::feed_back(Group& frames) noexcept {
  frozenness_ += kFreezeRate * ((settings_.freeze ? 1.0f : 0.0f) - frozenness_);
  const float gain = settings_.feedback * (1.0f - frozenness_);
  for (std::size_t i = 0; i < kGroup; ++i) {
    const Frame back = feedback_filter_.highpass(last_[i]);
    const auto mix = [gain](float in, float fed) {
      return in + gain * (soft_limit(1.4f * gain * fed + in) - in);
    };
    frames[i] = {mix(frames[i].left, back.left), mix(frames[i].right, back.right)};
  }
}

void Engine::play(Group& frames) noexcept {
  if (quality_->half_rate) {
    HalfGroup half = decimator_.process(frames);
    player_->process(settings_, half);
    frames = interpolator_.process(half);
  } else {
    player_->process(settings_, frames);
  }
}

void Engine::process(Group& frames) noexcept {
  if (quality_->mono) {
    for (Frame& frame : frames) {
      const float middle = 0.5f * (frame.left + frame.right);
      frame = {middle, middle};
    }
  }
  feed_back(frames);
  play(frames);

  if (mode_ == kGranular) {
    diffuser_.process(std::max(0.0f, 4.0f * (settings_.texture - 0.75f)), frames);
  } else if (mode_ != kSpectral) {
    diffuser_.process(settings_.density, frames);
    if (mode_ == kLoopingDelay && !settings_.freeze) {
      pitch_shifter_.process(ratio_, settings_.size, frames);
    }
    for (Frame& frame : frames) {
      frame = texture_highpass_.highpass(texture_lowpass_.lowpass(frame));
    }
  }
  last_ = frames;

  const float feedback = settings_.feedback;
  reverb_.process(
      std::clamp(0.95f * settings_.reverb + feedback * (2.0f - feedback) * frozenness_, 0.0f, 1.0f),
      feedback, frames);

  for (std::size_t i = 0; i < kGroup; ++i) {
    const float fade_in = first_ ? static_cast<float>(i) / kGroup : 1.0f;
    const float gain = kOutputGain * fade_in;
    const auto output = [gain](float x) {
      return kFromInt16 * static_cast<float>(to_int16(32768.0f * soft_limit(0.5f * gain * x)));
    };
    frames[i] = {output(frames[i].left), output(frames[i].right)};
  }
  first_ = false;
}

}  // namespace synthrl::surge::nimbus
