// ToVinyl4: what a record can hold.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/wear.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kMiddleHighpass, kSideHighpass, kTrebleLimit, kWear };

constexpr std::size_t kNumStages = 26;
constexpr std::size_t kNumTaps = 10;

class ToVinyl4 final : public Plugin {
 public:
  explicit ToVinyl4(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    Stereo amount{values[kMiddleHighpass], values[kSideHighpass]};
    amount = (290.0 * amount * amount + 10.0) / (50000.0 * ratio_);
    for (Stereo& stage : highpass_) stage = amount *= 0.992;
    const double limit = 32.0 * std::pow(values[kTrebleLimit], 3.0) / ratio_;
    treble_limit_ = limit * limit;
    wear_ = wear_weights<kNumTaps>(Stereo{9.0 * values[kWear] + 1.0, 4.5 * values[kWear] + 1.0});
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      const Stereo excess = treble_excess(frame);
      const Stereo smooth = (frame + s.last[0] + s.last[1]) / 3.0;
      const Stereo soft = (1.0 - excess) * frame + excess * smooth;
      s.last = {frame, s.last[0]};

      // Middle and side in place of left and right.
      const Stereo groove{soft[0] + soft[1], soft[0] - soft[1]};
      Stereo cut = groove;
      for (std::size_t i = 0; i < kNumStages; ++i) cut -= s.low[i].process(cut, highpass_[i]);
      Stereo correction = groove - cut;
      for (Wear<kNumTaps>& wear : s.wear) {
        const Stereo part = wear.correction(cut, wear_);
        correction += part;
        cut -= part;
      }
      const Stereo kept = groove - correction;
      const Stereo out = 0.5 * Stereo{kept[0] + kept[1], kept[0] - kept[1]};
      frame = 0.5 * excess * s.last_out + (1.0 - 0.5 * excess) * out;
      s.last_out = out;
    }
  }

 private:
  struct State {
    std::array<Stereo, 2> last{};
    std::array<Stereo, 2> last_excess{};
    std::array<LowPass, kNumStages> low{};
    std::array<Wear<kNumTaps>, 2> wear{};
    Stereo last_out{};
  };

  // By how much the needle is too slow: from 0 to 1, the most over three samples.
  Stereo treble_excess(Stereo in) noexcept {
    State& s = state_;
    const Stereo slope = in - s.last[0];
    const Stereo last_slope = s.last[0] - s.last[1];
    const Stereo excess = treble_limit_ * magnitude(slope * slope - last_slope * slope) / 1.3;
    const Stereo most = each([](double a, double b, double c) { return std::max({a, b, c}); },
                             excess, s.last_excess[0], s.last_excess[1]);
    s.last_excess = {excess, s.last_excess[0]};
    return each([](double v) { return std::min(v, 1.0); }, most);
  }

  double ratio_;
  State state_;
  std::array<Stereo, kNumStages> highpass_{};
  double treble_limit_ = 0.0;
  WearWeights<kNumTaps> wear_{};
};

}  // namespace

const PluginType kToVinyl4 = {.id = 68, .name = "ToVinyl4", .make = make_plugin<ToVinyl4>};

}  // namespace synthrl::surge::airwindows
