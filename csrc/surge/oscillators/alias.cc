#include "surge/oscillators/alias.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/random_streams.h"
#include "surge/oscillators/sine_waves.h"

namespace synthrl::surge {
namespace {

constexpr int kRampWave = 1;
constexpr int kPulseWave = 2;
constexpr int kNoiseWave = 3;
constexpr int kOwnOutputWave = 4;
constexpr int kInputWave = 9;
constexpr int kFirstShapeWave = 10;
constexpr int kAdditiveWave = 17;
constexpr int kNumWaves = 18;
constexpr int kSilence = 127;                 // the byte in the middle
constexpr std::size_t kOwnOutputHeader = 16;  // bytes before the floats
constexpr double kPhases = 4294967296.0;
constexpr float kMaxDepth = 1e6f;

// Shapes of the Sine oscillator in waves 10 to 16.
constexpr std::array<int, 7> kShapes = {28, 2, 29, 4, 30, 6, 31};

std::uint8_t sine_byte(int index) {
  const double angle = 2.0 * std::numbers::pi * index / 256.0;
  return static_cast<std::uint8_t>(127.5 + 127.5 * std::sin(angle));
}

std::uint8_t percent_byte(float amount) {
  return static_cast<std::uint8_t>(255.0f * std::clamp(amount, 0.0f, 1.0f));
}

// Any number of turns as a phase.
std::uint32_t phase_of(double turns) {
  return static_cast<std::uint32_t>(static_cast<std::int64_t>(turns * kPhases));
}

}  // namespace

void AliasOscillator::NoiseBytes::advance() noexcept {
  const auto t = static_cast<std::uint8_t>(x_ ^ (x_ << 3));
  x_ = y_;
  y_ = z_;
  z_ = a_;
  a_ = static_cast<std::uint8_t>(a_ ^ (a_ >> 5) ^ t ^ (t >> 2));
}

void AliasOscillator::make_table(const OscillatorModel& model) noexcept {
  if (wave_ == kAdditiveWave) {
    float power = 0.0f;
    std::array<float, 16> amplitudes;
    for (std::size_t h = 0; h < amplitudes.size(); ++h) {
      const float partial = model.partials[h];
      amplitudes[h] = std::isfinite(partial) ? std::clamp(partial, -1e6f, 1e6f) : 0.0f;
      power += amplitudes[h] * amplitudes[h];
    }
    const float scale = power > 0.0f ? 127.0f / std::sqrt(power) : 0.0f;
    for (int k = 0; k < 256; ++k) {
      int sum = 0;
      for (int h = 0; h < 16; ++h) {
        const int amplitude = static_cast<int>(scale * amplitudes[static_cast<std::size_t>(h)]);
        const int sine = sine_byte(k * (h + 1) % 256) - kSilence;
        sum += (sine * amplitude) >> 8;
      }
      table_[static_cast<std::size_t>(k)] =
          static_cast<std::uint8_t>(kSilence + std::clamp(sum, -127, 127));
    }
  } else if (wave_ >= kFirstShapeWave) {
    const int shape = kShapes[static_cast<std::size_t>(wave_ - kFirstShapeWave)];
    with_sine_shape(shape, [&]<int kShape>() {
      for (int k = 0; k < 256; ++k) {
        const double angle = 2.0 * std::numbers::pi * k / 255.0;
        const float value = sine_shape<kShape, float>(static_cast<float>(std::sin(angle)),
                                                      static_cast<float>(std::cos(angle)));
        table_[static_cast<std::size_t>(k)] =
            static_cast<std::uint8_t>(std::clamp(127.5f * (value + 1.0f), 0.0f, 255.0f));
      }
    });
  } else if (wave_ == 0) {
    for (int k = 0; k < 256; ++k) table_[static_cast<std::size_t>(k)] = sine_byte(k);
  } else if (wave_ == kOwnOutputWave) {
    table_.fill(0);
  } else {
    // The others show memory of the host's program, of which there is none here.
    table_.fill(kSilence);
  }
}

void AliasOscillator::start(const OscillatorModel& model, const OscillatorStart&,
                            std::uint64_t seed, const OscillatorTables& tables) noexcept {
  model_ = model;
  rate_hz_ = tables.rate_hz;
  wave_ = std::clamp<std::int32_t>(model.integers[0], 0, kNumWaves - 1);
  unison_ = Unison(model.integers[6]);
  make_table(model);
  fm_depth_ = Lag<float>();
  left_character_ = CharacterFilter(model.character, tables.host_rate_hz);
  right_character_ = left_character_;

  drift_random_ = random_stream(seed, RandomStream::kDrift);
  Rng phases = random_stream(seed, RandomStream::kPhase);
  Rng noise = random_stream(seed, RandomStream::kNoise);
  for (int v = 0; v < unison_.num_voices; ++v) {
    Voice& voice = voices_[static_cast<std::size_t>(v)];
    voice = Voice();
    voice.drift.start(model.random_drift_start, drift_random_);
    if (!model.retrigger) voice.phase = phases.bits();
    voice.noise.start(static_cast<std::uint8_t>(noise.bits() >> 24));
  }
}

void AliasOscillator::read_input(const OscillatorControls& controls) noexcept {
  const auto top_byte = [](OscillatorInput input, std::size_t i) {
    const float limited = input != nullptr ? std::clamp(input[i], -1e6f, 1e6f) : 0.0f;
    const auto whole = static_cast<std::int64_t>(static_cast<double>(limited) * 4294967295.0);
    return static_cast<std::uint8_t>(static_cast<std::uint32_t>(whole) >> 24);
  };
  for (std::size_t i = 0; i < kOscillatorBlockSamples; ++i) {
    table_[4 * i] = table_[4 * i + 2] = top_byte(controls.input_left, i);
    table_[4 * i + 1] = table_[4 * i + 3] = top_byte(controls.input_right, i);
  }
}

void AliasOscillator::read_own_output(OscillatorSpan output) noexcept {
  constexpr std::size_t kFloats = (256 - kOwnOutputHeader) / sizeof(float);
  for (std::size_t i = 0; i < kFloats; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(output[i]);
    for (std::size_t byte = 0; byte < sizeof bits; ++byte) {
      table_[kOwnOutputHeader + sizeof bits * i + byte] =
          static_cast<std::uint8_t>(bits >> (8 * byte));
    }
  }
}

template <AliasOscillator::Wave kWave>
float AliasOscillator::sample(Voice& voice, const Settings& settings) noexcept {
  std::uint32_t phase = voice.phase;
  if constexpr (kWave == Wave::kPulse) {
    phase = static_cast<std::uint32_t>(static_cast<std::uint64_t>(
        static_cast<double>(phase) * static_cast<double>(settings.wrap)));
  }
  const auto upper = static_cast<std::uint8_t>(phase >> 24);
  const auto masked = static_cast<std::uint8_t>(upper ^ settings.mask);
  std::uint8_t result = masked;
  if constexpr (kWave == Wave::kPulse) {
    result = masked > settings.threshold ? 255 : 0;
  } else if constexpr (kWave == Wave::kNoise) {
    const int every = settings.threshold | 8;
    while (voice.counter != upper) {
      ++voice.counter;
      if (voice.counter % every == 0) voice.noise.advance();
    }
    const float spread =
        std::floor(static_cast<float>(voice.noise.last() - kSilence) * settings.wrap);
    result =
        static_cast<std::uint8_t>(kSilence + static_cast<int>(std::clamp(spread, -127.0f, 126.0f)));
  } else {
    if constexpr (kWave == Wave::kRamp) {
      if (upper > settings.threshold) {
        result = static_cast<std::uint8_t>(255 - (settings.ramp_unmasked_above ? upper : masked));
      }
    }
    result =
        static_cast<std::uint8_t>(static_cast<int>(static_cast<float>(result) * settings.wrap));
  }
  if constexpr (kWave == Wave::kTable) {
    if (result > settings.threshold) {
      result = static_cast<std::uint8_t>(result + kSilence - settings.threshold);
    }
    result = table_[255u - result];
  }
  const float out = static_cast<float>(static_cast<int>(result) - kSilence) * (1.0f / 255.0f);
  return settings.crush > 0.0f ? std::trunc(out * settings.crush) / settings.crush : out;
}

template <AliasOscillator::Wave kWave>
void AliasOscillator::render(const OscillatorControls& controls, const Settings& settings,
                             OscillatorSpan left, OscillatorSpan right) noexcept {
  std::array<std::uint32_t, kOscillatorBlockSamples> shift{};
  const float gain = controls.fm_gain;
  fm_depth_.set_target(std::clamp(16.0f * gain * gain * gain, -kMaxDepth, kMaxDepth));
  if (controls.modulator != nullptr) {
    std::array<float, kOscillatorBlockSamples> depths;
    fm_depth_.fill_then_advance(depths.data(), kOscillatorBlockSamples);
    for (std::size_t i = 0; i < shift.size(); ++i) {
      const double turns =
          static_cast<double>(depths[i]) * static_cast<double>(controls.modulator[i]);
      shift[i] = phase_of(wrap_turns(std::clamp(turns, -1e9, 1e9)));
    }
  }

  const bool absolute = model_.options[5].absolute;
  const float detune = unison_detune(controls.values[5], model_.options[5]);
  for (int v = 0; v < unison_.num_voices; ++v) {
    const auto voice_index = static_cast<std::size_t>(v);
    Voice& voice = voices_[voice_index];
    const float apart = detune * unison_.position[voice_index];
    const float pitch = controls.pitch + controls.drift * voice.drift.advance(drift_random_);
    const double hz = note_to_hz(std::min(absolute ? pitch : pitch + apart, 200.0f)) +
                      (absolute ? 16.0f * apart : 0.0f);
    const std::uint32_t step = phase_of(std::clamp(hz, 1.0, 1e9) / static_cast<double>(rate_hz_));
    const float gain_left = unison_.gain * (model_.stereo ? unison_.left(v) : 1.0f);
    const float gain_right = unison_.gain * unison_.right(v);
    for (std::size_t i = 0; i < shift.size(); ++i) {
      const float value = sample<kWave>(voice, settings);
      left[i] += gain_left * value;
      if (model_.stereo) right[i] += gain_right * value;
      voice.phase += step + shift[i];
    }
  }
}

void AliasOscillator::process(const OscillatorControls& controls, OscillatorSpan left,
                              OscillatorSpan right) noexcept {
  std::fill(left.begin(), left.end(), 0.0f);
  if (model_.stereo) std::fill(right.begin(), right.end(), 0.0f);
  if (wave_ == kInputWave) read_input(controls);

  const auto& values = controls.values;
  const float bits = std::clamp(values[4], 1.0f, 8.0f);
  const Settings settings = {percent_byte(values[2]), percent_byte(values[3]),
                             1.0f + 15.0f * std::clamp(values[1], 0.0f, 1.0f),
                             bits < 8.0f ? std::exp2(bits) : 0.0f, model_.options[2].deform == 1};
  switch (wave_) {
    case kRampWave:
      render<Wave::kRamp>(controls, settings, left, right);
      break;
    case kPulseWave:
      render<Wave::kPulse>(controls, settings, left, right);
      break;
    case kNoiseWave:
      render<Wave::kNoise>(controls, settings, left, right);
      break;
    default:
      render<Wave::kTable>(controls, settings, left, right);
      break;
  }
  left_character_.process(left);
  if (model_.stereo) right_character_.process(right);
  if (wave_ == kOwnOutputWave) read_own_output(left);
}

}  // namespace synthrl::surge
