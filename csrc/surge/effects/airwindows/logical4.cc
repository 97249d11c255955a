// Logical4: a bus compressor of up to three stages.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/trig.h"

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
    for (Stage& stage : stages_) stage.clear();
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
        value = sag(stages_[number], value);
        if (i == 0) value *= threshold_gain_;
        value = compress(number, value);
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
    Stereo target = both(1.0);
    std::array<Stereo, 2> gains{both(1.0), both(1.0)};  // of even and odd samples
  };
  struct Stage {
    Half upper;
    Half lower;
    Stereo last{};
    Stereo load{};
    LateWrapHistory<Stereo> loads{kSagLength, kSagLength - 1};

    void clear() {
      upper = lower = Half{};
      last = load = Stereo{};
      loads.clear();
    }
  };

  // Bends the signal under load, the more the gain is reduced.
  Stereo sag(Stage& stage, Stereo value) const {
    const Stereo gains =
        stage.upper.gains[0] + stage.upper.gains[1] + stage.lower.gains[0] + stage.lower.gains[1];
    const Stereo size = magnitude(value);
    stage.loads.push(size * (0.0445556 - 0.003300223685324 * gains) / window_);
    const Stereo load =
        maximum(stage.load + stage.loads[0] - stage.loads[window_] - 0.000001, Stereo{});
    const Stereo clamping = load > 1.0 ? maximum(2.0 - load, both(0.5)) : both(1.0);
    stage.load = minimum(load, both(1.0));
    const Stereo thickness = 2.0 * (1.0 - stage.load) - 1.0;
    const Stereo angle = minimum(size, both(kHalfPi));
    const Stereo bent = thickness > 0.0 ? sine(angle) : one_less_cosine(angle);
    const Stereo blend = magnitude(thickness);
    return clamping * with_sign(size * (1.0 - blend) + bent * blend, value);
  }

  // What the gains of a half wave head for, and its share in the gain.
  struct Side {
    Stereo control;
    Stereo share;
  };
  static Side follow(Half& half, Stereo value, Stereo last, double rise, bool slips) {
    Stereo level = maximum(kGolden * value + (1.0 - kGolden) * last + 1.0, both(0.001));
    const Stereo share = minimum(0.5 * level, both(1.0));
    level *= level;
    const Stereo speed = minimum(rise * (level + 1.0), both(1.0));
    Stereo target = (1.0 - speed) * half.target + speed * level;
    const double left = target[0];
    if (slips) {
      // The right channel moves the target of the left one, after that has read it.
      target[1] = half.target[1];
      half.target = Stereo{(1.0 - speed[1]) * left + speed[1] * level[1], target[1]};
    } else {
      half.target = target;
    }
    return {1.0 / (target * target), share};
  }

  Stereo compress(std::size_t number, Stereo value) noexcept {
    Stage& stage = stages_[number];
    const double rise = rises_[number];
    const Side upper = follow(stage.upper, value, stage.last, rise, number + 1 == kNumStages);
    const Side lower = follow(stage.lower, -value, -stage.last, rise, false);
    stage.last = value;
    Stereo& upper_gain = stage.upper.gains[phase_];
    Stereo& lower_gain = stage.lower.gains[phase_];
    Stereo total{};
    for (std::size_t c = 0; c < 2; ++c) {
      const bool above = value[c] > 0.0;
      Stereo& gain = above ? upper_gain : lower_gain;
      const Stereo& control = above ? upper.control : lower.control;
      gain[c] = releases_[number] * gain[c] + rise * control[c];
      // Draws the other channel along.
      if (gain[1 - c] > gain[c]) gain[1 - c] = 0.5 * (gain[1 - c] + gain[c]);
      total[c] = upper_gain[c] * upper.share[c] + lower_gain[c] * lower.share[c];
    }
    return clamp(value * total, kCeiling);
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
