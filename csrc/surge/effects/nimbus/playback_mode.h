// What makes sound of the recent input: one of grains, a stretcher, a delay or spectra.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "surge/effects/nimbus/frame.h"

namespace synthrl::surge::nimbus {

enum Mode : int { kGranular, kStretch, kLoopingDelay, kSpectral, kNumModes };

// Allocates in its constructor only.
class PlaybackMode {
 public:
  virtual ~PlaybackMode() = default;

  // Clears all state. `quality` is constant and outlives the mode.
  virtual void start(const Quality& quality, std::uint64_t seed) noexcept = 0;

  // Replaces input by output. Mono qualities have the same on both sides.
  virtual void process(const Settings& settings, std::span<Frame> frames) noexcept = 0;
};

std::unique_ptr<PlaybackMode> make_playback_mode(int mode);

}  // namespace synthrl::surge::nimbus
