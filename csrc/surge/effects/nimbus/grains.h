// Granular playback: short pieces of the recording, each with its own place, pitch and pan.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/dsp/rng.h"
#include "surge/effects/nimbus/playback_mode.h"
#include "surge/effects/nimbus/record_buffer.h"

namespace synthrl::surge::nimbus {

class GranularMode : public PlaybackMode {
 public:
  void start(const Quality& quality, std::uint64_t seed) noexcept override;
  void process(const Settings& settings, std::span<Frame> frames) noexcept override;

 private:
  static constexpr std::size_t kMaxGrains = 57;

  struct Grain {
    std::size_t begin;  // in the group it starts in
    std::size_t first_cell;
    std::uint32_t offset;  // of the play head from there, with 16 fractional bits
    std::uint32_t step;
    float phase;  // of the window, 0 to 2
    float phase_step;
    float slope;  // of a trapezoid, 0 if the window is smooth
    float smoothness;
    bool smooth_reading;
    float left_gain;
    float right_gain;
  };

  void schedule(const Settings& settings, float overlap, float window, std::size_t num_frames);
  void start_grain(const Settings& settings, float window, std::size_t begin,
                   std::size_t num_frames);
  // Whether the grain goes on.
  bool play(Grain& grain, std::span<Frame> out) const;
  template <bool kSmooth, bool kMono>
  bool play_as(Grain& grain, std::span<Frame> out) const;

  const Quality* quality_ = nullptr;
  Rng rng_;
  RecordBuffer recording_;
  std::array<Grain, kMaxGrains> grains_{};  // those that play come first
  std::size_t num_playing_ = 0;
  float mean_playing_ = 0.0f;
  float mean_length_ = 0.0f;
  float since_last_ = 0.0f;
  float gain_ = 1.0f;
};

}  // namespace synthrl::surge::nimbus
