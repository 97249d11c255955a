// A tape machine: magnetisation with hysteresis, losses of the playback head, and wear.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "surge/dsp/rng.h"
#include "surge/effects/blocks/biquad.h"
#include "surge/effects/blocks/block_ramp.h"
#include "surge/effects/blocks/followers.h"
#include "surge/effects/blocks/half_band.h"
#include "surge/effects/blocks/state_variable_filter.h"
#include "surge/effects/registry.h"

namespace synthrl::surge {

extern const EffectType kTapeType;

// The Jiles-Atherton model of magnetic hysteresis.
class TapeHysteresis {
 public:
  enum class Solver : std::uint8_t { kRungeKutta2, kRungeKutta4, kNewton4, kNewton8 };

  explicit TapeHysteresis(double sample_rate) : sample_rate_(sample_rate) {}

  void restart(Solver solver);
  // All 0 to 1, but for `tone`, which is -1 to 1.
  void set(float drive, float saturation, float bias, float tone);
  void process(StereoBlock audio) noexcept;

 private:
  // Both channels.
  using Lanes2 = EffectBiquad::Lanes2;
  struct Slope {
    Lanes2 value;
    Lanes2 by_magnetisation;  // its derivative; of Newton's method alone
  };

  void set_material();
  template <bool kWithDerivative>
  Slope slope(Lanes2 magnetisation, Lanes2 field, Lanes2 field_slope) const;
  template <Solver kSolver>
  Lanes2 solve(Lanes2 field, Lanes2 field_slope) const;
  template <Solver kSolver>
  void magnetise(FourfoldOversampling::Signal& left, FourfoldOversampling::Signal& right);

  double sample_rate_;
  Solver solver_ = Solver::kRungeKutta2;

  GeometricRamp low_gain_;
  GeometricRamp high_gain_;
  std::array<ShelfFilter, 2> tone_;

  LinearRamp drive_;
  LinearRamp saturation_;
  LinearRamp width_;
  GeometricRamp makeup_;
  double saturation_level_ = 1.0;
  double shape_ = 1.0;  // of the curve without hysteresis
  double reversible_ = 0.0;
  double irreversible_ = 1.0;

  Lanes2 magnetisation_{};
  Lanes2 field_{};
  Lanes2 field_slope_{};
  FourfoldOversampling oversampling_;
  EffectBiquad dc_blocker_;
};

// What gap, spacing and thickness of head and tape take off the highs, and the bump of the head.
class TapeLosses {
 public:
  TapeLosses(double sample_rate, const DecibelTable& decibels);

  void restart();
  // Inches per second, and micrometres.
  void process(float speed, float spacing, float gap, float thickness, StereoBlock audio) noexcept;

 private:
  static constexpr std::size_t kTaps = 48;
  static constexpr int kFadeSamples = 1024;
  struct Settings {
    float speed = 30.0f;
    float spacing = 0.1f;
    float gap = 1.0f;
    float thickness = 0.1f;
    bool operator==(const Settings&) const = default;
  };
  using Taps = std::array<float, kTaps>;
  // The newest sample is the last.
  using History = std::array<float, kTaps - 1 + kBlockSamples>;

  void design(const Settings& settings, Taps& taps);
  static void convolve(const Taps& taps, const History& history,
                       std::span<float, kBlockSamples> out);

  double sample_rate_;
  const DecibelTable* decibels_;
  std::size_t order_;
  std::vector<double> cosine_;     // one cycle of `order_` points
  std::vector<double> magnitude_;  // of each bin
  std::vector<double> response_;   // keeps a trace of the last design
  Settings settings_;
  std::array<Taps, 2> taps_{};
  std::size_t current_ = 0;
  int fade_left_ = 0;
  std::array<History, 2> history_{};  // per channel
  EffectBiquad bump_;
};

// Chewed stretches, noise, and wow of level and treble.
class TapeDegradation {
 public:
  TapeDegradation(double sample_rate, const DecibelTable& decibels)
      : sample_rate_(sample_rate), decibels_(&decibels) {}

  void restart(std::uint64_t seed);
  // All 0 to 1.
  void process(float depth, float amount, float variance, StereoBlock audio) noexcept;

 private:
  // First-order lowpass whose cutoff moves.
  class Lowpass {
   public:
    void restart(float frequency_hz, float sample_rate_hz);
    void set(float frequency_hz) { frequency_.set(frequency_hz); }
    void process(std::span<float, kBlockSamples> samples) noexcept;

   private:
    void design(float frequency_hz);

    float sample_rate_hz_ = 1.0f;
    GeometricRamp frequency_;
    float b_ = 1.0f;
    float a_ = 0.0f;
    float state_ = 0.0f;
  };

  void chew(float depth, float amount, float variance, StereoBlock audio) noexcept;
  double draw_period(float frequency, float depth, float variance, bool chewed);
  float highest_hz() const { return static_cast<float>(0.49 * sample_rate_); }

  double sample_rate_;
  const DecibelTable* decibels_;
  Rng rng_;

  bool chewed_ = false;
  double period_samples_ = 0.0;
  double samples_ = 0.0;  // of the period so far
  LinearRamp chew_mix_;
  LinearRamp chew_power_;
  std::array<Lowpass, 2> chew_lowpass_;

  std::array<Lowpass, 2> lowpass_;
  BlockRamp gain_;
};

class TapeEffect : public EffectUnit {
 public:
  explicit TapeEffect(const Plan& plan)
      : hysteresis_(plan.sample_rate()),
        losses_(plan.sample_rate(), plan.decibels),
        degradation_(plan.sample_rate(), plan.decibels) {}

  void start(const EffectModel& model, std::uint64_t seed) noexcept override;
  void process(const EffectControls& controls, StereoBlock audio) noexcept override;
  std::int64_t ring_out_blocks() const noexcept override { return kRingsForever; }

 private:
  const EffectModel* model_ = nullptr;
  TapeHysteresis hysteresis_;
  TapeLosses losses_;
  TapeDegradation degradation_;
  BlockRamp mix_;
};

}  // namespace synthrl::surge
