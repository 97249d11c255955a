// NC-17: a loudness maximizer that leans to one side.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/saturation.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kLouder, kOutput };

// What is clipped charges a level, which adds even harmonics.
struct Charge {
  double fall;
  double rise;
  double damping;
  double most;  // that counts as clipped
};
constexpr Charge kLowCharge{0.0002364, 0.000243, 0.39, 0.972};
constexpr Charge kHighCharge{0.0005484, 0.000407, 0.6, 0.972};
constexpr Charge kSumCharge{0.0004716, 0.000326, 0.36, 0.975};

class Nc17 final : public Plugin {
 public:
  explicit Nc17(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    gain_ = decibels(24.0 * values[kLouder]);
    out_gain_ = values[kOutput];
  }

  void process(Frames frames) noexcept override {
    constexpr double kCeiling = 0.95;
    State& s = state_;
    for (Stereo& frame : frames) {
      const Stereo loud = gain_ * frame;
      Stereo low = s.low[s.turn].process(loud, 0.1);
      Stereo high = loud - low;
      low = saturate(low, s.levels[0], kLowCharge);
      high = saturate(high, s.levels[1], kHighCharge);
      frame = saturate(low + high, s.levels[2], kSumCharge);
      frame = clamp(out_gain_ * frame, kCeiling);
      s.turn = 1 - s.turn;
    }
  }

 private:
  struct State {
    TwoPhase<LowPass> low{};
    std::size_t turn = 0;
    std::array<Stereo, 3> levels{};
  };

  Stereo saturate(Stereo value, Stereo& level, const Charge& charge) const {
    const Stereo harmonics = 2.0 * minimum(value * value, both(1.0)) * level;
    const Stereo fall = both(charge.fall / ratio_);
    level -= level > 0.0 ? fall : Stereo{};
    level += level < 0.0 ? fall : Stereo{};
    const Stereo clipped = sine_clip(value);
    const Stereo above = clamp(value - clipped, charge.most);
    const Stereo below = clamp(value + clipped, charge.most);
    const double rise = charge.rise / ratio_;
    level += rise * (value > clipped ? above : Stereo{});
    // Holds for every value below 0, so that these charge the most.
    level -= rise * (value < -clipped ? below : Stereo{});
    level = clamp(level, 1.0);
    return clipped / (1.0 + charge.damping * magnitude(level)) + harmonics;
  }

  double ratio_;
  State state_;
  double gain_ = 1.0;
  double out_gain_ = 1.0;
};

}  // namespace

const PluginType kNc17 = {.id = 35, .name = "NC-17", .make = make_plugin<Nc17>};

}  // namespace synthrl::surge::airwindows
