// An oscillator that follows the pitch of its input, and ring-modulates it.
#pragma once

#include <array>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/quadrature_oscillator.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kTreemonsterType;

class TreemonsterEffect : public EffectUnit {
 public:
  explicit TreemonsterEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return 1000; }

 private:
  // Of one channel.
  struct Voice {
    // The period of the input, in samples: counted since it last rose through zero, as last
    // measured, and what follows that.
    float count = 100.0f;
    float measured = 100.0f;
    float period = 100.0f;
    bool has_period = false;
    float last = 0.0f;
    float envelope = 0.0f;
    QuadratureOscillator oscillator;

    void track(float x, float threshold);
    void follow(float keep, int steps);
  };

  void set_filters(const EffectValues& values);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  std::array<Voice, 2> voices_;
  EffectBiquad low_cut_;
  EffectBiquad high_cut_;
  BlockRamp ring_;
  BlockRamp width_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
