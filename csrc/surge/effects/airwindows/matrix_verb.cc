// MatrixVerb: a reverb of eight vibrating delays.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "surge/dsp/rng.h"
#include "surge/effects/airwindows/delays.h"
#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/matrix_reverb.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/saturation.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kFilter, kDamping, kSpeed, kVibrato, kSize, kFlavor, kMix };

constexpr std::size_t kNumLines = 8;
// Per unit of size, which is at most 100.
constexpr std::array<int, kNumLines> kLineDelays{79, 73, 71, 67, 61, 59, 53, 47};
constexpr std::array<int, 4> kAllPassDelays{43, 41, 37, 31};
constexpr double kPreDelay = 29.0;
constexpr double kLargest = 100.0;
// The all-pass that feeds a line.
constexpr std::array<std::size_t, kNumLines> kFeeds{3, 2, 1, 0, 0, 1, 2, 3};
// Of the vibratos, radians per sample at speed 1.
constexpr std::array<double, kNumLines> kVibratoRates{0.003251, 0.002999, 0.002917, 0.002749,
                                                      0.002503, 0.002423, 0.002146, 0.002088};

template <std::size_t kCount>
std::array<int, kCount> scaled(const std::array<int, kCount>& delays, double size) {
  std::array<int, kCount> out;
  for (std::size_t i = 0; i < kCount; ++i) out[i] = static_cast<int>(delays[i] * size);
  return out;
}

template <std::size_t kCount>
std::vector<RingDelay> lines_of(const std::array<int, kCount>& delays) {
  std::vector<RingDelay> lines;
  for (const int delay : scaled(delays, kLargest)) lines.emplace_back(delay);
  return lines;
}

class MatrixVerb final : public Plugin {
 public:
  explicit MatrixVerb(double sample_rate)
      : sample_rate_(sample_rate),
        pre_delay_(static_cast<int>(kPreDelay * kLargest)),
        all_passes_(lines_of(kAllPassDelays)),
        lines_(lines_of(kLineDelays)) {}

  void start(std::uint64_t seed) noexcept override {
    state_ = State{};
    pre_delay_.clear();
    for (RingDelay& line : all_passes_) line.clear();
    for (RingDelay& line : lines_) line.clear();
    Rng rng(seed);
    for (Stereo& angle : state_.angles) {
      for (std::size_t c = 0; c < 2; ++c) {
        angle[c] = 2.0 * std::numbers::pi * static_cast<double>(rng.unipolar());
      }
    }
  }

  void set(const PluginValues& values) noexcept override {
    const double frequency = std::min((9000.0 * values[kFilter] + 1000.0) / sample_rate_, 0.49);
    tone_in_ = BiquadDesign::lowpass(frequency, 1.618034);
    tone_middle_ = BiquadDesign::lowpass(frequency, 0.618034);
    tone_out_ = BiquadDesign::lowpass(frequency, 0.5);
    speed_ = 0.06 + values[kSpeed];
    depth_ = 100.0 * (0.027 + std::pow(values[kVibrato], 3.0));
    const double size = 90.0 * values[kSize] * values[kSize] + 10.0;
    const double damping =
        1.0 - std::pow(1.0 - (0.82 - (0.5 * values[kDamping] + 0.002 * size)), 4.0);
    blend_ = 0.955 - 0.007 * size;
    flavor_ = 0.5 * std::pow(2.0 * values[kFlavor] - 1.0, 3.0);
    const double bend = std::fabs(flavor_);
    regeneration_ = damping * (0.5 - 0.031 * bend);
    delays_ = scaled(kLineDelays, size);
    all_pass_delays_ = scaled(kAllPassDelays, size);
    pre_delay_samples_ = static_cast<int>(kPreDelay * size - 56.0 * size * bend);
    wetness_ = values[kMix];
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      Stereo in = pre_delay_.process(frame, pre_delay_samples_);
      in = sine(wetness_ * s.tone_in.process(in, tone_in_));
      Quad spread;
      for (std::size_t i = 0; i < spread.size(); ++i) spread[i] = all_pass(i, in);

      std::array<Stereo, kNumLines> out;
      for (std::size_t i = 0; i < kNumLines; ++i) {
        lines_[i].write(spread[kFeeds[i]] + s.feedback[i], delays_[i]);
        out[i] = vibrated(i);
      }
      const double bend = std::fabs(flavor_);
      out[0] = (1.0 - bend) * out[0] + flavor_ * out[4];
      out[4] = (1.0 - bend) * out[4] + flavor_ * out[0];

      Stereo sum{};
      for (const Stereo& line : out) sum += line;
      for (std::size_t half = 0; half < kNumLines; half += 4) {
        const Quad back = reflect({out[half], out[half + 1], out[half + 2], out[half + 3]});
        for (std::size_t i = 0; i < 4; ++i) s.feedback[half + i] = regeneration_ * back[i];
      }
      Stereo wet = arc_sine(s.tone_middle.process(sum / 8.0, tone_middle_));
      wet = s.tone_out.process(wet, tone_out_);
      frame = wet + (1.0 - wetness_) * frame;
    }
  }

 private:
  struct State {
    Biquad tone_in{};
    Biquad tone_middle{};
    Biquad tone_out{};
    std::array<Stereo, kNumLines> angles{};
    std::array<Stereo, kNumLines> feedback{};
  };

  Stereo all_pass(std::size_t i, Stereo in) {
    const Stereo before = all_passes_[i].ahead(all_pass_delays_[i]);
    const Stereo now = in - 0.5 * before;
    all_passes_[i].write(now, all_pass_delays_[i]);
    return 0.5 * now + before;
  }

  Stereo vibrated(std::size_t i) {
    Stereo& angle = state_.angles[i];
    angle += speed_ * kVibratoRates[i];
    angle =
        each([](double v) { return v > 2.0 * std::numbers::pi ? v - 2.0 * std::numbers::pi : v; },
             angle);
    Stereo out{};
    const Stereo places = (1.0 + sine(angle)) * depth_;
    for (std::size_t c = 0; c < 2; ++c) {
      const double place = places[c];
      const double whole = std::floor(place);
      const double part = place - whole;
      const auto channel = static_cast<int>(c);
      const auto later = static_cast<int>(whole);
      const double now = lines_[i].read(channel, later, delays_[i]);
      const double next = lines_[i].read(channel, later + 1, delays_[i]);
      const double line = (1.0 - part) * now + part * next;
      out[c] = (1.0 - blend_) * line + blend_ * now;
    }
    return out;
  }

  double sample_rate_;
  State state_;
  RingDelay pre_delay_;
  std::vector<RingDelay> all_passes_;
  std::vector<RingDelay> lines_;

  BiquadDesign tone_in_;
  BiquadDesign tone_middle_;
  BiquadDesign tone_out_;
  double speed_ = 0.0;
  double depth_ = 0.0;  // samples
  double blend_ = 0.0;
  double flavor_ = 0.0;
  double regeneration_ = 0.0;
  std::array<int, kNumLines> delays_{};
  std::array<int, 4> all_pass_delays_{};
  int pre_delay_samples_ = 0;
  double wetness_ = 0.0;
};

}  // namespace

const PluginType kMatrixVerb = {.id = 51, .name = "MatrixVerb", .make = make_plugin<MatrixVerb>};

}  // namespace synthrl::surge::airwindows
