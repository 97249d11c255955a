// Melt: echoes that wander.
#include <array>
#include <cmath>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kDepth, kRange, kOutput, kMix };

constexpr std::size_t kNumTaps = 30;
constexpr std::array<int, kNumTaps> kPrimes{2,  3,  5,  7,  11, 13,  17,  19,  23,  29,
                                            31, 37, 41, 43, 47, 53,  59,  61,  67,  71,
                                            73, 79, 83, 89, 97, 101, 103, 107, 109, 113};
constexpr std::size_t kMemory = 16001;

class Melt final : public Plugin {
 public:
  explicit Melt(double /*sample_rate*/) : history_(kMemory, 0) { start(0); }

  void start(std::uint64_t /*seed*/) noexcept override {
    taps_.fill(Tap{});
    channels_.fill(Channel{});
    count_ = 0;
    moving_ = 0;
    history_.clear();
  }

  void set(const PluginValues& values) noexcept override {
    period_ = 1.0 / (values[kDepth] * values[kDepth] + 0.001);
    const double farthest = 139.5 * values[kRange] + 2.0;
    const double nearest = farthest * (1.0 - values[kDepth]);
    for (std::size_t i = 0; i < kNumTaps; ++i) {
      farthest_[i] = static_cast<int>(kPrimes[i] * farthest);
      nearest_[i] = static_cast<int>(kPrimes[i] * nearest);
    }
    gain_ = 0.05 * values[kOutput];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    for (Stereo& frame : frames) {
      history_.push(frame);
      if (count_ > period_) {
        count_ = 0;
        move_next();
      }
      ++count_;
      std::array<float, 2> sum;
      std::array<float, 2> keep;
      for (std::size_t c = 0; c < 2; ++c) {
        Channel& channel = channels_[c];
        // Loses more the louder it is. Single precision after each step is part of it.
        const double loud = std::fabs(static_cast<double>(channel.sum));
        channel.keep = static_cast<float>(static_cast<double>(channel.keep) * 0.9999);
        channel.keep += static_cast<float>((100.0 - loud) * 0.000001);
        sum[c] = channel.sum;
        keep[c] = channel.keep;
      }
      for (std::size_t k = kNumTaps - 1; k < kNumTaps; k -= 2) {
        const Stereo change = history_[taps_[k - 1].place] - history_[taps_[k].place];
        for (std::size_t c = 0; c < 2; ++c) {
          sum[c] = static_cast<float>(static_cast<double>(keep[c] * sum[c]) + change[c]);
        }
      }
      Stereo value{};
      for (std::size_t c = 0; c < 2; ++c) {
        channels_[c].sum = sum[c];
        value[c] = gain_ * static_cast<double>(sum[c]);
      }
      frame = mix(frame, value, wetness_);
    }
  }

 private:
  struct Tap {
    int place = 1;
    int step = 1;
  };
  struct Channel {
    float keep = 0.999f;
    float sum = 0.0f;
  };

  void move_next() noexcept {
    moving_ = (moving_ + 1) % kNumTaps;
    Tap& tap = taps_[moving_];
    tap.place += tap.step;
    if (tap.place < nearest_[moving_]) tap = {nearest_[moving_], 1};
    if (tap.place > farthest_[moving_]) tap = {farthest_[moving_], -1};
  }

  LateWrapHistory<Stereo> history_;
  std::array<Tap, kNumTaps> taps_;
  std::array<Channel, 2> channels_;
  int count_ = 0;
  std::size_t moving_ = 0;

  double period_ = 1.0;  // samples between moves
  std::array<int, kNumTaps> nearest_{};
  std::array<int, kNumTaps> farthest_{};
  double gain_ = 0.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kMelt = {.id = 23, .name = "Melt", .make = make_plugin<Melt>};

}  // namespace synthrl::surge::airwindows
