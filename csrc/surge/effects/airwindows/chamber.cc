// Chamber: a reverb whose delays are in the golden ratio.
#include <algorithm>
#include <cmath>

#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/matrix_reverb.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kBigness, kLongness, kLiteness, kDarkness, kWetness };

// From the longest to the shortest delay, where in the banks it is.
constexpr DelayBanks::Delays kOrder{8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3};
constexpr double kLongest = 19900.0;

DelayBanks::Delays delays_of(double size) {
  DelayBanks::Delays delays;
  int delay = static_cast<int>(kLongest * size);
  for (const int place : kOrder) {
    delays[static_cast<std::size_t>(place)] = delay;
    delay = static_cast<int>(kGolden * delay);
  }
  return delays;
}

class Chamber final : public Plugin {
 public:
  explicit Chamber(double sample_rate)
      : rate_root_(std::sqrt(sample_rate / kReferenceRate)),
        fresh_{Undersampling(sample_rate)},
        state_(fresh_),
        banks_(delays_of(1.0)) {}

  void start(std::uint64_t /*seed*/) noexcept override {
    state_ = fresh_;
    banks_.clear();
  }

  void set(const PluginValues& values) noexcept override {
    const double size = 0.9 * values[kBigness] * values[kBigness] + 0.1;
    delays_ = delays_of(size);
    regeneration_ = 0.123 * (1.0 - std::pow(1.0 - values[kLongness], 6.0));
    low_cut_ = stable_amount(values[kLiteness] * values[kLiteness] / rate_root_);
    high_cut_ = stable_amount((1.0 - values[kDarkness] * values[kDarkness]) / rate_root_);
    smoothing_ = 0.381966011250105 * size;
    wet_ = std::min(1.0, 2.0 * values[kWetness]);
    dry_ = std::min(1.0, 2.0 - 2.0 * values[kWetness]);
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      Stereo in = frame - s.low_cut.process(frame, low_cut_);
      in = s.high_cut.process(in, high_cut_);
      if (s.output.due()) {
        Quad feed;
        for (std::size_t i = 0; i < feed.size(); ++i) {
          feed[i] = in + regeneration_ * s.smoothed[i].process(s.feedback[i], 1.0 - smoothing_);
        }
        const Quad out = banks_.process(feed, delays_);
        s.feedback = reflect(out);
        s.output.put((out[0] + out[1] + out[2] + out[3]) / 8.0);
      }
      Stereo wet = s.output.get();
      for (int i = 1; i < s.output.factor(); ++i) {
        Stereo& before = s.averaged[static_cast<std::size_t>(i) - 1];
        const Stereo now = wet;
        wet = 0.5 * (now + before);
        before = now;
      }
      frame = wet_ * s.tone.process(wet, high_cut_) + dry_ * frame;
    }
  }

 private:
  struct State {
    Undersampling output;
    LowPass low_cut{};
    LowPass high_cut{};
    LowPass tone{};
    std::array<LowPass, 4> smoothed{};
    Quad feedback{};
    std::array<Stereo, 3> averaged{};
  };

  double rate_root_;
  State fresh_;
  State state_;
  DelayBanks banks_;

  DelayBanks::Delays delays_{};
  double regeneration_ = 0.0;
  double low_cut_ = 0.0;
  double high_cut_ = 0.0;
  double smoothing_ = 0.0;
  double wet_ = 0.0;
  double dry_ = 0.0;
};

}  // namespace

const PluginType kChamber = {.id = 54, .name = "Chamber", .make = make_plugin<Chamber>};

}  // namespace synthrl::surge::airwindows
