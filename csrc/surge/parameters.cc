#include "surge/parameters.h"

#include <algorithm>
#include <unordered_map>

namespace synthrl::surge {

namespace {

// The table is written in the order of the enumerations, a row per call.
template <std::size_t kSize>
class TableWriter {
 public:
  void add(std::string name, ParamKind kind, float minimum, float maximum, float initial) {
    table_[size_++] = {std::move(name), kind, minimum, maximum, initial};
  }
  std::array<ParamInfo, kSize> table() && { return std::move(table_); }

 private:
  std::array<ParamInfo, kSize> table_;
  std::size_t size_ = 0;
};

constexpr std::array<const char*, kNumMixerChannels> kChannelNames{"o1",     "o2",     "o3",
                                                                   "ring12", "ring23", "noise"};

std::array<ParamInfo, kNumSceneParams> make_scene_table() {
  using enum ParamKind;
  TableWriter<kNumSceneParams> rows;
  rows.add("octave", kInteger, -3, 3, 0);
  rows.add("pitch", kSemitones, -7, 7, 0);
  rows.add("portamento", kLog2Seconds, -8, 2, -8);
  for (int i = 1; i <= kNumOscillators; ++i) {
    const std::string prefix = "osc" + std::to_string(i) + "_";
    rows.add(prefix + "type", kInteger, 0, 11, 0);
    rows.add(prefix + "octave", kInteger, -3, 3, 0);
    rows.add(prefix + "pitch", kSemitones, -7, 7, 0);
    for (int k = 0; k < kNumOscillatorParams; ++k) {
      rows.add(prefix + "param" + std::to_string(k), kByType, 0, 0, 0);
    }
    rows.add(prefix + "keytrack", kBoolean, 0, 1, 1);
    rows.add(prefix + "retrigger", kBoolean, 0, 1, 0);
  }
  rows.add("polymode", kInteger, 0, 5, 0);
  rows.add("fm_switch", kInteger, 0, 3, 0);
  rows.add("fm_depth", kDecibels, -48, 24, -24);
  rows.add("drift", kPercent, 0, 1, 0);
  rows.add("noisecol", kPercent, -1, 1, 0);
  rows.add("ktrkroot", kInteger, 0, 127, 60);
  rows.add("volume", kAmplitude, 0, 1, 0.890899f);
  rows.add("pan", kPercent, -1, 1, 0);
  rows.add("pan2", kPercent, -1, 1, 1);
  for (int i = 1; i <= kNumSends; ++i) {
    rows.add("send_fx_" + std::to_string(i), kAmplitude, 0, 1.5874f, 0);
  }
  for (const std::string channel : kChannelNames) {
    rows.add("level_" + channel, kAmplitude, 0, 1, 1);
    rows.add("mute_" + channel, kBoolean, 0, 1, channel == "o1" ? 0 : 1);
    rows.add("solo_" + channel, kBoolean, 0, 1, 0);
    rows.add("route_" + channel, kInteger, 0, 2, 1);
  }
  rows.add("level_pfg", kDecibels, -48, 48, 0);
  rows.add("pbrange_up", kInteger, 0, 24, 2);
  rows.add("pbrange_dn", kInteger, 0, 24, 2);
  rows.add("vca_level", kDecibels, -48, 48, 0);
  rows.add("vca_velsense", kDecibels, -48, 0, 0);
  rows.add("feedback", kPercent, -1, 1, 0);
  rows.add("fb_config", kInteger, 0, 7, 0);
  rows.add("f_balance", kPercent, -1, 1, 0);
  rows.add("lowcut", kSemitonesA440, -72, 15, -72);
  rows.add("ws_type", kInteger, 0, 44, 0);
  rows.add("ws_drive", kDecibels, -24, 24, 0);
  for (int i = 1; i <= kNumFilters; ++i) {
    const std::string prefix = "filter" + std::to_string(i) + "_";
    rows.add(prefix + "type", kInteger, 0, 35, 0);
    rows.add(prefix + "subtype", kInteger, 0, 14, 0);
    rows.add(prefix + "cutoff", kSemitonesA440, -60, 70, 3);
    rows.add(prefix + "resonance", kPercent, 0, 1, 0);
    rows.add(prefix + "envmod", kSemitones, -96, 96, 0);
    rows.add(prefix + "keytrack", kPercent, -1, 1, 0);
  }
  rows.add("f2_cf_is_offset", kBoolean, 0, 1, 0);
  rows.add("f2_link_resonance", kBoolean, 0, 1, 0);
  for (int i = 1; i <= kNumEnvelopes; ++i) {
    const std::string prefix = "env" + std::to_string(i) + "_";
    rows.add(prefix + "attack", kLog2Seconds, -8, 5, -8);
    rows.add(prefix + "attack_shape", kInteger, 0, 2, 1);
    rows.add(prefix + "decay", kLog2Seconds, -8, 5, -2);
    rows.add(prefix + "decay_shape", kInteger, 0, 2, 1);
    rows.add(prefix + "sustain", kPercent, 0, 1, 1);
    rows.add(prefix + "release", kLog2Seconds, -8, 5, -5);
    rows.add(prefix + "release_shape", kInteger, 0, 2, 2);
    rows.add(prefix + "mode", kInteger, 0, 1, 0);
  }
  for (int i = 0; i < kNumLfos; ++i) {
    const std::string prefix = "lfo" + std::to_string(i) + "_";
    rows.add(prefix + "shape", kInteger, 0, 9, 0);
    rows.add(prefix + "rate", kLog2Hertz, -7, 9, 0);
    rows.add(prefix + "phase", kPercent, 0, 1, 0);
    rows.add(prefix + "magnitude", kPercent, 0, 1, 1);
    rows.add(prefix + "deform", kPercent, -1, 1, 0);
    rows.add(prefix + "trigmode", kInteger, 0, 2, 1);
    rows.add(prefix + "unipolar", kBoolean, 0, 1, 0);
    rows.add(prefix + "delay", kLog2Seconds, -8, 5, -8);
    rows.add(prefix + "attack", kLog2Seconds, -8, 5, -8);
    rows.add(prefix + "hold", kLog2Seconds, -8, 5, -8);
    rows.add(prefix + "decay", kLog2Seconds, -8, 5, 0);
    rows.add(prefix + "sustain", kPercent, 0, 1, 1);
    rows.add(prefix + "release", kLog2Seconds, -8, 5, 5);
  }
  return std::move(rows).table();
}

std::array<ParamInfo, kNumGlobalParams> make_global_table() {
  using enum ParamKind;
  TableWriter<kNumGlobalParams> rows;
  for (int i = 1; i <= kNumSends; ++i) {
    rows.add("volume_FX" + std::to_string(i), kAmplitude, 0, 1, 1);
  }
  rows.add("volume", kDecibels, -48, 0, 0);
  rows.add("scene_active", kInteger, 0, 1, 0);
  rows.add("scenemode", kInteger, 0, 3, 0);
  rows.add("splitkey", kInteger, 0, 127, 60);
  rows.add("fx_disable", kInteger, 0, 65535, 0);
  rows.add("polylimit", kInteger, 2, 64, 16);
  rows.add("fx_bypass", kInteger, 0, 3, 0);
  rows.add("character", kInteger, 0, 2, 1);
  for (int slot = 1; slot <= kNumEffectSlots; ++slot) {
    const std::string prefix = "fx" + std::to_string(slot) + "_";
    rows.add(prefix + "type", kInteger, 0, 31, 0);
    for (int k = 0; k < kNumEffectParams; ++k) {
      rows.add(prefix + "p" + std::to_string(k), kByType, 0, 0, 0);
    }
  }
  return std::move(rows).table();
}

using OscillatorRow = std::array<ParamInfo, kNumOscillatorParams>;
constexpr int kNumOscillatorTables = 12;
constexpr int kSineTable = 1;

std::array<OscillatorRow, kNumOscillatorTables> make_oscillator_tables() {
  using enum ParamKind;
  const ParamInfo low_cut{"low cut", kSemitonesA440, -60, 70, -60};
  const ParamInfo high_cut{"high cut", kSemitonesA440, -60, 70, 70};
  const ParamInfo sync{"sync", kSemitones, 0, 60, 0};
  const ParamInfo detune{"unison detune", kPercent, 0, 1, 0.1f};
  const ParamInfo wide_detune{"unison detune", kPercent, 0, 1, 0.2f};
  const ParamInfo voices{"unison voices", kInteger, 1, 16, 1};
  const ParamInfo feedback{"feedback", kPercent, -1, 1, 0};
  return {{
      {{{"shape", kPercent, -1, 1, 0},
        {"width 1", kPercent, 0, 1, 0.5f},
        {"width 2", kPercent, 0, 1, 0.5f},
        {"sub mix", kPercent, 0, 1, 0},
        sync,
        detune,
        voices}},
      {{{"shape", kInteger, 0, 31, 0},
        feedback,
        {"behavior", kInteger, 0, 1, 1},
        low_cut,
        high_cut,
        detune,
        voices}},
      {{{"morph", kPercent, 0, 1, 0},
        {"skew vertical", kPercent, -1, 1, 0},
        {"saturate", kPercent, 0, 1, 0},
        {"formant", kSemitones, 0, 60, 0},
        {"skew horizontal", kPercent, -1, 1, 0},
        detune,
        voices}},
      {{{"correlation", kPercent, -1, 1, 0},
        {"width", kPercent, 0, 1, 0.5f},
        low_cut,
        high_cut,
        sync,
        detune,
        voices}},
      {{{"channel", kPercent, -1, 1, 0},
        {"gain", kDecibels, -48, 48, 0},
        {"scene A channel", kPercent, -1, 1, 0},
        {"scene A gain", kDecibels, -48, 48, 0},
        {"scene A mix", kPercent, 0, 1, 0},
        low_cut,
        high_cut}},
      {{{"M1 amount", kPercent, 0, 1, 0},
        {"M1 ratio", kPercent, 0, 32, 1},
        {"M2 amount", kPercent, 0, 1, 0},
        {"M2 ratio", kPercent, 0, 32, 1},
        {"M3 amount", kPercent, 0, 1, 0},
        {"M3 frequency", kSemitonesA440, -60, 70, 0},
        feedback}},
      {{{"M1 amount", kPercent, 0, 1, 0},
        {"M1 ratio", kInteger, 1, 32, 1},
        {"M2 amount", kPercent, 0, 1, 0},
        {"M2 ratio", kInteger, 1, 32, 1},
        {"M1/2 offset", kPercent, -10, 10, 0},
        {"M1/2 phase", kPercent, 0, 1, 0},
        feedback}},
      {{{"morph", kPercent, 0, 1, 0},
        {"formant", kSemitones, -60, 60, 0},
        {"window", kInteger, 0, 8, 0},
        low_cut,
        high_cut,
        detune,
        voices}},
      {{{"sawtooth", kPercent, -1, 1, 0.5f},
        {"pulse", kPercent, -1, 1, 0},
        {"triangle", kPercent, -1, 1, 0},
        {"width", kPercent, 0, 1, 0.5f},
        sync,
        wide_detune,
        voices}},
      {{{"exciter", kInteger, 0, 15, 0},
        {"exciter level", kPercent, 0, 1, 1},
        {"string 1 decay", kPercent, 0, 1, 0.95f},
        {"string 2 decay", kPercent, 0, 1, 0.95f},
        {"string 2 detune", kPercent, -1, 1, 0.1f},
        {"string balance", kPercent, -1, 1, 0},
        {"stiffness", kPercent, -1, 1, 0}}},
      {{{"engine", kInteger, 0, 15, 0},
        {"harmonics", kPercent, -1, 1, 0},
        {"timbre", kPercent, -1, 1, 0},
        {"morph", kPercent, -1, 1, 0},
        {"aux mix", kPercent, -1, 1, -1},
        {"LPG response", kPercent, 0, 1, 0},
        {"LPG decay", kPercent, 0, 1, 0}}},
      {{{"wave", kInteger, 0, 17, 0},
        {"wrap", kPercent, 0, 1, 0},
        {"mask", kPercent, 0, 1, 0},
        {"threshold", kPercent, 0, 1, 0.5f},
        {"bitcrush", kPercent, 1, 8, 8},
        wide_detune,
        voices}},
  }};
}

template <typename Param, std::size_t kSize>
std::unordered_map<std::string_view, Param> index_names(const std::array<ParamInfo, kSize>& table) {
  std::unordered_map<std::string_view, Param> index;
  for (std::size_t i = 0; i < kSize; ++i) index.emplace(table[i].name, static_cast<Param>(i));
  return index;
}

template <typename Param>
std::optional<Param> find(const std::unordered_map<std::string_view, Param>& index,
                          std::string_view name) {
  const auto found = index.find(name);
  return found == index.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

const std::array<ParamInfo, kNumSceneParams>& scene_param_table() {
  static const auto table = make_scene_table();
  return table;
}

const std::array<ParamInfo, kNumGlobalParams>& global_param_table() {
  static const auto table = make_global_table();
  return table;
}

std::optional<SceneParam> find_scene_param(std::string_view name) {
  static const auto index = index_names<SceneParam>(scene_param_table());
  return find(index, name);
}

std::optional<GlobalParam> find_global_param(std::string_view name) {
  static const auto index = index_names<GlobalParam>(global_param_table());
  return find(index, name);
}

const ParamInfo& oscillator_param_info(int type, int number) {
  static const auto tables = make_oscillator_tables();
  const int row = type >= 0 && type < kNumOscillatorTables ? type : kSineTable;
  const int column = std::clamp(number, 0, kNumOscillatorParams - 1);
  return tables[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
}

}  // namespace synthrl::surge
