#include "surge/oscillators/modern.h"

#include <algorithm>
#include <cmath>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"
#include "surge/oscillators/sine_waves.h"

namespace synthrl::surge {
namespace {

constexpr std::size_t kSamples = kOscillatorBlockSamples;
constexpr float kSyncRate = 0.064f;   // per block
constexpr float kWidthRate = 0.001f;  // per sample
constexpr int kWaveMask = 0xf;
constexpr int kSubBit = 1 << 10;
constexpr int kSubIgnoresSyncBit = 1 << 11;
constexpr float kLeastSync = 1e-4f;  // semitones; above it syncs are softened
constexpr float kMaxDepth = 1e6f;

double wrap_unit(double turns) noexcept {
  const double wrapped = wrap_turns(turns);
  return wrapped < 0.0 ? wrapped + 1.0 : wrapped;
}

double step_of(float note, float offset_hz, float rate_hz) noexcept {
  const double hz = note_to_hz(std::min(note, 256.0f)) + offset_hz;
  return std::min(0.5, std::max(1.0, hz) / static_cast<double>(rate_hz));
}

// A wave by the second integral of its period, a piecewise polynomial of p in [-1, 1).
//
// The wave sampled without aliasing is the second difference of the integral at the phases `at`,
// `at` - step and `at` - 2 step. Where all three lie in one piece, it has a simple closed form,
// which within() gives for the phase in the middle.
struct Saw {
  static constexpr bool kTwoPieces = false;
  static double integral(double p) noexcept { return (p * p - 1.0) * p * (1.0 / 6.0); }
  static double within(double p, double) noexcept { return p; }
};

struct Square {
  static constexpr bool kTwoPieces = true;
  static double integral(double p) noexcept { return 0.5 * p * (1.0 - std::fabs(p)); }
  static double within(double p, double) noexcept { return p < 0.0 ? 1.0 : -1.0; }
};

struct Parabola {
  static constexpr bool kTwoPieces = true;
  static double integral(double p) noexcept {
    const double p2 = p * p;
    const double fourth = p < 0.0 ? p2 * p2 : -p2 * p2;
    return -(fourth + 2.0 * p * p2 - p) * (1.0 / 3.0);
  }
  static double within(double p, double step) noexcept {
    // The fourth power leaves a constant of the third part of half the step, squared.
    const double constant = (8.0 / 3.0) * step * step;
    return p < 0.0 ? -4.0 * p * (1.0 + p) - constant : -4.0 * p * (1.0 - p) + constant;
  }
};

// For a phase a quarter of a turn ahead.
struct Triangle {
  static constexpr bool kTwoPieces = true;
  static double integral(double p) noexcept {
    return (2.0 + p * p * (3.0 - 2.0 * std::fabs(p))) * (1.0 / 6.0);
  }
  static double within(double p, double) noexcept { return 1.0 - 2.0 * std::fabs(p); }
};

// `at` in [0, 1), `step` up to half a turn.
template <typename Wave>
double sample_wave(double at, double step) noexcept {
  const double oldest = at - 2.0 * step;
  const double middle = at - step;
  if (oldest >= 0.0 && (!Wave::kTwoPieces || at < 0.5 || oldest >= 0.5)) [[likely]] {
    return Wave::within(2.0 * middle - 1.0, step);
  }
  const auto integral = [](double turns) {
    return Wave::integral(2.0 * (turns < 0.0 ? turns + 1.0 : turns) - 1.0);
  };
  return (integral(at) - 2.0 * integral(middle) + integral(oldest)) / (4.0 * step * step);
}

template <typename Lagged>
bool fill_track(Lagged& lag, float target, std::array<float, kSamples>& track) noexcept {
  lag.set_target(target);
  lag.fill_then_advance(track.data(), kOscillatorBlockSamples);
  return track.front() != 0.0f || track.back() != 0.0f;
}

}  // namespace

void ModernOscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                             std::uint64_t seed, const OscillatorTables& tables) noexcept {
  model_ = model;
  rate_hz_ = tables.rate_hz;
  unison_ = Unison(model.integers[6]);
  const int deform = model.options[2].deform;
  has_sub_ = (deform & kSubBit) != 0;
  sub_ignores_sync_ = (deform & kSubIgnoresSyncBit) != 0;
  const int wave = deform & kWaveMask;
  third_wave_ = wave == 1   ? ThirdWave::kSquare
                : wave == 2 ? ThirdWave::kParabola
                            : ThirdWave::kTriangle;
  sync_ = Lag<float>(kSyncRate);
  saw_ = pulse_ = third_ = fm_depth_ = Lag<float>();
  width_ = Lag<float>(kWidthRate);
  left_character_ = CharacterFilter(model.character, tables.host_rate_hz);
  right_character_ = left_character_;

  drift_random_ = random_stream(seed, RandomStream::kDrift);
  Rng phases = random_stream(seed, RandomStream::kPhase);
  const double first_step = step_of(start.pitch, 0.0f, rate_hz_);
  for (int v = 0; v < unison_.num_voices; ++v) {
    Voice& voice = voices_[static_cast<std::size_t>(v)];
    voice = Voice();
    voice.drift.start(model.random_drift_start, drift_random_);
    voice.master = model.retrigger ? first_step : static_cast<double>(phases.unipolar());
    voice.slave = voice.master;
  }
  sub_ = Voice();
}

template <ModernOscillator::ThirdWave kWave>
double ModernOscillator::sample_third(double at, double step) noexcept {
  if constexpr (kWave == ThirdWave::kSquare) {
    return sample_wave<Square>(at, step);
  } else if constexpr (kWave == ThirdWave::kParabola) {
    return sample_wave<Parabola>(at, step);
  } else {
    const double ahead = at + 0.25;
    return sample_wave<Triangle>(ahead >= 1.0 ? ahead - 1.0 : ahead, step);
  }
}

template <ModernOscillator::ThirdWave kWave>
void ModernOscillator::render(const Shared& shared, OscillatorSpan left,
                              OscillatorSpan right) noexcept {
  for (int v = 0; v < unison_.num_voices; ++v) {
    Voice& voice = voices_[static_cast<std::size_t>(v)];
    const float gain_left = unison_.gain * (model_.stereo ? unison_.left(v) : 1.0f);
    const float gain_right = unison_.gain * unison_.right(v);
    for (std::size_t i = 0; i < kSamples; ++i) {
      const double step = voice.slave_step.value();
      const double at = wrap_unit(voice.slave + shared.shift[i]);
      double value = 0.0;
      if (shared.has_saw || shared.has_pulse) {
        const double saw = sample_wave<Saw>(at, step);
        if (shared.has_pulse) {
          double edge = at + static_cast<double>(shared.width[i]);
          if (edge >= 1.0) edge -= 1.0;
          value = static_cast<double>(shared.pulse[i]) * (sample_wave<Saw>(edge, step) - saw);
        }
        value += static_cast<double>(shared.saw[i]) * saw;
      }
      if (shared.has_third)
        value += static_cast<double>(shared.third[i]) * sample_third<kWave>(at, step);
      if (voice.soften) {
        const double expected = voice.last + (voice.before_last - voice.last) * step;
        value = 0.5 * value + 0.5 * expected;
        voice.soften = false;
      }
      voice.before_last = voice.last;
      voice.last = value;
      left[i] += gain_left * static_cast<float>(value);
      if (model_.stereo) right[i] += gain_right * static_cast<float>(value);

      const double master_step = voice.master_step.value();
      voice.master += master_step;
      voice.slave += step;
      if (voice.slave > 1.0) voice.slave -= 1.0;
      if (voice.master > 1.0) {
        voice.master -= 1.0;
        voice.second_period = !voice.second_period;
        if (!voice.second_period) {
          voice.slave = wrap_unit(voice.master * (step / master_step));
          voice.soften = shared.synced;
        }
      }
      voice.master_step.advance();
      voice.slave_step.advance();
    }
  }
}

template <ModernOscillator::ThirdWave kWave>
void ModernOscillator::render_sub(const Shared& shared, OscillatorSpan left,
                                  OscillatorSpan right) noexcept {
  for (std::size_t i = 0; i < kSamples; ++i) {
    const double master_step = 0.5 * sub_.master_step.value();
    const double step = sub_ignores_sync_ ? master_step : 0.5 * sub_.slave_step.value();
    const double value = sample_third<kWave>(wrap_unit(sub_.slave + shared.shift[i]), step);
    const float sample = shared.third[i] * static_cast<float>(value);
    left[i] += sample;
    if (model_.stereo) right[i] += sample;

    sub_.master += master_step;
    sub_.slave += step;
    if (sub_.slave > 1.0) sub_.slave -= 1.0;
    if (sub_.master > 1.0) {
      sub_.master -= 1.0;
      sub_.slave = wrap_unit(sub_.master * (step / master_step));
    }
    sub_.master_step.advance();
    sub_.slave_step.advance();
  }
}

void ModernOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                               OscillatorSpan right) noexcept {
  std::fill(left.begin(), left.end(), 0.0f);
  if (model_.stereo) std::fill(right.begin(), right.end(), 0.0f);

  // The block's sync is where the smoothing has come so far.
  sync_.set_target(std::max(0.0f, controls.values[4]));
  const float sync = sync_.value();
  sync_.advance();

  const bool absolute = model_.options[5].absolute;
  const float detune = unison_detune(controls.values[5], model_.options[5]);
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto i = static_cast<std::size_t>(v);
    Voice& voice = voices_[i];
    const float pitch = controls.pitch + controls.drift * voice.drift.advance(drift_random_);
    const float note = absolute ? pitch : pitch + detune * unison_.position[i];
    const float offset_hz = absolute ? 16.0f * detune * unison_.position[i] : 0.0f;
    voice.master_step.set_target(step_of(note, offset_hz, rate_hz_));
    voice.slave_step.set_target(step_of(note + sync, offset_hz, rate_hz_));
    if (v == 0) {
      sub_.master_step.set_target(step_of(pitch, 0.0f, rate_hz_));
      sub_.slave_step.set_target(step_of(pitch + sync, 0.0f, rate_hz_));
    }
  }

  Shared shared;
  const auto level = [](float amount) { return 0.5f * std::clamp(amount, -2.0f, 2.0f); };
  shared.has_saw = fill_track(saw_, level(controls.values[0]), shared.saw);
  shared.has_pulse = fill_track(pulse_, level(controls.values[1]), shared.pulse);
  const bool has_third = fill_track(third_, level(controls.values[2]), shared.third);
  shared.has_third = has_third && !has_sub_;
  fill_track(width_, std::clamp(1.0f - controls.values[3], 0.01f, 0.99f), shared.width);
  shared.synced = sync > kLeastSync;

  const float gain = controls.fm_gain;
  Track depth{};
  const bool modulated =
      fill_track(fm_depth_, std::clamp(16.0f * gain * gain * gain, -kMaxDepth, kMaxDepth), depth) &&
      controls.modulator != nullptr;
  for (std::size_t i = 0; i < kSamples; ++i) {
    shared.shift[i] =
        modulated ? static_cast<double>(depth[i]) * static_cast<double>(controls.modulator[i])
                  : 0.0;
  }

  const auto render_with = [&]<ThirdWave kWave>() {
    render<kWave>(shared, left, right);
    if (has_sub_ && has_third) render_sub<kWave>(shared, left, right);
  };
  switch (third_wave_) {
    case ThirdWave::kTriangle:
      render_with.template operator()<ThirdWave::kTriangle>();
      break;
    case ThirdWave::kSquare:
      render_with.template operator()<ThirdWave::kSquare>();
      break;
    case ThirdWave::kParabola:
      render_with.template operator()<ThirdWave::kParabola>();
      break;
  }
  left_character_.process(left);
  if (model_.stereo) right_character_.process(right);
}

}  // namespace synthrl::surge
