// The Vocoder. What it would impress on its input comes from outside, where there is silence.
#pragma once

#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kVocoderType;

// All bands are shut, so only the dry share is heard.
class VocoderEffect : public EffectUnit {
 public:
  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return 500; }

 private:
  BlockRamp mix_;
};

}  // namespace synthrl::surge
