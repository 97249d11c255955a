// Pressure4: a bus compressor of the kind with variable-mu tubes.
#include <algorithm>
#include <cmath>

#include "surge/effects/airwindows/mu_gain.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/saturation.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kAmount, kSpeed, kMewiness, kOutput };

class Pressure4 final : public Plugin {
 public:
  explicit Pressure4(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { cell_ = MuGain{}; }

  void set(const PluginValues& values) noexcept override {
    threshold_ = 1.0 - 0.95 * values[kAmount];
    release_ = 32768.0 * std::pow(1.28 - values[kSpeed], 5.0) / ratio_;
    fast_ = std::sqrt(release_);
    mewiness_ = 2.0 * values[kMewiness] - 1.0;
    gain_ = values[kOutput];
  }

  void process(Frames frames) noexcept override {
    const double curved = std::fabs(mewiness_);
    for (Stereo& frame : frames) {
      const Stereo value = frame / threshold_;
      const double level = std::max(std::fabs(value[0]), std::fabs(value[1]));
      const double gain = cell_.process(level, threshold_, release_, fast_);
      const double curve = mewiness_ >= 0.0 ? gain * gain : std::sqrt(std::max(gain, 0.0));
      frame = sine_clip(gain_ * ((1.0 - curved) * gain + curved * curve) * value);
    }
  }

 private:
  double ratio_;
  MuGain cell_;
  double threshold_ = 1.0;
  double release_ = 1.0;
  double fast_ = 1.0;
  double mewiness_ = 0.0;
  double gain_ = 1.0;
};

}  // namespace

const PluginType kPressure4 = {.id = 9, .name = "Pressure4", .make = make_plugin<Pressure4>};

}  // namespace synthrl::surge::airwindows
