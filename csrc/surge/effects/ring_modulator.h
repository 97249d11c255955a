// A diode ring modulator with a unison of carriers.
#pragma once

#include <array>
#include <cstddef>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kRingModulatorType;

class RingModulatorEffect : public EffectUnit {
 public:
  explicit RingModulatorEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  static constexpr std::size_t kMaxVoices = 16;
  static constexpr std::size_t kSamples = 2 * kBlockSamples;
  using Signal = std::array<float, kSamples>;
  struct Voice {
    float phase = 0.0f;  // in cycles
    float offset = 0.0f;
    float left = 1.0f;
    float right = 1.0f;
  };
  struct Diode;

  // One block of a voice's carrier.
  template <int kShape>
  static void run_carrier(Voice& voice, float step, Signal& carrier);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  std::size_t num_voices_ = 1;
  std::array<Voice, kMaxVoices> voices_;
  EffectHalfBand<6> up_{kSteepHalfBand6};
  EffectHalfBand<6> down_{kSteepHalfBand6};
  EffectBiquad low_cut_;
  EffectBiquad high_cut_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
