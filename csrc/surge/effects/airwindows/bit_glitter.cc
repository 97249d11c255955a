// BitGlitter: two coarse samplers that drift against each other.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/quantize.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kInput, kGlitter, kMakeup, kMix };

constexpr double kWidest = 1.2533141373155;  // its square is a quarter turn
constexpr std::array<double, 2> kRates{1.0, 1.61803398875};
constexpr std::array<double, 2> kSteps{0.0016666666666667, 0.0026666666666667};

class BitGlitter final : public Plugin {
 public:
  explicit BitGlitter(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    gain_ = std::pow(10.0, (36.0 * values[kInput] - 18.0) / 14.0);
    out_gain_ = std::pow(10.0, (36.0 * values[kMakeup] - 18.0) / 14.0);
    // Low sample rates are at most halved.
    divisor_ = std::max(2.0, std::floor((std::pow(values[kGlitter] + 1.0, 7.0) + 2.0) * ratio_));
    mix_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      const Stereo value =
          each([](double v) { return v == 0.0 ? 0.0 : std::sin(v * std::fabs(v)) / std::fabs(v); },
               kWidest * clamp(gain_ * frame, 1.0));
      const std::array<Stereo, 2> inputs{value, 0.5 * (value + s.last)};
      s.last = value;
      Stereo sum{};
      for (std::size_t i = 0; i < 2; ++i) sum += sample(i, inputs[i]);
      sum *= 0.5;
      const Stereo out = (1.0 - 0.5 * mix_) * sum + 0.5 * mix_ * s.last_sum;
      s.last_sum = sum;
      frame = mix(frame, out_gain_ * out, mix_);
    }
  }

 private:
  struct Sampler {
    double position = 0.0;
    Stereo held{};
  };
  struct State {
    std::array<Sampler, 2> samplers{};
    Stereo last{};
    Stereo last_sum{};
  };

  Stereo sample(std::size_t i, Stereo in) noexcept {
    Sampler& sampler = state_.samplers[i];
    sampler.position += kRates[i] / divisor_;
    Stereo out = sampler.held;
    if (sampler.position > 1.0) {
      sampler.position -= 1.0;
      sampler.held = (1.0 - sampler.position) * in;
      out = 0.5 * (out + sampler.held);
    }
    return each(
        [step = kSteps[i]](double v) {
          const double rounded = round_outwards(v, step) * (1.0 - step);
          return std::fabs(rounded) < step ? 0.0 : rounded;
        },
        out);
  }

  double ratio_;
  State state_;
  double gain_ = 1.0;
  double out_gain_ = 1.0;
  double divisor_ = 1.0;
  double mix_ = 0.0;
};

}  // namespace

const PluginType kBitGlitter = {.id = 13, .name = "BitGlitter", .make = make_plugin<BitGlitter>};

}  // namespace synthrl::surge::airwindows
