// Compresaturator: turns down by as much as it would clip.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "surge/dsp/rng.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kDrive, kClamp, kExpand, kOutput, kMix };

constexpr int kLength = 5000;  // samples of overspill that are remembered

class Compresaturator final : public Plugin {
 public:
  explicit Compresaturator(double /*sample_rate*/) : spills_(kLength) {}

  void start(std::uint64_t seed) noexcept override {
    channels_ = {};
    std::ranges::fill(spills_, 0.0);
    newest_ = 0;
    rng_ = Rng(seed);
  }

  void set(const PluginValues& values) noexcept override {
    gain_ = decibels(24.0 * values[kDrive] - 12.0);
    range_ = std::max(50, static_cast<int>(5000.0 * std::pow(values[kExpand], 3.0)));
    strength_ = 2.0 * values[kClamp] * (1.0 + range_ / 3000.0);
    out_gain_ = values[kOutput];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    constexpr int kFastTarget = 8;
    for (Stereo& frame : frames) {
      Stereo value{};
      double spill = 0.0;
      int target = 0;
      for (std::size_t c = 0; c < 2; ++c) {
        Channel& channel = channels_[c];
        const double gain =
            gain_ / std::max(1.0, 1.0 + strength_ * channel.pressure / channel.width);
        value[c] = gain * frame[c];
        const double size = std::fabs(value[c]);
        if (size < 0.01) channel.pressure *= 0.9999;
        target = size > kHalfPi ? kFastTarget : range_;
        const double clipped = std::sin(std::min(size, kHalfPi));
        spill = size > 0.0 ? std::fabs(frame[c]) * std::min(1.0, gain) - clipped : 0.0;
        value[c] = std::copysign(clipped, value[c]);
      }
      // Both channels follow the overspill of the right one.
      newest_ = newest_ == 0 ? kLength - 1 : newest_ - 1;
      spills_[newest_] = strength_ * spill;
      for (Channel& channel : channels_) follow(channel, target);
      frame = mix(frame, out_gain_ * value, wetness_);
    }
  }

 private:
  struct Channel {
    int width = 500;  // samples over which pressure is summed
    double pressure = 0.0;
  };

  double spill(int age) const {
    return spills_[(newest_ + static_cast<std::size_t>(age)) % kLength];
  }

  void follow(Channel& channel, int target) noexcept {
    if (newest_ != 0) channel.pressure += spill(kLength - 1);
    // Widens at random moments, narrows at once.
    if (target * static_cast<double>(rng_.unipolar()) > channel.width) {
      ++channel.width;
    } else {
      channel.pressure -= spill(channel.width - 1);
      if (target < channel.width) {
        channel.width = std::max(2, channel.width - 1);
        channel.pressure -= spill(channel.width - 1);
      }
    }
    channel.pressure = std::max(0.0, channel.pressure);
  }

  std::array<Channel, 2> channels_{};
  std::vector<double> spills_;
  std::size_t newest_ = 0;
  Rng rng_;

  double gain_ = 1.0;
  int range_ = 50;
  double strength_ = 0.0;
  double out_gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kCompresaturator = {
    .id = 3, .name = "Compresaturator", .make = make_plugin<Compresaturator>};

}  // namespace synthrl::surge::airwindows
