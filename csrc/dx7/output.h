// From the raw integer signal to what is heard.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "dx7/patch.h"
#include "dx7/plan.h"

namespace synthrl::dx7 {

inline constexpr std::size_t kLanes = 8;  // voices that are rendered side by side

template <typename Sample>
using LaneBlocks = std::array<std::array<Sample, kBlock>, kLanes>;

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

// What follows the engine, for several voices side by side.
//
// Stage kEngine is dexed-py's scale: no clip, values up to ±12 occur. Stage kPlugin is Dexed's:
// clipped at ±1, where a negative overload flips to +1 as in the plugin; then DC blocker, output
// gain and, below cutoff 1, the post filter.
class OutputStage {
 public:
  explicit OutputStage(const Plan& plan);

  // Clears the lane's state.
  void start(std::size_t lane, const Patch& patch);

  // Converts one block of every lane.
  void process(const LaneBlocks<std::int32_t>& raw, LaneBlocks<float>& audio) noexcept;

 private:
  struct Lane {
    float gain = 1.0f;
    std::optional<LadderFilter> filter;
  };

  const Plan* plan_;
  float dc_pole_;
  std::array<float, kLanes> dc_input_{};
  std::array<float, kLanes> dc_output_{};
  std::array<Lane, kLanes> lanes_;
};

// Whether the post filter's cutoff lies below half the sample rate, without which it explodes.
bool filter_is_stable(const Patch& patch, double sample_rate);

}  // namespace synthrl::dx7
