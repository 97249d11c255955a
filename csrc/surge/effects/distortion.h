// A waveshaper with feedback between two equalisers.
#pragma once

#include <array>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/registry.h"
#include "surge/waveshapers/waveshaper.h"

namespace synthrl::surge {

extern const EffectType kDistortionType;

class DistortionEffect : public EffectUnit {
 public:
  explicit DistortionEffect(const Plan& plan)
      : plan_(&plan), shaper_(plan.waveshapers), silent_shaper_(plan.waveshapers) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingOut; }

 private:
  static constexpr std::int64_t kRingOut = 1600;
  static constexpr int kOversampling = 4;
  static constexpr std::size_t kSubsamples = kOversampling * kBlockSamples;
  using Signal = std::array<float, kSubsamples>;

  void set_equalisers(const EffectValues& values);
  void set_cuts(const EffectValues& values);
  template <bool kFeedback, bool kPreCut, bool kPostCut, typename Shape>
  void run(StereoBlock audio, float feedback, Signal& left, Signal& right, Shape shape) noexcept;
  void shape(StereoBlock audio, float feedback, float old_drive, float new_drive, Signal& left,
             Signal& right) noexcept;

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  unsigned block_ = 0;
  EffectBiquad pre_eq_;
  EffectBiquad post_eq_;
  EffectBiquad pre_cut_;
  EffectBiquad post_cut_;
  BlockRamp drive_;
  BlockRamp gain_;
  Pair last_{};  // output of the loop
  Waveshaper<Pair> shaper_;
  Waveshaper<float> silent_shaper_;
  EffectHalfBand<3> to_double_{kSoftHalfBand3};
  EffectHalfBand<3> to_single_{kSteepHalfBand3};
};

}  // namespace synthrl::surge
