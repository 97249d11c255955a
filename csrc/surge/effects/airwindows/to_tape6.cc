// ToTape6: a tape recorder.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/saturation.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kInput, kSoften, kHeadBump, kFlutter, kOutput, kMix };

constexpr double kDeepestFlutter = 70.0;  // samples

class ToTape6 final : public Plugin {
 public:
  explicit ToTape6(double sample_rate)
      : ratio_(sample_rate / kReferenceRate),
        bump_design_(BiquadDesign::bandpass(0.007 / ratio_, 0.0009)),
        tape_design_(BiquadDesign::bandpass(0.032 / ratio_, 0.0007)),
        line_(static_cast<int>(2.0 * kDeepestFlutter * ratio_) + 3) {}

  void start(std::uint64_t /*seed*/) noexcept override {
    state_ = State{};
    line_.clear();
  }

  void set(const PluginValues& values) noexcept override {
    gain_ = decibels(24.0 * values[kInput] - 12.0);
    treble_ = stable_amount((1.0 - 0.45 * values[kSoften] * values[kSoften]) / ratio_);
    bump_gain_ = 0.25 * values[kHeadBump] * gain_;
    const double flutter = values[kFlutter] * values[kFlutter];
    flutter_depth_ = kDeepestFlutter * ratio_ * flutter;
    flutter_speed_ = 0.0024 * flutter / ratio_;
    out_gain_ = decibels(24.0 * values[kOutput] - 12.0);
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      const Stereo tape = flutter(gain_ < 1.0 ? gain_ * frame : frame);
      Phase& phase = s.phases[s.turn];
      const Stereo high = tape - phase.low.process(tape, treble_);

      Stereo& bump = phase.bump;
      bump += 0.05 * tape;
      bump -= 0.12 / ratio_ * bump * bump * bump;
      bump = sine(bump);
      bump = arc_sine(phase.bump_band.process(bump, bump_design_));

      const Stereo bent = sine(tape);
      Stereo value = arc_sine(phase.tape_band.process(bent, tape_design_));
      const Stereo ground = tape - value;
      if (gain_ > 1.0) value *= gain_;

      value -= with_sign(one_less_cosine(clamp(kHalfPi * high, kHalfPi)), high);
      const Stereo leak = 0.00013 * (1.0 - magnitude(value));
      for (Phase& each_phase : s.phases) each_phase.bump = each(drained, each_phase.bump, leak);
      value += bump_gain_ * (s.phases[0].bump + s.phases[1].bump);

      value = out_gain_ * (mojo(clamp(value, 1.0)) + ground);
      for (std::size_t c = 0; c < 2; ++c) {
        value[c] = s.clips[c].process(value[c], kCeiling, kGolden, 1.0 - kGolden);
      }
      frame = mix(frame, clamp(value, kCeiling), wetness_);
      s.turn = 1 - s.turn;
    }
  }

 private:
  static constexpr double kCeiling = 0.99;

  struct Phase {
    LowPass low;
    Stereo bump{};
    Biquad bump_band;
    Biquad tape_band;
  };
  struct State {
    TwoPhase<Phase> phases{};
    std::size_t turn = 0;
    std::array<CornerClip, 2> clips{};
    double flutter_angle = std::numbers::pi;
    double flutter_rate = 0.5;
    double next_rate = 0.5;
  };

  static double drained(double bump, double leak) {
    if (bump > leak) bump -= leak;
    if (bump < -leak) bump += leak;
    return bump;
  }

  Stereo flutter(Stereo in) {
    if (flutter_depth_ <= 0.0) return in;
    State& s = state_;
    line_.push(in);
    const double swing = s.flutter_rate * s.flutter_rate * std::sin(s.flutter_angle);
    const Stereo out = line_.at(std::max(flutter_depth_ + flutter_depth_ * swing, 0.0));
    s.flutter_rate = (1.0 - flutter_speed_) * s.flutter_rate + flutter_speed_ * s.next_rate;
    s.flutter_angle += flutter_speed_ * s.flutter_rate;
    if (s.flutter_angle >= 2.0 * std::numbers::pi) {
      s.flutter_angle -= std::numbers::pi;
      s.next_rate = 0.24;
    }
    return out;
  }

  double ratio_;
  BiquadDesign bump_design_;
  BiquadDesign tape_design_;
  History line_;
  State state_;

  double gain_ = 1.0;
  double treble_ = 1.0;
  double bump_gain_ = 0.0;
  double flutter_depth_ = 0.0;  // samples
  double flutter_speed_ = 0.0;
  double out_gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kToTape6 = {.id = 42, .name = "ToTape6", .make = make_plugin<ToTape6>};

}  // namespace synthrl::surge::airwindows
