// Adds harmonics of the highs, in proportion to how loud they are.
#pragma once

#include <array>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kExciterType;

class ExciterEffect : public EffectUnit {
 public:
  explicit ExciterEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  void set_tone(float tone);

  const Plan* plan_;
  BlockRamp drive_;
  BlockRamp mix_;
  EffectHalfBand<3> up_{kSoftHalfBand3};
  EffectHalfBand<3> down_{kSoftHalfBand3};
  EffectBiquad low_cut_;
  std::array<float, 2> level_{};
};

}  // namespace synthrl::surge
