// Eleven peaks at fixed frequencies.
#pragma once

#include <array>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kGraphicEqType;

class GraphicEqEffect : public EffectUnit {
 public:
  explicit GraphicEqEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  static constexpr std::size_t kBands = 11;

  void set_bands(const EffectValues& values);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  unsigned block_ = 0;
  std::array<EffectBiquad, kBands> bands_;
  BlockRamp gain_;
};

}  // namespace synthrl::surge
