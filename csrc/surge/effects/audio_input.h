// A mixer of the input of a slot and of the other scene. There is no audio from outside.
#pragma once

#include <array>
#include <cstddef>

#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kAudioInputType;

class AudioInputEffect : public EffectUnit {
 public:
  explicit AudioInputEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  // The gains from both channels of a source to both sides.
  struct Source {
    BlockRamp left_to_left;
    BlockRamp right_to_left;
    BlockRamp left_to_right;
    BlockRamp right_to_right;

    void set(float channel, float pan, float gain);
    void add(const float* left, const float* right, StereoBlock out) const;
  };

  const Plan* plan_;
  Source input_;
  Source other_scene_;
  BlockRamp width_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
