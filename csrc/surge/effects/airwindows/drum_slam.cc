// DrumSlam: saturates three bands, each in its way.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kDrive, kOutput, kMix };

Stereo round_off(Stereo value, double drive, double amount) {
  value = clamp(value, 1.0);
  const Stereo size = amount * value;
  return drive * value * (1.0 - size * size);
}

class DrumSlam final : public Plugin {
 public:
  explicit DrumSlam(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    drive_ = 3.0 * values[kDrive] + 1.0;
    gain_ = values[kOutput];
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    const double low_amount = 0.0819 / ratio_;
    const double high_amount = stable_amount(0.377933067 / ratio_);
    for (Stereo& frame : frames) {
      const Stereo in = drive_ * frame;
      Phase& phase = s.phases[s.turn];
      Stereo low = phase.low[1].process(phase.low[0].process(in, low_amount), low_amount);
      const Stereo below =
          phase.high[1].process(phase.high[0].process(in, high_amount), high_amount);
      Stereo middle = drive_ * (below - low);
      const Stereo high = round_off(in - below, drive_, 0.599);
      low = round_off(low, drive_, 0.448);

      const Stereo rise = middle - s.last_middle;
      s.last_middle = middle;
      middle = each([this](double v, double slope) { return slam(v, slope); }, middle, rise);
      frame = mix(frame, (low + middle + high) * (gain_ / drive_), wetness_);
      s.turn = 1 - s.turn;
    }
  }

 private:
  struct Phase {
    std::array<LowPass, 2> low{};
    std::array<LowPass, 2> high{};
  };
  struct State {
    TwoPhase<Phase> phases{};
    std::size_t turn = 0;
    Stereo last_middle{};
  };

  double slam(double value, double rise) const {
    constexpr double kPi = 3.1415926;
    double skew = std::copysign(std::sin(std::min(std::fabs(rise), kPi)), rise) * kPi;
    skew *= value * 1.557079633;
    double bent = std::sin(std::min(std::fabs(value) + skew, kHalfPi));
    bent = std::sin(std::min(drive_ * bent + skew, kHalfPi));
    return value > 0.0 ? bent : -bent;
  }

  double ratio_;
  State state_;
  double drive_ = 1.0;
  double gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kDrumSlam = {.id = 45, .name = "DrumSlam", .make = make_plugin<DrumSlam>};

}  // namespace synthrl::surge::airwindows
