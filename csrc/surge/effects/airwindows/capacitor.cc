// Capacitor: highpass and lowpass filters whose stages take turns.
#include <array>
#include <cmath>

#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kLowpass, kHighpass, kMix };

constexpr int kNumStages = 6;
// Three stages are in use at a time.
constexpr std::array<std::array<std::size_t, 3>, 6> kTurns{
    {{0, 1, 3}, {0, 2, 4}, {0, 1, 5}, {0, 2, 3}, {0, 1, 4}, {0, 2, 5}}};

class Capacitor final : public Plugin {
 public:
  explicit Capacitor(double /*sample_rate*/) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    lowpass_ = values[kLowpass] * values[kLowpass];
    highpass_ = values[kHighpass] * values[kHighpass];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    s.lowpass.aim(lowpass_);
    s.highpass.aim(highpass_);
    s.wetness.aim(wetness_);
    for (Stereo& frame : frames) {
      const double lowpass = s.lowpass.next();
      const double highpass = s.highpass.next();
      Stereo value = frame;
      for (const std::size_t stage : kTurns[s.turn]) {
        value -= s.low[stage].process(value, highpass);
        value = s.high[stage].process(value, lowpass);
      }
      s.turn = (s.turn + 1) % kTurns.size();
      frame = mix(frame, value, s.wetness.next());
    }
  }

 private:
  // Follows its target, slowly unless that jumps.
  struct Glide {
    double value;
    double target = 1000.0;
    double slowness = 0.0;

    void aim(double next) {
      slowness = 300.0 / (std::fabs(target - next) + 1.0);
      target = next;
    }
    double next() { return value = (value * slowness + target) / (slowness + 1.0); }
  };
  struct State {
    Glide lowpass{1.0};
    Glide highpass{0.0};
    Glide wetness{1.0};
    std::array<LowPass, kNumStages> low{};
    std::array<LowPass, kNumStages> high{};
    std::size_t turn = 1;
  };

  State state_;
  double lowpass_ = 0.0;
  double highpass_ = 0.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kCapacitor = {.id = 46, .name = "Capacitor", .make = make_plugin<Capacitor>};

}  // namespace synthrl::surge::airwindows
