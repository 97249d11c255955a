// The String oscillator: two delay lines with feedback, plucked or driven by an exciter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "surge/dsp/half_band.h"
#include "surge/dsp/rng.h"
#include "surge/oscillators/character_filter.h"
#include "surge/oscillators/drift.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/oscillator_tables.h"

namespace synthrl::surge {

class StringOscillator {
 public:
  // Allocates the delay lines.
  StringOscillator();

  // Clears all state and fills the lines with the exciter's signal. `tables` must outlive the note.
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;

  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

 private:
  static constexpr std::size_t kNumStrings = 2;

  enum class Exciter : std::uint8_t {
    kNoise,
    kPink,
    kSine,
    kTriangle,
    kRamp,
    kSquare,
    kSweep,
    kAudioIn,
    kSceneA,
  };
  enum class Interpolation : std::uint8_t { kNone, kHold, kLinear, kSinc };

  // Second-order section in transposed direct form II. Its coefficients glide to those set last.
  class Section {
   public:
    using Coefficients = std::array<double, 5>;  // b0 b1 b2 a1 a2, normalised by a0

    void restart() { *this = Section(); }
    void set_target(const Coefficients& target) noexcept;
    double process(double x) noexcept;

   private:
    Coefficients target_{};
    Coefficients now_{};
    double s1_ = 0.0;
    double s2_ = 0.0;
    bool has_target_ = false;
  };

  class DelayLine {
   public:
    static constexpr std::size_t kSamples = 16384;

    DelayLine();
    void restart() noexcept;
    void write(float x) noexcept;
    float read(float delay, Interpolation interpolation,
               const ImpulseKernel& kernel) const noexcept;

   private:
    // The first samples are repeated after the end, so that an interpolation kernel never wraps.
    static constexpr std::size_t kRepeated = ImpulseKernel::kTaps;
    std::vector<float> samples_;
    std::size_t next_ = 0;
  };

  struct String {
    DelayLine line;
    Section lowpass;
    Section highpass;
    Section pink;
    Lag<float> delay;     // samples at the oscillators' rate
    Lag<float> feedback;  // linear
    float phase = 0.0f;
    float input = 0.0f;  // of the audio exciters
    Rng noise;
  };

  // Next sample of the exciter; `cycles` is what its phase advances by.
  float excite(String& string, float cycles) noexcept;
  // What `w` becomes on its way around the loop.
  float filter_tone(String& string, float w, float stiffness) noexcept;
  void set_tone(float pitch, float stiffness) noexcept;
  float delay_samples(float pitch, float minimum) const noexcept;
  float second_string_delay(float pitch, float adjustment, float detune) const noexcept;
  float stiffness_adjustment(float stiffness) const noexcept;
  float feedback_gain(std::size_t decay_parameter, float value) const noexcept;

  const OscillatorTables* tables_ = nullptr;
  OscillatorModel model_;
  Exciter exciter_ = Exciter::kNoise;
  Interpolation interpolation_ = Interpolation::kSinc;
  bool constant_ = false;    // the exciter keeps sounding after the start
  int oversampling_ = 1;     // inner samples per sample
  int tone_scale_ = 1;       // factor of the tone filters' corner per inner sample
  bool keytracked_ = false;  // the tone filters follow the pitch
  bool compensated_ = false;

  std::array<String, kNumStrings> strings_;
  Lag<float> excitation_;
  Lag<float> balance_;
  Lag<float> stiffness_;
  Drift drift_;
  Rng drift_random_;
  CharacterFilter character_;
  HalfBandDecimator decimator_;
};

}  // namespace synthrl::surge
