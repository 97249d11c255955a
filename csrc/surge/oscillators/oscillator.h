// An oscillator slot of a voice: any of the twelve types, in storage that is allocated once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace synthrl::surge {

class OscillatorTables;
class Wavetable;

// Samples per control block, at twice the host rate.
inline constexpr int kOscillatorBlockSamples = 64;
inline constexpr int kOscillatorParameters = 7;

using OscillatorSpan = std::span<float, kOscillatorBlockSamples>;
using OscillatorInput = const float*;  // kOscillatorBlockSamples samples, or null for silence

// Numbered as in patches. Other numbers in patches mean a sine.
enum class OscillatorType : std::uint8_t {
  kClassic = 0,
  kSine = 1,
  kWavetable = 2,
  kSampleAndHold = 3,
  kAudioIn = 4,
  kFm3 = 5,
  kFm2 = 6,
  kWindow = 7,
  kModern = 8,
  kString = 9,
  kTwist = 10,
  kAlias = 11,
};
inline constexpr int kNumOscillatorTypes = 12;

// Tone of the first-order filter at the end of some types, numbered as in patches.
enum class Character : std::uint8_t { kWarm = 0, kNeutral = 1, kBright = 2 };

// Options of one parameter, as in patches after the fix-ups for old revisions.
struct OscillatorOptions {
  bool extended = false;
  bool absolute = false;
  bool deactivated = false;
  int deform = 0;
};

// What stays the same while a note sounds. Parameters are numbered as `param0` to `param6` of the
// patch, in the units in which it stores them; the oscillator itself applies range extension.
struct OscillatorModel {
  OscillatorType type = OscillatorType::kSine;
  std::array<std::int32_t, kOscillatorParameters> integers{};  // integer parameters, any value
  std::array<float, kOscillatorParameters> stored{};           // others, without modulation
  std::array<OscillatorOptions, kOscillatorParameters> options{};
  bool retrigger = false;           // start at the same phase each time
  bool stereo = false;              // render both channels; otherwise only the left
  bool random_drift_start = false;  // the extended range of the scene's drift
  bool unipolar_feedback = false;   // Sine, FM2 and FM3 of patches up to revision 12
  bool scene_b = false;             // Audio In can then mix in the output of scene A
  Character character = Character::kWarm;
  std::array<float, 16> partials{};      // amplitudes of the additive wave of Alias
  const Wavetable* wavetable = nullptr;  // Wavetable and Window; null plays a built-in table
};

// Values at the start of a note. Right after a patch has been loaded, before the first block, all
// `values` are still 0.
struct OscillatorStart {
  float pitch = 60.0f;  // semitones, MIDI note number; without the scene's pitch and octave
  std::array<float, kOscillatorParameters> values{};  // modulated
};

// Values of one block.
struct OscillatorControls {
  float pitch = 60.0f;  // semitones, MIDI note number
  float drift = 0.0f;   // semitones of pitch per unit of the random walk, 0 to 1
  std::array<float, kOscillatorParameters> values{};  // modulated; integer ones are ignored
  float fm_gain = 0.0f;                               // linear
  OscillatorInput modulator = nullptr;                // null: not a carrier
  OscillatorInput modulator_right = nullptr;          // only String at the double rate reads it
  OscillatorInput input_left = nullptr;               // of the host
  OscillatorInput input_right = nullptr;
  OscillatorInput scene_a_left = nullptr;  // output of scene A in the same block
  OscillatorInput scene_a_right = nullptr;
};

// Allocates when constructed, never afterwards. A render depends on the model, the controls and
// the seed alone.
class Oscillator {
 public:
  // `tables` must outlive the oscillator.
  explicit Oscillator(const OscillatorTables& tables);
  ~Oscillator();
  Oscillator(Oscillator&&) noexcept;
  Oscillator& operator=(Oscillator&&) noexcept;

  // Clears all state. The wavetable of `model` must outlive the note.
  void start(const OscillatorModel& model, const OscillatorStart& start,
             std::uint64_t seed) noexcept;

  // Overwrites `left`, and `right` if the model is stereo. Full scale is about +-1.
  void process(const OscillatorControls& controls, OscillatorSpan left,
               OscillatorSpan right) noexcept;

  // Whether a re-attack of a sounding voice in a mono play mode has to call `start`.
  bool restarts_on_reattack() const noexcept;

 private:
  struct Slot;
  const OscillatorTables* tables_;
  std::unique_ptr<Slot> slot_;
};

}  // namespace synthrl::surge
