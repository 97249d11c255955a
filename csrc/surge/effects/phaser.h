// Allpasses in series whose frequencies an LFO moves, with feedback around them.
#pragma once

#include <array>
#include <cstdint>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/effect_lfo.h"
#include "surge/effects/registry.h"
#include "surge/effects/tone_filter.h"

namespace synthrl::surge {

extern const EffectType kPhaserType;

class PhaserEffect : public EffectUnit {
 public:
  explicit PhaserEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return ring_out_blocks_; }

 private:
  static constexpr std::size_t kMaxStages = 16;
  using Lanes2 = EffectBiquad::Lanes2;

  // Filters like EffectBiquad, with a frequency per channel.
  class Stage {
   public:
    void set(const BiquadCoefficients& left, const BiquadCoefficients& right);
    Lanes2 tick(Lanes2 x) {
      if (gliding_) glide();
      const Lanes2 y = x * value_[0] + z1_;
      z1_ = x * value_[1] - y * value_[3] + z2_;
      z2_ = x * value_[2] - y * value_[4];
      return y;
    }
    void end_block();

   private:
    void glide();

    std::array<Lanes2, 5> value_{};  // b0, b1, b2, a1, a2
    std::array<Lanes2, 5> target_{};
    Lanes2 z1_{};
    Lanes2 z2_{};
    bool started_ = false;
    bool gliding_ = false;
  };

  void set_controls(const EffectValues& values);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  unsigned block_ = 0;
  std::int64_t ring_out_blocks_ = 0;
  std::size_t num_stages_ = 1;
  std::array<Stage, kMaxStages> stages_;
  Lanes2 last_{};
  EffectLfo lfo_;
  LateLine feedback_;
  ToneFilter tone_;
  BlockRamp mix_;
  BlockRamp width_;
};

}  // namespace synthrl::surge
