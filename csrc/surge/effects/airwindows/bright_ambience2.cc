// BrightAmbience2: early reflections at hundreds of prime delays.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "surge/effects/airwindows/bright_ambience2_taps.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/trig.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kStart, kLength, kFeedback, kMix };

constexpr std::size_t kSize = 32768;  // samples of memory
constexpr int kMostTaps = 488;

using Lane = float __attribute__((vector_size(kFrames * sizeof(float))));

// A sum of products of a frame at a time. Taps are at least `kFrames` samples back.
class TapLine {
 public:
  TapLine() : cells_(kSize + kFrames) {}

  void clear() { std::ranges::fill(cells_, 0.0f); }

  // `place` is where the frame will be written.
  std::array<double, kFrames> sum(std::size_t place, std::span<const std::int16_t> taps) const {
    std::array<double, kFrames> total{};
    // Single precision is enough for a few at a time.
    constexpr std::size_t kGroup = 16;
    for (std::size_t begin = 0; begin < taps.size(); begin += kGroup) {
      const std::size_t end = std::min(begin + kGroup, taps.size());
      Lane even{};
      Lane odd{};
      std::size_t i = begin;
      for (; i + 1 < end; i += 2) {
        even += at(place, taps[i]);
        odd += at(place, taps[i + 1]);
      }
      if (i < end) even += at(place, taps[i]);
      even += odd;
      for (std::size_t k = 0; k < kFrames; ++k) total[k] += static_cast<double>(even[k]);
    }
    return total;
  }

  void write(std::size_t place, std::size_t sample, float value) {
    cells_[place + sample] = value;
    // The start again after the end, for reads across it.
    if (place == 0) cells_[kSize + sample] = value;
  }

 private:
  Lane at(std::size_t place, std::int16_t tap) const {
    Lane lane;
    std::memcpy(&lane, &cells_[(place - static_cast<std::size_t>(tap)) % kSize], sizeof(lane));
    return lane;
  }

  std::vector<float> cells_;
};

class BrightAmbience2 final : public Plugin {
 public:
  explicit BrightAmbience2(double /*sample_rate*/) {}

  void start(std::uint64_t /*seed*/) noexcept override {
    for (TapLine& line : lines_) line.clear();
    place_ = 0;
    feedback_ = Stereo{};
  }

  void set(const PluginValues& values) noexcept override {
    const int length = static_cast<int>(480.0 * values[kLength] * values[kLength]) + 1;
    int first = static_cast<int>(480.0 * values[kStart] * values[kStart]) + 1;
    if (first + length > kMostTaps) first = kMostTaps - length;
    first_ = static_cast<std::size_t>(first);
    num_taps_ = static_cast<std::size_t>(length);
    return_ = 1.0 - (1.0 - values[kFeedback]) * (1.0 - values[kFeedback]);
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    const auto left = lines_[0].sum(place_, std::span(kLeftTaps).subspan(first_, num_taps_));
    const auto right = lines_[1].sum(place_, std::span(kRightTaps).subspan(first_, num_taps_));
    const auto num_taps = static_cast<double>(num_taps_);
    const double norm = 1.0 / std::sqrt(num_taps);
    const double back = return_ / std::sqrt(num_taps + 1.0);
    for (std::size_t i = 0; i < kFrames; ++i) {
      const Stereo stored = frames[i] + back * sine(feedback_);
      for (std::size_t c = 0; c < 2; ++c) {
        lines_[c].write(place_, i, static_cast<float>(stored[c]));
      }
      const Stereo sum = norm * Stereo{left[i], right[i]};
      feedback_ = (1.0 - return_) * feedback_ + return_ * Stereo{sum[1], sum[0]};
      frames[i] = mix(frames[i], sum, wetness_);
    }
    place_ = (place_ + kFrames) % kSize;
  }

 private:
  std::array<TapLine, 2> lines_;
  std::size_t place_ = 0;
  Stereo feedback_{};

  std::size_t first_ = 1;
  std::size_t num_taps_ = 1;
  double return_ = 0.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kBrightAmbience2 = {
    .id = 21, .name = "BrightAmbience2", .make = make_plugin<BrightAmbience2>};

}  // namespace synthrl::surge::airwindows
