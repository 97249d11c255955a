// Filters and levels for the middle and the sides of a signal.
#pragma once

#include <array>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kMidSideType;

class MidSideEffect : public EffectUnit {
 public:
  explicit MidSideEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  // The middle or the sides.
  struct Lane {
    EffectBiquad low_cut;
    EffectBiquad peak;
    EffectBiquad high_cut;
    BlockRamp gain;
  };

  void set_filters(const EffectValues& values);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  std::array<Lane, 2> lanes_;
  BlockRamp left_;
  BlockRamp right_;
};

}  // namespace synthrl::surge
