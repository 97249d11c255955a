// GrooveWear: a record that was played too often.
#include <algorithm>
#include <array>

#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/wear.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kAmount, kMix };

constexpr std::size_t kNumTaps = 20;
constexpr std::size_t kNumStages = 4;

class GrooveWear final : public Plugin {
 public:
  explicit GrooveWear(double /*sample_rate*/) {}

  void start(std::uint64_t /*seed*/) noexcept override { stages_ = {}; }

  void set(const PluginValues& values) noexcept override {
    const double width = 19.0 * values[kAmount] * values[kAmount] + 1.0;
    weights_ = wear_weights<kNumTaps>(Stereo{width, width});
    for (std::size_t i = 0; i < kNumStages; ++i) {
      amounts_[i] = 0.5 * std::clamp(4.0 * values[kMix] - static_cast<double>(i), 0.0, 1.0);
    }
  }

  void process(Frames frames) noexcept override {
    for (Stereo& frame : frames) {
      for (std::size_t i = 0; i < kNumStages; ++i) {
        if (amounts_[i] > 0.0) frame -= amounts_[i] * stages_[i].correction(frame, weights_);
      }
    }
  }

 private:
  std::array<Wear<kNumTaps>, kNumStages> stages_{};
  WearWeights<kNumTaps> weights_{};
  std::array<double, kNumStages> amounts_{};
};

}  // namespace

const PluginType kGrooveWear = {.id = 18, .name = "GrooveWear", .make = make_plugin<GrooveWear>};

}  // namespace synthrl::surge::airwindows
