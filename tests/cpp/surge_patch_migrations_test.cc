// Known answers: what numbers of old revisions mean today.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "surge/filters/filter.h"
#include "surge/patch_file.h"
#include "surge_patch_writer.h"

using namespace synthrl::surge;
using namespace synthrl::surge::test;

namespace {

PatchWriter of_revision(int revision) {
  PatchWriter writer;
  writer.revision = revision;
  return writer;
}

std::pair<int, int> filter_of(int revision, int type, int subtype) {
  const Patch patch = read(
      of_revision(revision).integer("a_filter1_type", type).integer("a_filter1_subtype", subtype));
  return {patch.scenes[0].integer(filter_param(0, FilterParam::kType)),
          patch.scenes[0].integer(filter_param(0, FilterParam::kSubtype))};
}

void check_filter(int revision, std::pair<int, int> stored, std::pair<int, int> expected) {
  const auto got = filter_of(revision, stored.first, stored.second);
  if (got == expected) return;
  synthrl::test::fail(__FILE__, __LINE__,
                      "revision " + std::to_string(revision) + ", filter " +
                          std::to_string(stored.first) + "/" + std::to_string(stored.second) +
                          " became " + std::to_string(got.first) + "/" +
                          std::to_string(got.second));
}

// An oscillator of scene A with `type`, read from `revision`.
Scene oscillator_scene(PatchWriter writer, int type) {
  return read(writer.integer("a_osc1_type", type)).scenes[0];
}

int sine_shape(int revision, int stored) {
  return oscillator_scene(of_revision(revision).integer("a_osc1_param0", stored), 1)
      .integer(osc_type_param(0, 0));
}

bool near(float a, float b) { return std::abs(a - b) < 1e-5f; }

}  // namespace

TEST(filter_types_that_were_split) {
  for (const int revision : {8, 14}) {
    for (int subtype = 0; subtype < 8; ++subtype) {
      constexpr int kTypes[] = {11, 22, 20, 21};
      check_filter(revision, {11, subtype}, {kTypes[subtype % 4], subtype / 4});
    }
    check_filter(revision, {6, 0}, {6, 0});
    check_filter(revision, {6, 3}, {23, 0});
    check_filter(revision, {6, 5}, {23, 2});
    check_filter(revision, {7, 1}, {7, 1});
    check_filter(revision, {7, 3}, {24, 1});
    check_filter(revision, {8, 1}, {8, 1});
    check_filter(revision, {8, 2}, {25, 0});
    check_filter(revision, {10, 5}, {10, 5});
  }
  check_filter(15, {11, 1}, {11, 1});
  check_filter(15, {8, 3}, {8, 1});
}

TEST(filter_subtypes) {
  check_filter(6, {1, 0}, {1, 1});
  check_filter(7, {5, 2}, {5, 1});
  check_filter(5, {2, 2}, {2, 0});
  check_filter(4, {7, 0}, {7, 1});
  check_filter(7, {3, 2}, {3, 2});
  check_filter(2, {3, 0}, {3, 3});
  check_filter(2, {9, 0}, {25, 1});  // by way of comb 3
  check_filter(3, {9, 1}, {25, 1});
  check_filter(26, {12, 3}, {12, 4});
  check_filter(27, {12, 3}, {12, 3});
  check_filter(26, {6, 1}, {6, 3});
  check_filter(26, {6, 2}, {6, 4});
  check_filter(26, {6, 0}, {6, 0});
  check_filter(27, {6, 1}, {6, 1});
  check_filter(8, {6, 4}, {23, 1});
  check_filter(29, {1, 99}, {1, 2});
  check_filter(29, {9, 5}, {9, 0});
  check_filter(29, {99, 5}, {0, 0});
  check_filter(29, {-1, -5}, {0, 0});
}

TEST(numbers_of_filter_subtypes) {
  constexpr int kCounts[] = {0,  3,  3, 4, 3, 3, 5, 2, 2, 0,  6, 2, 5, 5, 5, 4,  12, 12,
                             12, 12, 2, 2, 2, 3, 2, 2, 0, 12, 8, 8, 8, 8, 8, 12, 9,  15};
  for (int type = 0; type < kNumFilterTypes; ++type) {
    CHECK_EQ(num_filter_subtypes(static_cast<FilterType>(type)), kCounts[type]);
  }
}

TEST(resonance_before_revision_6) {
  const auto resonance = [](int revision, int type, double stored) {
    return read(of_revision(revision)
                    .integer("a_filter1_type", type)
                    .number("a_filter1_resonance", stored))
        .scenes[0]
        .value(filter_param(0, FilterParam::kResonance));
  };
  CHECK(near(resonance(5, 1, 0.0), 0.0f));
  CHECK(near(resonance(5, 1, 1.0), 1.0f - std::sqrt(1.0f - 0.99f / 1.05f)));
  CHECK(near(resonance(5, 4, 0.5), 1.0f - std::sqrt(1.0f - 0.99f * 0.75f / 1.05f)));
  CHECK(near(resonance(5, 2, 0.5), 0.5f * 0.99f / 1.05f));
  CHECK(near(resonance(5, 3, 0.5), 0.5f));
  CHECK(near(resonance(6, 1, 0.5), 0.5f));
}

TEST(pan_and_width_of_the_stereo_configuration) {
  const auto pans = [](int revision, int config) {
    const Patch patch = read(of_revision(revision)
                                 .integer("a_fb_config", config)
                                 .number("a_pan", -0.5)
                                 .number("a_pan2", 0.25));
    return std::pair(patch.scenes[0].value(SceneParam::kPan),
                     patch.scenes[0].value(SceneParam::kWidth));
  };
  CHECK(pans(4, 5) == std::pair(0.0f, 1.0f));
  CHECK(pans(7, 5) == std::pair(-0.125f, 0.375f));
  CHECK(pans(8, 5) == std::pair(-0.5f, 0.25f));
  CHECK(pans(7, 7) == std::pair(-0.5f, 0.25f));
}

TEST(what_belongs_to_the_instance) {
  const auto volume = [](int revision) {
    return read(of_revision(revision).number("volume", -12.0)).value(GlobalParam::kVolume);
  };
  CHECK_EQ(volume(16), -2.02574539f);
  CHECK_EQ(volume(17), -12.0f);
  CHECK_EQ(read(of_revision(29).integer("fx_bypass", 3)).integer(GlobalParam::kEffectBypass), 0);
  const auto routed = [](int revision) {
    return read(of_revision(revision).number("volume", 0, "",
                                             "<modrouting source=\"7\" depth=\"1\"/>"))
        .global_routings.size();
  };
  CHECK_EQ(routed(20), std::size_t{0});
  CHECK_EQ(routed(21), std::size_t{1});
}

TEST(global_settings) {
  const auto character = [](int revision) {
    return read(of_revision(revision).integer("character", 2)).integer(GlobalParam::kCharacter);
  };
  CHECK_EQ(character(9), 0);
  CHECK_EQ(character(10), 2);
  const auto polyphony = [](int revision) {
    return read(of_revision(revision).integer("polylimit", 8))
        .integer(GlobalParam::kPolyphonyLimit);
  };
  CHECK_EQ(polyphony(15), 16);
  CHECK_EQ(polyphony(16), 8);
  CHECK(read(of_revision(13)).legacy_comb_tuning);
  CHECK(!read(of_revision(14)).legacy_comb_tuning);
  PatchWriter corrected = of_revision(13);
  corrected.others = "<compatability><correctlyTunedCombFilter v=\"1\"/></compatability>";
  CHECK(!read(corrected).legacy_comb_tuning);
  PatchWriter tempo = of_revision(22);
  tempo.others = "<tempoOnSave v=\"90\"/>";
  CHECK_EQ(read(tempo).tempo_bpm, 120.0f);
  tempo.revision = 23;
  CHECK_EQ(read(tempo).tempo_bpm, 90.0f);
  tempo.others = "<tempoOnSave v=\"0\"/>";
  CHECK_EQ(read(tempo).tempo_bpm, 120.0f);
  CHECK_EQ(
      read(of_revision(29).integer("fx_disable", 0x7FFF0003)).integer(GlobalParam::kEffectDisable),
      3);
}

TEST(modulation_sources) {
  const auto source = [](int revision, int id) {
    PatchWriter writer = of_revision(revision);
    writer.number("a_pitch", 0, "",
                  "<modrouting depth=\"1\" source=\"" + std::to_string(id) + "\"/>");
    const Scene scene = read(writer).scenes[0];
    const auto& routings =
        scene.voice_routings.empty() ? scene.scene_routings : scene.voice_routings;
    return routings.empty() ? 0 : static_cast<int>(routings.front().source);
  };
  CHECK_EQ(source(8, 13), 13);
  CHECK_EQ(source(8, 14), 15);
  CHECK_EQ(source(8, 27), 28);
  CHECK_EQ(source(8, 40), 0);
  CHECK_EQ(source(9, 14), 14);
}

TEST(ring_modulators) {
  const auto mode = [](int revision, int stored) {
    return read(of_revision(revision).number("a_level_ring23", 1,
                                             "deform_type=\"" + std::to_string(stored) + "\""))
        .scenes[0]
        .option(mixer_param(MixerChannel::kRing23, MixerParam::kLevel))
        .deform_type;
  };
  CHECK_EQ(mode(21, 3), 0);
  CHECK_EQ(mode(22, 3), 3);
  CHECK_EQ(mode(23, 5), 7);
  CHECK_EQ(mode(24, 5), 5);
  CHECK_EQ(mode(29, 13), 0);
}

TEST(scene_flags) {
  const auto silent = [](int revision) {
    return read(of_revision(revision).number("a_volume", 1, "deactivated=\"1\""))
        .scenes[0]
        .option(SceneParam::kVolume)
        .deactivated;
  };
  CHECK(!silent(21) && silent(22));
  const auto random_drift = [](int revision, const std::string& attributes) {
    return read(of_revision(revision).number("a_drift", 1, attributes))
        .scenes[0]
        .option(SceneParam::kDrift)
        .extend_range;
  };
  CHECK(!random_drift(15, "") && random_drift(16, ""));
  CHECK(!random_drift(16, "extend_range=\"0\"") && random_drift(15, "extend_range=\"1\""));
  const auto gated = [](int revision) {
    return read(of_revision(revision).number("a_env1_release", 1, "deform_type=\"1\""))
        .scenes[0]
        .option(env_param(0, EnvParam::kRelease))
        .deform_type;
  };
  CHECK(gated(22) == 0 && gated(23) == 1);
  const auto amplitude = [](int revision) {
    return read(of_revision(revision).number("a_lfo3_magnitude", 0.25, "extend_range=\"1\""))
        .scenes[0]
        .value(lfo_param(3, LfoParam::kAmplitude));
  };
  CHECK(amplitude(25) == -0.5f && amplitude(26) == 0.25f);
  PatchWriter mseg = of_revision(15);
  mseg.others =
      "<msegs><mseg scene=\"0\" i=\"0\" editMode=\"1\" endpointMode=\"2\"/>"
      "<mseg scene=\"0\" i=\"1\" editMode=\"0\" endpointMode=\"2\"/></msegs>";
  Patch patch = read(mseg);
  CHECK(patch.scenes[0].lfos[0].mseg.endpoint_mode == MsegEndpointMode::kLocked);
  CHECK(patch.scenes[0].lfos[1].mseg.endpoint_mode == MsegEndpointMode::kFree);
  mseg.revision = 16;
  patch = read(mseg);
  CHECK(patch.scenes[0].lfos[0].mseg.endpoint_mode == MsegEndpointMode::kFree);
}

TEST(bend_ranges_that_are_floats) {
  const auto ranges = [](int up, int down) {
    const Patch patch =
        read(of_revision(9).integer("a_pbrange_up", up).integer("b_pbrange_dn", down));
    return std::pair(patch.scenes[0].integer(SceneParam::kPitchBendUp),
                     patch.scenes[1].integer(SceneParam::kPitchBendDown));
  };
  CHECK(ranges(0x40E00000, 0x41400000) == std::pair(7, 12));
  CHECK(ranges(55, 12) == std::pair(55, 12));
}

TEST(sine_shapes) {
  CHECK_EQ(sine_shape(28, 3), 3);
  CHECK_EQ(sine_shape(27, 3), 29);
  CHECK_EQ(sine_shape(13, 7), 31);
  CHECK_EQ(sine_shape(13, 2), 2);
  constexpr int kExpected[] = {0, 0, 9, 0, 1, 0, 4, 0, 13, 2, 3, 5, 6, 7, 14};
  for (int shape = 0; shape < 15; ++shape) CHECK_EQ(sine_shape(12, shape), kExpected[shape]);
  CHECK_EQ(sine_shape(12, 20), 0);
  CHECK_EQ(sine_shape(11, -1), 0);
  CHECK_EQ(sine_shape(9, 4), 0);
}

TEST(old_sines) {
  const auto sine = [](int revision) {
    return oscillator_scene(of_revision(revision)
                                .number("a_osc1_param1", 0.5)
                                .integer("a_osc1_param2", 1)
                                .number("a_osc1_param3", 10, "deactivated=\"0\"")
                                .number("a_osc1_param4", 20, "deactivated=\"0\""),
                            1);
  };
  const Scene r10 = sine(10);
  CHECK_EQ(r10.value(osc_type_param(0, 1)), 0.0f);
  CHECK_EQ(r10.integer(osc_type_param(0, 2)), 0);
  const Scene r12 = sine(12);
  CHECK_EQ(r12.value(osc_type_param(0, 1)), 0.5f);
  CHECK_EQ(r12.integer(osc_type_param(0, 2)), 1);
  CHECK_EQ(r12.value(osc_type_param(0, 3)), -60.0f);
  CHECK_EQ(r12.value(osc_type_param(0, 4)), 70.0f);
  CHECK(r12.option(osc_type_param(0, 3)).deactivated &&
        r12.option(osc_type_param(0, 4)).deactivated);
  CHECK(r12.oscillators[0].unipolar_feedback);
  CHECK(r12.boolean(osc_param(0, OscParam::kRetrigger)));
  const Scene r13 = sine(13);
  CHECK(!r13.oscillators[0].unipolar_feedback);
  CHECK_EQ(r13.value(osc_type_param(0, 3)), 10.0f);
  CHECK(!r13.option(osc_type_param(0, 3)).deactivated);
  CHECK(r13.boolean(osc_param(0, OscParam::kRetrigger)));
  CHECK(!sine(16).boolean(osc_param(0, OscParam::kRetrigger)));
}

TEST(old_fm) {
  const auto fm = [](int revision, int type) {
    PatchWriter writer = of_revision(revision);
    for (const int k : {1, 3, 4, 5, 6}) {
      writer.number("a_osc1_param" + std::to_string(k), 1,
                    "absolute=\"1\" extend_range=\"1\" deform_type=\"1\"");
    }
    return oscillator_scene(writer, type);
  };
  const auto option = [](const Scene& scene, int number) {
    return scene.option(osc_type_param(0, number));
  };
  CHECK(fm(12, 5).oscillators[0].unipolar_feedback && fm(12, 6).oscillators[0].unipolar_feedback);
  CHECK(!fm(13, 5).oscillators[0].unipolar_feedback);
  CHECK(!option(fm(13, 5), 1).absolute && !option(fm(13, 5), 3).absolute);
  CHECK(option(fm(14, 5), 1).absolute && option(fm(14, 5), 3).absolute);
  CHECK(!option(fm(21, 5), 5).extend_range && option(fm(22, 5), 5).extend_range);
  CHECK(option(fm(21, 6), 6).deform_type == 0 && option(fm(22, 6), 6).deform_type == 1);
  CHECK(!option(fm(23, 6), 4).extend_range && option(fm(24, 6), 4).extend_range);
  CHECK(fm(15, 6).boolean(osc_param(0, OscParam::kRetrigger)));
  CHECK(!fm(16, 6).boolean(osc_param(0, OscParam::kRetrigger)));
}

TEST(other_old_oscillators) {
  const SceneParam morph = osc_type_param(0, 0);
  const auto wavetable = [](int revision) {
    return oscillator_scene(of_revision(revision).number("a_osc1_param0", 1, "deform_type=\"1\""),
                            2);
  };
  CHECK(wavetable(16).option(morph).extend_range && !wavetable(17).option(morph).extend_range);
  CHECK(wavetable(25).option(morph).deform_type == 0 &&
        wavetable(26).option(morph).deform_type == 1);

  const auto window = [](int revision, int voices) {
    return oscillator_scene(of_revision(revision)
                                .number("a_osc1_param3", 1, "deactivated=\"0\"")
                                .integer("a_osc1_param6", voices),
                            7);
  };
  CHECK(window(15, 1).boolean(osc_param(0, OscParam::kRetrigger)));
  CHECK(!window(15, 2).boolean(osc_param(0, OscParam::kRetrigger)));
  CHECK(!window(16, 1).boolean(osc_param(0, OscParam::kRetrigger)));
  CHECK_EQ(window(12, 1).value(osc_type_param(0, 3)), -60.0f);
  CHECK_EQ(window(13, 1).value(osc_type_param(0, 3)), 1.0f);

  const Scene sample_and_hold =
      oscillator_scene(of_revision(12)
                           .number("a_osc1_param2", 1, "deactivated=\"0\"")
                           .number("a_osc1_param3", 1, "deactivated=\"0\""),
                       3);
  CHECK(sample_and_hold.option(osc_type_param(0, 2)).deactivated);
  CHECK(!sample_and_hold.option(osc_type_param(0, 3)).deactivated);
  CHECK_EQ(sample_and_hold.value(osc_type_param(0, 3)), 70.0f);

  const auto string = [](int revision) {
    return oscillator_scene(of_revision(revision)
                                .number("a_osc1_param1", 1, "deform_type=\"36\"")
                                .number("a_osc1_param2", 1, "extend_range=\"1\"")
                                .number("a_osc1_param6", 1, "deform_type=\"256\""),
                            9);
  };
  CHECK_EQ(string(18).option(osc_type_param(0, 1)).deform_type, 34);
  CHECK_EQ(string(18).option(osc_type_param(0, 6)).deform_type, 64);
  CHECK(!string(18).option(osc_type_param(0, 2)).extend_range);
  CHECK_EQ(string(19).option(osc_type_param(0, 1)).deform_type, 36);
  CHECK(string(19).option(osc_type_param(0, 2)).extend_range);

  const auto twist_pitch = [](int revision, const std::string& flags) {
    return oscillator_scene(of_revision(revision).number("a_osc1_pitch", 2, flags), 10)
        .value(osc_param(0, OscParam::kPitch));
  };
  CHECK(near(twist_pitch(27, ""), 2.0461048f));
  CHECK(near(twist_pitch(27, "extend_range=\"1\""), 2.00384207f));
  CHECK(near(twist_pitch(27, "absolute=\"1\""), 2.0053333f));
  CHECK(near(twist_pitch(27, "absolute=\"1\" extend_range=\"1\""), 2.0004444f));
  CHECK_EQ(twist_pitch(28, ""), 2.0f);

  CHECK_EQ(oscillator_scene(of_revision(29), 77).integer(osc_param(0, OscParam::kType)), 1);
}

TEST(ring_modulator_effect) {
  const auto shape = [](int revision, int stored) {
    return read(of_revision(revision).integer("fx2_type", 13).integer("fx2_p0", stored))
        .effects[1]
        .params[0]
        .as_integer();
  };
  CHECK_EQ(shape(27, 28), 33);
  CHECK_EQ(shape(27, 5), 30);
  CHECK_EQ(shape(27, 6), 6);
  CHECK_EQ(shape(28, 28), 28);
}

TEST(effect_flags_of_revision_16) {
  const auto deactivated = [](int revision) {
    return read(of_revision(revision).integer("fx1_type", 6).number("fx1_p0", 1))
        .effects[0]
        .params[0]
        .options.deactivated;
  };
  CHECK(deactivated(15) && !deactivated(16) && deactivated(17));
}
