// The Wavetable oscillator: plays the frames of a wavetable as trains of band-limited steps.
#pragma once

#include <array>
#include <cstdint>

#include "surge/oscillators/drift.h"
#include "surge/oscillators/impulse_train.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/unison.h"

namespace synthrl::surge {

class WavetableOscillator {
 public:
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

  // For run_events().
  double next(int voice) const noexcept { return voices_[static_cast<std::size_t>(voice)].timer; }
  bool due(int voice, double end) const noexcept { return next(voice) < end; }
  void fire(int voice, int sample, float fraction) noexcept;
  void elapse(int voice, double time) noexcept {
    voices_[static_cast<std::size_t>(voice)].timer -= time;
  }

 private:
  static constexpr int kNumLevels = 7;

  struct Voice {
    double timer = 0.0;  // to the next step, in periods of the base pitch
    int index = 0;       // of the next sample in the frame
    int level = 0;
    float value = 0.0f;   // of the last step
    float period = 1.0f;  // in periods of the base pitch
    Drift drift;
  };

  float morph_position(float morph) const noexcept;
  void move_morph(float modulated) noexcept;
  bool advance_one_shot() noexcept;
  float read(const Voice& voice, float block_part) const noexcept;

  OscillatorModel model_;
  float rate_hz_ = 88200.0f;
  float integrator_leak_ = 1.0f;
  const Wavetable* table_ = nullptr;
  std::array<const float*, kNumLevels> levels_{};  // first frame of every level
  int num_frames_ = 1;
  int frame_shift_ = 0;  // log2 of the samples of a frame
  bool interpolate_ = true;
  bool continuous_morph_ = true;  // the newer way to pass from frame to frame
  bool one_shot_ = false;
  int passes_ = 0;  // that a one-shot sample has left; 7 or more never end

  Unison unison_;
  std::array<Voice, kMaxUnison> voices_;

  Lag<float> morph_{Lag<float>::kPerBlock};
  Lag<float> skew_{Lag<float>::kPerBlock};
  Lag<float> saturation_{Lag<float>::kPerBlock};
  Lag<float> time_skew_{Lag<float>::kPerBlock};

  // The morph within the block: frame and weight of the next one, or a position in the table.
  int frame_ = 0;
  float weight_from_ = 0.0f;
  float weight_to_ = 0.0f;
  float position_from_ = 0.0f;
  float position_to_ = 0.0f;

  // Shared by all voices, of the cycle that began last.
  float formant_from_ = 0.0f;
  float formant_to_ = 0.0f;
  float cycle_time_skew_ = 0.0f;
  // Part of a period that a cycle takes, for the formant it was last computed for.
  float ratio_formant_ = 0.0f;
  float ratio_ = 1.0f;

  bool shaped_ = false;  // by skew or saturation
  int cycle_level_ = 0;  // for cycles that begin in this block

  Rng drift_random_;
  ImpulseTrain train_;
};

}  // namespace synthrl::surge
