// A spring reverb: a feedback delay through a chain of nested allpasses that disperses it.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "surge/dsp/lanes.h"
#include "surge/dsp/rng.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/state_variable_filter.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kSpringReverbType;

class SpringReverbEffect : public EffectUnit {
 public:
  explicit SpringReverbEffect(const Plan& plan);

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  static constexpr std::size_t kChannels = 2;
  static constexpr std::size_t kStages = 16;
  static constexpr std::size_t kReflections = 4;

  // Reads between samples by a cubic through the four around. Read before you write: a delay of 1
  // is then the last sample.
  class CubicLine {
   public:
    explicit CubicLine(float longest);
    void restart();
    // How far back, and the weights of the samples from there on.
    struct Tap {
      std::size_t back = 0;
      std::array<float, 4> weights{};
    };
    Tap tap(float delay) const;
    float read(const Tap& tap) const;
    void write(float x);

   private:
    float longest_;
    std::size_t mask_;
    std::size_t position_ = 0;
    std::vector<float> samples_;
  };

  // One of the delays of all stages, which are as long as each other, for four signals: read
  // between samples through a first-order allpass.
  class DispersiveChain {
   public:
    explicit DispersiveChain(float longest);
    void restart();
    void set(float delay, float gain);
    Pair process(Pair x) noexcept;

   private:
    // An allpass whose delay is followed by another allpass.
    struct Stage {
      Pair outer{};  // last outputs of the interpolation
      Pair inner{};
    };
    Pair interpolate(Pair near, Pair far, Pair& last) const;

    std::size_t longest_;
    std::size_t mask_;
    std::size_t position_ = 0;
    std::size_t back_ = 2;
    float slope_ = 0.0f;
    Pair gain_{};
    std::array<Stage, kStages> stages_;
    std::vector<Pair> samples_;  // all lines side by side
  };

  void set_controls(const EffectValues& values);
  float reflections(std::size_t channel);
  float knock();

  const Plan* plan_;
  Rng rng_;
  std::array<CubicLine, kChannels> delays_;
  std::array<CubicLine, kChannels> reflection_lines_;
  CubicLine::Tap delay_tap_;
  std::array<CubicLine::Tap, kReflections> reflection_taps_;
  std::array<float, kReflections> reflection_gains_{};
  ShelfFilter reflection_shelf_;
  DispersiveChain chain_;
  std::array<StateVariableFilter, kChannels> low_cut_;
  std::array<StateVariableFilter, kChannels> damping_;
  std::array<float, kChannels> last_{};
  float feedback_ = 0.0f;
  LinearRamp chaos_;
  bool knocked_ = false;
  int knock_samples_ = 0;
  int knock_at_ = 0;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
