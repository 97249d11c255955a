#include "surge/usage.h"

#include <algorithm>
#include <array>
#include <utility>

#include "surge/oscillators/oscillator.h"

namespace synthrl::surge {

namespace {

// The slots of inserts per scene, in the order of the signal.
constexpr std::array<std::array<int, 4>, kNumScenes> kInsertSlots{{{0, 1, 8, 9}, {2, 3, 10, 11}}};
constexpr std::array<int, kNumSends> kSendSlots{4, 5, 12, 13};
constexpr std::array<int, 4> kGlobalSlots{6, 7, 14, 15};

bool is_modulated(const Scene& scene, SceneParam param) {
  const auto targets = [param](const SceneRouting& routing) {
    return routing.destination == param;
  };
  return std::ranges::any_of(scene.voice_routings, targets) ||
         std::ranges::any_of(scene.scene_routings, targets);
}

bool is_modulated(const Patch& patch, GlobalParam param) {
  return std::ranges::any_of(patch.global_routings, [param](const GlobalRouting& routing) {
    return routing.destination == param;
  });
}

// Who is heard in the mixer, and who has to run for that.
struct Mixer {
  std::array<bool, kNumOscillators> runs{};
  bool ring12 = false;
  bool ring23 = false;
  bool noise = false;
  int fm = 0;
};

Mixer mixer_of(const Scene& scene) {
  bool any_solo = false;
  for (int i = 0; i < kNumMixerChannels; ++i) {
    const auto channel = static_cast<MixerChannel>(i);
    any_solo = any_solo || scene.boolean(mixer_param(channel, MixerParam::kSolo));
  }
  const auto is_on = [&](MixerChannel channel) {
    return any_solo ? scene.boolean(mixer_param(channel, MixerParam::kSolo))
                    : !scene.boolean(mixer_param(channel, MixerParam::kMute));
  };
  const auto is_heard = [&](MixerChannel channel) {
    constexpr float kSilence = 0.001f;
    const SceneParam level = mixer_param(channel, MixerParam::kLevel);
    return is_on(channel) && (scene.value(level) > kSilence || is_modulated(scene, level));
  };

  Mixer mixer;
  mixer.ring12 = is_heard(MixerChannel::kRing12);
  mixer.ring23 = is_heard(MixerChannel::kRing23);
  mixer.noise = is_heard(MixerChannel::kNoise);
  mixer.fm = scene.integer(SceneParam::kFmSwitch);
  // Solo leaves of all kinds of FM only the first.
  if (any_solo && mixer.fm != 0) {
    mixer.fm = scene.boolean(mixer_param(MixerChannel::kOsc1, MixerParam::kSolo)) ? 1 : 0;
  }
  auto& [first, second, third] = mixer.runs;
  first = is_heard(MixerChannel::kOsc1) || mixer.ring12;
  second =
      is_heard(MixerChannel::kOsc2) || mixer.ring12 || mixer.ring23 || (mixer.fm != 0 && first);
  third = is_heard(MixerChannel::kOsc3) || mixer.ring23 || (mixer.fm == 2 && (first || second)) ||
          (mixer.fm == 3 && first);
  const bool has_carrier = first || (mixer.fm == 2 && second);
  if (!has_carrier) mixer.fm = 0;
  return mixer;
}

// The LFO of a source, or -1.
int lfo_of(ModSource source) {
  const int id = static_cast<int>(source);
  const int first = static_cast<int>(ModSource::kVoiceLfo1);
  return id >= first && id < first + kNumLfos ? id - first : -1;
}

class FeatureCollector {
 public:
  FeatureCollector(const Patch& patch, int note) : patch_(patch) {
    for (int i = 0; i < kNumScenes; ++i) {
      const Scene& scene = patch.scenes[static_cast<std::size_t>(i)];
      sounds_[static_cast<std::size_t>(i)] =
          patch.scene_sounds(i, note) && !scene.option(SceneParam::kVolume).deactivated;
    }
  }

  std::vector<Feature> collect() && {
    for (int i = 0; i < kNumScenes; ++i) {
      if (sounds_[static_cast<std::size_t>(i)]) add_scene(i);
    }
    add_effects();
    return std::move(features_);
  }

 private:
  void add(FeatureKind kind, int id, int variant, int scene, int unit) {
    const Feature feature{kind, id, variant, scene, unit};
    if (std::ranges::find(features_, feature) == features_.end()) features_.push_back(feature);
  }

  void add_scene(int s) {
    const Scene& scene = patch_.scenes[static_cast<std::size_t>(s)];
    const Mixer mixer = mixer_of(scene);
    add(FeatureKind::kPlayMode, scene.integer(SceneParam::kPlayMode), 0, s, 0);
    add(FeatureKind::kFilterConfig, scene.integer(SceneParam::kFilterConfig), 0, s, 0);
    if (mixer.fm != 0) add(FeatureKind::kFm, mixer.fm, 0, s, 0);
    for (int i = 0; i < kNumOscillators; ++i) {
      if (!mixer.runs[static_cast<std::size_t>(i)]) continue;
      const int type = scene.integer(osc_param(i, OscParam::kType));
      add(FeatureKind::kOscillator, type, 0, s, i);
      if (type == static_cast<int>(OscillatorType::kTwist)) {
        add(FeatureKind::kTwistEngine, scene.integer(osc_type_param(i, 0)), 0, s, i);
      }
    }
    if (mixer.ring12) add_ring_modulator(scene, MixerChannel::kRing12, s, 0);
    if (mixer.ring23) add_ring_modulator(scene, MixerChannel::kRing23, s, 1);
    if (mixer.noise) {
      add(FeatureKind::kNoise, 0, scene.option(SceneParam::kNoiseColor).deform_type, s, 0);
    }
    for (int i = 0; i < kNumFilters; ++i) {
      const SceneParam type = filter_param(i, FilterParam::kType);
      if (scene.integer(type) == 0 || scene.option(type).deactivated) continue;
      add(FeatureKind::kFilter, scene.integer(type),
          scene.integer(filter_param(i, FilterParam::kSubtype)), s, i);
    }
    if (scene.integer(SceneParam::kWaveshaperType) != 0 &&
        !scene.option(SceneParam::kWaveshaperType).deactivated) {
      add(FeatureKind::kWaveshaper, scene.integer(SceneParam::kWaveshaperType), 0, s, 0);
    }
    add_modulators(scene, s);
  }

  void add_ring_modulator(const Scene& scene, MixerChannel channel, int s, int unit) {
    const auto& level = scene.option(mixer_param(channel, MixerParam::kLevel));
    add(FeatureKind::kRingModulator, 0, level.deform_type, s, unit);
  }

  void add_modulators(const Scene& scene, int s) {
    std::array<bool, kNumLfos> lfo_used{};
    bool filter_envelope_used = false;
    std::vector<Feature> sources;
    const auto use = [&](ModSource source, int output) {
      const int lfo = lfo_of(source);
      if (lfo >= 0) lfo_used[static_cast<std::size_t>(lfo)] = true;
      filter_envelope_used = filter_envelope_used || source == ModSource::kFilterEnvelope;
      sources.push_back({FeatureKind::kModSource, static_cast<int>(source), output, s, 0});
    };
    for (const auto& routing : scene.scene_routings) use(routing.source, routing.source_index);
    for (const auto& routing : scene.voice_routings) use(routing.source, routing.source_index);
    for (const auto& routing : patch_.global_routings) {
      if (routing.source_scene == s) use(routing.source, routing.source_index);
    }
    for (int i = 0; i < kNumFilters; ++i) {
      const SceneParam amount = filter_param(i, FilterParam::kEnvelopeAmount);
      const SceneParam type = filter_param(i, FilterParam::kType);
      if (scene.integer(type) != 0 &&
          (scene.value(amount) != 0.0f || is_modulated(scene, amount))) {
        filter_envelope_used = true;
      }
    }
    // A voice's step sequencer may trigger envelopes without being routed.
    for (std::size_t i = 0; i < kNumVoiceLfos; ++i) {
      const SceneParam shape = lfo_param(static_cast<int>(i), LfoParam::kShape);
      if (scene.integer(shape) == static_cast<int>(LfoShape::kStepSequencer) &&
          scene.lfos[i].steps.trigger_mask != 0) {
        lfo_used[i] = true;
      }
    }
    add(FeatureKind::kEnvelope, scene.integer(env_param(0, EnvParam::kMode)), 0, s, 0);
    if (filter_envelope_used) {
      add(FeatureKind::kEnvelope, scene.integer(env_param(1, EnvParam::kMode)), 0, s, 1);
    }
    for (int i = 0; i < kNumLfos; ++i) {
      if (!lfo_used[static_cast<std::size_t>(i)]) continue;
      add(FeatureKind::kLfo, scene.integer(lfo_param(i, LfoParam::kShape)),
          scene.option(lfo_param(i, LfoParam::kDeform)).deform_type, s, i);
    }
    std::sort(sources.begin(), sources.end(), [](const Feature& a, const Feature& b) {
      return std::pair(a.id, a.variant) < std::pair(b.id, b.variant);
    });
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    features_.insert(features_.end(), sources.begin(), sources.end());
  }

  void add_effects() {
    for (std::size_t s = 0; s < kNumScenes; ++s) {
      if (!sounds_[s]) continue;
      for (const int slot : kInsertSlots[s]) add_effect(slot);
    }
    for (int send = 0; send < kNumSends; ++send) {
      if (send_is_fed(send)) add_effect(kSendSlots[static_cast<std::size_t>(send)]);
    }
    for (const int slot : kGlobalSlots) add_effect(slot);
  }

  bool send_is_fed(int send) const {
    if (patch_.value(return_param(send)) <= 0.0f && !is_modulated(patch_, return_param(send))) {
      return false;
    }
    for (std::size_t s = 0; s < kNumScenes; ++s) {
      const Scene& scene = patch_.scenes[s];
      if (sounds_[s] &&
          (scene.value(send_param(send)) > 0.0f || is_modulated(scene, send_param(send)))) {
        return true;
      }
    }
    return false;
  }

  void add_effect(int slot) {
    constexpr int kAirwindows = 14;
    const Effect& effect = patch_.effects[static_cast<std::size_t>(slot)];
    const bool disabled = (patch_.integer(GlobalParam::kEffectDisable) >> slot & 1) != 0;
    if (effect.type == 0 || disabled) return;
    const int plugin = effect.type == kAirwindows ? effect.params[0].as_integer() : 0;
    add(FeatureKind::kEffect, effect.type, plugin, -1, slot);
  }

  const Patch& patch_;
  std::array<bool, kNumScenes> sounds_{};
  std::vector<Feature> features_;
};

}  // namespace

std::vector<Feature> features_used(const Patch& patch, int note) {
  return FeatureCollector(patch, note).collect();
}

}  // namespace synthrl::surge
