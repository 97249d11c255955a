// Pop: a compressor that pops.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/mu_gain.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kAmount, kOutput, kMix };

class Pop final : public Plugin {
 public:
  explicit Pop(double sample_rate)
      : ratio_(sample_rate / kReferenceRate),
        delay_(std::min(9999, static_cast<int>(1450.0 * ratio_))),
        line_(delay_) {}

  void start(std::uint64_t /*seed*/) noexcept override {
    state_ = State{};
    line_.clear();
  }

  void set(const PluginValues& values) noexcept override {
    floor_gain_ = 0.023 * values[kAmount] * values[kAmount];
    threshold_ = 1.001 - (1.0 - std::pow(1.0 - values[kAmount], 5.0));
    makeup_ = std::sqrt(1.0 / threshold_);
    release_ = (100000.0 * values[kAmount] + 300000.0) / ratio_;
    fast_ = std::sqrt(release_);
    out_gain_ = values[kOutput];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    for (Stereo& frame : frames) {
      const Stereo delayed = line_.process(frame, delay_);
      Stereo value{};
      for (std::size_t c = 0; c < 2; ++c) {
        value[c] = compress(state_.channels[c], frame[c], delayed[c]);
      }
      state_.turn = 1 - state_.turn;
      frame = mix(frame, out_gain_ * value, wetness_);
    }
  }

 private:
  struct Channel {
    double thickness = 1.0;
    TwoPhase<MuGain> gains{};
    std::array<double, 5> before{};
  };
  struct State {
    std::array<Channel, 2> channels{};
    std::size_t turn = 0;
  };

  // A value, or the least of the last ones if that is smaller.
  static double least(Channel& channel, double value) {
    std::array<double, 5>& before = channel.before;
    double low = std::fabs(value) > std::fabs(before[0]) ? before[0] : value;
    for (std::size_t i = 1; i < before.size(); ++i) {
      if (std::fabs(low) > std::fabs(before[i])) {
        low = (low + before[i]) / (2.0 - 0.01 * static_cast<double>(i));
      }
    }
    std::shift_right(before.begin(), before.end(), 1);
    before[0] = value;
    return low;
  }

  double compress(Channel& channel, double in, double delayed) const noexcept {
    constexpr double kWidest = 1.2533141373155;  // its square is a quarter turn
    double value = channel.thickness * in + (1.0 - channel.thickness) * delayed;
    const double level = std::fabs(least(channel, value));
    value *= makeup_;
    const double punch = std::max(0.65, 0.95 - 0.08 * std::fabs(value));
    const double gain = channel.gains[state_.turn].process(level, threshold_, release_, fast_);
    const double coefficient = floor_gain_ + gain * gain;
    value *= coefficient;
    channel.thickness = (1.0 - wetness_) + wetness_ * (coefficient / 5.0 + punch);
    const double size = std::min(std::fabs(value), kWidest);
    const double bent = size > 0.0 ? std::sin(size * size) / size : 0.0;
    return coefficient * value + std::copysign(bent, value) * (1.0 - coefficient);
  }

  double ratio_;
  int delay_;
  RingDelay line_;
  State state_;

  double floor_gain_ = 0.0;
  double threshold_ = 1.0;
  double makeup_ = 1.0;
  double release_ = 0.0;
  double fast_ = 0.0;
  double out_gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kPop = {.id = 8, .name = "Pop", .make = make_plugin<Pop>};

}  // namespace synthrl::surge::airwindows
