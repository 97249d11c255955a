// What follows from the way voices, scenes and the output are put together.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <random>
#include <vector>

#include "check.h"
#include "surge/plan.h"
#include "surge/portamento.h"
#include "surge/ring_modulation.h"
#include "surge_patches.h"

using namespace synthrl;
using namespace synthrl::surge;
using synthrl::test::initial_patch;
using synthrl::test::play;
using synthrl::test::set;
using synthrl::test::StereoSound;

namespace {

constexpr double kRateHz = 44100.0;
constexpr std::size_t kSecond = 44100;

const Plan& plan() {
  static const Plan shared({.sample_rate = kRateHz});
  return shared;
}

Instrument& instrument() {
  static Instrument shared(plan());
  return shared;
}

constexpr NoteEvent held(int key = 60, int velocity = 127) {
  return {.key = key, .velocity = velocity, .gate_samples = 1 << 30};
}

StereoSound play_held(const Patch& patch, std::size_t num_samples = kSecond / 2) {
  return play(instrument(), patch, held(), num_samples);
}

float peak(std::span<const float> sound) {
  float result = 0.0f;
  for (const float sample : sound) result = std::max(result, std::fabs(sample));
  return result;
}

// The second half, in which a sound that is held has settled.
std::span<const float> settled(const std::vector<float>& sound) {
  return std::span(sound).subspan(sound.size() / 2);
}

// From the rising zero crossings of a sine.
double frequency_hz(std::span<const float> sound) {
  double first = -1.0;
  double last = -1.0;
  int count = 0;
  for (std::size_t i = 1; i < sound.size(); ++i) {
    if (sound[i - 1] >= 0.0f || sound[i] < 0.0f) continue;
    last = static_cast<double>(i) - static_cast<double>(sound[i] / (sound[i] - sound[i - 1]));
    if (first < 0.0) first = last;
    ++count;
  }
  return (count - 1) * kRateHz / (last - first);
}

double note_hz(double note) { return 440.0 * std::exp2((note - 69.0) / 12.0); }

bool near(double got, double expected, double tolerance) {
  return std::fabs(got - expected) <= tolerance;
}

SceneRouting route(ModSource source, SceneParam destination, float depth) {
  return {.source = source, .destination = destination, .depth = depth};
}

}  // namespace

TEST(levels_are_cubes_and_decibels) {
  Patch patch = initial_patch();
  Scene& scene = patch.scenes[0];
  // At the left of a centred mono sound: level^3 · half of volume^3.
  CHECK(near(peak(settled(play_held(patch).left)), 0.5 * 0.7071, 2e-3));
  set(scene, SceneParam::kVolume, 1.0f);
  CHECK(near(peak(settled(play_held(patch).left)), 0.5, 2e-3));
  set(scene, mixer_param(MixerChannel::kOsc1, MixerParam::kLevel), 0.5f);
  CHECK(near(peak(settled(play_held(patch).left)), 0.5 / 8.0, 5e-4));
  set(scene, SceneParam::kPreFilterGain, 6.0f);
  set(scene, SceneParam::kVcaLevel, -12.0f);
  set(patch, GlobalParam::kVolume, -6.0f);
  CHECK(near(peak(settled(play_held(patch).left)), 0.5 / 8.0 * std::pow(10.0, -0.6), 2e-4));
  set(scene, SceneParam::kVcaVelocity, -40.0f);
  const StereoSound soft = play(instrument(), patch, held(60, 0), kSecond / 2);
  CHECK(near(peak(settled(soft.left)), 0.5 / 8.0 * std::pow(10.0, -2.6), 1e-5));
}

TEST(a_level_of_zero_is_silent_until_something_moves_it) {
  Patch patch = initial_patch();
  Scene& scene = patch.scenes[0];
  const SceneParam level = mixer_param(MixerChannel::kOsc1, MixerParam::kLevel);
  set(scene, level, 0.0f);
  CHECK(peak(play_held(patch).left) == 0.0f);
  scene.voice_routings = {route(ModSource::kVelocity, level, 1.0f)};
  CHECK(near(peak(settled(play_held(patch).left)), 0.5 * 0.7071, 2e-3));
  scene.voice_routings = {};
  patch.macros[0] = 1.0f;
  scene.scene_routings = {route(ModSource::kMacro1, level, 1.0f)};
  CHECK(near(peak(settled(play_held(patch).left)), 0.5 * 0.7071, 2e-3));
}

TEST(pan_and_width_place_both_sides) {
  for (const FilterConfiguration configuration :
       {FilterConfiguration::kSerial1, FilterConfiguration::kWide, FilterConfiguration::kStereo}) {
    Patch patch = initial_patch();
    Scene& scene = patch.scenes[0];
    set(scene, SceneParam::kVolume, 1.0f);
    set(scene, SceneParam::kFilterConfig, static_cast<float>(configuration));
    const StereoSound centre = play_held(patch);
    CHECK(near(peak(settled(centre.left)), 0.5, 2e-3));
    CHECK(near(peak(settled(centre.right)), 0.5, 2e-3));
    set(scene, SceneParam::kWidth, 0.0f);
    set(scene, SceneParam::kPan, -1.0f);
    const StereoSound hard_left = play_held(patch);
    CHECK(peak(settled(hard_left.left)) > 0.7f);
    CHECK(peak(settled(hard_left.right)) < 1e-5f);
  }
}

TEST(the_left_channel_alone_is_the_left_channel) {
  Patch patch = initial_patch();
  for (int i = 0; i < kNumFilterConfigurations; ++i) {
    set(patch.scenes[0], SceneParam::kFilterConfig, static_cast<float>(i));
    set(patch.scenes[0], SceneParam::kFeedback, 0.4f);
    const StereoSound both = play(instrument(), patch, held(), 3000, 5, true);
    const StereoSound left = play(instrument(), patch, held(), 3000, 5, false);
    CHECK(both.left == left.left);
  }
}

TEST(pitch_follows_keys_octaves_and_hertz) {
  Patch patch = initial_patch();
  Scene& scene = patch.scenes[0];
  const auto frequency = [&](int key) {
    const StereoSound sound = play(instrument(), patch, held(key), kSecond);
    return frequency_hz(settled(sound.left));
  };
  CHECK(near(frequency(60), note_hz(60), 0.01));
  CHECK(near(frequency(69), 440.0, 0.01));
  set(scene, SceneParam::kOctave, 1);
  set(scene, SceneParam::kPitch, 0.5f);
  CHECK(near(frequency(60), note_hz(72.5), 0.02));
  scene.params.options[index_of(SceneParam::kPitch)].extend_range = true;
  CHECK(near(frequency(60), note_hz(78), 0.02));
  set(scene, osc_param(0, OscParam::kOctave), -2);
  set(scene, osc_param(0, OscParam::kPitch), 3.25f);
  CHECK(near(frequency(60), note_hz(57.25), 0.02));
  // Without key tracking the key does not matter, the scene does.
  set(scene, osc_param(0, OscParam::kKeytrack), 0);
  CHECK(near(frequency(80), note_hz(57.25), 0.02));
  scene.params.options[index_of(osc_param(0, OscParam::kPitch))].absolute = true;
  // The frequency scale is straight between semitones, hence the tolerance.
  CHECK(near(frequency(60), note_hz(54) + 32.5, 0.2));
}

TEST(mute_and_solo_choose_channels) {
  Patch patch = initial_patch();
  Scene& scene = patch.scenes[0];
  set(scene, mixer_param(MixerChannel::kOsc1, MixerParam::kMute), 1);
  CHECK_EQ(peak(play_held(patch).left), 0.0f);
  set(scene, osc_param(1, OscParam::kType), static_cast<float>(OscillatorType::kSine));
  set(scene, osc_param(1, OscParam::kRetrigger), 1);
  set(scene, osc_param(1, OscParam::kOctave), 1);
  // Solo sounds even if muted, and nothing else does.
  set(scene, mixer_param(MixerChannel::kOsc1, MixerParam::kMute), 0);
  set(scene, mixer_param(MixerChannel::kOsc2, MixerParam::kSolo), 1);
  CHECK(near(frequency_hz(settled(play_held(patch).left)), note_hz(72), 0.1));
}

TEST(ring_modulation_of_sines_has_sum_and_difference) {
  Patch patch = initial_patch();
  Scene& scene = patch.scenes[0];
  set(scene, osc_param(1, OscParam::kType), static_cast<float>(OscillatorType::kSine));
  set(scene, osc_param(1, OscParam::kRetrigger), 1);
  set(scene, mixer_param(MixerChannel::kOsc1, MixerParam::kMute), 1);
  set(scene, mixer_param(MixerChannel::kRing12, MixerParam::kMute), 0);
  // The square of a sine is half a cosine of twice the frequency; the highpass takes the rest.
  const StereoSound sound = play_held(patch, kSecond);
  CHECK(near(frequency_hz(settled(sound.left)), 2.0 * note_hz(60), 0.1));
  CHECK(near(peak(settled(sound.left)), 0.25 * 0.7071, 2e-3));
}

// Closed forms of the combinators at signals of a few levels.
TEST(ring_combinators_have_their_values) {
  const std::array<float, 6> a = {0.5f, 0.5f, -0.5f, -0.5f, 0.25f, -1.0f};
  const std::array<float, 6> b = {0.75f, -0.75f, 0.75f, -0.75f, 0.25f, 0.0f};
  const auto run = [&](int mode) {
    std::array<float, 6> out{};
    ring_modulate(mode, a, b, out);
    return out;
  };
  CHECK((run(0) == std::array<float, 6>{0.375f, -0.375f, -0.375f, 0.375f, 0.0625f, 0.0f}));
  CHECK((run(1) == std::array<float, 6>{-0.5f, 0.5f, 0.5f, -0.5f, -0.25f, 0.0f}));
  CHECK((run(8) == std::array<float, 6>{0.25f, 0.25f, 0.25f, 0.25f, 0.0f, -1.0f}));
  CHECK((run(9) == std::array<float, 6>{0.0f, 0.5f, -0.5f, 0.0f, 0.0f, -1.0f}));
  CHECK((run(10) == std::array<float, 6>{0.25f, -0.75f, 0.25f, -0.75f, 0.0f, 0.0f}));
  CHECK(run(-1) == run(0));
  CHECK(run(99) == run(0));
}

TEST(frequency_modulation_needs_a_modulator) {
  Patch patch = initial_patch();
  Scene& scene = patch.scenes[0];
  set(scene, osc_param(1, OscParam::kType), static_cast<float>(OscillatorType::kSine));
  set(scene, osc_type_param(0, 2), 1);  // behaviour of the current revision
  set(scene, SceneParam::kFmDepth, -6.0f);
  const StereoSound plain = play_held(patch);
  set(scene, SceneParam::kFmSwitch, 1);
  const StereoSound modulated = play_held(patch);
  CHECK(modulated.left != plain.left);
  // A soloed carrier with both others as modulators gets silence from them.
  set(scene, SceneParam::kFmSwitch, 3);
  set(scene, mixer_param(MixerChannel::kOsc1, MixerParam::kSolo), 1);
  CHECK(near(peak(settled(play_held(patch).left)), peak(settled(plain.left)), 1e-3));
  CHECK(near(frequency_hz(settled(play_held(patch).left)), note_hz(60), 0.1));
}

TEST(the_output_fades_in_by_a_quarter_of_the_rest_per_block) {
  Patch patch = initial_patch();
  set(patch.scenes[0], env_param(0, EnvParam::kAttack), -8.0f);
  const StereoSound loud = play_held(patch, 4096);
  set(patch, GlobalParam::kVolume, -20.0f);
  const StereoSound soft = play_held(patch, 4096);
  // The fade is the same at any volume ...
  for (std::size_t i = 0; i < loud.left.size(); ++i) {
    CHECK(near(soft.left[i], 0.1 * static_cast<double>(loud.left[i]), 1e-6));
  }
  // ... and it, with the envelope's first seven blocks, delays full level to about block 20.
  const auto block_peak = [&](std::size_t first) {
    return peak(std::span(loud.left).subspan(32 * first, 8 * 32));
  };
  CHECK(block_peak(0) < 0.9f * block_peak(40));
  CHECK(near(block_peak(24), block_peak(40), 2e-3));
}

TEST(a_cold_start_climbs_as_a_square_root_and_then_as_its_envelope) {
  // A modulator shows the envelope: level 0, raised by the amplitude envelope times depth 1.
  Patch patch = initial_patch();
  Scene& scene = patch.scenes[0];
  set(scene, env_param(0, EnvParam::kAttack), -2.0f);  // a quarter of a second
  set(scene, env_param(0, EnvParam::kAttackShape), 1);
  const StereoSound sound = play_held(patch, kSecond);
  // Without the fade at the output, a straight line from two blocks' worth at 1 s.
  const auto envelope_at = [](double seconds) { return std::min(1.0, seconds / 0.25); };
  for (const double seconds : {0.05, 0.1, 0.2}) {
    const auto centre = static_cast<std::size_t>(seconds * kRateHz);
    const float level = peak(std::span(sound.left).subspan(centre - 85, 170));
    CHECK(near(level / (0.5 * 0.7071), envelope_at(seconds), 0.02));
  }
}

TEST(a_released_note_ends_in_silence) {
  Patch patch = initial_patch();
  set(patch.scenes[0], env_param(0, EnvParam::kRelease), -4.0f);
  const NoteEvent note = {.key = 60, .velocity = 100, .gate_samples = 10000};
  const StereoSound sound = play(instrument(), patch, note, kSecond * 2);
  CHECK(peak(std::span(sound.left).subspan(9000, 900)) > 0.3f);
  const auto tail = std::span(sound.left).subspan(10000 + 44100 / 16 + 64);
  CHECK(peak(tail) < 1e-2f);  // what the highpass has left
  CHECK_EQ(peak(tail.last(kSecond / 2)), 0.0f);
}

TEST(latched_scenes_go_on_and_play_by_themselves) {
  Patch patch = initial_patch();
  set(patch.scenes[0], SceneParam::kPlayMode, 5);
  const NoteEvent note = {.key = 60, .velocity = 100, .gate_samples = 1000};
  CHECK(peak(settled(play(instrument(), patch, note, kSecond).left)) > 0.3f);
  // The note goes to the upper scene; the lower one plays its own.
  set(patch, GlobalParam::kSceneMode, 1);
  set(patch, GlobalParam::kSplitKey, 60);
  patch.scenes[1].params.options[index_of(SceneParam::kVolume)].deactivated = true;
  const StereoSound split = play(instrument(), patch, held(72), kSecond);
  CHECK(near(frequency_hz(settled(split.left)), note_hz(60), 0.05));
}

TEST(scene_modes_choose_scenes) {
  Patch patch = initial_patch();
  set(patch.scenes[1], SceneParam::kOctave, 1);
  set(patch, GlobalParam::kActiveScene, 1);
  CHECK(near(frequency_hz(settled(play_held(patch).left)), note_hz(72), 0.1));
  set(patch, GlobalParam::kSceneMode, 1);
  set(patch, GlobalParam::kSplitKey, 61);
  CHECK(near(frequency_hz(settled(play_held(patch).left)), note_hz(60), 0.1));
  set(patch, GlobalParam::kSceneMode, 0);
  const StereoSound upper = play_held(patch);
  set(patch, GlobalParam::kActiveScene, 0);
  const StereoSound lower = play_held(patch);
  set(patch, GlobalParam::kSceneMode, 2);
  const StereoSound both = play_held(patch);
  for (std::size_t i = 0; i < both.left.size(); ++i) {
    CHECK(near(both.left[i], lower.left[i] + upper.left[i], 1e-6));
  }
}

TEST(a_switched_off_scene_is_silent_but_feeds_the_other) {
  Patch patch = initial_patch();
  set(patch, GlobalParam::kSceneMode, 2);
  patch.scenes[0].params.options[index_of(SceneParam::kVolume)].deactivated = true;
  set(patch.scenes[1], osc_param(0, OscParam::kType), static_cast<float>(OscillatorType::kAudioIn));
  for (const int cut : {5, 6}) {
    patch.scenes[1].params.options[index_of(osc_type_param(0, cut))].deactivated = true;
  }
  CHECK_EQ(peak(play_held(patch).left), 0.0f);
  set(patch.scenes[1], osc_type_param(0, 4), 1.0f);  // all of scene A
  const StereoSound sound = play_held(patch);
  CHECK(peak(settled(sound.left)) > 0.1f);
  CHECK(near(frequency_hz(settled(sound.left)), note_hz(60), 0.1));
}

TEST(routings_add_depth_times_source) {
  Patch patch = initial_patch();
  Scene& scene = patch.scenes[0];
  const auto frequency = [&](int velocity) {
    return frequency_hz(settled(play(instrument(), patch, held(60, velocity), kSecond).left));
  };
  scene.voice_routings = {route(ModSource::kVelocity, SceneParam::kPitch, 12.0f)};
  CHECK(near(frequency(127), note_hz(72), 0.05));
  CHECK(near(frequency(64), note_hz(60.0 + 12.0 * 64.0 / 127.0), 0.05));
  patch.macros[2] = -0.5f;
  scene.scene_routings = {route(static_cast<ModSource>(static_cast<int>(ModSource::kMacro1) + 2),
                                SceneParam::kPitch, 4.0f)};
  CHECK(near(frequency(127), note_hz(70), 0.05));
  // The alternating source starts at -1.
  scene.voice_routings = {route(ModSource::kAlternateBipolar, SceneParam::kPitch, 5.0f)};
  CHECK(near(frequency(127), note_hz(53), 0.05));
  // Sources of the voice do not reach what the scene alone reads.
  scene.voice_routings = {route(ModSource::kVelocity, SceneParam::kLowCut, 200.0f)};
  CHECK(peak(settled(play_held(patch).left)) > 0.3f);
  // Outputs that a source does not have are 0.
  scene.scene_routings = {};
  scene.voice_routings = {{.source = ModSource::kVelocity,
                           .source_index = 1000,
                           .destination = SceneParam::kPitch,
                           .depth = 12.0f}};
  CHECK(near(frequency(127), note_hz(60), 0.05));
}

TEST(portamento_glides_from_the_key_before) {
  const ModulatorTables tables(kRateHz);
  Portamento glide;
  glide.start({}, false, 120.0f, 60, 72, true);
  CHECK_EQ(glide.pitch(), 60.0f);
  // A straight line over one second, which is 1378 blocks.
  for (int i = 0; i < 689; ++i) glide.tick(tables, 0.0f);
  CHECK(near(glide.pitch(), 66.0, 0.01));
  for (int i = 0; i < 700; ++i) glide.tick(tables, 0.0f);
  CHECK_EQ(glide.pitch(), 72.0f);

  Portamento stepped;
  stepped.start({.glissando = true, .retrigger = true}, false, 120.0f, 60, 64, true);
  int retriggers = 0;
  for (int i = 0; i < 1400; ++i) {
    retriggers += stepped.tick(tables, 0.0f);
    CHECK_EQ(stepped.pitch(), std::round(stepped.pitch()));
  }
  CHECK_EQ(retriggers, 4);

  Portamento constant;
  constant.start({.constant_rate = true}, false, 120.0f, 60, 84, true);
  for (int i = 0; i < 1378; ++i) constant.tick(tables, 0.0f);
  CHECK(near(constant.pitch(), 72.0, 0.02));  // an octave per second

  for (const int curve : {-1, 1}) {
    Portamento bent;
    bent.start({.curve = curve}, false, 120.0f, 60, 72, true);
    for (int i = 0; i < 689; ++i) bent.tick(tables, 0.0f);
    const double part = std::log2(6.0) / std::log2(11.0);
    CHECK(near(bent.pitch(), curve < 0 ? 60.0 + 12.0 * part : 72.0 - 12.0 * part, 0.02));
  }
}

TEST(a_gate_ends_at_whole_blocks) {
  Patch patch = initial_patch();
  const auto with_gate = [&](std::int64_t samples) {
    return play(instrument(), patch, {.key = 60, .velocity = 85, .gate_samples = samples}, 4000)
        .left;
  };
  CHECK(with_gate(1600) == with_gate(1631));
  CHECK(with_gate(1600) != with_gate(1632));
  CHECK(with_gate(0) != with_gate(32));
}

// Under the sanitizers this also shows that no values lead outside a table.
TEST(renders_are_finite_and_forget_what_was_played) {
  std::mt19937 random(7);
  const auto uniform = [&](float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random);
  };
  const auto random_patch = [&](float excess) {
    Patch patch = initial_patch();
    for (Scene& scene : patch.scenes) {
      for (int i = 0; i < kNumSceneParams; ++i) {
        const auto param = static_cast<SceneParam>(i);
        const ParamInfo& range = info(param);
        const float span = (range.maximum - range.minimum) * excess;
        const float value = uniform(range.minimum - span, range.maximum + span);
        if (range.kind == ParamKind::kInteger || range.kind == ParamKind::kBoolean) {
          set(scene, param, std::round(value));
        } else if (range.kind == ParamKind::kByType) {
          set(scene, param, uniform(-2.0f, 16.0f));
        } else {
          set(scene, param, value);
        }
        ParamOptions& options = scene.params.options[index_of(param)];
        options = {.temposync = random() % 4 == 0,
                   .extend_range = random() % 4 == 0,
                   .absolute = random() % 8 == 0,
                   .deactivated = random() % 8 == 0,
                   .deform_type = static_cast<std::int32_t>(random() % 5) - 1};
      }
      set(scene, SceneParam::kVolume, 1.0f);
      scene.params.options[index_of(SceneParam::kVolume)].deactivated = false;
      for (int i = 0; i < 12; ++i) {
        const auto source = static_cast<ModSource>(random() % kNumModSources);
        const SceneRouting routing = {
            .source = source,
            .source_index = static_cast<std::int32_t>(random() % 4),
            .destination = static_cast<SceneParam>(random() % kNumSceneParams),
            .depth = uniform(-20.0f, 20.0f) * (random() % 16 == 0 ? 1e30f : 1.0f)};
        (is_voice_source(source) ? scene.voice_routings : scene.scene_routings).push_back(routing);
      }
      for (LfoData& lfo : scene.lfos) {
        for (float& step : lfo.steps.steps) step = uniform(-1.0f, 1.0f);
        lfo.steps.trigger_mask = (static_cast<std::uint64_t>(random()) << 16) ^ random();
        lfo.mseg.segments.resize(random() % 4);
        for (MsegSegment& segment : lfo.mseg.segments) {
          segment = {.duration = uniform(0.0f, 1.0f),
                     .v0 = uniform(-1.0f, 1.0f),
                     .nv1 = uniform(-1.0f, 1.0f),
                     .type = static_cast<MsegSegmentType>(1 + random() % 13)};
        }
      }
      scene.hard_clip = static_cast<HardClip>(1 + random() % 3);
    }
    set(patch, GlobalParam::kSceneMode, static_cast<float>(random() % 4));
    set(patch, GlobalParam::kCharacter, static_cast<float>(random() % 3));
    return patch;
  };

  Instrument fresh(plan());
  Instrument used(plan());
  int num_audible = 0;
  for (int i = 0; i < 60; ++i) {
    const Patch patch = random_patch(i % 3 == 0 ? 2.0f : 0.0f);
    const NoteEvent note = {.key = static_cast<int>(random() % 128),
                            .velocity = static_cast<int>(random() % 128),
                            .gate_samples = static_cast<std::int64_t>(random() % 5000)};
    const StereoSound sound = play(used, patch, note, 6000, 3);
    for (const float sample : sound.left) CHECK(std::isfinite(sample));
    for (const float sample : sound.right) CHECK(std::isfinite(sample));
    num_audible += peak(sound.left) > 1e-6f;
    if (i % 8 == 0) {
      Instrument unused(plan());
      const StereoSound again = play(unused, patch, note, 6000, 3);
      CHECK(again.left == sound.left);
      CHECK(again.right == sound.right);
    }
  }
  CHECK(num_audible > 20);
}

TEST(seeds_change_random_sounds_only) {
  Patch patch = initial_patch();
  const auto with_seed = [&](std::uint64_t seed) {
    return play(instrument(), patch, held(), 4000, seed).left;
  };
  CHECK(with_seed(1) == with_seed(2));
  set(patch.scenes[0], osc_param(0, OscParam::kRetrigger), 0);
  CHECK(with_seed(1) != with_seed(2));
  CHECK(with_seed(1) == with_seed(1));
}
