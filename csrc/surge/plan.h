// What all threads share: tables that depend on the sample rate alone.
#pragma once

#include "render/note.h"
#include "surge/dsp/decibels.h"
#include "surge/effects/blocks/effect_tables.h"
#include "surge/filters/filter_tables.h"
#include "surge/modulators/tables.h"
#include "surge/oscillators/oscillator_tables.h"
#include "surge/waveshapers/waveshaper_tables.h"

namespace synthrl::surge {

// Samples per control block at the host's rate, and at twice that rate, where voices run.
inline constexpr int kBlockSamples = 32;
inline constexpr int kVoiceBlockSamples = 2 * kBlockSamples;

// Read-only after construction; share freely.
class Plan {
 public:
  // Throws std::invalid_argument unless the sample rate is 8 kHz to 192 kHz.
  explicit Plan(RenderFormat format)
      : oscillators(format.sample_rate),
        filters(2.0 * format.sample_rate),
        modulators(format.sample_rate),
        sample_rate_(format.sample_rate) {}

  double sample_rate() const { return sample_rate_; }

  OscillatorTables oscillators;
  FilterTables filters;
  ModulatorTables modulators;
  WaveshaperTables waveshapers;
  DecibelTable decibels;
  EffectTables effects;

 private:
  double sample_rate_;
};

}  // namespace synthrl::surge
