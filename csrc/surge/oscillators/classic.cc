#include "surge/oscillators/classic.h"

#include <algorithm>
#include <cmath>

#include "surge/dsp/estimates.h"
#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"

namespace synthrl::surge {
namespace {

constexpr float kNarrowest = 0.001f;
constexpr float kHighestSyncedPitch = 156.0f;
constexpr float kShortestAbsolutePeriod = 0.01f;
constexpr float kMaxOffset = 96.0f;  // semitones; keeps the number of events within bounds

float limit_width(float width) { return std::clamp(width, kNarrowest, 1.0f - kNarrowest); }

}  // namespace

void ClassicOscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                              std::uint64_t seed, const OscillatorTables& tables) noexcept {
  model_ = model;
  rate_hz_ = tables.rate_hz;
  integrator_leak_ = integrator_leak(tables.host_rate_hz);
  unison_ = Unison(model.integers[6]);
  shape_.reset(std::clamp(start.values[0], -1.0f, 1.0f));
  width_.reset(limit_width(start.values[1]));
  width2_.reset(limit_width(start.values[2]));
  sub_.reset(std::clamp(start.values[3], 0.0f, 1.0f));
  sync_.reset(std::max(start.values[4], 0.0f));
  train_ = ImpulseTrain(tables, model.stereo);
  left_character_ = CharacterFilter(model.character, tables.host_rate_hz);
  right_character_ = left_character_;

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
      voice.timer = 0.5f * phases.unipolar() * interval_to_ratio(-offset);
      voice.sync_timer = voice.timer;
    }
  }
}

void ClassicOscillator::update_periods(const OscillatorControls& controls) noexcept {
  const bool absolute = model_.options[5].absolute;
  const float detune = unison_detune(controls.values[5], model_.options[5]);
  const float scale = absolute ? absolute_detune_scale(controls.pitch) : 1.0f;
  const float sync = std::min(sync_.value(), kHighestSyncedPitch - controls.pitch);
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto i = static_cast<std::size_t>(v);
    Voice& voice = voices_[i];
    const float offset = scale * (controls.drift * voice.drift.advance(drift_random_) +
                                  detune * unison_.position[i]);
    const float limited = std::clamp(offset, -kMaxOffset, kMaxOffset);
    voice.master_cycle = 2.0f * interval_to_ratio(-limited);
    voice.period = sync == 0.0f
                       ? 0.5f * voice.master_cycle
                       : interval_to_ratio(-std::clamp(offset + sync, -kMaxOffset, kMaxOffset));
    if (absolute) voice.period = std::max(voice.period, kShortestAbsolutePeriod);
  }
}

double ClassicOscillator::next(int v) const noexcept {
  const Voice& voice = voices_[static_cast<std::size_t>(v)];
  return sync_.value() > 0.0f ? std::min(voice.timer, voice.sync_timer) : voice.timer;
}

void ClassicOscillator::elapse(int v, double time) noexcept {
  Voice& voice = voices_[static_cast<std::size_t>(v)];
  voice.timer -= time;
  if (sync_.value() > 0.0f) voice.sync_timer -= time;
}

void ClassicOscillator::fire(int v, int sample, float fraction) noexcept {
  Voice& voice = voices_[static_cast<std::size_t>(v)];
  const float shape = shape_.value();
  const float sub = sub_.value();
  const float main = 1.0f - sub;

  if (sync_.value() > 0.0f && voice.sync_timer < voice.timer) {
    // The rest of the ramp will not happen.
    voice.level += voice.slope * static_cast<float>(voice.timer - voice.sync_timer);
    voice.state = 0;
    voice.timer = voice.sync_timer;
    voice.sync_timer += voice.master_cycle;
  }

  float step = 0.0f;
  float part = 0.0f;  // of a period that the wave stays in this state
  switch (voice.state) {
    case 0:
      voice.width = width_.value();
      voice.balance = 2.0f * width2_.value();
      step = main * (0.5f * (1.0f + shape) - shape * (1.0f - voice.width)) +
             0.5f * sub * (2.0f - voice.balance) - voice.level;
      part = voice.width * voice.balance;
      break;
    case 1:
      step = shape * main - sub;
      part = (1.0f - voice.width) * (2.0f - voice.balance);
      break;
    case 2:
      step = main;
      part = voice.width * (2.0f - voice.balance);
      break;
    default:
      step = shape * main + sub;
      part = (1.0f - voice.width) * voice.balance;
      break;
  }
  voice.state = (voice.state + 1) & 3;

  const float fall = (1.0f + shape) * main;
  // The engine divides by an estimate only here, so the ramps miss their ends by up to 4e-4. As a
  // modulator the oscillator thereby shifts the pitch of its carrier.
  const float slope = fall * reciprocal_estimate(voice.period);
  voice.level += step - fall * part;
  train_.add_slope(sample, slope - voice.slope);
  voice.slope = slope;

  const float gain = step * unison_.gain;
  if (model_.stereo) {
    train_.add(sample, fraction, gain * unison_.left(v), gain * unison_.right(v));
  } else {
    train_.add(sample, fraction, gain, 0.0f);
  }
  voice.timer += std::max(0.0f, voice.period * part);
}

void ClassicOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                                OscillatorSpan right) noexcept {
  const auto smooth = [](Lag<float>& lag, float target) {
    lag.set_target(target);
    lag.advance();
  };
  smooth(shape_, std::clamp(controls.values[0], -1.0f, 1.0f));
  smooth(width_, limit_width(controls.values[1]));
  smooth(width2_, limit_width(controls.values[2]));
  smooth(sub_, std::clamp(controls.values[3], 0.0f, 1.0f));
  smooth(sync_, std::max(controls.values[4], 0.0f));
  update_periods(controls);

  const double periods = periods_per_sample(controls.pitch, rate_hz_);
  run_events(*this, unison_.num_voices, periods, controls.modulator, controls.fm_gain);

  // High notes leak faster.
  constexpr float kLog2Leak = -0.0072315691f;  // of 0.995
  const float part = std::min(1.0f, note_to_hz(controls.pitch + sync_.value()) / rate_hz_);
  const float leak = std::min(integrator_leak_, std::exp2(4.0f * kLog2Leak * part));
  const float slope_scale = -unison_.gain * static_cast<float>(periods);
  left_character_.visit([&]<Character kCharacter>(std::integral_constant<Character, kCharacter>) {
    CharacterFilter left_running = left_character_;
    CharacterFilter right_running = right_character_;
    train_.integrate_with_slopes(
        leak, slope_scale, left, right,
        [&](float sample) { return left_running.tick<kCharacter>(sample); },
        [&](float sample) { return right_running.tick<kCharacter>(sample); });
    left_character_ = left_running;
    right_character_ = right_running;
  });
}

}  // namespace synthrl::surge
