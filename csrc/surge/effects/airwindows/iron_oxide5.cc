// IronOxide5: a tape at low speed.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "surge/dsp/rng.h"
#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/saturation.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kInput, kTapeHigh, kTapeLow, kFlutter, kNoise, kOutput, kMix };

// Inches per second.
double tape_speed(double value) { return 1.1 * (148.5 * std::pow(value, 4.0) + 1.5); }

class IronOxide5 final : public Plugin {
 public:
  explicit IronOxide5(double sample_rate)
      : ratio_(sample_rate / kReferenceRate), line_(static_cast<int>(2.0 * ratio_) + 3) {}

  void start(std::uint64_t seed) noexcept override {
    state_ = State{};
    line_.clear();
    rng_ = Rng(seed);
  }

  void set(const PluginValues& values) noexcept override {
    gain_ = decibels(36.0 * values[kInput] - 18.0);
    const double high_speed = tape_speed(values[kTapeHigh]);
    roughness_ = 0.04 + 0.11 / std::sqrt(high_speed);
    low_cut_ = stable_amount(tape_speed(values[kTapeLow]) / (430.0 * ratio_));
    leak_ = 1.0 + high_speed / (15.0 * ratio_);
    sum_length_ = 5.0 * ratio_ / high_speed;
    flutter_depth_ = ratio_ * values[kFlutter] * values[kFlutter];
    noise_ = 0.5 * values[kNoise];
    wet_ = 2.0 * values[kMix] - 1.0;
    dry_ = 1.0 - std::max(wet_, 0.0);
    out_gain_ = decibels(36.0 * values[kOutput] - 18.0);
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      Stereo value = flutter(frame);
      Phase& phase = s.phases[s.turn];
      value -= phase.low.process(value, low_cut_);
      value = sine_clip(gain_ * value);
      phase.sum = phase.sum / leak_ + value;
      value = sine_clip(phase.sum / (leak_ * sum_length_));
      const double smear =
          noise_ * (0.55 + roughness_ + roughness_ * static_cast<double>(rng_.unipolar()));
      value = mix(s.last_in, value, 1.0 - smear);
      s.last_in = frame;
      frame = out_gain_ * wet_ * value + dry_ * frame;
      s.turn = 1 - s.turn;
    }
  }

 private:
  struct Phase {
    LowPass low;
    Stereo sum{};
  };
  struct State {
    TwoPhase<Phase> phases{};
    std::size_t turn = 0;
    Stereo last_in{};
    double flutter_angle = 0.0;
    double flutter_rate = 0.5;
    double next_rate = 0.5;
  };

  Stereo flutter(Stereo in) noexcept {
    State& s = state_;
    line_.push(in);
    const Stereo out = line_.at((1.0 + std::sin(s.flutter_angle)) * flutter_depth_);
    const double speed = 0.006 / ratio_;
    s.flutter_rate = (1.0 - speed) * s.flutter_rate + speed * s.next_rate;
    s.flutter_angle += 0.00581 * s.flutter_rate / ratio_;
    s.flutter_angle *= 1.0 + 0.0005 * flutter_depth_ / ratio_;
    if (s.flutter_angle >= 2.0 * std::numbers::pi) {
      s.flutter_angle = 0.0;
      s.next_rate = 0.02 + 0.98 * static_cast<double>(rng_.unipolar());
    }
    return out;
  }

  double ratio_;
  History line_;
  State state_;
  Rng rng_;

  double gain_ = 1.0;
  double roughness_ = 0.0;
  double low_cut_ = 0.0;
  double leak_ = 1.0;
  double sum_length_ = 1.0;
  double flutter_depth_ = 0.0;  // samples
  double noise_ = 0.0;
  double wet_ = 0.0;
  double dry_ = 1.0;
  double out_gain_ = 1.0;
};

}  // namespace

const PluginType kIronOxide5 = {.id = 41, .name = "IronOxide5", .make = make_plugin<IronOxide5>};

}  // namespace synthrl::surge::airwindows
