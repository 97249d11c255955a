#include "surge/prepared_patch.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace synthrl::surge {
namespace {

bool in_range(std::int32_t value, int count) { return value >= 0 && value < count; }

bool uses_wavetable(OscillatorType type) {
  return type == OscillatorType::kWavetable || type == OscillatorType::kWindow;
}

bool reads_voice_lfo(const Route& route) {
  return route.source >= source_slot(ModSource::kVoiceLfo1) &&
         route.source < source_slot(ModSource::kVoiceLfo6) + kSourceOutputs;
}

std::vector<Route> prepare_routes(const std::vector<SceneRouting>& routings) {
  std::vector<Route> routes;
  for (const SceneRouting& routing : routings) {
    if (routing.depth == 0.0f || !in_range(routing.source_index, kSourceOutputs)) continue;
    if (routing.destination == SceneParam::kVcaVelocity) continue;  // is never modulated
    routes.push_back(
        {.source = static_cast<std::uint16_t>(source_slot(routing.source, routing.source_index)),
         .destination = static_cast<std::uint16_t>(routing.destination),
         .depth = routing.depth});
  }
  return routes;
}

bool may_be_heard(const PreparedScene& prepared, MixerChannel channel) {
  const std::size_t level = index_of(mixer_param(channel, MixerParam::kLevel));
  const auto moves = [level](const Route& route) { return route.destination == level; };
  return prepared.values[level] > 0.0f || std::ranges::any_of(prepared.voice_routes, moves) ||
         std::ranges::any_of(prepared.scene_routes, moves);
}

}  // namespace

LfoControls lfo_controls(const SceneValues& values, int lfo) {
  const auto value = [&](LfoParam param) { return values[index_of(lfo_param(lfo, param))]; };
  return {.rate = value(LfoParam::kRate),
          .phase = value(LfoParam::kPhase),
          .magnitude = value(LfoParam::kAmplitude),
          .deform = value(LfoParam::kDeform),
          .delay = value(LfoParam::kDelay),
          .attack = value(LfoParam::kAttack),
          .hold = value(LfoParam::kHold),
          .decay = value(LfoParam::kDecay),
          .sustain = value(LfoParam::kSustain),
          .release = value(LfoParam::kRelease)};
}

PreparedPatch::PreparedPatch(const Patch& patch) : patch_(&patch) {
  for (int i = 0; i < kNumScenes; ++i) prepare_scene(i);
  for (const GlobalRouting& routing : patch.global_routings) {
    if (routing.depth == 0.0f || !in_range(routing.source_index, kSourceOutputs)) continue;
    global_routes_.push_back(
        {.scene = std::clamp(routing.source_scene, 0, kNumScenes - 1),
         .route = {.source = static_cast<std::uint16_t>(
                       source_slot(routing.source, routing.source_index)),
                   .destination = static_cast<std::uint16_t>(routing.destination),
                   .depth = routing.depth}});
  }
}

void PreparedPatch::prepare_scene(int index) {
  PreparedScene& prepared = scenes_[static_cast<std::size_t>(index)];
  prepared.index = index;
  prepared.scene = &patch_->scenes[static_cast<std::size_t>(index)];
  prepared.audible = !prepared.scene->option(SceneParam::kVolume).deactivated;
  prepared.scene_routes = prepare_routes(prepared.scene->scene_routings);
  prepared.voice_routes = prepare_routes(prepared.scene->voice_routings);
  const auto lfo_routes =
      std::stable_partition(prepared.voice_routes.begin(), prepared.voice_routes.end(),
                            [](const Route& route) { return !reads_voice_lfo(route); });
  prepared.num_routes_without_lfos =
      static_cast<std::size_t>(lfo_routes - prepared.voice_routes.begin());
  std::transform(prepared.scene->params.values.begin(), prepared.scene->params.values.end(),
                 prepared.values.begin(), bounded);
  prepare_filters(prepared);
  prepare_mixer(prepared);
  prepare_oscillators(prepared);
  prepare_modulators(prepared);
}

void PreparedPatch::prepare_filters(PreparedScene& prepared) {
  const Scene& scene = *prepared.scene;
  FilterBlockModel& block = prepared.filter_block;
  const std::int32_t configuration = scene.integer(SceneParam::kFilterConfig);
  block.configuration = static_cast<FilterConfiguration>(
      in_range(configuration, kNumFilterConfigurations) ? configuration : 0);
  for (int i = 0; i < kNumFilters; ++i) {
    const SceneParam type = filter_param(i, FilterParam::kType);
    FilterModel& filter = i == 0 ? block.filter1 : block.filter2;
    filter.legacy_comb_tuning = patch_->legacy_comb_tuning;
    if (scene.option(type).deactivated || !in_range(scene.integer(type), kNumFilterTypes)) continue;
    filter.type = static_cast<FilterType>(scene.integer(type));
    filter.subtype = scene.integer(filter_param(i, FilterParam::kSubtype));
  }
  const std::int32_t shaper = scene.integer(SceneParam::kWaveshaperType);
  if (!scene.option(SceneParam::kWaveshaperType).deactivated &&
      in_range(shaper, kNumWaveshaperTypes)) {
    block.waveshaper = static_cast<WaveshaperType>(shaper);
  }
}

void PreparedPatch::prepare_mixer(PreparedScene& prepared) {
  const Scene& scene = *prepared.scene;
  bool solo = false;
  for (int i = 0; i < kNumMixerChannels; ++i) {
    solo |= scene.boolean(mixer_param(static_cast<MixerChannel>(i), MixerParam::kSolo));
  }
  const bool serial = is_serial(prepared.filter_block.configuration);
  for (int i = 0; i < kNumMixerChannels; ++i) {
    const auto channel = static_cast<MixerChannel>(i);
    const auto c = static_cast<std::size_t>(i);
    prepared.channel_on[c] = solo ? scene.boolean(mixer_param(channel, MixerParam::kSolo))
                                  : !scene.boolean(mixer_param(channel, MixerParam::kMute));
    std::int32_t route = scene.integer(mixer_param(channel, MixerParam::kRoute));
    if (serial && route == 1) route = 0;
    prepared.to_filter1[c] = route < 2;
    prepared.to_filter2[c] = route > 0;
  }

  const auto on = [&](MixerChannel channel) {
    return prepared.channel_on[static_cast<std::size_t>(channel)];
  };
  const std::int32_t fm = scene.integer(SceneParam::kFmSwitch);
  prepared.fm = in_range(fm, 4) ? static_cast<FmRouting>(fm) : FmRouting::kOff;
  if (solo && prepared.fm != FmRouting::kOff) {
    prepared.fm_is_silent = prepared.fm == FmRouting::k2And3To1;
    prepared.fm = on(MixerChannel::kOsc1) ? FmRouting::k2To1 : FmRouting::kOff;
  }

  // What stays at level 0 is not heard either.
  for (int i = 0; i < kNumMixerChannels; ++i) {
    const auto c = static_cast<std::size_t>(i);
    if (!may_be_heard(prepared, static_cast<MixerChannel>(i))) prepared.channel_on[c] = false;
  }
  const bool ring12 = on(MixerChannel::kRing12);
  const bool ring23 = on(MixerChannel::kRing23);
  const bool first = on(MixerChannel::kOsc1) || ring12;
  const bool second =
      on(MixerChannel::kOsc2) || ring12 || ring23 || (prepared.fm != FmRouting::kOff && first);
  const bool third = on(MixerChannel::kOsc3) || ring23 ||
                     (prepared.fm == FmRouting::k3To2To1 && second) ||
                     (prepared.fm == FmRouting::k2And3To1 && first);
  prepared.oscillator_runs = {first, second, third};
}

void PreparedPatch::prepare_oscillators(PreparedScene& prepared) {
  const Scene& scene = *prepared.scene;
  for (int i = 0; i < kNumOscillators; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    if (!prepared.oscillator_runs[slot]) continue;
    OscillatorModel& model = prepared.oscillators[slot];
    const std::int32_t type = scene.integer(osc_param(i, OscParam::kType));
    model.type = in_range(type, kNumOscillatorTypes) ? static_cast<OscillatorType>(type)
                                                     : OscillatorType::kSine;
    for (int p = 0; p < kNumOscillatorParams; ++p) {
      const SceneParam param = osc_type_param(i, p);
      const auto number = static_cast<std::size_t>(p);
      model.integers[number] = scene.integer(param);
      model.stored[number] = scene.value(param);
      const ParamOptions& options = scene.option(param);
      model.options[number] = {.extended = options.extend_range,
                               .absolute = options.absolute,
                               .deactivated = options.deactivated,
                               .deform = options.deform_type};
    }
    model.retrigger = scene.boolean(osc_param(i, OscParam::kRetrigger));
    model.stereo = prepared.filter_block.configuration == FilterConfiguration::kWide;
    model.random_drift_start = scene.option(SceneParam::kDrift).extend_range;
    model.unipolar_feedback = scene.oscillators[slot].unipolar_feedback;
    model.scene_b = prepared.index == 1;
    model.character =
        static_cast<Character>(std::clamp(patch_->integer(GlobalParam::kCharacter), 0, 2));
    model.partials = scene.oscillators[slot].partials;
    prepared.reads_scene_a |= model.scene_b && model.type == OscillatorType::kAudioIn;
    const auto& block = scene.oscillators[slot].wavetable;
    if (uses_wavetable(model.type) && !block.empty()) {
      std::optional<Wavetable>& table =
          wavetables_[static_cast<std::size_t>(prepared.index * kNumOscillators + i)];
      try {
        table = Wavetable::parse_wt(block, model.type == OscillatorType::kWindow
                                               ? Wavetable::Copies::kBoth
                                               : Wavetable::Copies::kFloatOnly);
      } catch (const std::invalid_argument& error) {
        throw std::invalid_argument("the wavetable of oscillator " + std::to_string(i + 1) +
                                    " of scene " + (prepared.index == 0 ? "A" : "B") + ": " +
                                    error.what());
      }
      model.wavetable = &*table;
    }
  }
}

void PreparedPatch::prepare_modulators(PreparedScene& prepared) {
  const Scene& scene = *prepared.scene;
  for (int i = 0; i < kNumEnvelopes; ++i) {
    const auto synced = [&](EnvParam param) { return scene.option(env_param(i, param)).temposync; };
    prepared.envelopes[static_cast<std::size_t>(i)] = {
        .attack_synced = synced(EnvParam::kAttack),
        .decay_synced = synced(EnvParam::kDecay),
        .release_synced = synced(EnvParam::kRelease),
        .gated_release = scene.option(env_param(i, EnvParam::kRelease)).deform_type == 1};
  }

  const auto is_routed = [&](int lfo) {
    const ModSource source = lfo < kNumVoiceLfos ? nth(ModSource::kVoiceLfo1, lfo)
                                                 : nth(ModSource::kSceneLfo1, lfo - kNumVoiceLfos);
    const std::size_t first = source_slot(source);
    const auto reads = [&](const Route& route) {
      return route.source >= first && route.source < first + kSourceOutputs;
    };
    return std::any_of(prepared.voice_routes.begin(), prepared.voice_routes.end(), reads) ||
           std::any_of(prepared.scene_routes.begin(), prepared.scene_routes.end(), reads) ||
           std::any_of(patch_->global_routings.begin(), patch_->global_routings.end(),
                       [&](const GlobalRouting& routing) {
                         return routing.source == source && routing.source_scene == prepared.index;
                       });
  };
  for (int i = 0; i < kNumLfos; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    const LfoData& data = scene.lfos[slot];
    const auto option = [&](LfoParam param) -> const ParamOptions& {
      return scene.option(lfo_param(i, param));
    };
    const auto synced = [&](LfoParam param) { return option(param).temposync; };
    const std::int32_t shape = scene.integer(lfo_param(i, LfoParam::kShape));
    const std::int32_t trigger = scene.integer(lfo_param(i, LfoParam::kTriggerMode));
    LfoModel& model = prepared.lfos[slot];
    model = {
        .shape = static_cast<LfoShape>(in_range(shape, kNumLfoShapes) ? shape : 0),
        .trigger =
            in_range(trigger, 3) ? static_cast<LfoTrigger>(trigger) : LfoTrigger::kKeytrigger,
        .unipolar = scene.boolean(lfo_param(i, LfoParam::kUnipolar)),
        .deform_type = option(LfoParam::kDeform).deform_type,
        .scale_all_outputs = data.extra_amplitude,
        .rate_synced = synced(LfoParam::kRate),
        .delay_synced = synced(LfoParam::kDelay),
        .attack_synced = synced(LfoParam::kAttack),
        .hold_synced = synced(LfoParam::kHold),
        .decay_synced = synced(LfoParam::kDecay),
        .release_synced = synced(LfoParam::kRelease),
        .rate_deactivated = option(LfoParam::kRate).deactivated,
        .envelope_bypassed = option(LfoParam::kDelay).deactivated,
        .phase_extended = option(LfoParam::kPhase).extend_range,
        .stored_release = scene.value(lfo_param(i, LfoParam::kRelease)),
        .steps = data.steps,
    };
    if (model.shape == LfoShape::kMseg) {
      prepared.msegs[slot] = MsegCurve(data.mseg);
      model.mseg = &prepared.msegs[slot];
    }
    const bool may_trigger =
        i < kNumVoiceLfos &&
        ((model.shape == LfoShape::kStepSequencer && data.steps.trigger_mask != 0) ||
         (i == 0 && model.shape == LfoShape::kMseg));
    prepared.lfo_runs[slot] = is_routed(i) || may_trigger;
  }
}

}  // namespace synthrl::surge
