// What an effect is to the rest of the engine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "surge/parameters.h"
#include "surge/patch.h"
#include "surge/plan.h"

namespace synthrl::surge {

using EffectValues = std::array<float, kNumEffectParams>;

// The parameters of a type. Values of a patch are limited to the range; modulation may leave it.
enum class EffectParamKind : std::uint8_t {
  kUnused,
  kFloat,
  kFixedFloat,  // is not modulated
  kInteger,     // likewise
};
struct EffectParamInfo {
  EffectParamKind kind = EffectParamKind::kUnused;
  float minimum = 0.0f;
  float maximum = 0.0f;
  float initial = 0.0f;  // where the patch has none
};
using EffectParamTable = std::array<EffectParamInfo, kNumEffectParams>;

// An effect as a patch sets it, with what old patches lack filled in.
struct EffectModel {
  int type = 0;
  int slot = 0;           // as numbered in patches
  EffectValues values{};  // integers as the nearest float
  std::array<std::int32_t, kNumEffectParams> integers{};
  std::array<EffectParam, kNumEffectParams> stored{};  // as in the file
  std::array<ParamOptions, kNumEffectParams> options{};
  float tempo_ratio = 1.0f;               // to 120 beats per minute; above 0
  std::span<const std::byte> patch_data;  // Patch::effect_data

  bool active(std::size_t param) const { return !options[param].deactivated; }
  bool extended(std::size_t param) const { return options[param].extend_range; }
  int deform(std::size_t param) const { return options[param].deform_type; }
  // What the rate of a parameter is multiplied by, and a time divided by.
  float rate_scale(std::size_t param) const {
    return options[param].temposync ? tempo_ratio : 1.0f;
  }
};

// One block of both channels at the host's rate, kBlockSamples long.
struct StereoBlock {
  std::span<float, kBlockSamples> left;
  std::span<float, kBlockSamples> right;
};

// What an effect is told per block.
struct EffectControls {
  EffectValues values{};  // with modulation, at most 1e6 either way; integers do not change
  // Blocks since the chain had input: 0 if it has.
  std::int64_t blocks_since_input = 0;
  // Inserts only: the other scene before its inserts; null if it is silent, and elsewhere.
  const float* other_left = nullptr;
  const float* other_right = nullptr;
};

// Allocates in its constructor only. Output follows from model, seed, controls and input alone,
// whatever was played before. Any finite control values keep it finite; input is at most some 1e4.
class EffectUnit {
 public:
  static constexpr std::int64_t kRingsForever = -1;

  virtual ~EffectUnit() = default;

  // Clears all state and sets out from the unmodulated values of `model`, which stays valid
  // until the next start.
  virtual void start(const EffectModel& model, std::uint64_t seed) noexcept = 0;

  // One block in place.
  virtual void process(const EffectControls& controls, StereoBlock audio) noexcept = 0;

  // Instead of `process` once the effect has rung out, also before the first input.
  virtual void idle(const EffectControls& /*controls*/) noexcept {}

  // Blocks that are processed after the input has ended.
  virtual std::int64_t ring_out_blocks() const noexcept = 0;
};

}  // namespace synthrl::surge
