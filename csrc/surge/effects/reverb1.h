// A network of sixteen delays whose feedback is one reflection.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "surge/dsp/lanes.h"
#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kReverb1Type;

class Reverb1Effect : public EffectUnit {
 public:
  explicit Reverb1Effect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return ring_out_blocks_; }

 private:
  static constexpr std::size_t kLines = 16;
  static constexpr std::size_t kGroups = kLines / 4;
  static constexpr std::size_t kLineLength = 32768;
  // The start of a line is repeated behind its end, so that reading a block never wraps.
  static constexpr std::size_t kLineStride = kLineLength + kBlockSamples;
  static constexpr std::size_t kPredelayLength = 2 * kLineLength;

  void clear_lines();
  void set_size(float size, float decay);
  void set_decay(float decay);
  void set_filters(const EffectValues& values);
  void run(StereoBlock audio, float damping, StereoBuffer& wet) noexcept;
  void read_lines(std::size_t begin, std::size_t count,
                  std::span<std::array<Pair, kGroups>> out) const;
  void write_lines(std::size_t begin, std::span<const std::array<Pair, kGroups>> in);

  const Plan* plan_;
  const EffectModel* model_ = nullptr;
  unsigned block_ = 0;
  int shape_ = 0;
  float size_ = 0.0f;
  float decay_ = 0.0f;
  std::int64_t ring_out_blocks_ = 0;

  std::size_t predelay_ = 0;
  std::array<int, kLines> delay_256_{};      // in 1/256 sample
  std::array<std::size_t, kLines> delay_{};  // whole samples
  bool blockwise_ = true;                    // no delay is shorter than a block
  std::array<Pair, kGroups> gain_{};
  std::array<Pair, kGroups> left_gain_{};
  std::array<Pair, kGroups> right_gain_{};
  std::array<Pair, kGroups> damped_{};
  // Position of the next sample in all lines; a multiple of the block's length between blocks.
  std::size_t position_ = 0;
  std::vector<float> lines_;
  std::vector<float> predelay_line_;

  EffectBiquad low_cut_;
  EffectBiquad peak_;
  EffectBiquad high_cut_;
  BlockRamp mix_;
  BlockRamp width_;
};

}  // namespace synthrl::surge
