#include "surge/oscillators/wavetable_oscillator.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"

namespace synthrl::surge {
namespace {

constexpr int kEndlessPasses = 7;
constexpr float kShortestAbsolutePeriod = 0.1f;
// Semitones; keep the number of events within bounds.
constexpr float kMaxOffset = 60.0f;
constexpr float kMaxFormant = 240.0f;
constexpr double kNever = 1e30;  // periods

float saturation_target(float amount) {
  const float limited = std::clamp(amount, 0.0f, 1.0f);
  return -8.0f * limited * limited * limited;
}

float formant_target(float semitones) { return std::clamp(semitones, 0.0f, kMaxFormant); }

// Level at which a step takes about a sample; `step` is in samples and at level 0.
int mip_level(double step, int frame_samples) {
  constexpr double kSamplesPerStep = 1.8;
  for (int level = 6; level > 0; --level) {
    if (step < kSamplesPerStep / (1 << level) && frame_samples >= (2 << level)) return level;
  }
  return 0;
}

}  // namespace

void WavetableOscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                                std::uint64_t seed, const OscillatorTables& tables) noexcept {
  model_ = model;
  rate_hz_ = tables.rate_hz;
  integrator_leak_ = integrator_leak(tables.host_rate_hz);
  table_ = model.wavetable != nullptr ? model.wavetable : &tables.default_wavetable;
  num_frames_ = table_->num_frames();
  frame_shift_ = std::bit_width(static_cast<unsigned>(table_->frame_samples())) - 1;
  for (int level = 0; level < kNumLevels; ++level) {
    levels_[static_cast<std::size_t>(level)] =
        table_->frame(std::min(level, table_->num_levels() - 1), 0).data();
  }
  interpolate_ = model.options[0].extended;
  continuous_morph_ = model.options[0].deform != 0;
  one_shot_ = table_->one_shot();
  passes_ = std::clamp(model.integers[6], 1, kEndlessPasses);
  unison_ = Unison(one_shot_ ? 1 : model.integers[6]);

  morph_.reset(start.values[0]);
  skew_.reset(std::clamp(start.values[1], -1.0f, 1.0f));
  saturation_.reset(saturation_target(start.values[2]));
  time_skew_.reset(std::clamp(start.values[4], -1.0f, 1.0f));
  formant_from_ = formant_to_ = formant_target(start.values[3]);
  cycle_time_skew_ = time_skew_.value();
  ratio_formant_ = 0.0f;
  ratio_ = 1.0f;

  // Where the morph starts from is the patch's value, even if the smoothing does not.
  position_from_ = position_to_ = morph_position(std::clamp(model.stored[0], 0.0f, 1.0f));
  const float whole = std::trunc(position_to_);
  frame_ =
      std::clamp(static_cast<int>(whole), 0, std::max(0, num_frames_ - (interpolate_ ? 2 : 1)));
  weight_from_ = weight_to_ = position_to_ - whole;
  // The frame is advanced before each pass through it; the first one is never heard.
  if (one_shot_) frame_ = std::max(frame_, 1) - 1;

  train_ = ImpulseTrain(tables, model.stereo);
  drift_random_ = random_stream(seed, RandomStream::kDrift);
  Rng phases = random_stream(seed, RandomStream::kPhase);
  for (int v = 0; v < unison_.num_voices; ++v) {
    Voice& voice = voices_[static_cast<std::size_t>(v)];
    voice = Voice();
    voice.drift.start(model.random_drift_start, drift_random_);
    if (!model.retrigger) voice.timer = phases.unipolar();
  }
}

float WavetableOscillator::morph_position(float morph) const noexcept {
  const int last = num_frames_ - (interpolate_ ? 1 : 0);
  return morph * static_cast<float>(last) * 0.99999f;
}

void WavetableOscillator::move_morph(float modulated) noexcept {
  if (continuous_morph_) {
    const float stored = model_.stored[0];
    morph_.set_target(stored);
    morph_.advance();
    position_from_ = position_to_;
    position_to_ = morph_position(std::clamp(morph_.value() + (modulated - stored), 0.0f, 1.0f));
    return;
  }
  morph_.set_target(modulated);
  morph_.advance();
  const float position = std::clamp(morph_position(morph_.value()), -1e6f, 1e6f);
  const float whole = std::trunc(position);
  const int frame =
      std::clamp(static_cast<int>(whole), 0, std::max(0, num_frames_ - (interpolate_ ? 2 : 1)));
  const float weight = position - whole;
  if (one_shot_) return;
  weight_from_ = weight_to_;
  weight_to_ = weight;
  if (!interpolate_ || frame == frame_) {
    frame_ = frame;
  } else if (frame > frame_) {
    // The old frame first turns into the one after it.
    if (weight_from_ != 1.0f) {
      weight_to_ = 1.0f;
    } else {
      frame_ = frame;
      weight_from_ = 0.0f;
    }
  } else if (weight_from_ != 0.0f) {
    weight_to_ = 0.0f;
  } else {
    frame_ = frame;
    weight_from_ = 1.0f;
  }
}

bool WavetableOscillator::advance_one_shot() noexcept {
  const int last = num_frames_ - (continuous_morph_ ? 4 : interpolate_ ? 3 : 2);
  if (++frame_ <= last) return true;
  if (passes_ < kEndlessPasses) --passes_;
  frame_ = 0;
  return passes_ > 0;
}

float WavetableOscillator::read(const Voice& voice, float block_part) const noexcept {
  const float* samples = levels_[static_cast<std::size_t>(voice.level)] + voice.index;
  const int shift = frame_shift_ - voice.level;
  const auto at = [&](int frame) {
    return samples[static_cast<std::ptrdiff_t>(std::clamp(frame, 0, num_frames_ - 1)) << shift];
  };
  if (one_shot_) return at(frame_);
  if (continuous_morph_) {
    if (!interpolate_) return at(static_cast<int>(position_to_));
    const float position = position_from_ + block_part * (position_to_ - position_from_);
    const int whole = static_cast<int>(position);
    const float low = at(whole);
    return low + (position - static_cast<float>(whole)) * (at(whole + 1) - low);
  }
  if (!interpolate_) return at(frame_);
  const float weight = weight_from_ + block_part * (weight_to_ - weight_from_);
  if (weight == 0.0f) return at(frame_);
  return (1.0f - weight) * at(frame_) + weight * at(frame_ + 1);
}

void WavetableOscillator::fire(int v, int sample, float fraction) noexcept {
  Voice& voice = voices_[static_cast<std::size_t>(v)];
  const float block_part =
      (static_cast<float>(sample) + fraction) * (1.0f / kOscillatorBlockSamples);
  if (voice.index == 0) {
    formant_from_ = formant_to_;
    cycle_time_skew_ = time_skew_.value();
    voice.level = cycle_level_;
    if (one_shot_ && !advance_one_shot()) {
      voice.timer = kNever;
      return;
    }
  }

  float x = read(voice, block_part);
  if (shaped_) {
    const float skew = 0.5f * skew_.value();
    const float saturation = saturation_.value();
    x = x - skew * x * x + skew;
    x = x * (1.0f - saturation) + saturation * x * x * x;
  }
  x = std::clamp(x, -1.0f, 1.0f);
  const float gain = (x - voice.value) * unison_.gain;
  voice.value = x;
  if (model_.stereo) {
    train_.add(sample, fraction, gain * unison_.left(v), gain * unison_.right(v));
  } else {
    train_.add(sample, fraction, gain, 0.0f);
  }

  // The formant compresses the cycle; its last sample fills the rest of the period.
  const float formant = formant_from_ + block_part * (formant_to_ - formant_from_);
  if (formant != ratio_formant_) {
    ratio_formant_ = formant;
    ratio_ = interval_to_ratio(-formant);
  }
  const int size = 1 << (frame_shift_ - voice.level);
  const float scale = 1.0f / static_cast<float>(size);
  const float at = (static_cast<float>(voice.index) + 0.5f) * scale;
  constexpr float kWarp = 10.392305f;  // 4 sqrt(27 / 4): the warp reaches 1
  const float warp = 1.0f + kWarp * cycle_time_skew_ * at * (at - 1.0f) * (2.0f * at - 1.0f);
  float part = ratio_ * warp * scale;
  if (++voice.index == size) {
    part += 1.0f - ratio_;
    voice.index = 0;
  }
  voice.timer += std::max(0.0f, voice.period * part);
}

void WavetableOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                                  OscillatorSpan right) noexcept {
  const auto smooth = [](Lag<float>& lag, float target) {
    lag.set_target(target);
    lag.advance();
  };
  move_morph(controls.values[0]);
  smooth(skew_, std::clamp(controls.values[1], -1.0f, 1.0f));
  smooth(saturation_, saturation_target(controls.values[2]));
  smooth(time_skew_, std::clamp(controls.values[4], -1.0f, 1.0f));
  formant_to_ = formant_target(controls.values[3]);
  shaped_ = skew_.value() != 0.0f || saturation_.value() != 0.0f;

  const bool absolute = model_.options[5].absolute;
  const float detune = unison_detune(controls.values[5], model_.options[5]);
  const float scale = absolute ? absolute_detune_scale(controls.pitch) : 1.0f;
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto i = static_cast<std::size_t>(v);
    Voice& voice = voices_[i];
    const float offset = scale * (controls.drift * voice.drift.advance(drift_random_) +
                                  detune * unison_.position[i]);
    voice.period = interval_to_ratio(-std::clamp(offset, -kMaxOffset, kMaxOffset));
    if (absolute) voice.period = std::max(voice.period, kShortestAbsolutePeriod);
  }

  const double periods = periods_per_sample(controls.pitch, rate_hz_);
  const int frame_samples = table_->frame_samples();
  cycle_level_ = mip_level(1.0 / (periods * frame_samples), frame_samples);
  run_events(*this, unison_.num_voices, periods, controls.modulator, controls.fm_gain);

  // High notes leak faster.
  constexpr float kLog2Leak = -0.0144995696f;  // of 0.99
  const float part = std::min(1.0f, note_to_hz(controls.pitch) / rate_hz_);
  train_.integrate(std::min(integrator_leak_, std::exp2(4.0f * kLog2Leak * part)), left, right);
}

}  // namespace synthrl::surge
