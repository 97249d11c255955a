// Logical4: a bus compressor of up to three stages.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kThreshold, kRatio, kAttack, kMakeup, kMix };

constexpr int kNumStages = 3;
constexpr std::array<double, kNumStages> kSpeeds{0.000782, 0.000819, 0.000857};
constexpr int kSagLength = 500;
constexpr double kCeiling = 36.0;

class Logical4 final : public Plugin {
 public:
  explicit Logical4(double sample_rate)
      : ratio_(sample_rate / kReferenceRate),
        window_(std::clamp(static_cast<int>(2.42 * ratio_), 1, kSagLength - 2)) {}

  void start(std::uint64_t /*seed*/) noexcept override {
    phase_ = 0;
    for (Stage& stage : stages_) {
      for (Channel& channel : stage) channel.clear();
    }
  }

  void set(const PluginValues& values) noexcept override {
    threshold_gain_ = decibels(20.0 - 40.0 * values[kThreshold]);
    const double attack = 10.0 / std::sqrt(99.0 * values[kAttack] * values[kAttack] + 1.0);
    for (std::size_t i = 0; i < kNumStages; ++i) rises_[i] = kSpeeds[i] * attack / ratio_;
    // The attack is not part of the release of the last stage.
    releases_ = {1.0 - rises_[0], 1.0 - rises_[1], 1.0 - kSpeeds[2] / ratio_};
    const double depth =
        std::clamp(std::sqrt(15.0 * values[kRatio] * values[kRatio] + 1.0) - 1.0, 0.0, 2.99999);
    full_stages_ = static_cast<int>(depth);
    last_stage_ = depth - full_stages_;
    makeup_ = decibels(40.0 * values[kMakeup] - 20.0);
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    for (Stereo& frame : frames) {
      Stereo value = frame;
      Stereo before = frame;  // the last stage
      Stereo after = frame;
      for (int i = 0; i <= full_stages_; ++i) {
        const auto number = static_cast<std::size_t>(i);
        for (std::size_t c = 0; c < 2; ++c) value[c] = sag(stages_[number][c], value[c]);
        if (i == 0) value *= threshold_gain_;
        for (std::size_t c = 0; c < 2; ++c) value[c] = compress(number, c, value[c]);
        before = after;
        after = value / threshold_gain_;
      }
      const Stereo out = (1.0 - last_stage_) * before + last_stage_ * after;
      frame = mix(frame, makeup_ * out, wetness_);
      phase_ = 1 - phase_;
    }
  }

 private:
  // Of upper or lower half waves.
  struct Half {
    double target = 1.0;
    std::array<double, 2> gains{1.0, 1.0};  // of even and odd samples
  };
  struct Channel {
    Half upper;
    Half lower;
    double last = 0.0;
    double load = 0.0;
    LateWrapHistory<double> loads{kSagLength, kSagLength - 1};

    void clear() {
      upper = lower = Half{};
      last = load = 0.0;
      loads.clear();
    }
  };
  using Stage = std::array<Channel, 2>;

  // Bends the signal under load, the more the gain is reduced.
  double sag(Channel& channel, double value) const {
    const double gains = channel.upper.gains[0] + channel.upper.gains[1] + channel.lower.gains[0] +
                         channel.lower.gains[1];
    channel.loads.push(std::fabs(value) * (0.0445556 - 0.003300223685324 * gains));
    channel.load += channel.loads[0] / window_ - channel.loads[window_] / window_ - 0.000001;
    channel.load = std::max(channel.load, 0.0);
    double clamping = 1.0;
    if (channel.load > 1.0) {
      clamping = std::max(0.5, 2.0 - channel.load);
      channel.load = 1.0;
    }
    const double thickness = 2.0 * (1.0 - channel.load) - 1.0;
    const double size = std::fabs(value);
    const double angle = std::min(size, kHalfPi);
    const double bent = thickness > 0.0 ? std::sin(angle) : 1.0 - std::cos(angle);
    const double blend = std::fabs(thickness);
    return clamping * std::copysign(size * (1.0 - blend) + bent * blend, value);
  }

  double compress(std::size_t number, std::size_t c, double value) noexcept {
    Channel& channel = stages_[number][c];
    Channel& other = stages_[number][1 - c];
    const double rise = rises_[number];
    // A slip of the last stage: the right channel moves the target of the left one.
    Half& upper_moved = number == 2 && c == 1 ? other.upper : channel.upper;
    const Side upper = follow(upper_moved, channel.upper, value, channel.last, rise);
    const Side lower = follow(channel.lower, channel.lower, -value, -channel.last, rise);
    channel.last = value;

    const bool above = value > 0.0;
    double& gain = (above ? channel.upper : channel.lower).gains[phase_];
    double& other_gain = (above ? other.upper : other.lower).gains[phase_];
    gain = releases_[number] * gain + rise * (above ? upper.control : lower.control);
    if (other_gain > gain) other_gain = 0.5 * (other_gain + gain);
    const double total =
        channel.upper.gains[phase_] * upper.share + channel.lower.gains[phase_] * lower.share;
    return clamp(value * total, kCeiling);
  }

  struct Side {
    double share = 0.0;  // of the half wave in the gain
    double control = 0.0;
  };
  static Side follow(Half& moved, const Half& read, double value, double last, double rise) {
    double level = std::max(0.001, kGolden * value + (1.0 - kGolden) * last + 1.0);
    const double share = std::min(1.0, 0.5 * level);
    level *= level;
    const double speed = std::min(1.0, rise * (level + 1.0));
    moved.target = (1.0 - speed) * moved.target + speed * level;
    return {share, 1.0 / (read.target * read.target)};
  }

  double ratio_;
  int window_;
  std::array<Stage, kNumStages> stages_{};
  std::size_t phase_ = 0;

  double threshold_gain_ = 1.0;
  std::array<double, kNumStages> rises_{};
  std::array<double, kNumStages> releases_{};
  int full_stages_ = 0;
  double last_stage_ = 0.0;
  double makeup_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kLogical4 = {.id = 4, .name = "Logical4", .make = make_plugin<Logical4>};

}  // namespace synthrl::surge::airwindows
