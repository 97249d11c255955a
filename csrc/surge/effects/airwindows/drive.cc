// Drive: distortion by cubic curves in series.
#include <cmath>

#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kAmount, kHighpass, kOutput, kMix };

// Gains by 1 + `amount`, less what rounds the peaks off.
Stereo bend(Stereo value, double amount) {
  const Stereo size = amount * value;
  return (1.0 + amount) * value * (1.0 - size * size);
}

class Drive final : public Plugin {
 public:
  explicit Drive(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    drive_ = 4.0 * values[kAmount] * values[kAmount];
    highpass_ = stable_amount(std::pow(values[kHighpass], 3.0) / ratio_);
    gain_ = values[kOutput];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    constexpr double kPass = 0.6;
    for (Stereo& frame : frames) {
      Stereo value = clamp(frame - state_.low[state_.turn].process(frame, highpass_), 1.0);
      double drive = drive_;
      for (; drive > kPass; drive -= kPass) value = bend(value, kPass);
      value = bend(value, drive);
      frame = mix(frame, gain_ * value, wetness_);
      state_.turn = 1 - state_.turn;
    }
  }

 private:
  struct State {
    TwoPhase<LowPass> low{};
    std::size_t turn = 0;
  };

  double ratio_;
  State state_;
  double drive_ = 0.0;
  double highpass_ = 0.0;
  double gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kDrive = {.id = 30, .name = "Drive", .make = make_plugin<Drive>};

}  // namespace synthrl::surge::airwindows
