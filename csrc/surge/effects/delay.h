// Two delays that feed back to themselves and each other.
#pragma once

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/sinc_delay.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kDelayType;

class DelayEffect : public EffectUnit {
 public:
  explicit DelayEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  void set_controls(const EffectValues& values, bool tempo_is_known);
  void settle();
  void read(const SincDelayLine& line, Lag& time, std::span<float, kBlockSamples> out) const;

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  bool first_block_ = true;
  bool inverted_ = false;

  double lfo_phase_ = 0.0;
  bool lfo_rises_ = true;
  float lfo_samples_ = 0.0f;

  Lag left_samples_{0.0001f};
  Lag right_samples_{0.0001f};
  BlockRamp feedback_;
  BlockRamp crossfeed_;
  BlockRamp mix_;
  BlockRamp width_;
  BlockRamp input_pan_;
  EffectBiquad low_cut_;
  EffectBiquad high_cut_;
  SincDelayLine left_;
  SincDelayLine right_;
};

}  // namespace synthrl::surge
