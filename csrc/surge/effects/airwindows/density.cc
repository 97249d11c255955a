// Density: a saturator that can also do the opposite.
#include <algorithm>
#include <cmath>

#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kDensityParam, kHighpass, kOutput, kMix };

class Density final : public Plugin {
 public:
  explicit Density(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    const double density = 5.0 * values[kDensityParam] - 1.0;
    blend_ = std::fabs(density);
    while (blend_ > 1.0) blend_ -= 1.0;
    density_ = density * std::fabs(density);
    highpass_ = stable_amount(std::pow(values[kHighpass], 3.0) / ratio_);
    gain_ = values[kOutput];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    for (Stereo& frame : frames) {
      Stereo value = frame - state_.low[state_.turn].process(frame, highpass_);
      value = each([this](double v) { return bend(v); }, value);
      frame = mix(frame, gain_ * value, wetness_);
      state_.turn = 1 - state_.turn;
    }
  }

 private:
  struct State {
    TwoPhase<LowPass> low{};
    std::size_t turn = 0;
  };

  double bend(double value) const {
    double size = std::fabs(value);
    for (double left = density_; left > 1.0; left -= 1.0) {
      size = std::sin(std::min(kHalfPi * size, kHalfPi));
    }
    const double angle = std::min(kHalfPi * size, kHalfPi);
    const double bent = density_ > 0.0 ? std::sin(angle) : 1.0 - std::cos(angle);
    return std::copysign(size * (1.0 - blend_) + bent * blend_, value);
  }

  double ratio_;
  State state_;
  double density_ = 0.0;
  double blend_ = 0.0;
  double highpass_ = 0.0;
  double gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kDensity = {.id = 29, .name = "Density", .make = make_plugin<Density>};

}  // namespace synthrl::surge::airwindows
