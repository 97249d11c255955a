// The Twist oscillator: sixteen synthesis engines with three macros, at a sample rate of their own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include "surge/dsp/rng.h"
#include "surge/oscillators/character_filter.h"
#include "surge/oscillators/drift.h"
#include "surge/oscillators/lag.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/oscillator_tables.h"
#include "surge/oscillators/twist/chords.h"
#include "surge/oscillators/twist/drums.h"
#include "surge/oscillators/twist/filtered_noise.h"
#include "surge/oscillators/twist/formant_oscillator.h"
#include "surge/oscillators/twist/harmonic.h"
#include "surge/oscillators/twist/low_pass_gate.h"
#include "surge/oscillators/twist/modal_resonator.h"
#include "surge/oscillators/twist/particle_noise.h"
#include "surge/oscillators/twist/plucked_string.h"
#include "surge/oscillators/twist/speech.h"
#include "surge/oscillators/twist/swarm.h"
#include "surge/oscillators/twist/two_operator_fm.h"
#include "surge/oscillators/twist/wave_grid.h"
#include "surge/oscillators/twist/waveforms.h"
#include "surge/oscillators/twist/waveshaper.h"

namespace synthrl::surge {

inline constexpr int kNumTwistEngines = 16;

// How near an engine comes to that of Surge XT.
enum class TwistFidelity : std::uint8_t {
  kMeant,       // meant to be the same
  kSimilar,     // of the same kind, with curves of our own
  kOtherWaves,  // lacks wave or word data of the original, and has others instead
};

struct TwistEngineInfo {
  std::string_view name;
  TwistFidelity fidelity;
};

// `engine` as in patches; others are limited to those there are.
const TwistEngineInfo& twist_engine(int engine) noexcept;

class TwistOscillator {
 public:
  // `tables` must outlive the note.
  void start(const OscillatorModel& model, const OscillatorStart& start, std::uint64_t seed,
             const OscillatorTables& tables) noexcept;

  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

  // Whether each note opens the low-pass gate, instead of sounding for as long as it lasts.
  static bool is_gated(const OscillatorModel& model) noexcept {
    return !model.options[5].deactivated;
  }

 private:
  // Numbered as in patches.
  using Engine = std::variant<twist::Waveforms, twist::Waveshaper, twist::TwoOperatorFm,
                              twist::FormantOscillator, twist::Harmonic, twist::WaveGrid,
                              twist::Chords, twist::Speech, twist::Swarm, twist::FilteredNoise,
                              twist::ParticleNoise, twist::PluckedString, twist::ModalResonator,
                              twist::Kick, twist::Snare, twist::HiHat>;
  static_assert(std::variant_size_v<Engine> == kNumTwistEngines);

  // The last samples of a signal, for interpolation.
  class History {
   public:
    void push(float x) noexcept {
      samples_[next_] = samples_[next_ + LanczosKernel::kTaps] = x;
      next_ = (next_ + 1) % LanczosKernel::kTaps;
    }
    const float* oldest() const noexcept { return &samples_[next_]; }

   private:
    std::array<float, 2 * LanczosKernel::kTaps> samples_{};
    std::size_t next_ = 0;
  };

  // From the engine's full scale to that of the output.
  class OutputStage {
   public:
    OutputStage() = default;
    explicit OutputStage(float gain) noexcept : gain_(gain) {}
    // Limits loud engines, which have a negative gain.
    void limit(float* samples, int num_frames) noexcept;
    // As a sample of 16 bits, inverted.
    float convert(float x) const noexcept;

   private:
    float gain_ = 1.0f;
    float peak_ = 0.5f;
  };

  void emplace_engine(std::size_t engine, Rng random) noexcept;
  void set_targets(const std::array<float, kOscillatorParameters>& values) noexcept;
  // Fills `pending_`.
  void render_call(float note, int num_frames) noexcept;
  // Next sample at the oscillators' rate. `modulation` in semitones per unit of the modulator.
  void next_sample(float note, bool modulated, float modulation, float* main, float* aux) noexcept;

  const OscillatorTables* tables_ = nullptr;
  Engine engine_;
  std::size_t engine_index_ = 0;
  bool gated_ = false;
  bool stereo_ = false;
  bool panned_ = false;  // main and alternative signal on opposite sides
  int calls_to_trigger_ = 0;
  float frames_per_sample_ = 1.0f;

  Lag<float> harmonics_;
  Lag<float> timbre_;
  Lag<float> morph_;
  Lag<float> colour_;
  Lag<float> decay_;
  Lag<float> mix_;
  twist::GateEnvelope envelope_;
  std::array<twist::LowPassGate, 2> gates_;
  std::array<OutputStage, 2> stages_;

  std::array<std::array<float, twist::kMaxFrames>, 2> pending_{};
  int num_pending_ = 0;
  int next_pending_ = 0;
  float frame_phase_ = 0.0f;
  std::array<History, 2> frames_;
  History modulator_;

  Drift drift_;
  Rng drift_random_;
  CharacterFilter left_character_;
  CharacterFilter right_character_;
};

}  // namespace synthrl::surge
