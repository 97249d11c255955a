// Shifts all frequencies by the same distance, in a delay with feedback.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/dsp/lanes.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/blocks/quadrature_oscillator.h"
#include "surge/effects/blocks/sinc_delay.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kFrequencyShifterType;

class FrequencyShifterEffect : public EffectUnit {
 public:
  explicit FrequencyShifterEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return ring_out_blocks_; }

 private:
  // The half-band filter without change of rate: a lowpass at a quarter of the rate. Four signals.
  class QuarterBand {
   public:
    void restart();
    Pair process(Pair x);

   private:
    static constexpr std::size_t kSections = 6;
    // What each section was given last, and what the last one returned.
    using Chain = std::array<Pair, kSections + 1>;

    static Pair run(const std::array<float, kSections>& coefficients, Chain& chain, Pair x);

    // Sections look back by two samples, so even and odd ones have states of their own.
    std::array<Chain, 2> first_{};
    std::array<Chain, 2> second_{};
    Pair last_{};
    std::size_t parity_ = 0;
  };

  void set_delay(const EffectValues& values);
  void set_oscillators(const EffectValues& values);
  void set_ring_out(float feedback);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  std::int64_t ring_out_blocks_ = 0;
  std::array<QuadratureOscillator, 2> down_;  // left and right, before the filters
  std::array<QuadratureOscillator, 2> up_;    // and behind them
  QuarterBand filter_;
  Lag samples_{0.0001f};
  LateLine feedback_;
  BlockRamp mix_;
  SincDelayLine left_;
  SincDelayLine right_;
};

}  // namespace synthrl::surge
