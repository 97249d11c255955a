// Galactic: a reverb without end.
#include <array>
#include <cmath>
#include <numbers>

#include "surge/dsp/rng.h"
#include "surge/effects/airwindows/filters.h"
#include "surge/effects/airwindows/matrix_reverb.h"
#include "surge/effects/airwindows/plugins.h"
#include "surge/effects/airwindows/trig.h"

namespace synthrl::surge::airwindows {
namespace {

enum : std::size_t { kReplace, kBrightness, kModulation, kSize, kMix };

constexpr DelayBanks::Delays kUnitDelays{3407, 1823, 859,  331,  4801, 2909,
                                         1153, 461,  7607, 4217, 2269, 1597};
constexpr int kPreDelay = 256;
constexpr double kVibratoDepth = 127.0;  // samples either way

DelayBanks::Delays delays_of(double size) {
  DelayBanks::Delays delays;
  for (std::size_t i = 0; i < delays.size(); ++i) {
    delays[i] = static_cast<int>(kUnitDelays[i] * (1.77 * size + 0.1));
  }
  return delays;
}

class Galactic final : public Plugin {
 public:
  explicit Galactic(double sample_rate)
      : rate_root_(std::sqrt(sample_rate / kReferenceRate)),
        fresh_{Undersampling(sample_rate)},
        state_(fresh_),
        pre_delay_(kPreDelay),
        banks_(delays_of(1.0)) {}

  void start(std::uint64_t seed) noexcept override {
    state_ = fresh_;
    pre_delay_.clear();
    banks_.clear();
    // Every instance vibrates at a speed of its own.
    constexpr double kSlowest = 0.562;
    constexpr double kFastest = 0.695;
    speed_ = kSlowest + (kFastest - kSlowest) * static_cast<double>(Rng(seed).unipolar());
  }

  void set(const PluginValues& values) noexcept override {
    regeneration_ = 0.125 - 0.0625 * values[kReplace];
    gain_ = 0.6665 * values[kReplace];
    brightness_ = stable_amount(std::pow(values[kBrightness] + 0.00001, 2.0) / rate_root_);
    vibrato_ = 0.001 * std::pow(values[kModulation], 3.0);
    delays_ = delays_of(values[kSize]);
    wetness_ = 1.0 - std::pow(1.0 - values[kMix], 3.0);
  }

  void process(Frames frames) noexcept override {
    State& s = state_;
    for (Stereo& frame : frames) {
      advance_vibrato();
      pre_delay_.write(gain_ * frame, kPreDelay);
      const Stereo in = s.tone_in.process(Stereo{vibrated(0), vibrated(1)}, brightness_);
      if (s.output.due()) {
        Quad feed;
        for (std::size_t i = 0; i < feed.size(); ++i) {
          // What comes back from the left goes to the right, and the other way round.
          const Stereo crossed{s.feedback[i][1], s.feedback[i][0]};
          feed[i] = in + regeneration_ * crossed;
        }
        const Quad out = banks_.process(feed, delays_);
        s.feedback = reflect(out);
        s.output.put((out[0] + out[1] + out[2] + out[3]) / 8.0);
      }
      frame = mix(frame, s.tone_out.process(s.output.get(), brightness_), wetness_);
    }
  }

 private:
  struct State {
    Undersampling output;
    LowPass tone_in{};
    LowPass tone_out{};
    Quad feedback{};
    double phase = 3.0;
    bool vibrates = false;
    Stereo vibrato = place_of(3.0);
  };

  static Stereo place_of(double phase) {
    return kVibratoDepth * (1.0 + sine(Stereo{phase, phase + std::numbers::pi / 2.0}));
  }

  void advance_vibrato() {
    if (vibrato_ <= 0.0) return;
    // The first turn is over almost at once.
    constexpr double kFirstSpeed = 429496.7295;
    State& s = state_;
    s.phase += vibrato_ * (s.vibrates ? speed_ : kFirstSpeed);
    if (s.phase > 2.0 * std::numbers::pi) {
      s.phase = 0.0;
      s.vibrates = true;
    }
    s.vibrato = place_of(s.phase);
  }

  double vibrated(int channel) const {
    const double place = state_.vibrato[channel];
    const double whole = std::floor(place);
    const double part = place - whole;
    const auto later = static_cast<int>(whole);
    return (1.0 - part) * pre_delay_.read(channel, later, kPreDelay) +
           part * pre_delay_.read(channel, later + 1, kPreDelay);
  }

  double rate_root_;
  State fresh_;
  State state_;
  RingDelay pre_delay_;
  DelayBanks banks_;
  double speed_ = 0.0;

  double regeneration_ = 0.0;
  double gain_ = 0.0;
  double brightness_ = 0.0;
  double vibrato_ = 0.0;
  double wetness_ = 0.0;
  DelayBanks::Delays delays_{};
};

}  // namespace

const PluginType kGalactic = {.id = 49, .name = "Galactic", .make = make_plugin<Galactic>};

}  // namespace synthrl::surge::airwindows
