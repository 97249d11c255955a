// ADClip7: a clipper that gives back the energy it takes.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/saturation.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kBoost, kSoften, kEnhance, kMode };
enum Mode : int { kNormal, kGainMatch, kClipOnly, kNumModes };

constexpr std::size_t kMemory = 11021;
constexpr double kCeiling = 0.99;
constexpr std::array<int, 32> kLowTaps{1,  2,  3,  5,  7,   11,  13,  17,  19,  23, 29,
                                       31, 37, 41, 43, 47,  53,  59,  61,  67,  71, 73,
                                       79, 83, 89, 97, 101, 103, 107, 109, 113, 127};

class AdClip7 final : public Plugin {
 public:
  explicit AdClip7(double sample_rate)
      : near_(sample_rate / kReferenceRate * 1.84),
        middle_(1.9 * near_),
        far_(2.7 * middle_),
        low_near_(static_cast<int>(612.0 * sample_rate / kReferenceRate)),
        low_far_(static_cast<int>(1224.0 * sample_rate / kReferenceRate)),
        excess_(kMemory, 0) {}

  void start(std::uint64_t /*seed*/) noexcept override {
    state_ = State{};
    excess_.clear();
  }

  void set(const PluginValues& values) noexcept override {
    gain_ = decibels(18.0 * values[kBoost]);
    soft_ = values[kSoften] * (1.0 - kGolden);
    hard_ = 1.0 - soft_;
    high_ = 0.416 * std::pow(0.307 * values[kEnhance], 3.0);
    low_ = 0.796 * values[kEnhance];
    low_smoothing_ = low_ / 53.0;
    low_keep_ = 0.81 + 2.0 * low_smoothing_;
    mode_ = static_cast<int>(values[kMode]);
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      Stereo value = gain_ * frame;
      const Stereo excess = maximum(magnitude(value) - s.ceiling, Stereo{});
      excess_.push(excess);
      Stereo high{};
      if (high_ > 0.0) {
        high = -high_ * spill(far_);
        high = high_ * (high + spill(middle_));
        high = high_ * (high - spill(near_));
        high = sine(hard_ * high);
        value += high * (1.0 - magnitude(hard_ * value));
      }
      if (low_ > 0.0) {
        advance_low();
        value += s.low * (1.0 - magnitude(soft_ * value));
      }
      for (std::size_t c = 0; c < 2; ++c) {
        double& ceiling = s.ceiling[c];
        if (value[c] > ceiling && ceiling > 0.9) ceiling -= 0.01;
        if (value[c] < -ceiling && ceiling > 0.9) ceiling -= 0.01;
        if (ceiling < kCeiling) ceiling += 0.00001;
        value[c] = s.clips[c].process(value[c], ceiling, hard_, soft_);
      }
      if (mode_ == kGainMatch) value /= gain_;
      if (mode_ == kClipOnly) value = excess + high + s.low;
      frame = clamp(value, s.ceiling);
    }
  }

 private:
  struct State {
    Stereo ceiling{kCeiling, kCeiling};
    Stereo low{};
    std::array<LowPass, 2> smooth{};
    std::array<CornerClip, 2> clips{};
  };

  // Over three samples around a place.
  Stereo spill(double age) const {
    const auto whole = static_cast<int>(age);
    const double part = age - whole;
    const Stereo a = excess_[whole];
    const Stereo b = excess_[whole + 1];
    const Stereo c = excess_[whole + 2];
    return (1.0 - part) * a + b + part * c - (a - 2.0 * b + c) / 50.0;
  }

  Stereo low_spill(int age) const {
    Stereo sum{};
    for (const int tap : kLowTaps) sum += excess_[age + tap];
    return sum;
  }

  void advance_low() noexcept {
    State& s = state_;
    Stereo low = low_keep_ * s.low - low_spill(low_near_);
    low = low_keep_ * low_keep_ * low + low_spill(low_far_);
    low *= low_keep_;
    low = sine(soft_ * low);
    low = sine(s.smooth[0].process(low, low_smoothing_));
    s.low = 2.0 * sine(s.smooth[1].process(low, low_smoothing_));
  }

  // Where the excess is heard again, samples.
  double near_;
  double middle_;
  double far_;
  int low_near_;
  int low_far_;
  LateWrapHistory<Stereo> excess_;
  State state_;

  double gain_ = 1.0;
  double soft_ = 0.0;
  double hard_ = 1.0;
  double high_ = 0.0;
  double low_ = 0.0;
  double low_smoothing_ = 0.0;
  double low_keep_ = 0.81;
  int mode_ = kNormal;
};

}  // namespace

const PluginType kAdClip7 = {.id = 0,
                             .name = "ADClip7",
                             .make = make_plugin<AdClip7>,
                             .choice = kMode,
                             .num_items = kNumModes};

}  // namespace synthrl::surge::airwindows
