// Three parallel filters that saturate.
#pragma once

#include <array>

#include "surge/dsp/lanes.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/registry.h"
#include "surge/filters/filter.h"

namespace synthrl::surge {

extern const EffectType kResonatorType;

class ResonatorEffect : public EffectUnit {
 public:
  explicit ResonatorEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  static constexpr std::size_t kBands = 3;

  struct Band {
    explicit Band(const FilterTables& tables) : filter(tables) {}

    Lag frequency;
    Lag resonance;
    Lag gain;
    Filter<Pair> filter;
  };

  float limited_frequency(std::size_t band, float semitones) const;

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  std::array<Band, kBands> bands_;
  EffectHalfBand<6> up_{kSteepHalfBand6};
  EffectHalfBand<6> down_{kSteepHalfBand6};
  BlockRamp gain_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
