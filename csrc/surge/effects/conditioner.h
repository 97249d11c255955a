// Bass, treble, width, balance, and a limiter that looks ahead.
#pragma once

#include <array>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kConditionerType;

class ConditionerEffect : public EffectUnit {
 public:
  explicit ConditionerEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  void idle(const EffectControls& controls) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return 100; }

 private:
  static constexpr std::size_t kLookahead = 128;

  // How fast the limiter follows, per sample.
  struct Speed {
    float attack;
    float release;
  };
  static Speed speed_of(const EffectValues& values);
  void set_filters(const EffectValues& values);
  float follow(Speed speed);
  void limit(Speed speed, StereoBlock audio);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  EffectBiquad bass_;
  EffectBiquad treble_;
  EffectBiquad side_cut_;
  BlockRamp width_;
  BlockRamp left_gain_;
  BlockRamp right_gain_;
  BlockRamp gain_;

  std::array<float, kLookahead> left_{};
  std::array<float, kLookahead> right_{};
  std::size_t position_ = 0;
  float squared_peak_ = 0.0f;  // once per turn of the lookahead
  float fast_ = 1.0f;
  float slow_ = 1.0f;
};

}  // namespace synthrl::surge
