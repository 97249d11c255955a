// One note in one scene: modulators, oscillators, mixer, filter block.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "surge/dsp/ramp.h"
#include "surge/filter_block.h"
#include "surge/modulators/envelope.h"
#include "surge/modulators/lfo.h"
#include "surge/oscillators/noise_generator.h"
#include "surge/oscillators/oscillator.h"
#include "surge/plan.h"
#include "surge/portamento.h"
#include "surge/prepared_patch.h"

namespace synthrl::surge {

// What a voice is told when it starts.
struct VoiceStart {
  int key = 60;           // MIDI note number
  float velocity = 0.0f;  // 0 to 1
  int previous_key = 60;  // from which portamento glides
  float tempo_bpm = 120.0f;
  // Random and alternating sources, the same for all consumers.
  std::array<float, 2> random_bipolar{};
  std::array<float, 2> random_unipolar{};
  float alternate_bipolar = -1.0f;
  float alternate_unipolar = 0.0f;
  // Programs of LFOs, null where there is none, and what they see; they outlive the note.
  std::array<Formula*, kNumVoiceLfos> formulas{};
  const FormulaSurroundings* surroundings = nullptr;
  std::uint64_t seed = 0;
};

// `start`, then `process` once per block until `finished`. Only construction allocates.
class Voice {
 public:
  static constexpr std::size_t kSamples = kVoiceBlockSamples;

  explicit Voice(const Plan& plan);

  // Clears all state. The scene must outlive the note. The note starts cold: in an instance that
  // has not run a block yet, in which every parameter is still 0. Modulators advance once here,
  // and the lines of the first block set out from what they say.
  void start(const PreparedScene& scene, const VoiceStart& start) noexcept;

  // Key up.
  void release() noexcept;

  // The output of scene A in the same block, at the rate of voices; for Audio In in scene B.
  struct SceneInput {
    const float* left = nullptr;
    const float* right = nullptr;
  };

  // Adds to `left`, and to `right` unless that is null, one block at twice the host's rate.
  void process(const SceneValues& scene_values, const SceneInput& scene_a, float* left,
               float* right) noexcept;

  // Whether there is nothing more to come.
  bool finished() const { return finished_; }

 private:
  using Signal = std::array<float, kSamples>;

  void set_source(ModSource source, float value, int output = 0);
  EnvelopeControls envelope_controls(int envelope) const;
  void advance_modulators(int num_lfos);
  void take_values(const SceneValues& scene_values);
  void update_pitch();
  float oscillator_pitch(int oscillator) const;
  FilterBlockControls::Gains output_gains() const;
  float channel_level(MixerChannel channel) const;

  void start_oscillators(std::uint64_t seed);
  void render_oscillators(const SceneInput& scene_a);
  void mix(Signal& bus1, Signal& bus2);
  void add_to_buses(int channel, const Signal& left, const Signal& right, Signal& bus1,
                    Signal& bus2);

  float local(SceneParam param) const { return local_[index_of(param)]; }

  const Plan* plan_;
  const PreparedScene* scene_ = nullptr;
  bool cold_ = true;  // the copy of the parameters is still that of the start
  bool finished_ = true;

  SceneValues local_{};
  SourceValues sources_{};
  float velocity_ = 0.0f;
  int key_ = 60;
  Portamento portamento_;
  float scene_pitch_ = 0.0f;  // semitones, without the key
  float pitch_ = 60.0f;       // MIDI note number

  std::array<Envelope, kNumEnvelopes> envelopes_;
  std::array<Lfo, kNumVoiceLfos> lfos_;

  std::array<Oscillator, kNumOscillators> oscillators_;
  NoiseGenerator noise_;
  std::array<Ramp, kNumMixerChannels> levels_;
  Ramp pre_filter_gain_;
  FilterBlock filter_block_;

  std::array<Signal, kNumOscillators> osc_left_{};
  std::array<Signal, kNumOscillators> osc_right_{};
};

}  // namespace synthrl::surge
