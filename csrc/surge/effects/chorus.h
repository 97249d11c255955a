// Four modulated taps of one delay line.
#pragma once

#include <array>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/sinc_delay.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kChorusType;

class ChorusEffect : public EffectUnit {
 public:
  explicit ChorusEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  struct Voice {
    double phase = 0.0;  // cycles
    Lag samples{0.001f};
    float left = 0.0f;
    float right = 0.0f;
  };

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  std::array<Voice, 4> voices_;
  BlockRamp feedback_;
  BlockRamp mix_;
  BlockRamp width_;
  EffectBiquad low_cut_;
  EffectBiquad high_cut_;
  SincDelayLine line_;
};

}  // namespace synthrl::surge
