#include "surge/modulators/lfo.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace synthrl::surge {

namespace {

constexpr float kForever = 5.0f;  // a release of this length never begins
constexpr float kMaxGain = 3.0f;  // of output 0, and of the first kind of bend
constexpr float kMaxShuffle = 1.99f;
constexpr float kMaxIncrement = 65536.0f;  // cycles per block; modulated rates have no limit
constexpr float kLastStartPhase = 359.0f / 360.0f;
constexpr float kBendDepth = 4.5f;  // of the second and third kind of bend
constexpr float kTwoPi = 2.0f * std::numbers::pi_v<float>;

// Ranges of the parameters that formulas see as 0 to 1.
constexpr float kLongestTime = 5.0f;

// Modulation of modulation can overflow.
float finite(float x) { return std::isfinite(x) ? x : 0.0f; }

float normalised_time(float time) {
  return (time - kShortestTime) / (kLongestTime - kShortestTime);
}

// Into [0, 1).
float wrapped(float phase) {
  phase -= std::floor(phase);
  return phase < 1.0f ? phase : 0.0f;
}

float twice_squared(float x, float deform) {
  const float amount = 0.5f * std::clamp(deform, -kMaxGain, kMaxGain);
  x = x - amount * x * x + amount;
  return x - amount * x * x + amount;
}

float with_sine(float x, float deform) {
  const float y = x + kBendDepth * deform / kTwoPi * std::sin(kTwoPi * x);
  constexpr float kThreshold = 1.0f / kBendDepth;
  return deform < -kThreshold ? y / (1.0f - (deform + kThreshold) / 1.6f) : y;
}

float with_shifted_sine(float x, float deform) {
  const float shifted = x + 0.25f;
  const float y =
      shifted + kBendDepth * deform / kTwoPi * std::sin(kTwoPi * shifted) - 0.25f - deform / kTwoPi;
  return y / (1.0f + 0.5f * std::fabs(deform)) - 0.06f * deform;
}

float bent(float x, float deform, int kind) {
  switch (kind) {
    case 1:
      return with_sine(x, deform);
    case 2:
      return with_shifted_sine(x, deform);
    default:
      return twice_squared(x, deform);
  }
}

bool follows_release(LfoShape shape) {
  return shape == LfoShape::kMseg || shape == LfoShape::kFormula;
}

LfoControls cleaned(const LfoControls& controls) {
  return {.rate = finite(controls.rate),
          .phase = finite(controls.phase),
          .magnitude = finite(controls.magnitude),
          .deform = finite(controls.deform),
          .delay = finite(controls.delay),
          .attack = finite(controls.attack),
          .hold = finite(controls.hold),
          .decay = finite(controls.decay),
          .sustain = finite(controls.sustain),
          .release = finite(controls.release)};
}

}  // namespace

void Lfo::start(const ModulatorTables& tables, const LfoModel& model, float tempo_bpm,
                std::uint64_t seed) noexcept {
  *this = Lfo{};
  tables_ = &tables;
  model_ = model;
  tempo_ratio_ = tempo_bpm / 120.0f;
  rng_ = Rng(seed);
  mseg_player_.start(rng_.next());
}

float Lfo::increment(float rate) const noexcept {
  if (!model_.rate_synced) return tables_->rate(-rate);
  const double exact = tables_->block_seconds() * std::exp2(static_cast<double>(rate));
  return static_cast<float>(
      std::min(exact * static_cast<double>(tempo_ratio_), static_cast<double>(kMaxIncrement)));
}

void Lfo::begin_at(float phase) noexcept {
  phase_ = wrapped(phase);
  cycle_ = 0;
  // The cycles of an LFO that draws a long envelope are counted over the whole of it.
  if (model_.shape == LfoShape::kMseg && model_.mseg != nullptr && !model_.mseg->lfo_mode() &&
      model_.mseg->total_duration() > 1.0f) {
    const double place = static_cast<double>(phase_) * model_.mseg->total_duration();
    const double whole = std::floor(place);
    phase_ = wrapped(static_cast<float>(place - whole));
    cycle_ = static_cast<std::int64_t>(whole);
  }
}

void Lfo::attack(const LfoControls& raw_controls, double song_beats) noexcept {
  const LfoControls controls = cleaned(raw_controls);

  float start_phase = 0.0f;
  switch (model_.shape) {
    case LfoShape::kStepSequencer:
      break;  // the parameter is the shuffle
    case LfoShape::kEnvelope:
    case LfoShape::kMseg:
    case LfoShape::kFormula:
      start_phase = controls.phase;
      break;
    default:
      start_phase = std::clamp(controls.phase, 0.0f, kLastStartPhase);
  }

  const StepSequence& steps = model_.steps;
  int step = 0;
  switch (model_.trigger) {
    case LfoTrigger::kKeytrigger:
      begin_at(start_phase);
      break;
    case LfoTrigger::kRandom:
      phase_ = rng_.unipolar();
      cycle_ = 0;
      if (steps.loop_end > 0) {
        step = static_cast<int>(rng_.bits() % static_cast<std::uint32_t>(steps.loop_end));
      }
      break;
    case LfoTrigger::kFreerun: {
      // Where it would be if it had run since the start of the song.
      const double seconds = std::max(0.0, song_beats) / (2.0 * static_cast<double>(tempo_ratio_));
      const double hertz = std::exp2(std::min(static_cast<double>(controls.rate), 32.0)) *
                           (model_.rate_synced ? static_cast<double>(tempo_ratio_) : 1.0);
      const double place = static_cast<double>(wrapped(start_phase)) +
                           (model_.rate_deactivated ? 0.0 : seconds * hertz);
      const double whole = std::floor(place);
      phase_ = wrapped(static_cast<float>(place - whole));
      cycle_ = static_cast<std::int64_t>(whole);
      const int length = std::max(1, steps.loop_end - steps.loop_start + 1);
      step = static_cast<int>(cycle_ % length) + steps.loop_start;
      break;
    }
  }
  if (model_.shape == LfoShape::kTriangle && !model_.unipolar) shift_phase(0.25f);
  if (model_.shape == LfoShape::kSine && model_.unipolar) shift_phase(0.75f);

  released_ = false;
  stage_phase_ = 0.0f;
  envelope_ = 0.0f;
  stage_ = Stage::kDelay;
  if (controls.delay == kShortestTime) {
    stage_ = Stage::kAttack;
    if (controls.attack == kShortestTime) {
      envelope_ = 1.0f;
      stage_ = controls.hold == kShortestTime ? Stage::kDecay : Stage::kHold;
    }
  }

  start_wave(controls, step);
  attacked_ = true;
}

void Lfo::start_wave(const LfoControls& controls, int step) noexcept {
  switch (model_.shape) {
    case LfoShape::kNoise:
      // A free-running one goes on with the points it has.
      if (!attacked_ || model_.trigger != LfoTrigger::kFreerun) {
        for (int i = 0; i < 2; ++i) correlated_noise(controls.deform);
        for (int i = 0; i < 4; ++i) history_.push(correlated_noise(controls.deform) * phase_);
        phase_ = 0.0f;
      }
      break;
    case LfoShape::kSampleAndHold: {
      const float correlation = model_.deform_type == 1 ? 0.0f : controls.deform;
      for (int i = 0; i < 3; ++i) history_.push(correlated_noise(correlation));
      break;
    }
    case LfoShape::kStepSequencer:
      sequencer_.start(model_.steps, step);
      flip_shuffle(controls);
      break;
    case LfoShape::kMseg:
      mseg_player_.start(rng_.next());
      break;
    case LfoShape::kFormula:
      formula_runs_ = model_.formula != nullptr && model_.surroundings != nullptr &&
                      model_.formula->start(formula_input(controls), *model_.surroundings);
      break;
    default:
      break;
  }
}

void Lfo::shift_phase(float amount) noexcept {
  phase_ += amount;
  if (phase_ >= 1.0f) {
    phase_ -= 1.0f;
    ++cycle_;
  }
}

void Lfo::flip_shuffle(const LfoControls& controls) noexcept {
  const float phase = model_.phase_extended ? 2.0f * controls.phase - 1.0f : controls.phase;
  const float shuffle = std::clamp(phase, -kMaxShuffle, kMaxShuffle);
  shuffle_toggle_ = !shuffle_toggle_;
  step_rate_ = 1.0f / (shuffle_toggle_ ? 1.0f - 0.5f * shuffle : 1.0f + 0.5f * shuffle);
}

// White noise through two equal one-pole filters: smoother for 0 to 1, more agitated for -1 to 0.
float Lfo::correlated_noise(float correlation) noexcept {
  const float c = std::clamp(correlation, -1.0f, 1.0f);
  const float depth = 0.8f * std::fabs(c);
  const float w = 2.0f * depth - depth * depth;
  const float pole = std::copysign(w, c);
  noise_state_[1] = rng_.bipolar() * (1.0f - w) - pole * noise_state_[1];
  noise_state_[0] = noise_state_[1] * (1.0f - w) - pole * noise_state_[0];
  return noise_state_[0] / std::sqrt(1.0f - w);
}

void Lfo::release() noexcept {
  if (model_.stored_release < kForever) {
    release_level_ = envelope_;
    stage_ = Stage::kRelease;
    stage_phase_ = 0.0f;
    released_ = true;
  } else if (follows_release(model_.shape)) {
    stage_ = Stage::kStuck;
    released_ = true;
  }
}

bool Lfo::advance_phase(const LfoControls& controls) noexcept {
  if (model_.rate_deactivated) {
    if (model_.trigger == LfoTrigger::kKeytrigger) {
      begin_at(controls.phase);
      if (model_.shape == LfoShape::kTriangle && !model_.unipolar) shift_phase(0.25f);
    }
    return false;
  }
  phase_ += increment(controls.rate) * step_rate_;
  if (phase_ < 1.0f) return false;
  const float whole = std::floor(phase_);
  phase_ -= whole;
  cycle_ += static_cast<std::int64_t>(whole);
  return true;
}

float Lfo::stage_rate(const LfoControls& controls) const noexcept {
  const auto rate = [this](float time, bool synced) {
    return tables_->rate(time) * (synced ? tempo_ratio_ : 1.0f);
  };
  switch (stage_) {
    case Stage::kDelay:
      return rate(controls.delay, model_.delay_synced);
    case Stage::kAttack:
      return rate(controls.attack, model_.attack_synced);
    case Stage::kHold:
      return rate(controls.hold, model_.hold_synced);
    case Stage::kDecay:
      return rate(controls.decay, model_.decay_synced);
    case Stage::kRelease:
      return rate(controls.release, model_.release_synced);
    case Stage::kStuck:
      break;
  }
  return 0.0f;
}

void Lfo::advance_envelope(const LfoControls& controls) noexcept {
  if (stage_ == Stage::kStuck) return;
  stage_phase_ += stage_rate(controls);
  if (stage_phase_ > 1.0f) {
    stage_phase_ = 0.0f;
    switch (stage_) {
      case Stage::kDelay:
        stage_ = Stage::kAttack;
        break;
      case Stage::kAttack:
        stage_ = Stage::kHold;
        break;
      case Stage::kHold:
        stage_ = Stage::kDecay;
        break;
      case Stage::kDecay:
        stage_ = Stage::kStuck;
        envelope_ = controls.sustain;
        break;
      case Stage::kRelease:
        stage_ = Stage::kStuck;
        envelope_ = 0.0f;
        break;
      case Stage::kStuck:
        break;
    }
  }
  switch (stage_) {
    case Stage::kDelay:
      envelope_ = 0.0f;
      break;
    case Stage::kAttack:
      envelope_ = stage_phase_;
      break;
    case Stage::kHold:
      envelope_ = 1.0f;
      break;
    case Stage::kDecay:
      envelope_ = (1.0f - stage_phase_) + stage_phase_ * controls.sustain;
      break;
    case Stage::kRelease:
      envelope_ = (1.0f - stage_phase_) * release_level_;
      break;
    case Stage::kStuck:
      break;
  }
}

void Lfo::begin_cycle(const LfoControls& controls) noexcept {
  switch (model_.shape) {
    case LfoShape::kNoise:
      history_.push(correlated_noise(controls.deform));
      break;
    case LfoShape::kSampleAndHold:
      history_.push(correlated_noise(model_.deform_type == 1 ? 0.0f : controls.deform));
      break;
    case LfoShape::kStepSequencer:
      triggers_ = sequencer_.advance(model_.steps);
      flip_shuffle(controls);
      break;
    default:
      break;
  }
}

float Lfo::step_sequencer_wave(float deform) noexcept {
  const float position =
      model_.rate_deactivated ? sequencer_.scrub(model_.steps, phase_, triggers_) : phase_;
  return model_.deform_type == 1 ? centred_step_value(sequencer_.history(), position, deform)
                                 : step_value(sequencer_.history(), position, deform);
}

float Lfo::envelope_wave(float deform) noexcept {
  if (model_.deform_type != 1 && model_.deform_type != 2) {
    return (1.0f - deform) + deform * envelope_;
  }
  float shaped = envelope_;
  if (model_.deform_type == 1) {
    const float exponent =
        deform > 0.0f ? 1.0f + 9.0f * deform : 1.0f / (1.0f + 4.0f * std::fabs(deform));
    shaped = std::pow(std::max(envelope_, 0.0f), exponent);
  } else if (deform < 0.0f) {
    shaped += 0.2f * correlated_noise(1.0f - std::fabs(deform));
  } else {
    const float levels = 24.0f * deform;
    if (levels > 1.0f) shaped = std::round(levels * envelope_) / levels;
  }
  // The outputs multiply by the envelope.
  return envelope_ != 0.0f ? shaped / envelope_ : shaped;
}

float Lfo::wave(const LfoControls& controls) noexcept {
  const float deform = controls.deform;
  switch (model_.shape) {
    case LfoShape::kSine:
      return bent(tables_->sine(phase_), deform, model_.deform_type);
    case LfoShape::kTriangle:
      return bent(-1.0f + 4.0f * std::min(phase_, 1.0f - phase_), deform, model_.deform_type);
    case LfoShape::kSawtooth:
      return bent(1.0f - 2.0f * phase_, deform, model_.deform_type);
    case LfoShape::kSquare:
      return phase_ > 0.5f + 0.5f * deform ? -1.0f : 1.0f;
    case LfoShape::kNoise:
      return cubic(history_.oldest, history_.before, history_.now, history_.next, phase_);
    case LfoShape::kSampleAndHold:
      return model_.deform_type == 1 ? step_value(history_, phase_, deform) : history_.next;
    case LfoShape::kEnvelope:
      return envelope_wave(deform);
    case LfoShape::kStepSequencer:
      return step_sequencer_wave(deform);
    case LfoShape::kMseg:
      if (model_.mseg == nullptr) return deform;  // as a curve without segments
      return mseg_player_.value(*model_.mseg, cycle_, phase_, deform, released_, triggers_);
    case LfoShape::kFormula:
      break;
  }
  return 0.0f;
}

void Lfo::tick(const LfoControls& raw_controls) noexcept {
  const LfoControls controls = cleaned(raw_controls);
  triggers_ = {};
  const bool new_cycle = advance_phase(controls);
  advance_envelope(controls);
  if (new_cycle) begin_cycle(controls);

  const float envelope = model_.envelope_bypassed ? 1.0f : envelope_;
  const float magnitude = std::clamp(controls.magnitude, -kMaxGain, kMaxGain);
  if (model_.shape == LfoShape::kFormula) {
    tick_formula(controls, envelope, magnitude);
    return;
  }
  float w = wave(controls);
  if (model_.unipolar) {
    w = model_.shape == LfoShape::kStepSequencer ? std::max(0.0f, w) : 0.5f + 0.5f * w;
  }
  const float secondary = model_.scale_all_outputs ? magnitude : 1.0f;
  outputs_[0] = finite(envelope * magnitude * w);
  outputs_[1] = finite(secondary * (model_.shape == LfoShape::kEnvelope ? envelope * w : w));
  outputs_[2] = finite(secondary * envelope);
}

FormulaInput Lfo::formula_input(const LfoControls& controls) const noexcept {
  return {.phase = phase_,
          .cycle = cycle_,
          .delay = normalised_time(controls.delay),
          .attack = normalised_time(controls.attack),
          .hold = normalised_time(controls.hold),
          .decay = normalised_time(controls.decay),
          .release = normalised_time(controls.release),
          .sustain = controls.sustain,
          .rate = controls.rate,
          .amplitude = controls.magnitude,
          .start_phase = controls.phase,
          .deform = controls.deform,
          .released = released_};
}

void Lfo::tick_formula(const LfoControls& controls, float envelope, float magnitude) noexcept {
  outputs_.fill(0.0f);
  if (!formula_runs_) return;
  FormulaOutput result;
  formula_runs_ = model_.formula->process(formula_input(controls), *model_.surroundings, result);
  if (!formula_runs_) return;
  const float gain =
      (result.use_envelope ? envelope : 1.0f) * (result.use_amplitude ? magnitude : 1.0f);
  const int count = std::clamp(result.num_values, 0, kMaxLfoOutputs);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const float w = model_.unipolar ? 0.5f + 0.5f * result.values[i] : result.values[i];
    outputs_[i] = finite(gain * w);
  }
  triggers_ = {.amplitude = result.retrigger_amplitude, .filter = result.retrigger_filter};
}

}  // namespace synthrl::surge
