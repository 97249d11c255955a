// A compressor of half waves, without envelope: a bent curve.
#pragma once

#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kChowType;

class ChowEffect : public EffectUnit {
 public:
  explicit ChowEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  LinearRamp threshold_;
  LinearRamp ratio_;
  FourfoldOversampling oversampling_;
  BlockRamp makeup_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
