#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "check.h"
#include "surge/parameters.h"

using namespace synthrl::surge;

namespace {

struct Row {
  std::string kind;
  std::string minimum;
  std::string maximum;
  std::string initial;
};

// What is known of upstream.
std::map<std::string, Row> read_rows() {
  std::ifstream file(SYNTHRL_CONFORMANCE "/../../surge/parameters.csv");
  std::map<std::string, Row> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::string name;
    Row row;
    std::getline(cells, name, ',');
    std::getline(cells, row.kind, ',');
    std::getline(cells, row.minimum, ',');
    std::getline(cells, row.maximum, ',');
    std::getline(cells, row.initial, ',');
    rows[name] = row;
  }
  return rows;
}

std::string name_of(ParamKind kind) {
  switch (kind) {
    case ParamKind::kAmplitude:
      return "amp";
    case ParamKind::kDecibels:
      return "db";
    case ParamKind::kLog2Seconds:
      return "log2_seconds";
    case ParamKind::kLog2Hertz:
      return "log2_hz";
    case ParamKind::kSemitones:
      return "semitones";
    case ParamKind::kSemitonesA440:
      return "semitones_re_440";
    case ParamKind::kPercent:
      return "percent";
    case ParamKind::kInteger:
      return "int";
    case ParamKind::kBoolean:
      return "bool";
    case ParamKind::kByType:
      return "by_type";
  }
  return "";
}

void check_number(float got, const std::string& expected) {
  if (!expected.empty()) CHECK_EQ(got, std::stof(expected));
}

// Every row of `table` that is not by type is in `rows`, and vanishes from it.
template <typename Table>
void check_table(const Table& table, const std::string& prefix, std::map<std::string, Row>& rows) {
  for (const ParamInfo& info : table) {
    if (info.kind == ParamKind::kByType) continue;
    const auto found = rows.find(prefix + info.name);
    if (found == rows.end()) {
      synthrl::test::fail(__FILE__, __LINE__, "not in the file: " + prefix + info.name);
      continue;
    }
    CHECK_EQ(name_of(info.kind), found->second.kind);
    check_number(info.minimum, found->second.minimum);
    check_number(info.maximum, found->second.maximum);
    check_number(info.initial, found->second.initial);
    rows.erase(found);
  }
}

}  // namespace

TEST(the_table_is_that_of_upstream) {
  auto rows = read_rows();
  CHECK(rows.size() > 500);
  check_table(global_param_table(), "", rows);
  check_table(scene_param_table(), "a_", rows);
  check_table(scene_param_table(), "b_", rows);
  for (const auto& [name, row] : rows) {
    synthrl::test::fail(__FILE__, __LINE__, "not in the table: " + name);
  }
}

TEST(enumerations_point_at_their_rows) {
  CHECK_EQ(info(SceneParam::kOctave).name, "octave");
  CHECK_EQ(info(SceneParam::kPortamento).name, "portamento");
  CHECK_EQ(info(osc_param(0, OscParam::kType)).name, "osc1_type");
  CHECK_EQ(info(osc_type_param(1, 6)).name, "osc2_param6");
  CHECK_EQ(info(osc_param(2, OscParam::kRetrigger)).name, "osc3_retrigger");
  CHECK_EQ(info(SceneParam::kPlayMode).name, "polymode");
  CHECK_EQ(info(SceneParam::kKeytrackRoot).name, "ktrkroot");
  CHECK_EQ(info(SceneParam::kVolume).name, "volume");
  CHECK_EQ(info(SceneParam::kWidth).name, "pan2");
  CHECK_EQ(info(send_param(3)).name, "send_fx_4");
  CHECK_EQ(info(mixer_param(MixerChannel::kOsc1, MixerParam::kLevel)).name, "level_o1");
  CHECK_EQ(info(mixer_param(MixerChannel::kRing12, MixerParam::kSolo)).name, "solo_ring12");
  CHECK_EQ(info(mixer_param(MixerChannel::kNoise, MixerParam::kRoute)).name, "route_noise");
  CHECK_EQ(info(SceneParam::kPreFilterGain).name, "level_pfg");
  CHECK_EQ(info(SceneParam::kPitchBendDown).name, "pbrange_dn");
  CHECK_EQ(info(SceneParam::kVcaVelocity).name, "vca_velsense");
  CHECK_EQ(info(SceneParam::kFilterConfig).name, "fb_config");
  CHECK_EQ(info(SceneParam::kLowCut).name, "lowcut");
  CHECK_EQ(info(SceneParam::kWaveshaperDrive).name, "ws_drive");
  CHECK_EQ(info(filter_param(0, FilterParam::kType)).name, "filter1_type");
  CHECK_EQ(info(filter_param(1, FilterParam::kKeytrack)).name, "filter2_keytrack");
  CHECK_EQ(info(SceneParam::kFilter2IsOffset).name, "f2_cf_is_offset");
  CHECK_EQ(info(SceneParam::kFilter2LinkResonance).name, "f2_link_resonance");
  CHECK_EQ(info(env_param(0, EnvParam::kAttack)).name, "env1_attack");
  CHECK_EQ(info(env_param(1, EnvParam::kMode)).name, "env2_mode");
  CHECK_EQ(info(lfo_param(0, LfoParam::kShape)).name, "lfo0_shape");
  CHECK_EQ(info(lfo_param(11, LfoParam::kRelease)).name, "lfo11_release");
  CHECK_EQ(info(return_param(3)).name, "volume_FX4");
  CHECK_EQ(info(GlobalParam::kVolume).name, "volume");
  CHECK_EQ(info(GlobalParam::kCharacter).name, "character");
  CHECK_EQ(info(effect_type_param(0)).name, "fx1_type");
  CHECK_EQ(info(effect_param(15, 11)).name, "fx16_p11");
}

TEST(names_are_found_and_unique) {
  for (int i = 0; i < kNumSceneParams; ++i) {
    const auto param = static_cast<SceneParam>(i);
    CHECK(find_scene_param(info(param).name) == param);
  }
  for (int i = 0; i < kNumGlobalParams; ++i) {
    const auto param = static_cast<GlobalParam>(i);
    CHECK(find_global_param(info(param).name) == param);
  }
  CHECK(!find_scene_param("osc1_startphase").has_value());
  CHECK(!find_scene_param("").has_value());
  CHECK(!find_global_param("fx17_type").has_value());
}

TEST(kinds_of_oscillator_parameters) {
  const std::vector<std::vector<int>> integers{{6},    {0, 2, 6}, {6}, {6}, {},  {},
                                               {1, 3}, {2, 6},    {6}, {0}, {0}, {0, 6}};
  for (int type = 0; type < 12; ++type) {
    for (int number = 0; number < kNumOscillatorParams; ++number) {
      const auto& expected = integers[static_cast<std::size_t>(type)];
      const bool integer = std::find(expected.begin(), expected.end(), number) != expected.end();
      CHECK_EQ(oscillator_param_info(type, number).kind == ParamKind::kInteger, integer);
    }
  }
  CHECK_EQ(oscillator_param_info(99, 0).name, oscillator_param_info(1, 0).name);
  CHECK_EQ(oscillator_param_info(9, 2).initial, 0.95f);
}
