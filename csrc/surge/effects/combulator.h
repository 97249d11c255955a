// Three tuned combs, excited by the input and by noise of its loudness.
#pragma once

#include <array>
#include <cstdint>

#include "surge/dsp/lanes.h"
#include "surge/dsp/rng.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/registry.h"
#include "surge/effects/tone_filter.h"
#include "surge/filters/comb.h"

namespace synthrl::surge {

extern const EffectType kCombulatorType;

class CombulatorEffect : public EffectUnit {
 public:
  explicit CombulatorEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  static constexpr std::size_t kCombs = 3;
  static constexpr std::size_t kSamples = 2 * kBlockSamples;
  static constexpr std::size_t kCapacity = 131072;
  using LongComb = Comb<CombMix::kWet>;

  struct Voice {
    explicit Voice(const FilterTables& tables) : line(tables, kCapacity) {}

    Lag frequency;
    Lag gain;
    Lag pan;  // of the first comb: not used
    CoefficientRamp coefficients;
    DelayLine<Pair> line;
  };

  // Gains of both channels for pans of -1 to 1; about 1 for 0, like those of the first comb.
  class PanTable {
   public:
    PanTable();
    Pair operator()(float pan) const;

   private:
    static constexpr std::size_t kPoints = 4096;
    std::array<float, kPoints> left_;
    std::array<float, kPoints> right_;
  };

  void set_controls(const EffectValues& values);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  PanTable pans_;
  float follow_;  // of the input's level, per sample

  Rng rng_;
  Lag noise_;
  Lag feedback_;
  Pair level_{};
  std::array<Voice, kCombs> voices_;
  EffectHalfBand<6> up_{kSteepHalfBand6};
  EffectHalfBand<6> down_{kSteepHalfBand6};
  ToneFilter tone_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
