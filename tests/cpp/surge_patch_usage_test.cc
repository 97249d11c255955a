#include <algorithm>
#include <set>
#include <string>

#include "check.h"
#include "surge/usage.h"
#include "surge_patch_writer.h"

using namespace synthrl::surge;
using namespace synthrl::surge::test;

namespace {

// The oscillators that run in scene A.
std::set<int> oscillators(const PatchWriter& writer) {
  std::set<int> units;
  for (const Feature& feature : features_used(read(writer))) {
    if (feature.kind == FeatureKind::kOscillator && feature.scene == 0) units.insert(feature.unit);
  }
  return units;
}

bool uses(const PatchWriter& writer, FeatureKind kind, int id, int scene, int unit) {
  return std::ranges::any_of(features_used(read(writer)), [&](const Feature& feature) {
    return feature.kind == kind && feature.id == id && feature.scene == scene &&
           feature.unit == unit;
  });
}

std::string mod(int source) {
  return "<modrouting depth=\"1\" source=\"" + std::to_string(source) + "\"/>";
}

}  // namespace

TEST(oscillators_that_are_heard_or_modulate) {
  using Units = std::set<int>;
  CHECK(oscillators(PatchWriter{}) == Units{0});
  CHECK((oscillators(PatchWriter{}.integer("a_mute_o3", 0)) == Units{0, 2}));
  CHECK(oscillators(PatchWriter{}.integer("a_solo_o2", 1)) == Units{1});
  CHECK(oscillators(PatchWriter{}.number("a_level_o1", 0)).empty());
  CHECK(oscillators(PatchWriter{}.number("a_level_o1", 0, "", mod(7))) == Units{0});
  CHECK((oscillators(PatchWriter{}.integer("a_fm_switch", 1)) == Units{0, 1}));
  CHECK((oscillators(PatchWriter{}.integer("a_fm_switch", 2)) == Units{0, 1, 2}));
  CHECK((oscillators(PatchWriter{}.integer("a_fm_switch", 3)) == Units{0, 1, 2}));
  CHECK((oscillators(PatchWriter{}.integer("a_fm_switch", 2).integer("a_solo_o1", 1)) ==
         Units{0, 1}));
  CHECK((oscillators(PatchWriter{}.integer("a_fm_switch", 2).integer("a_solo_o3", 1)) == Units{2}));
  CHECK((oscillators(PatchWriter{}.integer("a_mute_ring23", 0).integer("a_mute_o1", 1)) ==
         Units{1, 2}));
}

TEST(only_scenes_that_sound) {
  PatchWriter writer;
  CHECK(!uses(writer, FeatureKind::kOscillator, 0, 1, 0));
  writer.integer("scenemode", 2);
  CHECK(uses(writer, FeatureKind::kOscillator, 0, 1, 0));
  writer.number("b_volume", 1, "deactivated=\"1\"");
  CHECK(!uses(writer, FeatureKind::kOscillator, 0, 1, 0));
}

TEST(modulators_that_modulate) {
  PatchWriter writer;
  writer.number("a_pitch", 0, "", mod(18) + mod(24)).integer("a_lfo1_shape", 8);
  CHECK(uses(writer, FeatureKind::kLfo, 8, 0, 1));
  CHECK(uses(writer, FeatureKind::kLfo, 0, 0, 7));
  CHECK(!uses(writer, FeatureKind::kLfo, 0, 0, 0));
  CHECK(uses(writer, FeatureKind::kModSource, 24, 0, 0));
  PatchWriter global;
  global.number("fx1_p0", 0, "", mod(17));
  CHECK(uses(global, FeatureKind::kLfo, 0, 0, 0));
  PatchWriter triggers;
  triggers.integer("a_lfo2_shape", 7);
  CHECK(!uses(triggers, FeatureKind::kLfo, 7, 0, 2));
  triggers.others = "<stepsequences><sequence scene=\"0\" i=\"2\" trigmask=\"1\"/></stepsequences>";
  CHECK(uses(triggers, FeatureKind::kLfo, 7, 0, 2));
}

TEST(effects_that_get_a_signal) {
  const auto uses_effect = [](const PatchWriter& writer, int slot) {
    return uses(writer, FeatureKind::kEffect, 1, -1, slot);
  };
  PatchWriter inserts;
  inserts.integer("fx1_type", 1).integer("fx3_type", 1).integer("fx7_type", 1);
  CHECK(uses_effect(inserts, 0) && uses_effect(inserts, 6));
  CHECK(!uses_effect(inserts, 2));  // of scene B
  inserts.integer("fx_disable", 1);
  CHECK(!uses_effect(inserts, 0) && uses_effect(inserts, 6));
  PatchWriter send;
  send.integer("fx5_type", 1);
  CHECK(!uses_effect(send, 4));
  send.number("a_send_fx_1", 0.5);
  CHECK(uses_effect(send, 4));
  send.number("volume_FX1", 0);
  CHECK(!uses_effect(send, 4));
}

TEST(filters_that_are_on) {
  PatchWriter writer;
  writer.integer("a_filter1_type", 2)
      .integer("a_filter2_type", 3, "deactivated=\"1\"")
      .integer("a_ws_type", 4);
  CHECK(uses(writer, FeatureKind::kFilter, 2, 0, 0));
  CHECK(!uses(writer, FeatureKind::kFilter, 3, 0, 1));
  CHECK(uses(writer, FeatureKind::kWaveshaper, 4, 0, 0));
}

TEST(features_are_named_once) {
  PatchWriter writer;
  writer.number("a_pitch", 0, "", mod(18) + mod(18)).number("a_pan", 0, "", mod(18));
  const auto features = features_used(read(writer));
  for (std::size_t i = 0; i < features.size(); ++i) {
    for (std::size_t j = i + 1; j < features.size(); ++j) CHECK(!(features[i] == features[j]));
  }
}
