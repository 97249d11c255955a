#include "surge/oscillators/window.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"

namespace synthrl::surge {
namespace {

constexpr int kMaxVoices = 15;
constexpr int kNumWindows = 9;
constexpr int kWindowBits = 10;  // of the samples of a window
constexpr int kCycleBits = 26;
constexpr std::int64_t kCycle = std::int64_t{1} << kCycleBits;
constexpr int kLevelBits = 18;  // of a step that asks for the first mip level
constexpr float kMaxFmIndex = 1e6f;

// Interpolates 16-bit samples around `index`; the result is in units of 2^-28.
std::int32_t interpolate(const WindowKernel& kernel, const std::int16_t* samples,
                         std::int32_t index, int position) noexcept {
  const std::int16_t* taps = kernel.row(position);
  const std::int16_t* in = samples + index - Wavetable::kGuardSamples;
  std::int32_t sum = 0;
  for (int k = 0; k < WindowKernel::kTaps; ++k) {
    sum += static_cast<std::int32_t>(taps[k]) * static_cast<std::int32_t>(in[k]);
  }
  return sum;
}

int mip_level(double step, int highest) noexcept {
  const auto whole = static_cast<std::uint64_t>(std::clamp(3.0 * step, 0.0, 0x1p62));
  return std::clamp(static_cast<int>(std::bit_width(whole)) - kLevelBits, 0, highest);
}

double formant_ratio(float semitones) noexcept {
  return static_cast<double>(interval_to_ratio(std::clamp(semitones, -240.0f, 240.0f)));
}

}  // namespace

void WindowOscillator::start(const OscillatorModel& model, const OscillatorStart& start,
                             std::uint64_t seed, const OscillatorTables& tables) noexcept {
  model_ = model;
  tables_ = &tables;
  table_ = model.wavetable != nullptr ? model.wavetable : &tables.default_wavetable;
  window_ = std::clamp<std::int32_t>(model.integers[2], 0, kNumWindows - 1);
  unison_ = Unison(model.integers[6], kMaxVoices);
  morph_.reset(start.values[0]);
  fm_index_ = Lag<float>();
  cuts_ = Cuts(!model.options[3].deactivated, !model.options[4].deactivated, tables);

  drift_random_ = random_stream(seed, RandomStream::kDrift);
  Rng phases = random_stream(seed, RandomStream::kPhase);
  const bool random_drift = model.random_drift_start || unison_.num_voices > 1;
  const int frames = table_->num_frames();
  const float position = std::clamp(static_cast<float>(frames) * start.values[0], 0.0f,
                                    static_cast<float>(frames - 1));
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto i = static_cast<std::size_t>(v);
    Voice& voice = voices_[i];
    voice = Voice();
    voice.drift.start(random_drift, drift_random_);
    voice.position = model.retrigger ? kCycle * v / unison_.num_voices
                                     : static_cast<std::int64_t>(phases.bits() >> 22) << 16;
    voice.formant = formant_ratio(start.values[1]);
    voice.frame = static_cast<int>(position);
    if (model.stereo) {
      // Steps of 1/128, of another panorama law than in other oscillators.
      const float side = unison_.side[i];
      const auto quantised = [](float gain) {
        return std::floor(std::clamp(128.0f * gain, 0.0f, 255.0f)) / 128.0f;
      };
      voice.gain_left = quantised(1.0f - 0.75f * side - 0.25f * side * side);
      voice.gain_right = quantised(1.0f + 0.75f * side - 0.25f * side * side);
    }
  }
}

template <bool kStereo>
void WindowOscillator::render(Voice& voice, std::int64_t step, const float* modulation,
                              double formant, int frame, float weight, OscillatorSpan left,
                              OscillatorSpan right) noexcept {
  const bool interpolated = model_.options[0].extended;
  const int frame_bits = std::bit_width(static_cast<unsigned>(table_->frame_samples())) - 1;
  const int window_level = mip_level(static_cast<double>(step), kWindowBits - 1);
  const auto wave_level_of = [&](double ratio) {
    const double rate = ratio * table_->frame_samples() / (1 << kWindowBits);
    return mip_level(std::floor(static_cast<double>(step) * rate), std::max(0, frame_bits - 1));
  };
  const WindowKernel& kernel = tables_->window_kernel;
  const std::int16_t* window = tables_->windows.frame16(window_level, window_).data();
  const int index_shift = kCycleBits - kWindowBits + window_level;

  if (interpolated) voice.frame = frame;
  int level = wave_level_of(voice.formant);
  const auto wave_at = [&](int f) {
    return table_->frame16(level, std::min(f, table_->num_frames() - 1)).data();
  };
  const std::int16_t* wave = wave_at(voice.frame);
  const std::int16_t* next_wave = wave_at(voice.frame + 1);
  double wave_samples = static_cast<double>(1 << (frame_bits - level));

  constexpr float kScale = 0x1p-56f;  // of a product of two interpolated values
  const float gain = unison_.gain * kScale * (table_->full_range() ? 0.5f : 1.0f);
  const float gain_left = gain * voice.gain_left;
  const float gain_right = gain * voice.gain_right;
  for (std::size_t i = 0; i < kOscillatorBlockSamples; ++i) {
    std::int64_t passed = step;
    if (modulation != nullptr) {
      const double factor = 1.0 + static_cast<double>(modulation[i]);
      passed = static_cast<std::int64_t>(static_cast<double>(step) * factor);
    }
    voice.position += passed;
    if (voice.position < 0 || voice.position >= kCycle) {
      voice.position &= kCycle - 1;
      voice.formant = formant;
      voice.frame = frame;
      level = wave_level_of(formant);
      wave = wave_at(frame);
      next_wave = wave_at(frame + 1);
      wave_samples = static_cast<double>(1 << (frame_bits - level));
    }
    const std::int32_t opening =
        interpolate(kernel, window, static_cast<std::int32_t>(voice.position >> index_shift),
                    static_cast<int>(voice.position >> (index_shift - 8)) & 0xff);

    double cycles = static_cast<double>(voice.position) * (1.0 / kCycle) * voice.formant;
    cycles -= static_cast<double>(static_cast<std::int64_t>(cycles));
    const double at = cycles * wave_samples;
    const auto index = static_cast<std::int32_t>(at);
    const int fraction = static_cast<int>((at - index) * 256.0);
    auto value = static_cast<float>(interpolate(kernel, wave, index, fraction));
    if (weight > 0.0f) {
      const auto next = static_cast<float>(interpolate(kernel, next_wave, index, fraction));
      value += weight * (next - value);
    }
    const float product = static_cast<float>(opening) * value;
    left[i] += gain_left * product;
    if constexpr (kStereo) right[i] += gain_right * product;
  }
}

void WindowOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                               OscillatorSpan right) noexcept {
  std::fill(left.begin(), left.end(), 0.0f);
  if (model_.stereo) std::fill(right.begin(), right.end(), 0.0f);

  const int num_frames = table_->num_frames();
  morph_.set_target(controls.values[0]);
  morph_.advance();
  const float position = std::clamp(static_cast<float>(num_frames) * morph_.value(), 0.0f,
                                    static_cast<float>(num_frames));
  const int frame = std::min(static_cast<int>(position), num_frames - 1);
  const float weight = model_.options[0].extended
                           ? std::clamp(position - static_cast<float>(frame), 0.0f, 1.0f)
                           : 0.0f;
  const double formant = formant_ratio(controls.values[1]);

  const float depth = controls.fm_gain * controls.fm_gain * controls.fm_gain;
  fm_index_.set_target(std::clamp(32.0f * std::numbers::pi_v<float> * depth, 0.0f, kMaxFmIndex));
  std::array<float, kOscillatorBlockSamples> modulation;
  if (controls.modulator != nullptr) {
    fm_index_.fill_then_advance(modulation.data(), kOscillatorBlockSamples);
    for (std::size_t i = 0; i < modulation.size(); ++i) {
      modulation[i] = std::clamp(modulation[i] * controls.modulator[i], -1e9f, 1e9f);
    }
  }

  const bool absolute = model_.options[5].absolute;
  const float detune = unison_detune(controls.values[5], model_.options[5]) *
                       (absolute ? absolute_detune_scale(controls.pitch) : 1.0f);
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto i = static_cast<std::size_t>(v);
    Voice& voice = voices_[i];
    const float note = controls.pitch + controls.drift * voice.drift.advance(drift_random_) +
                       detune * unison_.position[i];
    const double periods = static_cast<double>(note_to_hz(std::min(note, 200.0f))) /
                           static_cast<double>(tables_->rate_hz);
    const auto step = static_cast<std::int64_t>(periods * static_cast<double>(kCycle));
    const float* modulated = controls.modulator != nullptr ? modulation.data() : nullptr;
    if (model_.stereo) {
      render<true>(voice, step, modulated, formant, frame, weight, left, right);
    } else {
      render<false>(voice, step, modulated, formant, frame, weight, left, right);
    }
  }
  cuts_.process(controls.values[3], controls.values[4], left.data(),
                model_.stereo ? right.data() : nullptr);
}

}  // namespace synthrl::surge
