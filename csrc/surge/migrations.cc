#include "surge/migrations.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "surge/filters/filter.h"
#include "surge/oscillators/oscillator.h"
#include "surge/waveshapers/waveshaper.h"

namespace synthrl::surge {

namespace {

constexpr int kStereoConfig = 5;

void set(SceneParams& params, SceneParam param, std::int32_t integer) {
  params.integers[index_of(param)] = integer;
  params.values[index_of(param)] = static_cast<float>(integer);
}

void set_float(SceneParams& params, SceneParam param, float value) {
  params.values[index_of(param)] = std::clamp(value, -kMaxMagnitude, kMaxMagnitude);
}

ParamOptions& option(SceneParams& params, SceneParam param) {
  return params.options[index_of(param)];
}

// A filter as patches store it, in any numbering.
struct StoredFilter {
  int type;
  int subtype;
};

// Before revision 15 some types were one with variants of others.
StoredFilter split_filter_type(StoredFilter filter) {
  const auto [type, subtype] = filter;
  switch (type) {
    case 6:  // BP 12 and BP 24
      return subtype >= 3 && subtype <= 5 ? StoredFilter{23, subtype - 3} : filter;
    case 7:  // notch 12 and notch 24
      return subtype == 2 || subtype == 3 ? StoredFilter{24, subtype - 2} : filter;
    case 8:  // both combs
      return subtype == 2 || subtype == 3 ? StoredFilter{25, subtype - 2} : filter;
    case 11: {  // OB-Xd 12: LP, BP, HP, notch
      constexpr std::array<int, 4> kTypes{11, 22, 20, 21};
      return {kTypes[static_cast<std::size_t>(subtype & 3)], subtype >= 4 ? 1 : 0};
    }
    default:
      return filter;
  }
}

void migrate_filter(SceneParams& params, int filter, int revision) {
  const SceneParam type_param = filter_param(filter, FilterParam::kType);
  const SceneParam subtype_param = filter_param(filter, FilterParam::kSubtype);
  const SceneParam resonance_param = filter_param(filter, FilterParam::kResonance);
  StoredFilter stored{params.integer(type_param), params.integer(subtype_param)};
  auto& [type, subtype] = stored;

  if (revision < 3) {
    if (type == 3) subtype = 3;
    if (type == 8) {
      subtype = 1;
    } else if (type == 9) {
      stored = {8, 3};
    }
  } else if (revision == 3 && type == 9) {
    stored = {8, std::clamp(subtype, 0, 1) + 2};
  }
  if (revision < 6) {
    const float r = params.value(resonance_param);
    if (type == 1 || type == 4 || type == 6) {
      const float damping = 1.0f - 0.99f * std::clamp(1.0f - (1.0f - r) * (1.0f - r), 0.0f, 1.0f);
      set_float(params, resonance_param, 1.0f - std::sqrt(1.0f - (1.0f - damping) / 1.05f));
    } else if (type == 2 || type == 5) {
      set_float(params, resonance_param, r * 0.99f / 1.05f);
    }
  }
  if (revision < 8) {
    if (type == 1 || type == 2 || type == 4 || type == 5 || type == 6) {
      subtype = revision < 6 ? 0 : 1;
    } else if (type == 7) {
      subtype = 1;
    }
  }
  if (revision < 15) stored = split_filter_type(stored);
  if (revision <= 26) {
    if (type == 12 && subtype == 3) {
      subtype = 4;
    } else if (type == 6 && (subtype == 1 || subtype == 2)) {
      subtype += 2;
    }
  }

  if (type < 0 || type >= kNumFilterTypes) type = 0;
  const int num_subtypes = num_filter_subtypes(static_cast<FilterType>(type));
  set(params, type_param, type);
  set(params, subtype_param, std::clamp(subtype, 0, std::max(0, num_subtypes - 1)));
}

// Before revision 5 the stereo configuration had a fixed width, before 8 two pans.
void migrate_stereo(SceneParams& params, int revision) {
  if (params.integer(SceneParam::kFilterConfig) != kStereoConfig) return;
  if (revision < 5) {
    set_float(params, SceneParam::kPan, -1.0f);
    set_float(params, SceneParam::kWidth, 1.0f);
  }
  if (revision < 8) {
    const float first = params.value(SceneParam::kPan);
    const float second = params.value(SceneParam::kWidth);
    set_float(params, SceneParam::kPan, 0.5f * (first + second));
    set_float(params, SceneParam::kWidth, 0.5f * (second - first));
  }
}

void migrate_envelopes(SceneParams& params, int revision) {
  for (int i = 0; i < kNumEnvelopes; ++i) {
    if (revision < 1) {
      const SceneParam shape = env_param(i, EnvParam::kAttackShape);
      set(params, shape, std::clamp(params.integer(shape), 0, 1) + 1);
    }
    if (revision <= 22) option(params, env_param(i, EnvParam::kRelease)).deform_type = 0;
  }
}

void migrate_lfos(SceneParams& params, int revision) {
  for (int i = 0; i < kNumLfos; ++i) {
    if (revision < 2) {
      const SceneParam decay = lfo_param(i, LfoParam::kDecay);
      const bool endless = params.value(decay) >= info(decay).maximum;
      set_float(params, lfo_param(i, LfoParam::kSustain), endless ? 1.0f : 0.0f);
    }
    const SceneParam amplitude = lfo_param(i, LfoParam::kAmplitude);
    if (revision <= 25 && params.option(amplitude).extend_range) {
      set_float(params, amplitude, 2.0f * params.value(amplitude) - 1.0f);
    }
  }
}

void migrate_ring_modulators(SceneParams& params, int revision) {
  for (const MixerChannel channel : {MixerChannel::kRing12, MixerChannel::kRing23}) {
    std::int32_t& mode = option(params, mixer_param(channel, MixerParam::kLevel)).deform_type;
    if (revision <= 21) mode = 0;
    if (revision <= 23 && mode > 4 && mode <= 10) mode += 2;
    if (mode < 0 || mode > 12) mode = 0;
  }
}

// --- Oscillators --------------------------------------------------------------------------------

// One oscillator of a scene.
class OscillatorFixer {
 public:
  OscillatorFixer(Scene& scene, int oscillator)
      : params_(scene.params),
        data_(scene.oscillators[static_cast<std::size_t>(oscillator)]),
        oscillator_(oscillator) {}

  std::int32_t integer(int number) const { return params_.integer(param(number)); }
  void set_integer(int number, std::int32_t value) { set(params_, param(number), value); }
  void set_value(int number, float value) { set_float(params_, param(number), value); }
  ParamOptions& options(int number) { return option(params_, param(number)); }
  void retrigger() { set(params_, osc_param(oscillator_, OscParam::kRetrigger), 1); }
  void use_unipolar_feedback() { data_.unipolar_feedback = true; }

  // At its end of the range and switched off.
  void open_low_cut(int number) { open_cut(number, -60.0f); }
  void open_high_cut(int number) { open_cut(number, 70.0f); }

 private:
  SceneParam param(int number) const { return osc_type_param(oscillator_, number); }

  void open_cut(int number, float cutoff) {
    set_value(number, cutoff);
    options(number).deactivated = true;
  }

  SceneParams& params_;
  OscillatorData& data_;
  int oscillator_;
};

// Shapes 1, 3, 5 and 7 changed at revision 28 and live on under new numbers.
int legacy_sine_shape(int shape) {
  return shape == 1 || shape == 3 || shape == 5 || shape == 7 ? 28 + shape / 2 : shape;
}

// The order before revision 13.
int reordered_sine_shape(int shape) {
  constexpr std::array<int, 20> kShapes{0, 8, 9, 10, 1,  11, 4,  12, 13, 2,
                                        3, 5, 6, 7,  14, 15, 16, 17, 18, 19};
  return shape >= 0 && shape < 20 ? kShapes[static_cast<std::size_t>(shape)] : 0;
}

void migrate_sine(OscillatorFixer oscillator, int revision) {
  constexpr int kShape = 0;
  constexpr int kFeedback = 1;
  constexpr int kBehavior = 2;
  // The order is that of Surge XT, which takes shapes that the first step has moved for old ones
  // out of range: they end as a pure sine.
  if (revision <= 27) oscillator.set_integer(kShape, legacy_sine_shape(oscillator.integer(kShape)));
  if (revision <= 9) oscillator.set_integer(kShape, 0);
  if (revision <= 10) {
    oscillator.set_value(kFeedback, 0.0f);
    oscillator.set_integer(kBehavior, 0);
  }
  if (revision <= 12) {
    oscillator.open_low_cut(3);
    oscillator.open_high_cut(4);
    oscillator.use_unipolar_feedback();
    oscillator.set_integer(kShape, reordered_sine_shape(oscillator.integer(kShape)));
  }
  if (revision <= 15) oscillator.retrigger();
}

void migrate_fm(OscillatorFixer oscillator, OscillatorType type, int revision) {
  constexpr int kFeedback = 6;
  if (revision <= 12) oscillator.use_unipolar_feedback();
  if (revision <= 15) oscillator.retrigger();
  if (revision <= 21) oscillator.options(kFeedback).deform_type = 0;
  if (type == OscillatorType::kFm2) {
    if (revision <= 23) oscillator.options(4).extend_range = false;
    return;
  }
  if (revision <= 13) {
    oscillator.options(1).absolute = false;
    oscillator.options(3).absolute = false;
  }
  if (revision <= 21) oscillator.options(5).extend_range = false;
}

void migrate_oscillator(Scene& scene, int index, int revision) {
  const SceneParam type_param = osc_param(index, OscParam::kType);
  const int stored_type = scene.integer(type_param);
  const auto type = stored_type >= 0 && stored_type < kNumOscillatorTypes
                        ? static_cast<OscillatorType>(stored_type)
                        : OscillatorType::kSine;
  set(scene.params, type_param, static_cast<int>(type));

  OscillatorFixer oscillator(scene, index);
  switch (type) {
    case OscillatorType::kSine:
      migrate_sine(oscillator, revision);
      break;
    case OscillatorType::kFm2:
    case OscillatorType::kFm3:
      migrate_fm(oscillator, type, revision);
      break;
    case OscillatorType::kWavetable:
      if (revision <= 16) oscillator.options(0).extend_range = true;
      if (revision <= 25) oscillator.options(0).deform_type = 0;
      break;
    case OscillatorType::kSampleAndHold:
      if (revision <= 12) {
        oscillator.open_low_cut(2);
        oscillator.set_value(3, 70.0f);
      }
      break;
    case OscillatorType::kAudioIn:
      if (revision <= 12) {
        oscillator.open_low_cut(5);
        oscillator.open_high_cut(6);
      }
      break;
    case OscillatorType::kWindow:
      if (revision <= 12) {
        oscillator.open_low_cut(3);
        oscillator.open_high_cut(4);
      }
      if (revision <= 15 && oscillator.integer(6) == 1) oscillator.retrigger();
      break;
    case OscillatorType::kString:
      if (revision <= 18) {
        constexpr int kSingleRateSinc = 2 | 32;
        constexpr int kFixedFilter = 64;
        oscillator.options(1).deform_type = kSingleRateSinc;
        oscillator.options(6).deform_type = kFixedFilter;
        oscillator.options(2).extend_range = false;
        oscillator.options(3).extend_range = false;
      }
      break;
    case OscillatorType::kTwist:
      if (revision <= 27) {
        // Its tuning changed by 4.6 cents.
        const SceneParam pitch = osc_param(index, OscParam::kPitch);
        const auto& options = scene.option(pitch);
        const float value = scene.value(pitch);
        if (options.absolute) {
          set_float(scene.params, pitch,
                    value * (options.extend_range ? 1.00022222f : 1.00266667f));
        } else {
          set_float(scene.params, pitch, value + (options.extend_range ? 0.00384207f : 0.0461048f));
        }
      }
      break;
    case OscillatorType::kClassic:
    case OscillatorType::kModern:
    case OscillatorType::kAlias:
      break;
  }
}

// --- Selections ---------------------------------------------------------------------------------

// Integers of a scene other than those of oscillators and filters select something. Files do not
// store them out of range unless they are broken.
void limit_selections(SceneParams& params) {
  const auto& table = scene_param_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const ParamInfo& row = table[i];
    if (row.kind != ParamKind::kInteger && row.kind != ParamKind::kBoolean) continue;
    const auto param = static_cast<SceneParam>(i);
    if (param == SceneParam::kPitchBendUp || param == SceneParam::kPitchBendDown) continue;
    set(params, param,
        std::clamp(params.integers[i], static_cast<std::int32_t>(row.minimum),
                   static_cast<std::int32_t>(row.maximum)));
  }
}

void migrate_scene(Scene& scene, int revision) {
  SceneParams& params = scene.params;
  if (params.integer(SceneParam::kWaveshaperType) >= kNumWaveshaperTypes) {
    set(params, SceneParam::kWaveshaperType, 0);
  }
  for (int i = 0; i < kNumFilters; ++i) migrate_filter(params, i, revision);
  for (int i = 0; i < kNumOscillators; ++i) migrate_oscillator(scene, i, revision);
  limit_selections(params);
  migrate_stereo(params, revision);
  migrate_envelopes(params, revision);
  migrate_lfos(params, revision);
  migrate_ring_modulators(params, revision);
  if (revision <= 21) option(params, SceneParam::kVolume).deactivated = false;
  auto& stages = option(params, SceneParam::kLowCut).deform_type;
  stages = std::clamp(stages, 0, 3);
  for (LfoData& lfo : scene.lfos) {
    if (revision < 16 && lfo.mseg.edit_mode == MsegEditMode::kLfo) {
      lfo.mseg.endpoint_mode = MsegEndpointMode::kLocked;
    }
  }
}

void migrate_globals(GlobalParams& params, int revision) {
  const auto set_global = [&params](GlobalParam param, std::int32_t value) {
    params.integers[index_of(param)] = value;
    params.values[index_of(param)] = static_cast<float>(value);
  };
  if (revision < 10) set_global(GlobalParam::kCharacter, 0);
  if (revision <= 15 && params.integer(GlobalParam::kPolyphonyLimit) == 8) {
    set_global(GlobalParam::kPolyphonyLimit, 16);
  }
  // Bits beyond the slots mean nothing.
  set_global(GlobalParam::kEffectDisable, params.integer(GlobalParam::kEffectDisable) & 0xFFFF);
  for (const GlobalParam param :
       {GlobalParam::kActiveScene, GlobalParam::kSceneMode, GlobalParam::kSplitKey,
        GlobalParam::kPolyphonyLimit, GlobalParam::kCharacter}) {
    set_global(param,
               std::clamp(params.integer(param), static_cast<std::int32_t>(info(param).minimum),
                          static_cast<std::int32_t>(info(param).maximum)));
  }
}

// The carriers of the Ring Modulator are the shapes of Sine, and the input after them.
void migrate_effect(Effect& effect, int revision) {
  constexpr int kRingModulator = 13;
  if (effect.type != kRingModulator || revision > 27) return;
  std::uint32_t& bits = effect.params[0].bits;
  if (bits == 28) {
    bits = 33;
  } else if (bits < 8) {
    bits = static_cast<std::uint32_t>(legacy_sine_shape(static_cast<int>(bits)));
  }
}

}  // namespace

void migrate(Patch& patch) {
  migrate_globals(patch.globals, patch.revision);
  for (Scene& scene : patch.scenes) migrate_scene(scene, patch.revision);
  for (Effect& effect : patch.effects) migrate_effect(effect, patch.revision);
}

int migrate_mod_source(int source, int revision) {
  return revision < 9 && source > 13 && source < kNumModSources ? source + 1 : source;
}

}  // namespace synthrl::surge
