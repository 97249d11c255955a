// ButterComp2: a compressor with gains of its own for upper and lower half waves.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kCompress, kOutput, kMix };

class ButterComp2 final : public Plugin {
 public:
  explicit ButterComp2(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override {
    channels_.fill(Channel{});
    phase_ = 0;
  }

  void set(const PluginValues& values) noexcept override {
    gain_ = decibels(14.0 * values[kCompress]);
    speed_ = 0.012 * values[kCompress] / 135.0;
    out_gain_ = 2.0 * values[kOutput] / (1.0 + (gain_ - 1.0) / 1.5);
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    for (Stereo& frame : frames) {
      for (std::size_t c = 0; c < 2; ++c) {
        Channel& channel = channels_[c];
        const double value = gain_ * frame[c];
        const double speed = speed_ / ((1.0 + std::fabs(channel.last_out)) * ratio_);
        const double upper = channel.upper.follow(value, value > 0.0, speed, phase_);
        const double lower = channel.lower.follow(-value, value <= 0.0, speed, phase_);
        channel.last_out =
            wetness_ * out_gain_ * value * (upper + lower) + (1.0 - wetness_) * frame[c];
        frame[c] = channel.last_out;
      }
      phase_ = 1 - phase_;
    }
  }

 private:
  struct Half {
    double target = 1.0;
    std::array<double, 2> gains{1.0, 1.0};  // of even and odd samples

    // Returns the gain by its share. Only the half that the signal is in moves.
    double follow(double value, bool moves, double speed, std::size_t phase) {
      const double level = std::max(0.0, 1.0 + value);
      target = (1.0 - speed) * target + speed * level * level;
      if (moves) gains[phase] = (1.0 - speed) * gains[phase] + speed / (target * target);
      return gains[phase] * std::min(1.0, 0.5 * level);
    }
  };
  struct Channel {
    Half upper;
    Half lower;
    double last_out = 0.0;
  };

  double ratio_;
  std::array<Channel, 2> channels_{};
  std::size_t phase_ = 0;
  double gain_ = 1.0;
  double speed_ = 0.0;
  double out_gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kButterComp2 = {.id = 2, .name = "ButterComp2", .make = make_plugin<ButterComp2>};

}  // namespace synthrl::surge::airwindows
