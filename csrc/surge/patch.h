// A Surge XT patch as the engine plays it: read, brought up to the current revision, and clean.
//
// Nothing here refers to the file any more: integers are integers, old numberings are renumbered,
// flags that old files lack have their meaning, dead and muted routings are gone. Values are in the
// units of the file (parameters.h). Selections (types, modes, switches) and other integers are in
// their range, but not those of oscillators and effects; floats need not be, but are finite and at
// most kMaxMagnitude. Read-only once made; share freely between threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "surge/parameters.h"

namespace synthrl::surge {

// The revision that patches are brought to.
inline constexpr int kCurrentRevision = 29;

// Bound of all floats of a patch, either sign. Parameters that mean something are below 200.
inline constexpr float kMaxMagnitude = 10000.0f;

// Flags of one parameter. Each has a meaning for some parameters only.
struct ParamOptions {
  bool temposync = false;     // times and rates follow the tempo
  bool extend_range = false;  // applied by the consumer, after modulation
  bool absolute = false;      // pitch and detune in Hz
  bool deactivated = false;
  std::int32_t deform_type = 0;  // variant, or bits
};

// Arrays over a table of parameters. Both arrays have a number for every parameter: floats have
// their value in `values` and 0 in `integers`; integers and booleans have their value in
// `integers`, and the nearest float in `values`.
template <typename Param, int kCount>
struct ParamArrays {
  std::array<float, kCount> values{};
  std::array<std::int32_t, kCount> integers{};
  std::array<ParamOptions, kCount> options{};

  float value(Param param) const { return values[index_of(param)]; }
  std::int32_t integer(Param param) const { return integers[index_of(param)]; }
  bool boolean(Param param) const { return integers[index_of(param)] != 0; }
  const ParamOptions& option(Param param) const { return options[index_of(param)]; }
};

using SceneParams = ParamArrays<SceneParam, kNumSceneParams>;
using GlobalParams = ParamArrays<GlobalParam, kNumGlobalParams>;

// --- Modulation ---------------------------------------------------------------------------------

// Numbered as in patches.
enum class ModSource : std::uint8_t {
  kNone = 0,
  kVelocity = 1,
  kKeytrack = 2,
  kPolyAftertouch = 3,
  kChannelAftertouch = 4,
  kPitchBend = 5,
  kModWheel = 6,
  kMacro1 = 7,
  kMacro8 = 14,
  kAmpEnvelope = 15,
  kFilterEnvelope = 16,
  kVoiceLfo1 = 17,
  kVoiceLfo6 = 22,
  kSceneLfo1 = 23,
  kSceneLfo6 = 28,
  kTimbre = 29,
  kReleaseVelocity = 30,
  kRandomBipolar = 31,
  kRandomUnipolar = 32,
  kAlternateBipolar = 33,
  kAlternateUnipolar = 34,
  kBreath = 35,
  kExpression = 36,
  kSustainPedal = 37,
  kLowestKey = 38,
  kHighestKey = 39,
  kLatestKey = 40,
};
inline constexpr int kNumModSources = 41;

// Whether a source has a value per voice. All others have one per scene, and their routings act
// on the parameters of the scene before the voices see them.
constexpr bool is_voice_source(ModSource source) {
  const int id = static_cast<int>(source);
  return (id >= 1 && id <= 3) || (id >= 15 && id <= 22) || (id >= 29 && id <= 34);
}

// Adds `depth` x source to a parameter, in the unit of the parameter.
struct SceneRouting {
  ModSource source = ModSource::kNone;
  std::int32_t source_index = 0;  // output of an LFO or random source, 0 to 7
  SceneParam destination = SceneParam::kPitch;
  float depth = 0.0f;
};

struct GlobalRouting {
  ModSource source = ModSource::kNone;
  std::int32_t source_index = 0;
  std::int32_t source_scene = 0;  // whose source; 0 or 1
  GlobalParam destination = GlobalParam::kVolume;
  float depth = 0.0f;
};

// --- Data of LFOs -------------------------------------------------------------------------------

enum class LfoShape : std::uint8_t {
  kSine = 0,
  kTriangle = 1,
  kSquare = 2,
  kSawtooth = 3,
  kNoise = 4,
  kSampleAndHold = 5,
  kEnvelope = 6,
  kStepSequencer = 7,
  kMseg = 8,
  kFormula = 9,
};
inline constexpr int kNumLfoShapes = 10;

inline constexpr int kNumSteps = 16;

struct StepSequence {
  std::array<float, kNumSteps> steps{};
  std::int32_t loop_start = 0;  // 0 to 15
  std::int32_t loop_end = 15;   // 0 to 15; may come before the start
  // Bit i: step i triggers both envelopes; 16 + i: that of the filter; 32 + i: of the amplitude.
  std::uint64_t trigger_mask = 0;
};

enum class MsegSegmentType : std::uint8_t {
  kLinear = 1,
  kQuadBezier = 2,
  kSCurve = 3,
  kSine = 4,
  kStairs = 5,
  kBrownian = 6,
  kSquare = 7,
  kTriangle = 8,
  kHold = 9,
  kSawtooth = 10,
  kReserved = 11,
  kBump = 12,
  kSmoothStairs = 13,
};

enum class MsegEndpointMode : std::uint8_t { kLocked = 1, kFree = 2 };
enum class MsegEditMode : std::uint8_t { kEnvelope = 0, kLfo = 1 };
enum class MsegLoopMode : std::uint8_t { kOneShot = 1, kLoop = 2, kGatedLoop = 3 };

inline constexpr int kMaxMsegSegments = 128;

// As stored: the evaluator joins the ends of neighbours. Unknown types are linear.
struct MsegSegment {
  float duration = 0.0f;     // in cycles of the LFO, not negative
  float v0 = 0.0f;           // at the start
  float nv1 = 0.0f;          // at the end; that of the last segment counts if endpoints are free
  float cp_duration = 0.5f;  // control point: 0 to 1
  float cp_value = 0.0f;     // -1 to 1
  MsegSegmentType type = MsegSegmentType::kLinear;
  bool use_deform = true;
  bool invert_deform = false;
  bool retrigger_filter_envelope = false;
  bool retrigger_amp_envelope = false;
};

struct Mseg {
  std::vector<MsegSegment> segments;  // at most kMaxMsegSegments
  MsegEndpointMode endpoint_mode = MsegEndpointMode::kFree;
  MsegEditMode edit_mode = MsegEditMode::kEnvelope;
  MsegLoopMode loop_mode = MsegLoopMode::kLoop;
  std::int32_t loop_start = -1;  // segment, or -1: the first
  std::int32_t loop_end = -1;    // segment, or -1: the last
};

struct LfoData {
  StepSequence steps;
  Mseg mseg;
  std::string formula;           // Lua source; any bytes
  bool extra_amplitude = false;  // outputs 1 and 2 are scaled by the amplitude too
};

// --- Scenes -------------------------------------------------------------------------------------

inline constexpr int kNumPartials = 16;

struct OscillatorData {
  // Block of the file: header of 12 bytes and samples, for Wavetable::parse_wt. Empty: none.
  std::vector<std::byte> wavetable;
  // Amplitudes of the additive wave of Alias.
  std::array<float, kNumPartials> partials{
      1.0f,     1.0f / 2,  1.0f / 3,  1.0f / 4,  1.0f / 5,  1.0f / 6,  1.0f / 7,  1.0f / 8,
      1.0f / 9, 1.0f / 10, 1.0f / 11, 1.0f / 12, 1.0f / 13, 1.0f / 14, 1.0f / 15, 1.0f / 16};
  // Sine, FM2 and FM3 of patches up to revision 12: feedback is 0 to 1, extended 4 (2x - 1).
  bool unipolar_feedback = false;
};

// Only matters with more than one note.
struct PortamentoOptions {
  bool constant_rate = false;
  bool glissando = false;
  bool retrigger = false;
  std::int32_t curve = 0;  // -1 logarithmic, 0 linear, 1 exponential
};

// As stored in patches.
enum class HardClip : std::uint8_t { k18Db = 1, k0Db = 2, kOff = 3 };  // at +-8, at +-1

struct Scene {
  SceneParams params;
  std::array<OscillatorData, kNumOscillators> oscillators;
  std::array<LfoData, kNumLfos> lfos;
  std::vector<SceneRouting> scene_routings;  // in the order of the file
  std::vector<SceneRouting> voice_routings;
  PortamentoOptions portamento;
  bool retrigger_from_level = false;  // of envelopes by LFOs; otherwise from 0
  HardClip hard_clip = HardClip::k18Db;

  float value(SceneParam param) const { return params.value(param); }
  std::int32_t integer(SceneParam param) const { return params.integer(param); }
  bool boolean(SceneParam param) const { return params.boolean(param); }
  const ParamOptions& option(SceneParam param) const { return params.option(param); }
};

// --- Effects ------------------------------------------------------------------------------------

// A parameter of an effect as stored. The kind depends on the type of the effect: if that differs
// from `stored_as_integer`, the bits are meant, as_integer() and as_float(). Not limited to a
// range; flags that the file lacks have their default.
struct EffectParam {
  std::uint32_t bits = 0;
  bool stored_as_integer = false;
  bool present = false;  // false: the initial value of the effect
  ParamOptions options;

  std::int32_t as_integer() const;
  float as_float() const;  // 0 if the bits are no finite number
};

struct Effect {
  std::int32_t type = 0;  // 0: none
  std::array<EffectParam, kNumEffectParams> params;
};

// --- Patch --------------------------------------------------------------------------------------

enum class SceneMode : std::uint8_t { kSingle = 0, kKeySplit = 1, kDual = 2, kChannelSplit = 3 };

struct Patch {
  std::string name;  // any bytes, mostly UTF-8
  std::string category;
  std::string author;
  std::string comment;
  std::string license;
  int revision = kCurrentRevision;  // of the file; everything else is as in the current one

  // Effects are only destinations of modulation here, with values of 0. The volume of patches up
  // to revision 16 is not theirs but that of the engine when it starts, -2.03 dB.
  GlobalParams globals;
  std::array<Scene, kNumScenes> scenes;
  std::array<Effect, kNumEffectSlots> effects;
  std::vector<GlobalRouting> global_routings;
  std::array<float, kNumMacros> macros{};  // -1 to 1
  float tempo_bpm = 120.0f;                // when saved, above 0; 120 if the file does not say
  HardClip hard_clip = HardClip::k18Db;    // of the output
  bool legacy_comb_tuning = false;
  std::vector<std::byte> effect_data;  // of Convolution: a zstd frame, not decoded; mostly empty

  float value(GlobalParam param) const { return globals.value(param); }
  std::int32_t integer(GlobalParam param) const { return globals.integer(param); }
  const ParamOptions& option(GlobalParam param) const { return globals.option(param); }

  // Whether a scene sounds for a note on MIDI channel 1.
  bool scene_sounds(int scene, int note) const;
};

}  // namespace synthrl::surge
