#include "surge/oscillators/sample_hold.h"

#include <algorithm>
#include <cmath>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"

namespace synthrl::surge {
namespace {

constexpr float kNarrowest = 0.001f;
constexpr float kShortestAbsolutePeriod = 0.1f;
constexpr float kMaxOffset = 96.0f;  // semitones; keeps the number of events within bounds
constexpr float kIntegratorLeak = 0.999f;

float limit_width(float width) { return std::clamp(width, kNarrowest, 1.0f - kNarrowest); }

}  // namespace

void SampleHoldOscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                                 std::uint64_t seed, const OscillatorTables& tables) noexcept {
  model_ = model;
  rate_hz_ = tables.rate_hz;
  unison_ = Unison(model.integers[6]);
  correlation_.reset(std::clamp(start.values[0], -1.0f, 1.0f));
  width_.reset(limit_width(start.values[1]));
  sync_.reset(std::max(start.values[4], 0.0f));
  train_ = ImpulseTrain(tables, model.stereo);
  cuts_ = Cuts(!model.options[2].deactivated, !model.options[3].deactivated, tables);

  noise_ = random_stream(seed, RandomStream::kNoise);
  drift_random_ = random_stream(seed, RandomStream::kDrift);
  Rng phases = random_stream(seed, RandomStream::kPhase);
  const float detune = unison_detune(start.values[5], model.options[5]);
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto i = static_cast<std::size_t>(v);
    Voice& voice = voices_[i];
    voice = Voice();
    voice.drift.start(model.random_drift_start, drift_random_);
    if (!model.retrigger) {
      const float offset = std::clamp(detune * unison_.position[i], -kMaxOffset, kMaxOffset);
      voice.timer = 0.5f * phases.unipolar() * interval_to_ratio(offset);
      voice.sync_timer = voice.timer;
    }
  }
}

// Without sync the master's timer stands still, but still cuts a step short once at the start.
double SampleHoldOscillator::next(int v) const noexcept {
  const Voice& voice = voices_[static_cast<std::size_t>(v)];
  return std::min(voice.timer, voice.sync_timer);
}

bool SampleHoldOscillator::due(int v, double end) const noexcept {
  const Voice& voice = voices_[static_cast<std::size_t>(v)];
  return voice.timer < end || (sync_.value() > 0.0f && voice.sync_timer < end);
}

void SampleHoldOscillator::elapse(int v, double time) noexcept {
  Voice& voice = voices_[static_cast<std::size_t>(v)];
  voice.timer -= time;
  if (sync_.value() > 0.0f) voice.sync_timer -= time;
}

void SampleHoldOscillator::fire(int v, int sample, float fraction) noexcept {
  Voice& voice = voices_[static_cast<std::size_t>(v)];
  float correlation = 0.8f * correlation_.value();
  if (voice.sync_timer < voice.timer) {
    if (voice.state == 1) correlation = -correlation;
    voice.state = 0;
    voice.timer = voice.sync_timer;
    voice.sync_timer += voice.master_cycle;
  }
  if (voice.state == 0) voice.width = width_.value();

  const float fresh = 1.0f - std::fabs(correlation);
  const float value =
      std::clamp((noise_.bipolar() * fresh - correlation * voice.value) / fresh, -0.5f, 0.5f);
  const float gain = (value - voice.value) * unison_.gain;
  voice.value = value;
  if (model_.stereo) {
    train_.add(sample, fraction, gain * unison_.left(v), gain * unison_.right(v));
  } else {
    train_.add(sample, fraction, gain, 0.0f);
  }
  voice.timer += voice.period * (voice.state == 0 ? voice.width : 1.0f - voice.width);
  voice.state ^= 1;
}

void SampleHoldOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                                   OscillatorSpan right) noexcept {
  const auto smooth = [](Lag<float>& lag, float target) {
    lag.set_target(target);
    lag.advance();
  };
  smooth(correlation_, std::clamp(controls.values[0], -1.0f, 1.0f));
  smooth(width_, limit_width(controls.values[1]));
  smooth(sync_, std::max(controls.values[4], 0.0f));

  const bool absolute = model_.options[5].absolute;
  const float detune = unison_detune(controls.values[5], model_.options[5]);
  const float scale = absolute ? absolute_detune_scale(controls.pitch) : 1.0f;
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto i = static_cast<std::size_t>(v);
    Voice& voice = voices_[i];
    const float offset = scale * (controls.drift * voice.drift.advance(drift_random_) +
                                  detune * unison_.position[i]);
    voice.master_cycle = 2.0f * interval_to_ratio(-std::clamp(offset, -kMaxOffset, kMaxOffset));
    voice.period = interval_to_ratio(-std::clamp(offset + sync_.value(), -kMaxOffset, kMaxOffset));
    if (absolute) voice.period = std::max(voice.period, kShortestAbsolutePeriod);
  }

  const double periods = periods_per_sample(controls.pitch, rate_hz_);
  run_events(*this, unison_.num_voices, periods, controls.modulator, controls.fm_gain);

  // High notes leak faster.
  constexpr float kLog2Leak = -0.0072315691f;  // of 0.995
  const float part = std::min(1.0f, note_to_hz(controls.pitch + sync_.value()) / rate_hz_);
  train_.integrate(std::min(kIntegratorLeak, std::exp2(4.0f * kLog2Leak * part)), left, right);
  cuts_.process(controls.values[2], controls.values[3], left.data(),
                model_.stereo ? right.data() : nullptr);
}

}  // namespace synthrl::surge
