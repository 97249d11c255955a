#include "surge/oscillators/sine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"
#include "surge/oscillators/sine_waves.h"

namespace synthrl::surge {
namespace {

constexpr std::size_t kSamples = kOscillatorBlockSamples;
constexpr std::size_t kLanes = 4;
constexpr float kRadiansToTurns = static_cast<float>(0.5 / std::numbers::pi);
constexpr float kMaxFmIndex = 1e6f;  // radians
constexpr float kLegacyFadeSeconds = 25.0f / 44100.0f;

Pair load(const float* samples) {
  Pair result;
  std::memcpy(&result, samples, sizeof result);
  return result;
}

void store(float* samples, Pair value) { std::memcpy(samples, &value, sizeof value); }

}  // namespace

void SineOscillator::start(const OscillatorModel& model, const OscillatorStart&, std::uint64_t seed,
                           const OscillatorTables& tables) noexcept {
  model_ = model;
  rate_hz_ = tables.rate_hz;
  legacy_ = model.integers[2] == 0;
  unison_ = Unison(model.integers[6]);
  feedback_ = Lag<float>();
  fm_index_ = Lag<float>();
  if (legacy_) {
    faded_in_ = 0.0f;
    fade_step_ = 1.0f / (kLegacyFadeSeconds * rate_hz_);
  } else {
    faded_in_ = model.retrigger ? 0.0f : 1.0f;
    fade_step_ = 1.0f / kOscillatorBlockSamples;
  }
  cuts_ = Cuts(!model.options[3].deactivated, !model.options[4].deactivated, tables);
  left_character_ = CharacterFilter(model.character, tables.host_rate_hz);
  right_character_ = left_character_;

  drift_random_ = random_stream(seed, RandomStream::kDrift);
  Rng phases = random_stream(seed, RandomStream::kPhase);
  for (int v = 0; v < unison_.num_voices; ++v) {
    Voice& voice = voices_[static_cast<std::size_t>(v)];
    voice = Voice();
    voice.drift.start(model.random_drift_start, drift_random_);
    if (!model.retrigger) voice.turns = phases.unipolar() - 0.5f;
  }
}

void SineOscillator::set_steps(const OscillatorControls& controls, bool absolute) noexcept {
  const float detune = unison_detune(controls.values[5], model_.options[5]) *
                       (absolute ? absolute_detune_scale(controls.pitch) : 1.0f);
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto i = static_cast<std::size_t>(v);
    Voice& voice = voices_[i];
    const float offset =
        controls.drift * voice.drift.advance(drift_random_) + detune * unison_.position[i];
    const double hz = note_to_hz(std::min(controls.pitch + offset, 256.0f));
    voice.step = std::min(0.5, hz / static_cast<double>(rate_hz_));
  }
}

void SineOscillator::mix(int v, const Track& signal, OscillatorSpan left,
                         OscillatorSpan right) noexcept {
  const float middle = unison_.gain;
  const float gain_left = model_.stereo ? middle * unison_.left(v) : middle;
  const float gain_right = middle * unison_.right(v);
  if (v > 0 && faded_in_ < 1.0f) {
    for (std::size_t i = 0; i < kSamples; ++i) {
      const float fade = std::min(1.0f, faded_in_ + static_cast<float>(i) * fade_step_);
      left[i] += gain_left * fade * signal[i];
      if (model_.stereo) right[i] += gain_right * fade * signal[i];
    }
    return;
  }
  for (std::size_t i = 0; i < kSamples; ++i) left[i] += gain_left * signal[i];
  if (!model_.stereo) return;
  for (std::size_t i = 0; i < kSamples; ++i) right[i] += gain_right * signal[i];
}

template <int kShape>
void SineOscillator::render_plain(const Track& shift, OscillatorSpan left,
                                  OscillatorSpan right) noexcept {
  for (int v = 0; v < unison_.num_voices; ++v) {
    Voice& voice = voices_[static_cast<std::size_t>(v)];
    alignas(16) Track signal;
    for (std::size_t i = 0; i < kSamples; ++i) {
      const double turns = voice.turns + static_cast<double>(static_cast<int>(i)) * voice.step;
      signal[i] = static_cast<float>(wrap_turns(turns)) + shift[i];
    }
    for (std::size_t i = 0; i < kSamples; i += kLanes) {
      const Pair turns = wrap_turns(load(&signal[i]));
      store(&signal[i], sine_shape<kShape>(sine_of_turns(turns), cosine_of_turns(turns)));
    }
    voice.turns = wrap_turns(voice.turns + static_cast<double>(kSamples) * voice.step);
    voice.before_last = signal[kSamples - 2];
    voice.last = signal[kSamples - 1];
    mix(v, signal, left, right);
  }
}

template <int kShape, typename S>
void SineOscillator::render_with_feedback(const Track& shift, const Track& feedback,
                                          const Track& square, OscillatorSpan left,
                                          OscillatorSpan right) noexcept {
  constexpr std::size_t kVoices = sizeof(S) / sizeof(float);  // side by side
  const bool average = model_.options[1].deform == 1;
  const auto num_voices = static_cast<std::size_t>(unison_.num_voices);
  for (std::size_t first = 0; first < num_voices; first += kVoices) {
    const std::size_t count = std::min(kVoices, num_voices - first);
    alignas(16) std::array<float, kSamples * kVoices> turns{};
    alignas(16) std::array<float, kVoices> last{};
    alignas(16) std::array<float, kVoices> before_last{};
    for (std::size_t lane = 0; lane < count; ++lane) {
      Voice& voice = voices_[first + lane];
      for (std::size_t i = 0; i < kSamples; ++i) {
        const double at = voice.turns + static_cast<double>(static_cast<int>(i)) * voice.step;
        turns[i * kVoices + lane] = static_cast<float>(wrap_turns(at)) + shift[i];
      }
      voice.turns = wrap_turns(voice.turns + static_cast<double>(kSamples) * voice.step);
      last[lane] = voice.last;
      before_last[lane] = voice.before_last;
    }
    S z1;
    S z2;
    std::memcpy(&z1, last.data(), sizeof z1);
    std::memcpy(&z2, before_last.data(), sizeof z2);
    for (std::size_t i = 0; i < kSamples; ++i) {
      const S memory = average ? S(0.5f * (z1 + z2)) : z1;
      S at;
      std::memcpy(&at, &turns[i * kVoices], sizeof at);
      at = wrap_turns<S>(at + (feedback[i] + square[i] * memory) * memory);
      z2 = z1;
      z1 = sine_shape<kShape, S>(sine_of_turns<S>(at), cosine_of_turns<S>(at));
      std::memcpy(&turns[i * kVoices], &z1, sizeof z1);
    }
    std::memcpy(last.data(), &z1, sizeof z1);
    std::memcpy(before_last.data(), &z2, sizeof z2);
    for (std::size_t lane = 0; lane < count; ++lane) {
      voices_[first + lane].last = last[lane];
      voices_[first + lane].before_last = before_last[lane];
      Track signal;
      for (std::size_t i = 0; i < kSamples; ++i) signal[i] = turns[i * kVoices + lane];
      mix(static_cast<int>(first + lane), signal, left, right);
    }
  }
}

void SineOscillator::process_modern(const OscillatorControls& controls, OscillatorSpan left,
                                    OscillatorSpan right) noexcept {
  set_steps(controls, model_.options[5].absolute);

  const float amount = controls.values[1] * (model_.options[1].extended ? 4.0f : 1.0f);
  feedback_.set_target(std::clamp(amount, -1e3f, 1e3f));
  Track feedback;
  feedback_.fill_then_advance(feedback.data(), kOscillatorBlockSamples);

  const float gain = controls.fm_gain;
  const float index = 32.0f * std::numbers::pi_v<float> * gain * gain * gain;
  fm_index_.set_target(std::clamp(index, -kMaxFmIndex, kMaxFmIndex));
  Track shift{};  // of the phase, in turns
  if (controls.modulator != nullptr) {
    Track indices;
    fm_index_.fill_then_advance(indices.data(), kOscillatorBlockSamples);
    for (std::size_t i = 0; i < kSamples; ++i) {
      const double radians = static_cast<double>(indices[i]) * controls.modulator[i];
      shift[i] = static_cast<float>(wrap_turns(radians * (0.5 / std::numbers::pi)));
    }
  }

  const bool feeds_back =
      std::any_of(feedback.begin(), feedback.end(), [](float x) { return x != 0.0f; });
  if (!feeds_back) {
    with_sine_shape(model_.integers[0],
                    [&]<int kShape>() { render_plain<kShape>(shift, left, right); });
    return;
  }
  // Negative feedback takes the square of the output.
  Track square;
  for (std::size_t i = 0; i < kSamples; ++i) {
    const float turns = feedback[i] * kRadiansToTurns;
    feedback[i] = std::max(turns, 0.0f);
    square[i] = std::max(-turns, 0.0f);
  }
  with_sine_shape(model_.integers[0], [&]<int kShape>() {
    if (unison_.num_voices == 1) {
      render_with_feedback<kShape, float>(shift, feedback, square, left, right);
    } else {
      render_with_feedback<kShape, Pair>(shift, feedback, square, left, right);
    }
  });
}

void SineOscillator::process_legacy(const OscillatorControls& controls, OscillatorSpan left,
                                    OscillatorSpan right) noexcept {
  const bool modulated = controls.modulator != nullptr;
  set_steps(controls, modulated && model_.options[5].absolute);

  // What the modulator adds to the phases, from the start of the block to each sample.
  std::array<double, kSamples + 1> shift{};
  fm_index_.set_target(controls.fm_gain);
  if (modulated) {
    Track depths;
    fm_index_.fill_then_advance(depths.data(), kOscillatorBlockSamples);
    double sum = 0.0;
    for (std::size_t i = 0; i < kSamples; ++i) {
      sum += static_cast<double>(depths[i]) * controls.modulator[i] * (0.5 / std::numbers::pi);
      shift[i + 1] = sum;
    }
  }

  with_sine_shape(model_.integers[0], [&]<int kShape>() {
    for (int v = 0; v < unison_.num_voices; ++v) {
      Voice& voice = voices_[static_cast<std::size_t>(v)];
      alignas(16) Track signal;
      // Unmodulated, the phase advances before a sample, and the cosine has the other sign.
      const int ahead = modulated ? 0 : 1;
      for (std::size_t i = 0; i < kSamples; ++i) {
        const double at =
            voice.turns + static_cast<double>(static_cast<int>(i) + ahead) * voice.step + shift[i];
        signal[i] = static_cast<float>(wrap_turns(at));
      }
      const float sign = modulated ? 1.0f : -1.0f;
      for (std::size_t i = 0; i < kSamples; i += kLanes) {
        const Pair turns = load(&signal[i]);
        store(&signal[i],
              sine_shape<kShape, Pair>(sine_of_turns(turns), sign * cosine_of_turns(turns)));
      }
      voice.turns =
          wrap_turns(voice.turns + static_cast<double>(kSamples) * voice.step + shift[kSamples]);
      mix(v, signal, left, right);
    }
  });
}

void SineOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                             OscillatorSpan right) noexcept {
  std::fill(left.begin(), left.end(), 0.0f);
  if (model_.stereo) std::fill(right.begin(), right.end(), 0.0f);
  if (legacy_) {
    process_legacy(controls, left, right);
  } else {
    process_modern(controls, left, right);
  }
  faded_in_ = std::min(1.0f, faded_in_ + fade_step_ * kOscillatorBlockSamples);

  cuts_.process(controls.values[3], controls.values[4], left.data(),
                model_.stereo ? right.data() : nullptr);
  left_character_.process(left);
  if (model_.stereo) right_character_.process(right);
}

}  // namespace synthrl::surge
