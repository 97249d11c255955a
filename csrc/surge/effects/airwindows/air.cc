// Air: three bands near half the sample rate.
#include <array>
#include <cmath>

#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/stereo.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { k22k, k15k, k11k, kResonance, kOutput, kMix };

// Resonates at a third of the sample rate.
class Triplet {
 public:
  Stereo process(Stereo in, double damping) {
    const Stereo difference = before_ - in;
    before_ = last_;
    last_ = in;
    sums_[turn_] += difference;
    sums_[(turn_ + 2) % 3] -= difference;
    const Stereo out = sums_[turn_];
    for (Stereo& sum : sums_) sum /= damping;
    turn_ = (turn_ + 1) % 3;
    return out;
  }

 private:
  std::array<Stereo, 3> sums_{};
  std::size_t turn_ = 0;
  Stereo last_{};
  Stereo before_{};
};

// Resonates at half the rate at which it runs.
class Couple {
 public:
  Stereo process(Stereo in, bool even, double damping) {
    const Stereo difference = last_ - in;
    last_ = in;
    Stereo& up = even ? even_ : odd_;
    Stereo& down = even ? odd_ : even_;
    up += difference;
    down -= difference;
    const Stereo out = up;
    odd_ = (odd_ - (odd_ - even_) / 256.0) / damping;
    even_ = (even_ - (even_ - odd_) / 256.0) / damping;
    return out;
  }

 private:
  Stereo even_{};
  Stereo odd_{};
  Stereo last_{};
};

double band_gain(double value) { return -std::pow(2.0 * value - 1.0, 3.0); }

class Air final : public Plugin {
 public:
  explicit Air(double /*sample_rate*/) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    half_gain_ = 2.0 * band_gain(values[k22k]);
    third_gain_ = band_gain(values[k15k]);
    quarter_gain_ = 0.5 * band_gain(values[k11k]);
    damping_ = 2.1 - values[kResonance];
    out_gain_ = values[kOutput];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      Quarter& quarter = s.quarters[s.flop ? 1 : 0];
      Stereo value = frame + third_gain_ * s.third.process(frame, damping_);
      value += quarter_gain_ * quarter.couple.process(frame, quarter.even, damping_);
      quarter.even = !quarter.even;
      value += half_gain_ * s.half.process(frame, s.flop, damping_);
      s.flop = !s.flop;
      frame = mix(frame, out_gain_ * value, wetness_);
    }
  }

 private:
  struct Quarter {
    Couple couple;
    bool even = false;
  };
  struct State {
    Triplet third{};
    std::array<Quarter, 2> quarters{};  // of even and odd samples
    Couple half{};
    bool flop = false;
  };

  State state_;
  double half_gain_ = 0.0;
  double third_gain_ = 0.0;
  double quarter_gain_ = 0.0;
  double damping_ = 2.1;
  double out_gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kAir = {.id = 43, .name = "Air", .make = make_plugin<Air>};

}  // namespace synthrl::surge::airwindows
