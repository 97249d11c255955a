#include "surge/oscillators/twist.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "surge/oscillators/random_streams.h"

namespace synthrl::surge {
namespace {

struct EngineLevels {
  float main;  // negative: limited
  float aux;
  bool own_envelope;  // the low-pass gate is left out
};

constexpr std::array<EngineLevels, kNumTwistEngines> kLevels = {{
    {0.8f, 0.8f, false},    // waveforms
    {0.7f, 0.6f, false},    // waveshaper
    {0.6f, 0.6f, false},    // two-operator FM
    {0.7f, 0.6f, false},    // formant and phase distortion
    {0.8f, 0.8f, false},    // harmonic
    {0.6f, 0.6f, false},    // wavetable
    {0.8f, 0.8f, false},    // chords
    {-0.7f, 0.8f, false},   // speech
    {-3.0f, 1.0f, false},   // granular cloud
    {-1.0f, -1.0f, false},  // filtered noise
    {-2.0f, 1.0f, false},   // particle noise
    {-1.0f, 0.8f, true},    // inharmonic string
    {-1.0f, 0.8f, true},    // modal resonator
    {0.8f, 0.8f, true},     // kick
    {0.8f, 0.8f, true},     // snare
    {0.8f, 0.8f, true},     // hi-hat
}};

constexpr std::array<TwistEngineInfo, kNumTwistEngines> kEngines = {{
    {"waveforms", TwistFidelity::kMeant},
    {"waveshaper", TwistFidelity::kSimilar},
    {"two-operator FM", TwistFidelity::kSimilar},
    {"formant and phase distortion", TwistFidelity::kMeant},
    {"harmonic", TwistFidelity::kMeant},
    {"wavetable", TwistFidelity::kOtherWaves},
    {"chords", TwistFidelity::kOtherWaves},
    {"speech", TwistFidelity::kOtherWaves},
    {"granular cloud", TwistFidelity::kMeant},
    {"filtered noise", TwistFidelity::kMeant},
    {"particle noise", TwistFidelity::kMeant},
    {"inharmonic string", TwistFidelity::kMeant},
    {"modal resonator", TwistFidelity::kMeant},
    {"kick", TwistFidelity::kSimilar},
    {"snare", TwistFidelity::kSimilar},
    {"hi-hat", TwistFidelity::kSimilar},
}};

constexpr float kMinNote = -24.0f;
constexpr float kMinModulatedNote = -119.0f;
constexpr float kMaxModulatedNote = 120.0f;
constexpr int kTriggerDelayCalls = 5;
constexpr float kSemitonesPerUnit = 137.0f;

std::size_t engine_index(int engine) noexcept {
  return static_cast<std::size_t>(std::clamp(engine, 0, kNumTwistEngines - 1));
}

// Modulation can bring any value; what is no number counts as the lower limit.
float limited(float x, float low, float high) noexcept { return x > low ? std::min(x, high) : low; }

float bipolar_to_unipolar(float x) noexcept { return 0.5f * (limited(x, -1.0f, 1.0f) + 1.0f); }

// Semitones per unit of the modulator.
float fm_range(float fm_gain) noexcept {
  const float level_db = 20.0f * std::log10(limited(fm_gain, 1e-6f, 1e6f));
  const float n = std::clamp((level_db + 48.0f) / 72.0f, 0.0f, 1.0f);
  return 1.05f * n * std::max(n - 0.05f, 0.05f) * kSemitonesPerUnit;
}

}  // namespace

const TwistEngineInfo& twist_engine(int engine) noexcept { return kEngines[engine_index(engine)]; }

void TwistOscillator::OutputStage::limit(float* samples, int num_frames) noexcept {
  if (gain_ >= 0.0f) return;
  for (int i = 0; i < num_frames; ++i) {
    const float s = -gain_ * samples[i];
    const float excess = std::abs(s) - peak_;
    peak_ += (excess > 0.0f ? 0.05f : 2e-5f) * excess;
    samples[i] = 0.8f * s / std::max(1.0f, peak_);
  }
}

float TwistOscillator::OutputStage::convert(float x) const noexcept {
  const float gain = gain_ < 0.0f ? 1.0f : gain_;
  const float value = 1.0f + std::trunc(-32767.0f * gain * x);
  return limited(value, -32768.0f, 32767.0f) / 32768.0f;
}

void TwistOscillator::emplace_engine(std::size_t engine, Rng random) noexcept {
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    static_cast<void>(((engine == i && (engine_.emplace<i>().start(random), true)) || ...));
  }(std::make_index_sequence<kNumTwistEngines>());
}

void TwistOscillator::set_targets(const std::array<float, kOscillatorParameters>& values) noexcept {
  harmonics_.set_target(bipolar_to_unipolar(values[1]));
  timbre_.set_target(bipolar_to_unipolar(values[2]));
  morph_.set_target(bipolar_to_unipolar(values[3]));
  mix_.set_target(bipolar_to_unipolar(values[4]));
  colour_.set_target(limited(values[5], 0.0f, 1.0f));
  decay_.set_target(limited(values[6], 0.0f, 1.0f));
}

void TwistOscillator::render_call(float note, int num_frames) noexcept {
  for (Lag<float>* lag : {&harmonics_, &timbre_, &morph_, &colour_, &decay_}) lag->advance();
  twist::EngineControls controls;
  controls.note = note;
  controls.frequency = twist::note_to_cycles(note);
  controls.harmonics = harmonics_.value();
  controls.timbre = timbre_.value();
  controls.morph = morph_.value();
  controls.sustained = !gated_;
  controls.triggered = gated_ && calls_to_trigger_ == 0;
  if (calls_to_trigger_ >= 0) --calls_to_trigger_;

  float* main = pending_[0].data();
  float* aux = pending_[1].data();
  std::visit([&](auto& engine) { engine.render(controls, main, aux, num_frames); }, engine_);

  for (std::size_t c = 0; c < pending_.size(); ++c)
    stages_[c].limit(pending_[c].data(), num_frames);
  if (gated_ && !kLevels[engine_index_].own_envelope) {
    if (controls.triggered) envelope_.trigger();
    const float level = envelope_.next(controls.frequency, decay_.value(), colour_.value());
    for (std::size_t c = 0; c < pending_.size(); ++c) {
      gates_[c].process(level, colour_.value(), pending_[c].data(), num_frames);
    }
  }
  for (std::size_t c = 0; c < pending_.size(); ++c) {
    for (int i = 0; i < num_frames; ++i) {
      float& x = pending_[c][static_cast<std::size_t>(i)];
      x = stages_[c].convert(x);
    }
  }
  num_pending_ = num_frames;
  next_pending_ = 0;
}

void TwistOscillator::next_sample(float note, bool modulated, float modulation, float* main,
                                  float* aux) noexcept {
  frame_phase_ += frames_per_sample_;
  while (frame_phase_ >= 1.0f) {
    frame_phase_ -= 1.0f;
    if (next_pending_ == num_pending_) {
      if (modulated) {
        // The modulator at the time of this frame.
        const float since = std::clamp(frame_phase_ / frames_per_sample_, 0.0f, 1.0f);
        const float fraction = std::min(1.0f - since, 1.0f - 0x1p-24f);
        const float m = tables_->lanczos.interpolate(modulator_.oldest(), fraction);
        render_call(limited(note + modulation * m, kMinModulatedNote, kMaxModulatedNote), 1);
      } else {
        render_call(note, gated_ ? 1 : twist::kMaxFrames);
      }
    }
    const auto at = static_cast<std::size_t>(next_pending_++);
    frames_[0].push(pending_[0][at]);
    frames_[1].push(pending_[1][at]);
  }
  *main = tables_->lanczos.interpolate(frames_[0].oldest(), frame_phase_);
  *aux = tables_->lanczos.interpolate(frames_[1].oldest(), frame_phase_);
}

void TwistOscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                            std::uint64_t seed, const OscillatorTables& tables) noexcept {
  *this = TwistOscillator();
  tables_ = &tables;
  engine_index_ = engine_index(model.integers[0]);
  gated_ = is_gated(model);
  stereo_ = model.stereo;
  panned_ = model.options[4].extended;
  calls_to_trigger_ = kTriggerDelayCalls;
  frames_per_sample_ = twist::kSampleRate / tables.rate_hz;
  stages_ = {OutputStage(kLevels[engine_index_].main), OutputStage(kLevels[engine_index_].aux)};
  drift_random_ = random_stream(seed, RandomStream::kDrift);
  drift_.start(model.random_drift_start, drift_random_);
  left_character_ = CharacterFilter(model.character, tables.host_rate_hz);
  right_character_ = left_character_;
  emplace_engine(engine_index_, random_stream(seed, RandomStream::kNoise));
  set_targets(start.values);

  // The engine has been running for about a period when the note begins.
  const float note = limited(start.pitch, kMinNote, 200.0f);
  float num_samples = std::ceil(std::max(1.0f, tables.rate_hz / note_to_hz(note)));
  while (num_samples < 10.0f) num_samples *= 2.0f;
  Rng phase = random_stream(seed, RandomStream::kPhase);
  if (!model.retrigger) num_samples *= 1.0f + phase.unipolar();
  float main;
  float aux;
  for (int i = 0; i < static_cast<int>(num_samples); ++i) {
    next_sample(note, false, 0.0f, &main, &aux);
  }
}

void TwistOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                              OscillatorSpan right) noexcept {
  set_targets(controls.values);
  const float drift = controls.drift * drift_.advance(drift_random_);
  const float note = limited(controls.pitch + drift, kMinNote, 200.0f);
  const bool modulated = controls.modulator != nullptr;
  const float modulation = modulated ? fm_range(controls.fm_gain) : 0.0f;
  const bool wide = stereo_ && panned_;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (modulated) modulator_.push(controls.modulator[i]);
    float main;
    float aux;
    next_sample(note, modulated, modulation, &main, &aux);
    mix_.advance();
    const float share = mix_.value();
    const float other = std::lerp(main, aux, share);
    if (panned_) {
      left[i] = std::lerp(aux, main, share);
      if (wide) right[i] = other;
    } else {
      left[i] = other;
    }
  }
  left_character_.process(left);
  if (!stereo_) return;
  if (wide) {
    right_character_.process(right);
  } else {
    std::ranges::copy(left, right.begin());
  }
}

}  // namespace synthrl::surge
