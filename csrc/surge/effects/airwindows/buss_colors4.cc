// BussColors4: mixing consoles, as responses that depend on level.
#include <algorithm>
#include <array>
#include <cmath>

#include "surge/effects/airwindows/buss_colors4_kernels.h"
#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/saturation.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kColor, kInput, kMakeup, kMix };

constexpr std::size_t kLevelMemory = 45;

double gain_of(double level) { return std::pow(10.0, level / 14.0); }

class BussColors4 final : public Plugin {
 public:
  explicit BussColors4(double sample_rate)
      : ratio_(std::clamp(sample_rate / kReferenceRate, 1.0, 4.5)),
        history_(static_cast<int>(kNumColorTaps * ratio_) + 1),
        levels_(kLevelMemory, 0) {
    for (int k = 0; k < kNumColorTaps; ++k) {
      ages_[static_cast<std::size_t>(k)] = static_cast<int>((k + 1) * ratio_);
    }
  }

  void start(std::uint64_t /*seed*/) noexcept override {
    fast_level_ = level_ = Stereo{};
    history_.clear();
    levels_.clear();
  }

  void set(const PluginValues& values) noexcept override {
    const auto number = static_cast<std::size_t>(values[kColor]);
    color_ = &kColors[std::min(number, kColors.size() - 1)];
    window_ = std::max(3, static_cast<int>(color_->attack * ratio_));
    gain_ = gain_of(color_->in_gain + 36.0 * values[kInput] - 18.0);
    out_gain_ = gain_of(color_->out_gain + 36.0 * values[kMakeup] - 18.0 + 3.3);
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    constexpr double kMillionth = 1e-6;
    for (Stereo& frame : frames) {
      Stereo value = gain_ * frame;
      fast_level_ =
          each([](double v) { return std::min(v, 1.5); }, 0.999 * fast_level_ + magnitude(value));
      value = each(
          [](double v) { return std::fabs(v) <= kHalfPi ? std::sin(v) : std::copysign(1.0, v); },
          value);
      levels_.push(magnitude(value));
      level_ += (levels_[0] - levels_[window_]) / window_ - 0.000001;
      level_ = each([](double v) { return std::clamp(v, 0.0, 100.0); }, level_);
      const Stereo level = level_ / window_ * (2.5 + fast_level_);

      Stereo fixed{};
      Stereo dynamic{};
      history_.push(value);
      for (std::size_t k = 0; k < kNumColorTaps; ++k) {
        const Stereo before = history_[ages_[k]];
        fixed += color_->taps[k].fixed * before;
        dynamic += color_->taps[k].dynamic * before;
      }
      value += fixed + kMillionth * level * dynamic;
      value = each(
          [](double v) {
            const double size = std::fabs(v);
            return std::copysign(1.0, v) * (size - (1.0 - std::cos(size)));
          },
          value);
      frame = mix(frame, out_gain_ * value, wetness_);
    }
  }

 private:
  double ratio_;
  std::array<int, kNumColorTaps> ages_{};
  History history_;
  LateWrapHistory<Stereo> levels_;
  Stereo fast_level_{};
  Stereo level_{};

  const Color* color_ = kColors.data();
  int window_ = 3;
  double gain_ = 1.0;
  double out_gain_ = 1.0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kBussColors4 = {.id = 44,
                                 .name = "BussColors4",
                                 .make = make_plugin<BussColors4>,
                                 .choice = kColor,
                                 .num_items = static_cast<int>(kColors.size())};

}  // namespace synthrl::surge::airwindows
