// A waveshaper of the voices as an effect, between filters.
#pragma once

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/registry.h"
#include "surge/waveshapers/waveshaper.h"

namespace synthrl::surge {

extern const EffectType kWaveshaperType;

class WaveshaperEffect : public EffectUnit {
 public:
  explicit WaveshaperEffect(const Plan& plan) : plan_(&plan), shaper_(plan.waveshapers) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  void set_filters(const EffectValues& values);
  // Level of a parameter without its modulation, in dB.
  float level_db(std::size_t param) const;

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  EffectBiquad pre_low_cut_;
  EffectBiquad pre_high_cut_;
  EffectBiquad post_low_cut_;
  EffectBiquad post_high_cut_;
  Waveshaper<Pair> shaper_;
  Lag bias_;
  Lag drive_;
  EffectHalfBand<6> up_{kSteepHalfBand6};
  EffectHalfBand<6> down_{kSteepHalfBand6};
  BlockRamp gain_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
