// DX7 voice data: packed (128 bytes), unpacked (155 bytes + operator switches), plugin values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dx7/params.h"

namespace synthrl::dx7 {

inline constexpr std::size_t kNumSlots = 6;  // operators in voice order: slot 0 is operator 6
inline constexpr std::size_t kSlotBytes = 21;
inline constexpr std::size_t kPackedBytes = 128;
inline constexpr std::size_t kUnpackedBytes = 156;

// Offsets inside a slot of an unpacked voice.
enum SlotByte : std::size_t {
  kRate1 = 0,
  kLevel1 = 4,
  kBreakPoint = 8,
  kLeftDepth = 9,
  kRightDepth = 10,
  kLeftCurve = 11,
  kRightCurve = 12,
  kRateScaling = 13,
  kAmpModSensitivity = 14,
  kKeyVelocity = 15,
  kOutputLevel = 16,
  kMode = 17,
  kCoarse = 18,
  kFine = 19,
  kDetune = 20,
};

// Offsets of the globals of an unpacked voice.
enum VoiceByte : std::size_t {
  kPitchRate1 = 126,
  kPitchLevel1 = 130,
  kAlgorithm = 134,
  kFeedback = 135,
  kOscKeySync = 136,
  kLfoSpeed = 137,
  kLfoDelay = 138,
  kLfoPitchDepth = 139,
  kLfoAmpDepth = 140,
  kLfoKeySync = 141,
  kLfoWave = 142,
  kPitchModSensitivity = 143,
  kTranspose = 144,
  kName = 145,
  kSwitches = 155,
};

using Unpacked = std::array<std::uint8_t, kUnpackedBytes>;

// A voice and the plugin settings around it.
struct Patch {
  Unpacked voice{};
  float cutoff = 1.0f;       // of the post filter; 1 is off
  float resonance = 0.0f;    // of the post filter
  float output = 1.0f;       // linear gain
  float master_tune = 0.5f;  // 0 … 1 is ±1 semitone

  std::uint8_t slot(std::size_t index, std::size_t offset) const {
    return voice[index * kSlotBytes + offset];
  }
};

// Largest legal value of an unpacked byte.
int maximum_of_byte(std::size_t byte);

// Unpacks a voice of a 32-voice dump. Bytes out of range are brought into range: pitch EG bytes
// above 99 by rescaling from 0 … 255 as Dexed does, then every field is clamped to its maximum.
// The name keeps its ASCII; all operator switches are on.
Unpacked unpack(std::span<const std::uint8_t, kPackedBytes> packed);

// The inverse, for in-range voices. Operator switches have no place in a packed voice.
std::array<std::uint8_t, kPackedBytes> pack(const Unpacked& voice);

// Plugin values in [0, 1] ↔ voice. Integers are rounded half to even, as the plugin does.
Patch patch_from_values(std::span<const float, kNumParameters> values);
std::array<float, kNumParameters> values_from_patch(const Patch& patch);

}  // namespace synthrl::dx7
