#include <bit>
#include <cmath>
#include <string>

#include "check.h"
#include "surge/patch_file.h"
#include "surge_patch_writer.h"

using namespace synthrl::surge;
using namespace synthrl::surge::test;
using synthrl::test::throws;

namespace {

// `frames` frames of `frame_samples` 16-bit samples.
std::string wavetable(int frame_samples, int frames, std::size_t sample_bytes = 2) {
  std::string block(4, '\0');
  append_u32(block, static_cast<std::uint32_t>(frame_samples), false);
  append_u32(block, static_cast<std::uint32_t>(frames | (sample_bytes == 2 ? 4 << 16 : 0)), false);
  const auto samples = static_cast<std::size_t>(frame_samples) * static_cast<std::size_t>(frames);
  return block + std::string(samples * sample_bytes, '\1');
}

const Scene& scene_a(const Patch& patch) { return patch.scenes[0]; }

std::string mod(const std::string& attributes) { return "<modrouting " + attributes + "/>"; }

}  // namespace

TEST(an_empty_patch_has_initial_values) {
  const Patch patch = read(PatchWriter{});
  CHECK_EQ(patch.revision, 29);
  CHECK_EQ(patch.tempo_bpm, 120.0f);
  for (const Scene& scene : patch.scenes) {
    CHECK_EQ(scene.value(SceneParam::kVolume), 0.890899f);
    CHECK_EQ(scene.value(lfo_param(3, LfoParam::kRelease)), 5.0f);
    CHECK_EQ(scene.integer(env_param(0, EnvParam::kReleaseShape)), 2);
    CHECK_EQ(scene.value(env_param(0, EnvParam::kReleaseShape)), 2.0f);
    CHECK_EQ(scene.value(osc_type_param(0, 1)), 0.5f);  // width of Classic
    CHECK_EQ(scene.integer(osc_type_param(0, 6)), 1);   // its voices
    CHECK(scene.option(osc_type_param(0, 1)).deactivated);
    CHECK(!scene.option(lfo_param(0, LfoParam::kDelay)).deactivated);
    CHECK(!scene.option(SceneParam::kLowCut).deactivated);
    CHECK(scene.option(SceneParam::kDrift).extend_range);
    CHECK_EQ(scene.oscillators[0].partials[3], 0.25f);
  }
  CHECK_EQ(patch.integer(GlobalParam::kCharacter), 1);
  CHECK_EQ(patch.value(GlobalParam::kVolume), 0.0f);
}

TEST(values_and_flags) {
  PatchWriter writer;
  writer.number("a_osc1_pitch", 3.5, "absolute=\"1\" extend_range=\"1\"")
      .number("a_lfo2_rate", -1.25, "temposync=\"1\" deactivated=\"1\"")
      .number("b_noisecol", -0.5, "deform_type=\"1\"")
      .integer("b_polymode", 4)
      .number("a_portamento", -3, "porta_const_rate=\"1\" porta_gliss=\"1\" porta_curve=\"-1\"")
      .number("a_lowcut", 1, "deform_type=\"2\" deactivated=\"1\"")
      .integer("character", 2)
      .integer("a_made_up", 7);
  writer.parameters += "<a_pan type=\"2\"/><a_octave value=\" +2 \"/><a_width/>";
  const Patch patch = read(writer);
  const SceneParam pitch = osc_param(0, OscParam::kPitch);
  CHECK_EQ(scene_a(patch).value(pitch), 3.5f);
  CHECK_EQ(scene_a(patch).params.integer(pitch), 0);
  CHECK(scene_a(patch).option(pitch).absolute && scene_a(patch).option(pitch).extend_range);
  CHECK(!scene_a(patch).option(pitch).temposync);
  const SceneParam rate = lfo_param(2, LfoParam::kRate);
  CHECK_EQ(scene_a(patch).value(rate), -1.25f);
  CHECK(scene_a(patch).option(rate).temposync && scene_a(patch).option(rate).deactivated);
  CHECK_EQ(patch.scenes[1].option(SceneParam::kNoiseColor).deform_type, 1);
  CHECK_EQ(patch.scenes[1].integer(SceneParam::kPlayMode), 4);
  CHECK(scene_a(patch).portamento.constant_rate && scene_a(patch).portamento.glissando);
  CHECK_EQ(scene_a(patch).portamento.curve, -1);
  CHECK(scene_a(patch).option(SceneParam::kLowCut).deactivated);
  CHECK_EQ(scene_a(patch).value(SceneParam::kPan), 0.0f);    // no value: the initial one
  CHECK_EQ(scene_a(patch).integer(SceneParam::kOctave), 2);  // no type: its kind
  CHECK_EQ(patch.integer(GlobalParam::kCharacter), 2);
}

TEST(the_first_of_equal_elements_counts) {
  PatchWriter writer;
  writer.number("a_pan", 0.25).number("a_pan", 0.75, "", mod("source=\"1\" depth=\"1\""));
  const Patch patch = read(writer);
  CHECK_EQ(scene_a(patch).value(SceneParam::kPan), 0.25f);
  CHECK(scene_a(patch).voice_routings.empty());
}

TEST(bits_mean_what_the_type_needs) {
  PatchWriter writer;
  writer.integer("a_osc1_type", 2)
      .integer("a_osc1_param0", std::bit_cast<std::int32_t>(0.75f))  // float kept as an integer
      .integer("a_osc1_param1", 0)
      .value("a_osc1_param6", "1e-44", 2)  // an integer kept as a float: 7 units of the last place
      .integer("fx3_type", 6)
      .integer("fx3_p0", 1065353216)
      .number("fx3_p1", 2.5, "deactivated=\"0\" temposync=\"1\"");
  const Patch patch = read(writer);
  CHECK_EQ(scene_a(patch).value(osc_type_param(0, 0)), 0.75f);
  CHECK_EQ(scene_a(patch).value(osc_type_param(0, 1)), 0.0f);
  CHECK_EQ(scene_a(patch).integer(osc_type_param(0, 6)), 7);
  const Effect& effect = patch.effects[2];
  CHECK_EQ(effect.type, 6);
  CHECK_EQ(effect.params[0].as_float(), 1.0f);
  CHECK_EQ(effect.params[0].as_integer(), 1065353216);
  CHECK(effect.params[0].options.deactivated);
  CHECK_EQ(effect.params[1].as_float(), 2.5f);
  CHECK(!effect.params[1].options.deactivated && effect.params[1].options.temposync);
  CHECK(effect.params[1].present && !effect.params[2].present);
}

TEST(numbers_that_are_none) {
  PatchWriter writer;
  writer.value("a_pan", "nan", 2)
      .value("a_pitch", "-inf", 2)
      .value("a_volume", "1e99", 2)
      .value("a_drift", "123456", 2)
      .value("a_feedback", "", 2)
      .value("a_octave", "99999999999999999999", 0)
      .value("a_lfo0_rate", "1.5x", 2);
  const Patch patch = read(writer);
  CHECK_EQ(scene_a(patch).value(SceneParam::kPan), 0.0f);
  CHECK_EQ(scene_a(patch).value(SceneParam::kPitch), 0.0f);
  CHECK_EQ(scene_a(patch).value(SceneParam::kVolume), 0.0f);
  CHECK_EQ(scene_a(patch).value(SceneParam::kDrift), kMaxMagnitude);
  CHECK_EQ(scene_a(patch).value(SceneParam::kFeedback), 0.0f);
  CHECK_EQ(scene_a(patch).integer(SceneParam::kOctave), 0);
  CHECK_EQ(scene_a(patch).value(lfo_param(0, LfoParam::kRate)), 1.5f);
  const auto error = error_of(PatchWriter{}.value("a_pan", "left", 2).file());
  CHECK(contains(error, "XML element 'a_pan' at byte "));
  CHECK(contains(error, "'value' is no number"));
}

TEST(routings_go_where_their_source_is) {
  PatchWriter writer;
  writer
      .number("a_filter1_cutoff", 3, "",
              mod("source=\"1\" depth=\"12\"") + mod("source=\"7\" depth=\"-3\"") +
                  mod("source=\"17\" depth=\"5\" source_index=\"2\"") +
                  mod("source=\"2\" depth=\"1\" muted=\"1\"") + mod("source=\"3\" depth=\"0\"") +
                  mod("source=\"41\" depth=\"1\"") + mod("source=\"0\" depth=\"1\"") +
                  mod("source=\"17\" depth=\"1\" source_index=\"8\""))
      .integer("a_octave", 1, "", mod("source=\"1\" depth=\"1\""))
      .value("a_pitch", "0", 0, "", mod("source=\"1\" depth=\"1\""))  // not a float in the file
      .number("a_lowcut", 0, "", mod("source=\"1\" depth=\"1\"") + mod("source=\"23\" depth=\"2\""))
      .number("a_lfo6_rate", 0, "", mod("source=\"17\" depth=\"1\""))
      .number("a_lfo5_rate", 0, "", mod("source=\"17\" depth=\"4\""))
      .number("a_vca_velsense", 0, "", mod("source=\"7\" depth=\"4\""))
      .number("volume", 0, "", mod("source=\"24\" depth=\"6\" source_scene=\"1\""))
      .number("fx1_p3", 0, "", mod("source=\"31\" depth=\"0.5\" source_index=\"1\""));
  const Patch patch = read(writer);
  const auto& voice = scene_a(patch).voice_routings;
  CHECK_EQ(voice.size(), std::size_t{3});
  CHECK(voice[0].source == ModSource::kVelocity && voice[0].depth == 12.0f);
  CHECK(voice[0].destination == filter_param(0, FilterParam::kCutoff));
  CHECK(voice[1].source == ModSource::kVoiceLfo1 && voice[1].source_index == 2);
  CHECK(voice[2].destination == lfo_param(5, LfoParam::kRate));
  const auto& scene = scene_a(patch).scene_routings;
  CHECK_EQ(scene.size(), std::size_t{2});
  CHECK(scene[0].source == ModSource::kMacro1 && scene[0].depth == -3.0f);
  CHECK(scene[1].source == ModSource::kSceneLfo1);
  CHECK(scene[1].destination == SceneParam::kLowCut);
  CHECK_EQ(patch.global_routings.size(), std::size_t{2});
  CHECK(patch.global_routings[0].destination == GlobalParam::kVolume);
  CHECK_EQ(patch.global_routings[0].source_scene, 1);
  CHECK(patch.global_routings[1].destination == effect_param(0, 3));
  CHECK_EQ(patch.global_routings[1].source_index, 1);
}

TEST(step_sequences) {
  PatchWriter writer;
  writer.others =
      "<stepsequences><sequence scene=\"1\" i=\"7\" s0=\"0.5\" s15=\"-1\" loop_start=\"3\" "
      "loop_end=\"99\" trigmask=\"6\" trigmask_0to15=\"65535\" trigmask_32to47=\"3\"/>"
      "<sequence scene=\"2\" i=\"0\" s0=\"9\"/><sequence i=\"0\" s0=\"9\"/>"
      "<sequence scene=\"0\" i=\"12\" s0=\"9\"/></stepsequences>";
  const Patch patch = read(writer);
  const StepSequence& steps = patch.scenes[1].lfos[7].steps;
  CHECK_EQ(steps.steps[0], 0.5f);
  CHECK_EQ(steps.steps[1], 0.0f);
  CHECK_EQ(steps.steps[15], -1.0f);
  CHECK_EQ(steps.loop_start, 3);
  CHECK_EQ(steps.loop_end, 15);
  CHECK_EQ(steps.trigger_mask, std::uint64_t{0x3'0000'FFFF});
  CHECK_EQ(scene_a(patch).lfos[0].steps.steps[0], 0.0f);
}

TEST(msegs) {
  PatchWriter writer;
  writer.others =
      "<msegs><mseg scene=\"0\" i=\"2\" activeSegments=\"2\" endpointMode=\"1\" editMode=\"1\" "
      "loopMode=\"3\" loopStart=\"1\" loopEnd=\"2\"><segments>"
      "<segment duration=\"0.25\" v0=\"-1\" nv1=\"0.5\" cpduration=\"2\" cpv=\"-3\" type=\"4\" "
      "useDeform=\"0\" invertDeform=\"1\" retriggerFEG=\"1\"/>"
      "<segment duration=\"-1\" v0=\"0.5\" type=\"77\" retriggerAEG=\"1\"/><segment "
      "duration=\"9\"/>"
      "</segments></mseg></msegs>";
  const Patch patch = read(writer);
  const Mseg& mseg = scene_a(patch).lfos[2].mseg;
  CHECK_EQ(mseg.segments.size(), std::size_t{2});
  CHECK(mseg.endpoint_mode == MsegEndpointMode::kLocked && mseg.edit_mode == MsegEditMode::kLfo);
  CHECK(mseg.loop_mode == MsegLoopMode::kGatedLoop);
  CHECK_EQ(mseg.loop_start, 1);
  CHECK_EQ(mseg.loop_end, -1);  // there is no segment 2
  CHECK_EQ(mseg.segments[0].duration, 0.25f);
  CHECK_EQ(mseg.segments[0].nv1, 0.5f);
  CHECK_EQ(mseg.segments[0].cp_duration, 1.0f);
  CHECK_EQ(mseg.segments[0].cp_value, -1.0f);
  CHECK(mseg.segments[0].type == MsegSegmentType::kSine);
  CHECK(!mseg.segments[0].use_deform && mseg.segments[0].invert_deform);
  CHECK(mseg.segments[0].retrigger_filter_envelope && !mseg.segments[0].retrigger_amp_envelope);
  CHECK_EQ(mseg.segments[1].duration, 0.0f);
  CHECK(mseg.segments[1].type == MsegSegmentType::kLinear);
  CHECK(mseg.segments[1].retrigger_amp_envelope);
}

TEST(msegs_are_bounded) {
  PatchWriter writer;
  writer.others = "<msegs><mseg scene=\"0\" i=\"0\" activeSegments=\"100000\"><segments>";
  for (int i = 0; i < 1000; ++i) writer.others += "<segment duration=\"1\"/>";
  writer.others += "</segments></mseg></msegs>";
  CHECK_EQ(scene_a(read(writer)).lfos[0].mseg.segments.size(), std::size_t{kMaxMsegSegments});
}

TEST(formulas_and_other_data) {
  PatchWriter writer;
  writer.integer("b_osc2_type", 11).integer("b_osc1_type", 0);
  writer.others =
      "<meta name=\"A &amp; B\" category=\"C\" author=\"D\" comment=\"E\" license=\"F\"/>"
      "<formulae><formula scene=\"1\" i=\"11\" formula=\"cmV0dXJu\nIDE=\" interpreter=\"1001\"/>"
      "</formulae><extralfo><lfo scene=\"0\" i=\"4\" extraAmplitude=\"1\"/></extralfo>"
      "<extraoscdata><any scene=\"1\" osc=\"1\" extra_n=\"2\" extra_data_0=\"0.5\" "
      "extra_data_1=\"-1\" "
      "extra_data_2=\"9\"/><any scene=\"1\" osc=\"0\" extra_n=\"16\" "
      "extra_data_0=\"7\"/></extraoscdata>"
      "<customcontroller><entry i=\"2\" v=\"-0.25\"/><entry i=\"3\" scene=\"1\" v=\"1\"/>"
      "<entry i=\"8\" v=\"1\"/><entry i=\"4\" v=\"5\"/></customcontroller>"
      "<nonparamconfig><hardclipmodes global=\"3\" sc0=\"2\" sc1=\"7\"/></nonparamconfig>"
      "<compatability><correctlyTunedCombFilter v=\"0\"/></compatability><tempoOnSave v=\"93.5\"/>"
      "<modwheel s0=\"1\"/>";
  const Patch patch = read(writer);
  CHECK_EQ(patch.name, "A & B");
  CHECK_EQ(patch.category + patch.author + patch.comment + patch.license, "CDEF");
  CHECK_EQ(patch.scenes[1].lfos[11].formula, "return 1");
  CHECK(scene_a(patch).lfos[4].extra_amplitude && !scene_a(patch).lfos[3].extra_amplitude);
  const auto& partials = patch.scenes[1].oscillators[1].partials;
  CHECK(partials[0] == 0.5f && partials[1] == -1.0f && partials[2] == 1.0f / 3);
  CHECK_EQ(patch.scenes[1].oscillators[0].partials[0], 1.0f);  // not an Alias
  CHECK_EQ(patch.macros[2], -0.25f);
  CHECK_EQ(patch.macros[3], 0.0f);
  CHECK_EQ(patch.macros[4], 1.0f);
  CHECK(patch.hard_clip == HardClip::kOff);
  CHECK(scene_a(patch).hard_clip == HardClip::k0Db);
  CHECK(patch.scenes[1].hard_clip == HardClip::k18Db);
  CHECK(patch.legacy_comb_tuning);
  CHECK_EQ(patch.tempo_bpm, 93.5f);
  writer.others = "<formulae><formula scene=\"1\" i=\"11\" formula=\"!\"/></formulae>";
  CHECK(contains(error_of(writer.file()), "'formula' at byte"));
}

TEST(play_modes_choose_how_envelopes_start_again) {
  PatchWriter writer;
  writer.integer("a_polymode", 2).integer("b_polymode", 0);
  const auto with_modes = [&](int mono, int poly) {
    writer.others = "<nonparamconfig><monoVoiceEnvelope_0 v=\"" + std::to_string(mono) +
                    "\"/><polyVoiceRepeatedKeyMode_0 v=\"" + std::to_string(poly) +
                    "\"/><monoVoiceEnvelope_1 v=\"" + std::to_string(mono) +
                    "\"/><polyVoiceRepeatedKeyMode_1 v=\"" + std::to_string(poly) +
                    "\"/></nonparamconfig>";
    const Patch patch = read(writer);
    return std::array{patch.scenes[0].retrigger_from_level, patch.scenes[1].retrigger_from_level};
  };
  CHECK((with_modes(0, 0) == std::array{false, false}));
  CHECK((with_modes(1, 0) == std::array{true, false}));
  CHECK((with_modes(0, 1) == std::array{false, true}));
  writer.revision = 19;
  CHECK((with_modes(1, 1) == std::array{false, false}));
}

TEST(wavetables_belong_to_oscillators_that_play_them) {
  PatchWriter writer;
  writer.integer("a_osc2_type", 2).integer("b_osc1_type", 7);
  writer.wavetables[1] = wavetable(64, 3);
  writer.wavetables[2] = "what a Classic does not read";
  writer.wavetables[3] = wavetable(8, 2, 4) + "metadata";
  writer.rest = "\x28\xB5\x2F\xFD and more";
  const Patch patch = read(writer);
  CHECK_EQ(scene_a(patch).oscillators[1].wavetable.size(), std::size_t{12 + 64 * 3 * 2});
  CHECK(scene_a(patch).oscillators[2].wavetable.empty());
  CHECK_EQ(patch.scenes[1].oscillators[0].wavetable.size(), std::size_t{12 + 8 * 2 * 4});
  CHECK_EQ(patch.effect_data.size(), std::size_t{13});
  writer.rest = "something else";
  CHECK(read(writer).effect_data.empty());
}

TEST(bad_wavetables) {
  PatchWriter writer;
  writer.integer("a_osc1_type", 2);
  const auto error = [&writer](const std::string& block) {
    writer.wavetables[0] = block;
    return error_of(writer.file());
  };
  CHECK(contains(error("short"), "the wavetable ends in its header"));
  CHECK(contains(error(wavetable(0, 1)), "0 samples per frame"));
  CHECK(contains(error(wavetable(48, 1)), "48 samples per frame"));
  CHECK(contains(error(wavetable(8192, 1)), "8192 samples per frame"));
  CHECK(contains(error(wavetable(64, 0)), "0 frames"));
  CHECK(contains(error(wavetable(2, 513)), "513 frames"));
  std::string hostile = wavetable(2, 2);
  hostile.replace(4, 4, "\xFF\xFF\xFF\xFF");
  CHECK(contains(error(hostile), "4294967295 samples per frame"));
  CHECK(contains(error(wavetable(64, 2).substr(0, 100)), "should have 268 bytes but has 100"));
}

TEST(old_files_are_one_piece_of_xml) {
  PatchWriter writer;
  writer.number("a_pan", -0.5);
  CHECK_EQ(scene_a(read(PatchWriter::container(writer.xml()))).value(SceneParam::kPan), -0.5f);
}

TEST(what_follows_the_patch_is_ignored) {
  PatchWriter writer;
  writer.number("a_pan", -0.5);
  CHECK_EQ(scene_a(read(writer.file() + "x")).value(SceneParam::kPan), -0.5f);
  CHECK_EQ(scene_a(read(writer.file_of(writer.xml() + std::string(5, '\0') + "<junk")))
               .value(SceneParam::kPan),
           -0.5f);
}

TEST(other_files_are_refused) {
  CHECK_EQ(error_of(""), "byte 0: 'CcnK' of a Surge patch is missing");
  CHECK_EQ(error_of("RIFF and so on, for longer than a header, so that there is enough of it...."),
           "byte 0: 'CcnK' of a Surge patch is missing");
  std::string file = PatchWriter{}.file();
  file.replace(16, 4, "VmbA");
  CHECK_EQ(error_of(file), "byte 16: 'cjs3' of a Surge patch is missing");
  CHECK(contains(error_of(PatchWriter{}.file_of("<preset revision=\"1\"/>")), "'patch' expected"));
  CHECK(contains(error_of(PatchWriter{}.file_of("<patch/>")), "no revision"));
  CHECK(contains(error_of(PatchWriter{}.file_of("<patch revision=\"-1\"/>")), "no revision"));
  CHECK(contains(error_of(PatchWriter{}.file_of("<patch revision=\"9\"/>")), "no parameters"));
}

TEST(every_truncation_is_an_error) {
  PatchWriter writer;
  writer.integer("a_osc1_type", 2).number("a_pan", 0.5);
  writer.wavetables[0] = wavetable(4, 2);
  const std::string file = writer.file();
  for (std::size_t size = 0; size < file.size(); ++size) {
    CHECK(throws<std::invalid_argument>([&] { read(file.substr(0, size)); }));
  }
}

TEST(sizes_that_lie) {
  PatchWriter writer;
  const std::string file = writer.file();
  for (const std::size_t at : {56, 64, 68, 72, 76, 80, 84, 88}) {
    std::string hostile = file;
    hostile.replace(at, 4, "\xFF\xFF\xFF\xFF");
    CHECK(contains(error_of(hostile), "should have 4294967295 bytes but has "));
  }
  std::string zero = file;
  zero.replace(64, 4, std::string(4, '\0'));
  CHECK(contains(error_of(zero), "there is no element"));
  zero = file;
  zero.replace(56, 4, std::string(4, '\0'));
  CHECK(contains(error_of(zero), "there is no element"));
}

TEST(too_many_modulations) {
  PatchWriter writer;
  std::string routings;
  for (int i = 0; i < 4097; ++i) routings += mod("source=\"1\" depth=\"1\"");
  writer.number("a_pitch", 0, "", routings);
  CHECK(contains(error_of(writer.file()), "too many modulations"));
}

TEST(scenes_of_a_note) {
  const auto sounding = [](int mode, int active, int note) {
    const Patch patch = read(PatchWriter{}
                                 .integer("scenemode", mode)
                                 .integer("scene_active", active)
                                 .integer("splitkey", 60));
    return (patch.scene_sounds(0, note) ? 1 : 0) + (patch.scene_sounds(1, note) ? 2 : 0);
  };
  CHECK_EQ(sounding(0, 0, 60), 1);
  CHECK_EQ(sounding(0, 1, 60), 2);
  CHECK_EQ(sounding(1, 0, 59), 1);
  CHECK_EQ(sounding(1, 0, 60), 2);
  CHECK_EQ(sounding(2, 1, 60), 3);
  CHECK_EQ(sounding(3, 1, 60), 1);
}
