// The Nimbus effect at its own rate: feedback, a playback mode, and what comes behind it.
#pragma once

#include <cstdint>
#include <memory>

#include "surge/effects/nimbus/diffuser.h"
#include "surge/effects/nimbus/filter.h"
#include "surge/effects/nimbus/frame.h"
#include "surge/effects/nimbus/half_rate.h"
#include "surge/effects/nimbus/pitch_shifter.h"
#include "surge/effects/nimbus/playback_mode.h"
#include "surge/effects/nimbus/reverb.h"

namespace synthrl::surge::nimbus {

class Engine {
 public:
  explicit Engine(int mode) : mode_(mode), player_(make_playback_mode(mode)) {}

  void start(const Quality& quality, std::uint64_t seed) noexcept;
  // What follows holds until it is set again.
  void set(const Settings& settings) noexcept;
  // In place, with 16 bits on both sides.
  void process(Group& frames) noexcept;

 private:
  void feed_back(Group& frames) noexcept;
  void play(Group& frames) noexcept;
  void set_texture_filters();

  int mode_;
  std::unique_ptr<PlaybackMode> player_;
  const Quality* quality_ = nullptr;
  Settings settings_;
  float ratio_ = 1.0f;

  Group last_{};  // what is fed back
  Filter feedback_filter_;
  float frozenness_ = 0.0f;
  Decimator decimator_;
  Interpolator interpolator_;
  Diffuser diffuser_;
  PitchShifter pitch_shifter_;
  Filter texture_lowpass_;
  Filter texture_highpass_;
  Reverb reverb_;
  bool first_ = true;
};

}  // namespace synthrl::surge::nimbus
