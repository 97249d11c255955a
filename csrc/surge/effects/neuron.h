// A gated recurrent unit, as of neural networks, whose memory is a comb filter.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/effect_lfo.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kNeuronType;

class NeuronEffect : public EffectUnit {
 public:
  explicit NeuronEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  // The comb of one channel, at the oversampled rate.
  class Memory {
   public:
    Memory() : samples_(kLength) {}
    void restart();
    // Takes a sample and gives the one `delay` samples ago, on straight lines.
    float exchange(float x, float delay);
    float last() const { return last_; }

    LinearRamp delay;

   private:
    static constexpr std::size_t kLength = std::size_t{1} << 17;
    std::size_t written_ = 0;
    float last_ = 0.0f;
    std::vector<float> samples_;
  };

  // What the unit weighs its input and its memory with.
  struct Weights {
    LinearRamp gate_in;
    LinearRamp gate_memory;
    LinearRamp gate_bias;
    LinearRamp in;
    LinearRamp memory;
    void restart();
  };

  void set_controls(const EffectValues& values);
  float step(float x, Memory& memory, float stretch);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  Weights weights_;
  std::array<Memory, 2> memories_;
  EffectLfo lfo_;
  FourfoldOversampling oversampling_;
  EffectBiquad dc_blocker_;
  BlockRamp makeup_;
  BlockRamp width_;
  BlockRamp gain_;
};

}  // namespace synthrl::surge
