// A speaker cabinet with a rotating horn and a rotor.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/quadrature_oscillator.h"
#include "surge/effects/blocks/sinc_delay.h"
#include "surge/effects/registry.h"
#include "surge/waveshapers/waveshaper.h"

namespace synthrl::surge {

extern const EffectType kRotaryType;

class RotaryEffect : public EffectUnit {
 public:
  explicit RotaryEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  void idle(const EffectControls& controls) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return 1000; }

 private:
  using Samples = std::array<float, kBlockSamples>;

  float horn_hz(const EffectValues& values) const;
  void place_horn(const EffectValues& values);
  void drive(float wanted, Samples& samples);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  QuadratureOscillator horn_;   // a step per block
  QuadratureOscillator rotor_;  // a step per sample
  // From the horn to both ears.
  LateLine left_samples_;
  LateLine right_samples_;
  LateLine left_gain_;
  LateLine right_gain_;
  Lag drive_;
  Waveshaper<float> shaper_;
  EffectBiquad crossover_;
  EffectBiquad sub_;
  SincDelayLine line_;
  BlockRamp mix_;
  BlockRamp width_;
};

}  // namespace synthrl::surge
