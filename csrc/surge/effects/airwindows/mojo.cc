// Mojo: a saturator.
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/saturation.h"

namespace synthrl::surge::airwindows {
namespace {

class Mojo final : public Plugin {
 public:
  explicit Mojo(double /*sample_rate*/) {}

  void start(std::uint64_t /*seed*/) noexcept override {}

  void set(const PluginValues& values) noexcept override {
    gain_ = decibels(24.0 * values[0] - 12.0);
  }

  void process(Frames frames) noexcept override {
    for (Stereo& frame : frames) frame = 0.987654321 * mojo(gain_ * frame);
  }

 private:
  double gain_ = 1.0;
};

}  // namespace

const PluginType kMojo = {.id = 5, .name = "Mojo", .make = make_plugin<Mojo>};

}  // namespace synthrl::surge::airwindows
