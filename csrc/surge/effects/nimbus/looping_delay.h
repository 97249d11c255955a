// A delay whose time is the position; while frozen, a loop of the recording.
#pragma once

#include <cstdint>
#include <span>

#include "surge/effects/nimbus/playback_mode.h"
#include "surge/effects/nimbus/record_buffer.h"

namespace synthrl::surge::nimbus {

class LoopingDelayMode : public PlaybackMode {
 public:
  void start(const Quality& quality, std::uint64_t seed) noexcept override;
  void process(const Settings& settings, std::span<Frame> frames) noexcept override;

 private:
  // Of the first of the four cells an interpolation reads.
  Frame read(std::size_t head, float delay) const;
  Frame play_loop(const Settings& settings, float ratio);

  RecordBuffer recording_;
  float delay_ = 0.0f;

  // Delays are counted from the end of the recording.
  struct Loop {
    float end = 0.0f;
    float length = 0.0f;
  };
  Loop loop_;
  Loop last_loop_;      // which fades out, if `fading_`
  float phase_ = 0.0f;  // in samples
  bool looping_ = false;
  bool fading_ = false;
};

}  // namespace synthrl::surge::nimbus
