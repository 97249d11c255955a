// A ring of four blocks of allpasses, dampers and a modulated delay.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/quadrature_oscillator.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kReverb2Type;

class Reverb2Effect : public EffectUnit {
 public:
  explicit Reverb2Effect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return ring_out_blocks_; }

 private:
  static constexpr std::size_t kBlocks = 4;
  using Samples = std::array<float, kBlockSamples>;

  // Its delay is the length of its ring.
  class Allpass {
   public:
    explicit Allpass(std::size_t capacity) : ring_(capacity) {}

    void restart();
    void set_length(std::size_t length);
    void process(Samples& samples, const Samples& gains);

   private:
    std::vector<float> ring_;
    std::size_t length_ = 1;
    std::size_t longest_ = 1;
    std::size_t position_ = 0;
  };

  // Read a block at a time; delays are counted from the sample of the same index that is written
  // next, and are a block or more.
  class DelayLine {
   public:
    explicit DelayLine(std::size_t length) : mask_(length - 1), samples_(length + kSlack) {}

    void restart();
    const float* read(std::size_t delay) const { return &samples_[(written_ - delay) & mask_]; }
    void write(const Samples& block);
    std::size_t longest() const { return mask_ + 1 - kSlack; }

   private:
    // The start is repeated behind the end, so that reading never has to wrap.
    static constexpr std::size_t kSlack = 2 * kBlockSamples;
    std::size_t mask_;
    std::size_t written_ = 0;
    std::vector<float> samples_;
  };

  struct Block {
    explicit Block(std::size_t allpass_capacity, std::size_t line_length)
        : first(allpass_capacity), second(allpass_capacity), line(line_length) {}

    Allpass first;
    Allpass second;
    DelayLine line;
    std::size_t left_tap = kBlockSamples;
    std::size_t right_tap = kBlockSamples;
    std::size_t delay = kBlockSamples;
    // States of the dampers of high and of low frequencies.
    float high_damper = 0.0f;
    float low_damper = 0.0f;
  };

  // Sample by sample, what all blocks follow.
  struct Lines {
    Samples diffusion;
    Samples buildup;
    Samples high_damping;
    Samples decay;
    float low_damping;
    // In 1/256 sample, for blocks 0 and 1; blocks 2 and 3 have the opposite.
    std::array<Samples, 2> swing;
    bool swings;
  };

  void set_size(float size);
  void set_ring_out(const EffectValues& values);
  void follow_controls(const EffectValues& values, Lines& lines);
  void read_delays(std::size_t index, const Lines& lines, Samples& out) const;
  void run_block(std::size_t index, const Lines& lines, Samples& signal, StereoBuffer& wet);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  float size_ = 0.0f;
  float ring_out_decay_ = 0.0f;
  std::int64_t ring_out_blocks_ = 0;
  float longest_swing_ = 0.0f;  // that leaves delays long enough, in samples

  LateLine decay_;
  LateLine diffusion_;
  LateLine buildup_;
  LateLine high_damping_;
  LateLine low_damping_;
  LateLine swing_;
  QuadratureOscillator lfo_;
  BlockRamp mix_;
  BlockRamp width_;

  DelayLine predelay_;
  std::vector<Allpass> input_;
  std::vector<Block> blocks_;
  float last_ = 0.0f;
};

}  // namespace synthrl::surge
