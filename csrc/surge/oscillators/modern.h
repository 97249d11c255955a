// The Modern oscillator: saw, pulse and a third wave, nearly free of aliasing because they are
// second differences of smooth curves. With hard sync, sub-octave and unison.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/character_filter.h"
#include "surge/oscillators/drift.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/unison.h"

namespace synthrl::surge {

class ModernOscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

 private:
  enum class ThirdWave : std::uint8_t { kTriangle = 0, kSquare = 1, kParabola = 2 };

  // Phases are in turns, steps in turns per sample.
  struct Voice {
    double master = 0.0;
    double slave = 0.0;
    Lag<double> master_step;
    Lag<double> slave_step;
    bool second_period = false;  // of the two between syncs
    bool soften = false;         // the next sample, after a sync
    double last = 0.0;
    double before_last = 0.0;
    Drift drift;
  };

  using Track = std::array<float, kOscillatorBlockSamples>;

  // Values of a block that all voices share.
  struct Shared {
    Track saw;
    Track pulse;
    Track third;
    Track width;                                        // turns between the edges of the pulse
    std::array<double, kOscillatorBlockSamples> shift;  // of the phases, in turns
    bool has_saw;
    bool has_pulse;
    bool has_third;  // in the unison voices
    bool synced;
  };

  template <ThirdWave kWave>
  static double sample_third(double at, double step) noexcept;
  template <ThirdWave kWave>
  void render(const Shared& shared, OscillatorSpan left, OscillatorSpan right) noexcept;
  template <ThirdWave kWave>
  void render_sub(const Shared& shared, OscillatorSpan left, OscillatorSpan right) noexcept;

  OscillatorModel model_;
  float rate_hz_ = 88200.0f;
  Unison unison_;
  std::array<Voice, kMaxUnison> voices_;
  Voice sub_;
  bool has_sub_ = false;
  bool sub_ignores_sync_ = false;
  ThirdWave third_wave_ = ThirdWave::kTriangle;
  Lag<float> sync_;
  Lag<float> saw_;
  Lag<float> pulse_;
  Lag<float> third_;
  Lag<float> width_;
  Lag<float> fm_depth_;  // turns
  Rng drift_random_;
  CharacterFilter left_character_;
  CharacterFilter right_character_;
};

}  // namespace synthrl::surge
