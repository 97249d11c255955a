// What a patch uses when it plays a note.
#pragma once

#include <cstdint>
#include <vector>

#include "surge/patch.h"

namespace synthrl::surge {

enum class FeatureKind : std::uint8_t {
  kPlayMode,       // id: as `polymode`
  kFilterConfig,   // id: as `fb_config`
  kFm,             // id: as `fm_switch`, not 0
  kOscillator,     // id: type; unit: oscillator
  kTwistEngine,    // id: engine; unit: oscillator
  kRingModulator,  // id: 0; unit: 0 of oscillators 1 and 2, 1 of 2 and 3; variant: combination
  kNoise,          // id: 0; variant: as the deform of `noisecol`
  kFilter,         // id: type; unit: filter; variant: subtype
  kWaveshaper,     // id: type
  kEnvelope,       // id: 0 digital, 1 analog; unit: 0 amplitude, 1 filter
  kLfo,            // id: shape; unit: LFO; variant: as the deform of `lfoN_deform`
  kModSource,      // id: source; variant: output
  kEffect,         // id: type; unit: slot; variant: plugin of Airwindows
};
inline constexpr int kNumFeatureKinds = 13;

struct Feature {
  FeatureKind kind;
  std::int32_t id;
  std::int32_t variant = 0;
  std::int32_t scene = -1;  // -1: of the patch
  std::int32_t unit = 0;

  bool operator==(const Feature&) const = default;
};

// Everything that `note` on MIDI channel 1 can hear: scenes that sound, oscillators that are
// audible or modulate audible ones, LFOs that modulate something, effects that get a signal. In
// the order of scenes, then of kinds and units.
std::vector<Feature> features_used(const Patch& patch, int note = 60);

}  // namespace synthrl::surge
