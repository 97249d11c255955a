// The LFO of effects: four outputs, a part of a cycle apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "surge/dsp/rng.h"
#include "surge/effects/blocks/effect_tables.h"
#include "surge/effects/blocks/followers.h"

namespace synthrl::surge {

class EffectLfo {
 public:
  static constexpr std::size_t kOutputs = 4;

  enum class Wave : std::uint8_t { kSine, kTriangle, kSawUp, kSawDown, kSquare, kNoise, kHold };

  // How random waves draw: all outputs at once, the closer to each other the smaller the width, or
  // each on its own.
  enum class Draws : std::uint8_t { kTogether, kApart };

  explicit EffectLfo(const EffectTables& tables, Draws draws = Draws::kTogether)
      : tables_(&tables), draws_(draws) {}

  void restart(std::uint64_t seed);

  // Once per control period. `rate` is in cycles per period; 0 stands still at `offset`, which
  // moves the phase otherwise. `width` is the distance of the outputs, limited to 0 … 1: 1 is a
  // quarter of a cycle. Outputs lag one period behind.
  void update(Wave wave, float rate, float depth, float offset, float width) noexcept;

  // Steps along the lines between periods, of `set_steps` steps.
  void set_steps(int steps);
  void advance();

  float value(std::size_t output) const { return outputs_[output].value() * depth_.value(); }

 private:
  void draw(float width);

  const EffectTables* tables_;
  Draws draws_;
  Rng rng_;
  float phase_ = 0.0f;
  bool first_ = true;
  int last_step_ = 0;
  std::array<float, kOutputs> last_phase_{};
  std::array<float, kOutputs> drawn_{};
  std::array<LateLine, kOutputs> outputs_;
  LateLine depth_;
};

}  // namespace synthrl::surge
