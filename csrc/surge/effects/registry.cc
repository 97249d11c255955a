#include "surge/effects/registry.h"

#include <algorithm>
#include <array>

#include "surge/effects/airwindows/airwindows.h"
#include "surge/effects/audio_input.h"
#include "surge/effects/chorus.h"
#include "surge/effects/chow.h"
#include "surge/effects/combulator.h"
#include "surge/effects/conditioner.h"
#include "surge/effects/delay.h"
#include "surge/effects/distortion.h"
#include "surge/effects/ensemble.h"
#include "surge/effects/eq.h"
#include "surge/effects/exciter.h"
#include "surge/effects/flanger.h"
#include "surge/effects/frequency_shifter.h"
#include "surge/effects/graphic_eq.h"
#include "surge/effects/mid_side.h"
#include "surge/effects/neuron.h"
#include "surge/effects/nimbus/nimbus.h"
#include "surge/effects/phaser.h"
#include "surge/effects/resonator.h"
#include "surge/effects/reverb1.h"
#include "surge/effects/reverb2.h"
#include "surge/effects/ring_modulator.h"
#include "surge/effects/rotary.h"
#include "surge/effects/spring_reverb.h"
#include "surge/effects/tape.h"
#include "surge/effects/treemonster.h"
#include "surge/effects/vocoder.h"
#include "surge/effects/waveshaper.h"

namespace synthrl::surge {
namespace {

// The only place that knows them: a line per type.
constexpr int kNumEffectTypes = 32;

std::array<const EffectType*, kNumEffectTypes> make_registry() {
  std::array<const EffectType*, kNumEffectTypes> types{};
  const auto add = [&types](const EffectType& type) {
    types[static_cast<std::size_t>(type.id)] = &type;
  };
  add(kDelayType);
  add(kReverb1Type);
  add(kDistortionType);
  add(kEqType);
  add(kConditionerType);
  add(kChorusType);
  add(kAirwindowsType);
  add(kReverb2Type);
  add(kFlangerType);
  add(kPhaserType);
  add(kGraphicEqType);
  add(kFrequencyShifterType);
  add(kRotaryType);
  add(kNimbusType);
  add(kResonatorType);
  add(kCombulatorType);
  add(kWaveshaperType);
  add(kTapeType);
  add(kRingModulatorType);
  add(kSpringReverbType);
  add(kMidSideType);
  add(kTreemonsterType);
  add(kEnsembleType);
  add(kNeuronType);
  add(kChowType);
  add(kAudioInputType);
  add(kExciterType);
  add(kVocoderType);
  return types;
}

const std::array<const EffectType*, kNumEffectTypes>& registry() {
  static const auto types = make_registry();
  return types;
}

}  // namespace

const EffectType* find_effect_type(int id) {
  return id >= 0 && id < kNumEffectTypes ? registry()[static_cast<std::size_t>(id)] : nullptr;
}

bool effect_is_rendered(int id, int variant) {
  const EffectType* type = find_effect_type(id);
  return type != nullptr && (type->has_variant == nullptr || type->has_variant(variant));
}

int effect_variant(const EffectModel& model) {
  const EffectType* type = find_effect_type(model.type);
  return type != nullptr && type->variant_of != nullptr ? type->variant_of(model) : 0;
}

EffectModel make_effect_model(const Patch& patch, int slot) {
  constexpr float kReferenceTempo = 120.0f;
  const Effect& stored = patch.effects[static_cast<std::size_t>(slot)];
  EffectModel model;
  model.slot = slot;
  const EffectType* type = find_effect_type(stored.type);
  if (type == nullptr) return model;
  model.type = stored.type;
  model.tempo_ratio = patch.tempo_bpm / kReferenceTempo;
  model.patch_data = patch.effect_data;
  model.stored = stored.params;
  for (std::size_t i = 0; i < kNumEffectParams; ++i) {
    const EffectParamInfo& info = type->params[i];
    const EffectParam& param = stored.params[i];
    model.options[i] = param.options;
    if (info.kind == EffectParamKind::kUnused) continue;
    if (info.kind == EffectParamKind::kInteger) {
      const auto limit = [&](std::int32_t value) {
        return std::clamp(value, static_cast<std::int32_t>(info.minimum),
                          static_cast<std::int32_t>(info.maximum));
      };
      model.integers[i] =
          limit(param.present ? param.as_integer() : static_cast<std::int32_t>(info.initial));
      model.values[i] = static_cast<float>(model.integers[i]);
    } else {
      model.values[i] =
          std::clamp(param.present ? param.as_float() : info.initial, info.minimum, info.maximum);
    }
  }
  if (type->migrate != nullptr) type->migrate(model, patch.revision);
  return model;
}

}  // namespace synthrl::surge
