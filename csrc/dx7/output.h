// From the raw integer signal to what is heard.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "dx7/kernels.h"
#include "dx7/patch.h"
#include "dx7/plan.h"
#include "dx7/voice_bank.h"

namespace synthrl::dx7 {

// Dexed's post filter: a four-pole ladder with saturation in its first stage.
class LadderFilter {
 public:
  LadderFilter(const Patch& patch, double sample_rate);
  float operator()(float x) noexcept;

 private:
  float resonance_, g_, blocker_, smoother_, saturation_;
  float blocker_state_ = 0.0f, smoother_state_ = 0.0f;
  float s1_ = 0.0f, s2_ = 0.0f, s3_ = 0.0f, s4_ = 0.0f;
};

// What follows the engine, for the lanes of a voice bank.
//
// Stage kEngine is dexed-py's scale: no clip, values up to ±12 occur. Stage kPlugin is Dexed's:
// clipped at ±1, where a negative overload flips to +1 as in the plugin; then DC blocker, output
// gain and, below cutoff 1, the post filter.
class OutputStage {
 public:
  explicit OutputStage(const Plan& plan);

  // Clears the lane's state. `row` is where its sound goes.
  void start(std::size_t lane, const Patch& patch, float* row);

  // Asks for the memory that the tile's next block goes to, so that it is there in time.
  void prefetch_tile(std::size_t tile, std::size_t num_voices) const noexcept;

  // Appends `length` samples, at most a block, to the first `num_voices` lanes' rows.
  void process_tile(std::size_t tile, const VoiceBank& bank, std::size_t num_voices,
                    std::size_t length) noexcept;

  // Whether a lane whose signal has ended has come to rest: nothing but zeros follow.
  bool at_rest(std::size_t lane) const noexcept;

  // Appends zeros.
  void fill(std::size_t lane, std::size_t length) noexcept;

 private:
  struct Lane {
    float* row = nullptr;  // the next sample's place
    std::optional<LadderFilter> filter;
  };

  const Plan* plan_;
  const Kernels* kernels_;
  float dc_pole_;
  std::array<OutputTile, kLanes / kTile> tiles_{};
  std::array<Lane, kLanes> lanes_;
  std::array<std::array<float, kBlock>, kTile> spare_;  // of lanes without a whole block in a row
};

// Whether the post filter's cutoff lies below half the sample rate, without which it explodes.
bool filter_is_stable(const Patch& patch, double sample_rate);

}  // namespace synthrl::dx7
