// Four swept combs per channel, sounding together or in turn.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/dsp/rng.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kFlangerType;

class FlangerEffect : public EffectUnit {
 public:
  explicit FlangerEffect(const Plan& plan) : plan_(&plan) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return ring_out_blocks_; }

 private:
  static constexpr std::size_t kTaps = 4;
  static constexpr std::size_t kLineLength = 32768;

  struct Tap {
    float phase = 0.0f;   // cycles
    float target = 0.0f;  // of random waves
    LateLine lfo;
    LateLine samples;
    float weight = 0.0f;  // in the sum, for a block
  };
  struct Channel {
    std::array<Tap, kTaps> taps;
    float turn = 0.0f;  // phase of the taps' succession, 0 to kTaps
    float damper = 0.0f;
    std::array<float, kLineLength> line;
  };

  // Sample by sample.
  using Samples = std::array<float, kBlockSamples>;
  struct Lines {
    Samples depth;
    Samples feedback;
    Samples damping;
    Samples mix;
    Samples level;  // of the output, before it is clipped
  };

  void set_controls(const EffectValues& values);
  float wave(Tap& tap, float phase, float rate, bool new_cycle);
  void set_weights(Channel& channel, float voices) const;
  void follow_controls(Lines& lines);
  void run(Channel& channel, const Lines& lines, std::span<float, kBlockSamples> audio) const;

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  Rng rng_;
  std::int64_t ring_out_blocks_ = 0;
  bool pitch_known_ = false;
  Lag pitch_;
  LateLine depth_;
  LateLine feedback_;
  LateLine damping_;
  LateLine voices_;
  LateLine mix_;
  BlockRamp width_;
  std::size_t position_ = 0;  // in both lines, of the sample to be written next
  std::array<Channel, 2> channels_;
};

}  // namespace synthrl::surge
