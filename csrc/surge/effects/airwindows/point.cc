// Point: brings transients out or smooths them.
#include <array>
#include <cmath>

#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/plugins.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kInput, kShape, kSpeed };

class Point final : public Plugin {
 public:
  explicit Point(double sample_rate) : ratio_(sample_rate / kReferenceRate) {}

  void start(std::uint64_t /*seed*/) noexcept override { state_ = State{}; }

  void set(const PluginValues& values) noexcept override {
    gain_ = decibels(24.0 * values[kInput] - 12.0);
    const double shape = 2.0 * values[kShape] - 1.0;
    first_ = 1.0 / (std::pow(values[kSpeed] + 0.2, 7.0) * ratio_);
    second_ =
        shape > 0.0 ? first_ / (1.001 - shape) : first_ * (1.001 - 0.75 * shape * 0.75 * shape);
  }

  void process(Frames frames) noexcept override {
    double ratio = 0.0;  // the last one, of either channel
    for (Stereo& frame : frames) {
      Levels& levels = state_.levels[state_.turn];
      const Stereo value = gain_ * frame;
      follow(levels.first, value, first_);
      follow(levels.second, value, second_);
      for (std::size_t c = 0; c < 2; ++c) {
        if (levels.second[c] > 0.0) ratio = levels.first[c] / levels.second[c];
        frame[c] = value[c] * ratio;
      }
      state_.turn = 1 - state_.turn;
    }
  }

 private:
  struct Levels {
    Stereo first{};
    Stereo second{};
  };
  struct State {
    TwoPhase<Levels> levels{};
    std::size_t turn = 0;
  };

  static void follow(Stereo& level, Stereo value, double samples) {
    level = (level + magnitude(value) / samples) / (1.0 + 1.0 / samples);
  }

  double ratio_;
  State state_;
  double gain_ = 1.0;
  double first_ = 1.0;  // samples
  double second_ = 1.0;
};

}  // namespace

const PluginType kPoint = {.id = 7, .name = "Point", .make = make_plugin<Point>};

}  // namespace synthrl::surge::airwindows
