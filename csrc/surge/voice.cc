#include "surge/voice.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "surge/ring_modulation.h"
#include "surge/seeds.h"

namespace synthrl::surge {
namespace {

constexpr float kReferenceKey = 60.0f;
// Extended pitches are in units of an octave.
constexpr float kExtendedPitch = 12.0f;
constexpr float kExtendedFeedback = 4.0f;
constexpr float kExtendedDrive = 2.0f;
// Hz per unit of an absolute pitch.
constexpr float kAbsolutePitchHz = 10.0f;
// Hz of MIDI note 0.
constexpr float kNoteZeroHz = 8.17579891564371f;

float cube(float x) {
  const float positive = std::max(0.0f, x);
  return positive * positive * positive;
}

// Ratio to MIDI note 0 on straight lines between semitones.
float ratio_of_note(float note) {
  const float whole = std::floor(note);
  const float fraction = note - whole;
  return (1.0f - fraction) * std::exp2(whole / 12.0f) +
         fraction * std::exp2((whole + 1.0f) / 12.0f);
}

float note_of_ratio(float ratio) {
  const float whole = std::floor(12.0f * std::log2(ratio));
  const float low = std::exp2(whole / 12.0f);
  const float high = std::exp2((whole + 1.0f) / 12.0f);
  return whole + (ratio - low) / (high - low);
}

// The note that sounds `shift_hz` above another.
float shifted_note(float note, float shift_hz) {
  constexpr float kLeastRatio = 0.01f;
  const float ratio = ratio_of_note(std::clamp(note, -255.0f, 254.0f)) + shift_hz / kNoteZeroHz;
  return note_of_ratio(ratio > 0.0f ? ratio : kLeastRatio);
}

struct PanGains {
  float left;
  float right;
};

PanGains pan_gains(float position) {
  const float q = std::clamp(position, -2.0f, 2.0f);
  return {.left = 1.0f - 0.75f * q - 0.25f * q * q, .right = 1.0f + 0.75f * q - 0.25f * q * q};
}

}  // namespace

Voice::Voice(const Plan& plan)
    : plan_(&plan),
      oscillators_{Oscillator(plan.oscillators), Oscillator(plan.oscillators),
                   Oscillator(plan.oscillators)},
      filter_block_(plan.filters, plan.waveshapers) {}

void Voice::set_source(ModSource source, float value, int output) {
  sources_[source_slot(source, output)] = value;
}

EnvelopeControls Voice::envelope_controls(int envelope) const {
  const auto value = [&](EnvParam param) { return local(env_param(envelope, param)); };
  const auto integer = [&](EnvParam param) {
    return cold_ ? 0 : scene_->scene->integer(env_param(envelope, param));
  };
  return {.attack = value(EnvParam::kAttack),
          .decay = value(EnvParam::kDecay),
          .sustain = value(EnvParam::kSustain),
          .release = value(EnvParam::kRelease),
          .attack_shape = integer(EnvParam::kAttackShape),
          .decay_shape = integer(EnvParam::kDecayShape),
          .release_shape = integer(EnvParam::kReleaseShape),
          .analog = integer(EnvParam::kMode) == 1};
}

void Voice::start(const PreparedScene& scene, const VoiceStart& start) noexcept {
  scene_ = &scene;
  cold_ = true;
  finished_ = false;
  local_ = {};
  sources_ = {};
  key_ = start.key;
  velocity_ = start.velocity;
  set_source(ModSource::kVelocity, start.velocity);
  for (int i = 0; i < 2; ++i) {
    set_source(ModSource::kRandomBipolar, start.random_bipolar[static_cast<std::size_t>(i)], i);
    set_source(ModSource::kRandomUnipolar, start.random_unipolar[static_cast<std::size_t>(i)], i);
  }
  set_source(ModSource::kAlternateBipolar, start.alternate_bipolar);
  set_source(ModSource::kAlternateUnipolar, start.alternate_unipolar);

  // Mono modes that glide only between overlapping notes, and no time at all.
  const Scene& patch = *scene.scene;
  const float portamento_time = patch.value(SceneParam::kPortamento);
  constexpr int kFingeredSingleTrigger = 4;
  portamento_.start(patch.portamento, patch.option(SceneParam::kPortamento).temposync,
                    start.tempo_bpm, start.previous_key, start.key,
                    portamento_time > kShortestTime &&
                        patch.integer(SceneParam::kPlayMode) != kFingeredSingleTrigger);
  scene_pitch_ = 0.0f;
  pitch_ = portamento_.pitch();

  for (int i = 0; i < kNumEnvelopes; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    envelopes_[slot].start(plan_->modulators, scene.envelopes[slot], start.tempo_bpm);
  }
  for (int i = 0; i < kNumVoiceLfos; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    if (!scene.lfo_runs[slot]) continue;
    LfoModel model = scene.lfos[slot];
    model.formula = start.formulas[slot];
    model.surroundings = start.surroundings;
    lfos_[slot].start(plan_->modulators, model, start.tempo_bpm,
                      stream_seed(start.seed, SeedPurpose::kVoiceLfo, scene.index, i));
  }

  add_routes(std::span(scene.voice_routes).first(scene.num_routes_without_lfos), sources_, local_);
  for (int i = 0; i < kNumEnvelopes; ++i) {
    envelopes_[static_cast<std::size_t>(i)].attack(envelope_controls(i));
  }
  for (int i = 0; i < kNumVoiceLfos; ++i) {
    if (scene.lfo_runs[static_cast<std::size_t>(i)]) {
      lfos_[static_cast<std::size_t>(i)].attack(lfo_controls(local_, i));
    }
  }

  // A fresh engine has not yet seen which LFOs are routed: only the first, which always runs,
  // advances before the first block.
  advance_modulators(1);
  take_values(SceneValues{});
  filter_block_.start(scene.filter_block, output_gains());
  for (int i = 0; i < kNumMixerChannels; ++i) {
    levels_[static_cast<std::size_t>(i)].restart(channel_level(static_cast<MixerChannel>(i)));
  }
  pre_filter_gain_.restart(plan_->decibels.amplitude(local(SceneParam::kPreFilterGain)));
  portamento_.tick(plan_->modulators, local(SceneParam::kPortamento));

  for (const Route& route : scene.voice_routes) {
    if (route.source != source_slot(ModSource::kKeytrack)) continue;
    float& value = local_[route.destination];
    value = bounded(value + route.depth * sources_[route.source]);
  }
  start_oscillators(start.seed);
}

void Voice::start_oscillators(std::uint64_t seed) {
  // Whichever oscillator starts, it is told the fine pitch of the first.
  const ParamOptions& pitch_option = scene_->scene->option(osc_param(0, OscParam::kPitch));
  const float fine = local(osc_param(0, OscParam::kPitch));
  for (int i = 0; i < kNumOscillators; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    if (!scene_->oscillator_runs[slot]) continue;
    const float octave =
        static_cast<float>(scene_->scene->integer(osc_param(i, OscParam::kOctave)));
    const float key = static_cast<float>(key_) + 12.0f * octave;
    OscillatorStart start{};
    start.pitch = pitch_option.absolute
                      ? shifted_note(key, kAbsolutePitchHz * fine *
                                              (pitch_option.extend_range ? kExtendedPitch : 1.0f))
                      : key + fine * (pitch_option.extend_range ? kExtendedPitch : 1.0f);
    for (int p = 0; p < kNumOscillatorParams; ++p) {
      start.values[static_cast<std::size_t>(p)] = local(osc_type_param(i, p));
    }
    oscillators_[slot].start(scene_->oscillators[slot], start,
                             stream_seed(seed, SeedPurpose::kOscillator, scene_->index, i));
  }
  if (scene_->channel_on[static_cast<std::size_t>(MixerChannel::kNoise)]) {
    noise_.start(stream_seed(seed, SeedPurpose::kNoise, scene_->index));
  }
}

void Voice::release() noexcept {
  for (Envelope& envelope : envelopes_) envelope.release();
  for (int i = 0; i < kNumVoiceLfos; ++i) {
    if (scene_->lfo_runs[static_cast<std::size_t>(i)]) lfos_[static_cast<std::size_t>(i)].release();
  }
}

void Voice::advance_modulators(int num_lfos) {
  const bool from_level = scene_->scene->retrigger_from_level;
  for (int i = 0; i < num_lfos; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    if (!scene_->lfo_runs[slot]) continue;
    lfos_[slot].tick(lfo_controls(local_, i));
    for (int output = 0; output < kMaxLfoOutputs; ++output) {
      set_source(nth(ModSource::kVoiceLfo1, i), lfos_[slot].output(output), output);
    }
    const EnvelopeTriggers triggers = lfos_[slot].triggers();
    if (triggers.amplitude) envelopes_[0].retrigger(envelope_controls(0), from_level);
    if (triggers.filter) envelopes_[1].retrigger(envelope_controls(1), from_level);
  }
  set_source(ModSource::kAmpEnvelope, envelopes_[0].tick(envelope_controls(0)));
  set_source(ModSource::kFilterEnvelope, envelopes_[1].tick(envelope_controls(1)));
}

void Voice::take_values(const SceneValues& scene_values) {
  local_ = scene_values;
  add_routes(scene_->voice_routes, sources_, local_);
  update_pitch();
}

void Voice::update_pitch() {
  if (portamento_.tick(plan_->modulators, local(SceneParam::kPortamento))) {
    const bool from_level = scene_->scene->retrigger_from_level;
    for (int i = 0; i < kNumEnvelopes; ++i) {
      envelopes_[static_cast<std::size_t>(i)].retrigger(envelope_controls(i), from_level);
    }
  }
  const Scene& scene = *scene_->scene;
  const bool extended = scene.option(SceneParam::kPitch).extend_range;
  const int octave = cold_ ? 0 : scene.integer(SceneParam::kOctave);
  scene_pitch_ = local(SceneParam::kPitch) * (extended ? kExtendedPitch : 1.0f) +
                 12.0f * static_cast<float>(octave);
  pitch_ = portamento_.pitch() + scene_pitch_;
  const auto root = static_cast<float>(scene.integer(SceneParam::kKeytrackRoot));
  set_source(ModSource::kKeytrack, (pitch_ - root) / 12.0f);
}

float Voice::oscillator_pitch(int oscillator) const {
  const Scene& scene = *scene_->scene;
  const SceneParam param = osc_param(oscillator, OscParam::kPitch);
  const bool tracks = scene.boolean(osc_param(oscillator, OscParam::kKeytrack));
  const auto octave = static_cast<float>(scene.integer(osc_param(oscillator, OscParam::kOctave)));
  const float note = (tracks ? pitch_ : kReferenceKey + scene_pitch_) + 12.0f * octave;
  const ParamOptions& option = scene.option(param);
  const float fine = local(param) * (option.extend_range ? kExtendedPitch : 1.0f);
  return option.absolute ? shifted_note(note, kAbsolutePitchHz * fine) : note + fine;
}

FilterBlockControls::Gains Voice::output_gains() const {
  const FilterConfiguration configuration = scene_->filter_block.configuration;
  const Scene& scene = *scene_->scene;
  FilterBlockControls::Gains gains;
  const float balance = local(SceneParam::kFilterBalance);
  switch (configuration) {
    case FilterConfiguration::kDual1:
    case FilterConfiguration::kDual2:
    case FilterConfiguration::kStereo:
      gains.mix1 = 0.5f - 0.5f * balance;
      gains.mix2 = 0.5f + 0.5f * balance;
      break;
    default:
      gains.mix1 = std::min(1.0f, 1.0f - balance);
      gains.mix2 = std::min(1.0f, 1.0f + balance);
  }
  const bool extended_drive = scene.option(SceneParam::kWaveshaperDrive).extend_range;
  const bool extended_feedback = scene.option(SceneParam::kFeedback).extend_range;
  gains.drive =
      amplitude_of(local(SceneParam::kWaveshaperDrive) * (extended_drive ? kExtendedDrive : 1.0f));
  gains.gain = amplitude_of(local(SceneParam::kVcaLevel) +
                            local(SceneParam::kVcaVelocity) * (1.0f - velocity_)) *
               envelopes_[0].level();
  gains.feedback = local(SceneParam::kFeedback) * (extended_feedback ? kExtendedFeedback : 1.0f);

  float amplitude = 0.5f * cube(local(SceneParam::kVolume));
  if (configuration == FilterConfiguration::kWide) amplitude *= 2.0f / 3.0f;
  if (configuration == FilterConfiguration::kStereo) amplitude *= 4.0f / 3.0f;
  const float pan = std::clamp(local(SceneParam::kPan), -1.0f, 1.0f);
  const float width = is_dual_output(configuration) ? local(SceneParam::kWidth) : 0.0f;
  const PanGains first = pan_gains(pan - width);
  const PanGains second = pan_gains(pan + width);
  gains.first_left = amplitude * first.left;
  gains.first_right = amplitude * first.right;
  gains.second_left = amplitude * second.left;
  gains.second_right = amplitude * second.right;
  return gains;
}

float Voice::channel_level(MixerChannel channel) const {
  return cube(local(mixer_param(channel, MixerParam::kLevel)));
}

void Voice::render_oscillators(const SceneInput& scene_a) {
  static constexpr Signal kSilence{};
  const float fm_gain = plan_->decibels.amplitude(local(SceneParam::kFmDepth));
  Signal sum;
  for (int i = kNumOscillators - 1; i >= 0; --i) {
    const auto slot = static_cast<std::size_t>(i);
    if (!scene_->oscillator_runs[slot]) continue;
    OscillatorControls controls;
    controls.pitch = oscillator_pitch(i);
    controls.drift = local(SceneParam::kDrift);
    for (int p = 0; p < kNumOscillatorParams; ++p) {
      controls.values[static_cast<std::size_t>(p)] = local(osc_type_param(i, p));
    }
    controls.fm_gain = fm_gain;
    controls.scene_a_left = scene_a.left;
    controls.scene_a_right = scene_a.right;
    const Signal* left = nullptr;
    const Signal* right = nullptr;
    switch (scene_->fm) {
      case FmRouting::kOff:
        break;
      case FmRouting::k2To1:
        if (i == 0) left = &osc_left_[1], right = &osc_right_[1];
        break;
      case FmRouting::k3To2To1:
        if (i == 0) left = &osc_left_[1], right = &osc_right_[1];
        if (i == 1) left = &osc_left_[2], right = &osc_right_[2];
        break;
      case FmRouting::k2And3To1:
        if (i == 0) {
          for (std::size_t s = 0; s < kSamples; ++s) sum[s] = osc_left_[1][s] + osc_left_[2][s];
          left = right = &sum;
        }
        break;
    }
    if (left != nullptr && scene_->fm_is_silent) left = right = &kSilence;
    if (left != nullptr) {
      controls.modulator = left->data();
      controls.modulator_right = scene_->oscillators[slot].stereo ? right->data() : left->data();
    }
    oscillators_[slot].process(controls, osc_left_[slot], osc_right_[slot]);
  }
}

void Voice::add_to_buses(int channel, const Signal& left, const Signal& right, Signal& bus1,
                         Signal& bus2) {
  const auto slot = static_cast<std::size_t>(channel);
  if (scene_->to_filter1[slot]) levels_[slot].accumulate(left, bus1);
  if (scene_->to_filter2[slot]) levels_[slot].accumulate(right, bus2);
}

void Voice::mix(Signal& bus1, Signal& bus2) {
  const bool stereo = scene_->filter_block.configuration == FilterConfiguration::kWide;
  bus1 = {};
  bus2 = {};
  for (int i = 0; i < kNumMixerChannels; ++i) {
    const auto channel = static_cast<MixerChannel>(i);
    if (!scene_->channel_on[static_cast<std::size_t>(i)]) continue;
    levels_[static_cast<std::size_t>(i)].set(channel_level(channel));
    Signal left;
    Signal right;
    switch (channel) {
      case MixerChannel::kOsc1:
      case MixerChannel::kOsc2:
      case MixerChannel::kOsc3: {
        const auto osc = static_cast<std::size_t>(i);
        add_to_buses(i, osc_left_[osc], stereo ? osc_right_[osc] : osc_left_[osc], bus1, bus2);
        continue;
      }
      case MixerChannel::kRing12:
      case MixerChannel::kRing23: {
        const std::size_t first = channel == MixerChannel::kRing12 ? 0 : 1;
        const std::int32_t mode =
            scene_->scene->option(mixer_param(channel, MixerParam::kLevel)).deform_type;
        ring_modulate(mode, osc_left_[first], osc_left_[first + 1], left);
        if (stereo) ring_modulate(mode, osc_right_[first], osc_right_[first + 1], right);
        break;
      }
      case MixerChannel::kNoise: {
        constexpr std::int32_t kMono = 1;
        const bool independent =
            stereo && (scene_->scene->option(SceneParam::kNoiseColor).deform_type & kMono) == 0;
        const float color = local(SceneParam::kNoiseColor);
        noise_.process(color, left);
        if (independent) {
          noise_.process_right(color, right);
        } else if (stereo) {
          right = left;
        }
        break;
      }
    }
    add_to_buses(i, left, stereo ? right : left, bus1, bus2);
  }
  pre_filter_gain_.set(plan_->decibels.amplitude(local(SceneParam::kPreFilterGain)));
  pre_filter_gain_.multiply(bus1);
  pre_filter_gain_.multiply(bus2);
}

void Voice::process(const SceneValues& scene_values, const SceneInput& scene_a, float* left,
                    float* right) noexcept {
  // The modulators still read what the start left behind, then the real values take over.
  advance_modulators(kNumVoiceLfos);
  cold_ = false;
  take_values(scene_values);

  render_oscillators(scene_a);
  Signal bus1;
  Signal bus2;
  mix(bus1, bus2);

  const Scene& scene = *scene_->scene;
  const auto filter_value = [&](int filter, FilterParam param) {
    return local(filter_param(filter, param));
  };
  const float distance = pitch_ - static_cast<float>(scene.integer(SceneParam::kKeytrackRoot));
  const auto cutoff = [&](int filter) {
    return filter_value(filter, FilterParam::kCutoff) +
           filter_value(filter, FilterParam::kKeytrack) * distance +
           filter_value(filter, FilterParam::kEnvelopeAmount) * envelopes_[1].level();
  };
  FilterBlockControls controls;
  controls.cutoff1 = cutoff(0);
  controls.resonance1 = filter_value(0, FilterParam::kResonance);
  controls.cutoff2 = cutoff(1);
  if (scene.boolean(SceneParam::kFilter2IsOffset)) controls.cutoff2 += controls.cutoff1;
  controls.resonance2 = scene.boolean(SceneParam::kFilter2LinkResonance)
                            ? controls.resonance1
                            : filter_value(1, FilterParam::kResonance);
  controls.gains = output_gains();
  filter_block_.set_controls(controls);
  filter_block_.process(bus1, bus2, left, right);
  finished_ = envelopes_[0].idle();
}

}  // namespace synthrl::surge
