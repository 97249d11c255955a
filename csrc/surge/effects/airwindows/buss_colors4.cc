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
      fast_level_ = minimum(0.999 * fast_level_ + magnitude(value), both(1.5));
      value = sine_clip(value);
      levels_.push(magnitude(value));
      level_ += (levels_[0] - levels_[window_]) / window_ - 0.000001;
      level_ = minimum(maximum(level_, Stereo{}), both(100.0));
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
      value = with_sign(magnitude(value) - one_less_cosine(value), value);
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
