// The parameters of a patch: one table of names, kinds, ranges and initial values for the scenes,
// one for what both scenes share. Every parameter has an index in its table, so that modulation can
// work on flat arrays of floats.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synthrl::surge {

inline constexpr int kNumScenes = 2;
inline constexpr int kNumOscillators = 3;
inline constexpr int kNumOscillatorParams = 7;
inline constexpr int kNumFilters = 2;
inline constexpr int kNumEnvelopes = 2;  // 0 amplitude, 1 filter
inline constexpr int kNumVoiceLfos = 6;
inline constexpr int kNumSceneLfos = 6;
inline constexpr int kNumLfos = kNumVoiceLfos + kNumSceneLfos;  // those of the voice come first
inline constexpr int kNumMixerChannels = 6;
inline constexpr int kNumSends = 4;
inline constexpr int kNumMacros = 8;
inline constexpr int kNumEffectSlots = 16;
inline constexpr int kNumEffectParams = 12;

// What the stored number of a parameter means.
enum class ParamKind : std::uint8_t {
  kAmplitude,      // linear gain is the cube
  kDecibels,       // linear gain is 10^(x / 20)
  kLog2Seconds,    // 2^x s
  kLog2Hertz,      // 2^x Hz
  kSemitones,      // an interval
  kSemitonesA440,  // a frequency, relative to 440 Hz
  kPercent,        // a plain number, 1 is 100 %
  kInteger,
  kBoolean,
  kByType,  // of an oscillator or effect: depends on the selected type
};

struct ParamInfo {
  std::string name;  // as stored, without the "a_" or "b_" of a scene
  ParamKind kind = ParamKind::kPercent;
  float minimum = 0.0f;  // values in patches and after modulation may lie outside
  float maximum = 0.0f;
  float initial = 0.0f;
};

// --- Scenes -----------------------------------------------------------------------------------

// Positions inside an oscillator, a mixer channel, a filter, an envelope, an LFO.
enum class OscParam : std::uint8_t {
  kType,
  kOctave,
  kPitch,
  kParam0,  // to kParam0 + 6
  kKeytrack = kParam0 + kNumOscillatorParams,
  kRetrigger,
  kCount,
};

enum class MixerParam : std::uint8_t { kLevel, kMute, kSolo, kRoute, kCount };

enum class MixerChannel : std::uint8_t { kOsc1, kOsc2, kOsc3, kRing12, kRing23, kNoise };

enum class FilterParam : std::uint8_t {
  kType,
  kSubtype,
  kCutoff,  // of filter 2: an interval above filter 1 if kFilter2IsOffset
  kResonance,
  kEnvelopeAmount,
  kKeytrack,
  kCount,
};

enum class EnvParam : std::uint8_t {
  kAttack,
  kAttackShape,
  kDecay,
  kDecayShape,
  kSustain,
  kRelease,  // deform 1: hold the level during the release
  kReleaseShape,
  kMode,  // 0 digital, 1 analog
  kCount,
};

enum class LfoParam : std::uint8_t {
  kShape,
  kRate,  // deactivated: phase does not move
  kPhase,
  kAmplitude,
  kDeform,
  kTriggerMode,
  kUnipolar,
  kDelay,  // deactivated: no envelope
  kAttack,
  kHold,
  kDecay,
  kSustain,
  kRelease,
  kCount,
};

inline constexpr int kOscParams = static_cast<int>(OscParam::kCount);
inline constexpr int kMixerParams = static_cast<int>(MixerParam::kCount);
inline constexpr int kFilterParams = static_cast<int>(FilterParam::kCount);
inline constexpr int kEnvParams = static_cast<int>(EnvParam::kCount);
inline constexpr int kLfoParams = static_cast<int>(LfoParam::kCount);

// Index of a parameter in the flat arrays of a scene. Members of groups: osc_param() and the like.
enum class SceneParam : std::uint16_t {
  kOctave,
  kPitch,
  kPortamento,
  kOscillators,
  kPlayMode = kOscillators + kNumOscillators * kOscParams,
  kFmSwitch,
  kFmDepth,
  kDrift,       // extended: random start
  kNoiseColor,  // deform bit 0: mono, bit 1: tilt
  kKeytrackRoot,
  kVolume,  // deactivated: the scene is silent
  kPan,
  kWidth,
  kSends,
  kMixer = kSends + kNumSends,
  kPreFilterGain = kMixer + kNumMixerChannels * kMixerParams,
  kPitchBendUp,
  kPitchBendDown,
  kVcaLevel,
  kVcaVelocity,
  kFeedback,
  kFilterConfig,
  kFilterBalance,
  kLowCut,  // deform: number of stages less 1
  kWaveshaperType,
  kWaveshaperDrive,
  kFilters,
  kFilter2IsOffset = kFilters + kNumFilters * kFilterParams,
  kFilter2LinkResonance,
  kEnvelopes,
  kLfos = kEnvelopes + kNumEnvelopes * kEnvParams,
  kCount = kLfos + kNumLfos * kLfoParams,
};

inline constexpr int kNumSceneParams = static_cast<int>(SceneParam::kCount);

constexpr std::size_t index_of(SceneParam param) { return static_cast<std::size_t>(param); }

namespace detail {
constexpr SceneParam member(SceneParam group, int unit, int unit_size, int position) {
  return static_cast<SceneParam>(static_cast<int>(group) + unit * unit_size + position);
}
}  // namespace detail

// All units count from 0.
constexpr SceneParam osc_param(int oscillator, OscParam param) {
  return detail::member(SceneParam::kOscillators, oscillator, kOscParams, static_cast<int>(param));
}
// `param0` to `param6` of an oscillator.
constexpr SceneParam osc_type_param(int oscillator, int number) {
  return detail::member(SceneParam::kOscillators, oscillator, kOscParams,
                        static_cast<int>(OscParam::kParam0) + number);
}
constexpr SceneParam send_param(int send) { return detail::member(SceneParam::kSends, send, 1, 0); }
constexpr SceneParam mixer_param(MixerChannel channel, MixerParam param) {
  return detail::member(SceneParam::kMixer, static_cast<int>(channel), kMixerParams,
                        static_cast<int>(param));
}
constexpr SceneParam filter_param(int filter, FilterParam param) {
  return detail::member(SceneParam::kFilters, filter, kFilterParams, static_cast<int>(param));
}
constexpr SceneParam env_param(int envelope, EnvParam param) {
  return detail::member(SceneParam::kEnvelopes, envelope, kEnvParams, static_cast<int>(param));
}
constexpr SceneParam lfo_param(int lfo, LfoParam param) {
  return detail::member(SceneParam::kLfos, lfo, kLfoParams, static_cast<int>(param));
}

const std::array<ParamInfo, kNumSceneParams>& scene_param_table();
inline const ParamInfo& info(SceneParam param) { return scene_param_table()[index_of(param)]; }
// Finds a parameter by its stored name without prefix, such as "osc1_pitch".
std::optional<SceneParam> find_scene_param(std::string_view name);

// --- What both scenes share ---------------------------------------------------------------------

// Slots are numbered as in patches: 0 A1, 1 A2, 2 B1, 3 B2, 4 send 1, 5 send 2, 6 global 1,
// 7 global 2, 8 A3, 9 A4, 10 B3, 11 B4, 12 send 3, 13 send 4, 14 global 3, 15 global 4.
enum class GlobalParam : std::uint16_t {
  kReturns,  // of the four send effects
  kVolume = kReturns + kNumSends,
  kActiveScene,
  kSceneMode,
  kSplitKey,
  kEffectDisable,  // bit s: slot s is skipped
  kPolyphonyLimit,
  kEffectBypass,
  kCharacter,
  kEffects,  // per slot: type, p0 to p11
  kCount = kEffects + kNumEffectSlots * (1 + kNumEffectParams),
};

inline constexpr int kNumGlobalParams = static_cast<int>(GlobalParam::kCount);

constexpr std::size_t index_of(GlobalParam param) { return static_cast<std::size_t>(param); }

constexpr GlobalParam return_param(int send) {
  return static_cast<GlobalParam>(static_cast<int>(GlobalParam::kReturns) + send);
}
constexpr GlobalParam effect_type_param(int slot) {
  return static_cast<GlobalParam>(static_cast<int>(GlobalParam::kEffects) +
                                  slot * (1 + kNumEffectParams));
}
constexpr GlobalParam effect_param(int slot, int number) {
  return static_cast<GlobalParam>(static_cast<int>(effect_type_param(slot)) + 1 + number);
}

const std::array<ParamInfo, kNumGlobalParams>& global_param_table();
inline const ParamInfo& info(GlobalParam param) { return global_param_table()[index_of(param)]; }
std::optional<GlobalParam> find_global_param(std::string_view name);

// --- Parameters of oscillators ------------------------------------------------------------------

// `type` as in patches; types that do not exist are Sine. Scene B has more for Audio In.
const ParamInfo& oscillator_param_info(int type, int number);

}  // namespace synthrl::surge
