// StarChild: a digital reverb of the first kind, of echoes at prime numbers.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/wear.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kSustain, kGrain, kMix };

constexpr std::size_t kMemory = 22051;
constexpr std::size_t kMostTaps = 164;
constexpr std::size_t kNumWearTaps = 10;

struct Tap {
  int prime = 0;
  Stereo gain{};
};

// From 11 to 997. The last digit says where a tap is heard.
std::array<Tap, kMostTaps> make_taps() {
  std::array<Tap, kMostTaps> taps;
  std::size_t count = 0;
  for (int number = 11; count < kMostTaps; number += 2) {
    bool prime = true;
    for (int factor = 3; factor * factor <= number; factor += 2) prime &= number % factor != 0;
    if (!prime) continue;
    const int digit = number % 10;
    const double left = digit == 1 ? 0.0 : digit == 3 ? 0.25 : digit == 7 ? 0.75 : 1.0;
    taps[count++] = {number, number * Stereo{left, 1.0 - left}};
  }
  return taps;
}

class StarChild final : public Plugin {
 public:
  explicit StarChild(double /*sample_rate*/) : taps_(make_taps()), history_(kMemory, 0) {}

  void start(std::uint64_t /*seed*/) noexcept override {
    history_.clear();
    last_ = Stereo{};
    wear_ = {};
  }

  void set(const PluginValues& values) noexcept override {
    num_taps_ = static_cast<std::size_t>(156.0 * values[kGrain] * values[kGrain] + 7.0);
    num_taps_ = std::min(num_taps_, kMostTaps);
    // Single precision decides on where the taps are.
    const auto count = static_cast<float>(num_taps_);
    const auto sustain = static_cast<float>(values[kSustain]);
    const float scale = sustain * sustain * 3280.0f / count + 2.0f;
    for (std::size_t i = 0; i < num_taps_; ++i) {
      ages_[i] = std::min(static_cast<int>(scale * static_cast<float>(taps_[i].prime)) - 1,
                          static_cast<int>(kMemory) - 2);
    }
    gain_ = 1.0 / static_cast<double>(4.0f * count * std::sqrt(count));
    const double width = 9.0 * (1.0 - values[kGrain]) + 1.0;
    weights_ = wear_weights<kNumWearTaps>(Stereo{width, width});
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    for (Stereo& frame : frames) {
      history_.push(frame[0] + frame[1]);
      Stereo sum{};
      for (std::size_t i = 0; i < num_taps_; ++i) {
        // Rounded to integers towards 0.
        sum += each([](double v) { return std::trunc(v); }, taps_[i].gain * history_[ages_[i]]);
      }
      const Stereo difference = sum - last_;
      last_ = sum;
      const Stereo worn = sum + difference + wear_.average(difference, weights_);
      frame = mix(frame, gain_ * worn, wetness_);
    }
  }

 private:
  std::array<Tap, kMostTaps> taps_;
  LateWrapHistory<double> history_;  // mono
  Stereo last_{};
  Wear<kNumWearTaps> wear_;

  std::size_t num_taps_ = 0;
  std::array<int, kMostTaps> ages_{};
  double gain_ = 0.0;
  WearWeights<kNumWearTaps> weights_{};
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kStarChild = {.id = 25, .name = "StarChild", .make = make_plugin<StarChild>};

}  // namespace synthrl::surge::airwindows
