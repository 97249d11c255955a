// DeRez2: sample rate and resolution of old samplers.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/quantize.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kRate, kResolution, kHardness, kMix };

constexpr double kFinestStep = 0.0005;

double compand(double value) {
  return std::copysign(std::log(1.0 + 255.0 * std::min(1.0, std::fabs(value))) / std::log(256.0),
                       value);
}
double expand(double value) {
  return std::copysign((std::pow(256.0, std::min(1.0, std::fabs(value))) - 1.0) / 255.0, value);
}

class DeRez2 final : public Plugin {
 public:
  explicit DeRez2(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    const double rate = std::min(1.0, std::pow(values[kRate], 3.0) + 0.0005);
    softness_ = 0.5 * (1.0 + rate);
    rate_ = std::min(1.0, rate / ratio_);
    step_ = std::pow(1.0 - values[kResolution], 3.0) / 3.0;
    hardness_ = values[kHardness];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      const Stereo in = each([](double v) { return std::fabs(v) <= 2e-15 ? 0.0 : v; }, frame);
      s.rate = (999.0 * s.rate + rate_) / 1000.0;
      s.step = (999.0 * s.step + step_) / 1000.0;
      s.position += s.rate;
      Stereo value = s.held;
      if (s.position > 1.0) {
        s.position -= 1.0;
        s.held = s.position * s.last_in + (1.0 - s.position) * in;
        value = (1.0 - softness_) * value + softness_ * s.held;
      }
      for (std::size_t c = 0; c < 2; ++c) value[c] = degrade(value[c], c);
      frame = mix(in, value, wetness_);
      s.last_in = in;
    }
  }

 private:
  struct State {
    double rate = 0.0;
    double step = 0.0;
    double position = 0.0;
    Stereo held{};
    Stereo last{};
    Stereo last_in{};
  };

  double degrade(double value, std::size_t c) noexcept {
    const double softness = 1.0 - hardness_;
    if (value != state_.last[c]) {
      state_.last[c] = value;
      value = hardness_ * value + softness * state_.last_in[c];
    }
    value = hardness_ * value + softness * compand(value);
    if (state_.step > kFinestStep) {
      value = round_outwards(value, state_.step);
      value *= 1.0 - state_.step;
    }
    return hardness_ * value + softness * expand(value);
  }

  double ratio_;
  State state_;
  double softness_ = 1.0;
  double rate_ = 0.0;
  double step_ = 0.0;
  double hardness_ = 0.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kDeRez2 = {.id = 15, .name = "DeRez2", .make = make_plugin<DeRez2>};

}  // namespace synthrl::surge::airwindows
