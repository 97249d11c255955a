// Four modulated taps of one delay line.
#pragma once

#include <array>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
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
  static constexpr std::size_t kVoices = 4;  // a lane each

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  bool first_block_ = true;
  std::array<double, kVoices> phases_{};  // cycles
  Pair samples_{};                        // delays, in single precision, which they need
  Pair left_gain_{};
  Pair right_gain_{};
  BlockRamp feedback_;
  BlockRamp mix_;
  BlockRamp width_;
  EffectBiquad low_cut_;
  EffectBiquad high_cut_;
  SincDelayLine line_;
};

}  // namespace synthrl::surge
