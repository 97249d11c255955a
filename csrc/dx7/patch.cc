#include "dx7/patch.h"

#include <algorithm>
#include <cmath>

namespace synthrl::dx7 {

namespace {

constexpr std::size_t kPackedSlotBytes = 17;
constexpr std::size_t kPackedGlobals = 102;
constexpr std::size_t kNumPitchBytes = 8;
constexpr std::uint8_t kAllOn = 63;
constexpr std::array<std::uint8_t, kSlotBytes> kSlotMaximum = {
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 3, 3, 7, 3, 7, 99, 1, 31, 99, 14};
constexpr std::array<std::uint8_t, kName - kPitchRate1> kGlobalMaximum = {
    99, 99, 99, 99, 99, 99, 99, 99, 31, 7, 1, 99, 99, 99, 99, 1, 5, 7, 48};

std::uint8_t rescaled_pitch_byte(std::uint8_t byte) {
  const std::uint8_t value = byte & 127;
  if (value <= 99) return value;
  return static_cast<std::uint8_t>(static_cast<float>(value) / 255.0f * 99.0f);
}

void clamp_to_maxima(Unpacked& voice) {
  for (std::size_t i = 0; i < kName; ++i) {
    voice[i] = static_cast<std::uint8_t>(std::min<int>(voice[i], maximum_of_byte(i)));
  }
}

// Bit of byte 155 that switches a slot on.
std::uint8_t switch_bit(std::size_t slot) { return static_cast<std::uint8_t>(1u << slot); }

// Parameters that no voice byte holds come in two kinds: the four continuous ones at the front
// and six switches, of operators 1 to 6 in this order.
std::size_t slot_of_switch(std::size_t switch_number) { return kNumSlots - 1 - switch_number; }

}  // namespace

int maximum_of_byte(std::size_t byte) {
  if (byte < kPitchRate1) return kSlotMaximum[byte % kSlotBytes];
  if (byte < kName) return kGlobalMaximum[byte - kPitchRate1];
  return byte == kSwitches ? kAllOn : 127;
}

Unpacked unpack(std::span<const std::uint8_t, kPackedBytes> packed) {
  Unpacked voice{};
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    const std::uint8_t* in = packed.data() + slot * kPackedSlotBytes;
    std::uint8_t* out = voice.data() + slot * kSlotBytes;
    std::copy_n(in, kLeftCurve, out);
    out[kLeftCurve] = in[11] & 3;
    out[kRightCurve] = (in[11] >> 2) & 3;
    out[kRateScaling] = in[12] & 7;
    out[kDetune] = (in[12] >> 3) & 15;
    out[kAmpModSensitivity] = in[13] & 3;
    out[kKeyVelocity] = (in[13] >> 2) & 7;
    out[kOutputLevel] = in[14] & 127;
    out[kMode] = in[15] & 1;
    out[kCoarse] = (in[15] >> 1) & 31;
    out[kFine] = in[16] & 127;
  }
  const std::uint8_t* in = packed.data() + kPackedGlobals;
  std::transform(in, in + kNumPitchBytes, voice.data() + kPitchRate1, rescaled_pitch_byte);
  voice[kAlgorithm] = in[8] & 31;
  voice[kFeedback] = in[9] & 7;
  voice[kOscKeySync] = (in[9] >> 3) & 1;
  voice[kLfoSpeed] = in[10] & 127;
  voice[kLfoDelay] = in[11] & 127;
  voice[kLfoPitchDepth] = in[12] & 127;
  voice[kLfoAmpDepth] = in[13] & 127;
  voice[kLfoKeySync] = in[14] & 1;
  voice[kLfoWave] = (in[14] >> 1) & 7;
  voice[kPitchModSensitivity] = (in[14] >> 4) & 7;
  voice[kTranspose] = in[15] & 127;
  for (std::size_t i = 0; i < 10; ++i) voice[kName + i] = in[16 + i] & 127;
  voice[kSwitches] = kAllOn;
  clamp_to_maxima(voice);
  return voice;
}

std::array<std::uint8_t, kPackedBytes> pack(const Unpacked& voice) {
  std::array<std::uint8_t, kPackedBytes> packed{};
  const auto byte = [](int value) { return static_cast<std::uint8_t>(value); };
  for (std::size_t slot = 0; slot < kNumSlots; ++slot) {
    const std::uint8_t* in = voice.data() + slot * kSlotBytes;
    std::uint8_t* out = packed.data() + slot * kPackedSlotBytes;
    std::copy_n(in, kLeftCurve, out);
    out[11] = byte(in[kLeftCurve] | in[kRightCurve] << 2);
    out[12] = byte(in[kRateScaling] | in[kDetune] << 3);
    out[13] = byte(in[kAmpModSensitivity] | in[kKeyVelocity] << 2);
    out[14] = in[kOutputLevel];
    out[15] = byte(in[kMode] | in[kCoarse] << 1);
    out[16] = in[kFine];
  }
  std::uint8_t* out = packed.data() + kPackedGlobals;
  std::copy_n(voice.data() + kPitchRate1, kNumPitchBytes, out);
  out[8] = voice[kAlgorithm];
  out[9] = byte(voice[kFeedback] | voice[kOscKeySync] << 3);
  out[10] = voice[kLfoSpeed];
  out[11] = voice[kLfoDelay];
  out[12] = voice[kLfoPitchDepth];
  out[13] = voice[kLfoAmpDepth];
  out[14] = byte(voice[kLfoKeySync] | voice[kLfoWave] << 1 | voice[kPitchModSensitivity] << 4);
  out[15] = voice[kTranspose];
  std::copy_n(voice.data() + kName, 10, out + 16);
  return packed;
}

Patch patch_from_values(std::span<const float, kNumParameters> values) {
  Patch patch;
  patch.cutoff = values[kCutoff];
  patch.resonance = values[kResonance];
  patch.output = values[kOutput];
  patch.master_tune = values[kMasterTune];
  std::size_t num_switches = 0;
  for (std::size_t i = kMasterTune + 1; i < kNumParameters; ++i) {
    const Parameter& parameter = kParameters[i];
    if (parameter.byte >= 0) {
      const float scaled = values[i] * static_cast<float>(parameter.maximum);
      patch.voice[static_cast<std::size_t>(parameter.byte)] =
          static_cast<std::uint8_t>(std::nearbyint(scaled));
    } else {
      const std::size_t slot = slot_of_switch(num_switches++);
      if (values[i] != 0.0f) patch.voice[kSwitches] |= switch_bit(slot);
    }
  }
  std::fill_n(patch.voice.begin() + kName, 10, ' ');
  return patch;
}

std::array<float, kNumParameters> values_from_patch(const Patch& patch) {
  std::array<float, kNumParameters> values{};
  values[kCutoff] = patch.cutoff;
  values[kResonance] = patch.resonance;
  values[kOutput] = patch.output;
  values[kMasterTune] = patch.master_tune;
  std::size_t num_switches = 0;
  for (std::size_t i = kMasterTune + 1; i < kNumParameters; ++i) {
    const Parameter& parameter = kParameters[i];
    if (parameter.byte >= 0) {
      values[i] = static_cast<float>(patch.voice[static_cast<std::size_t>(parameter.byte)]) /
                  static_cast<float>(parameter.maximum);
    } else {
      const std::size_t slot = slot_of_switch(num_switches++);
      values[i] = (patch.voice[kSwitches] & switch_bit(slot)) != 0 ? 1.0f : 0.0f;
    }
  }
  return values;
}

}  // namespace synthrl::dx7
