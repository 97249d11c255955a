// Fuzzes the reader of Surge patches: whatever the bytes, it reads a patch that keeps its promises
// or says what is wrong. Mutations know the format, so that most inputs get past the container.
//
// With libFuzzer: clang++ -fsanitize=fuzzer,address,undefined. Without: link standalone_driver.cc.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "surge/filters/filter.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/wavetable.h"
#include "surge/patch_file.h"
#include "surge/usage.h"
#include "surge/waveshapers/waveshaper.h"

// libFuzzer, or the standalone driver, has it.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace synthrl::surge {
namespace {

// --- What a patch promises ----------------------------------------------------------------------

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void require_clean(float value) {
  require(std::abs(value) <= kMaxMagnitude, "floats are finite and limited");
}

void check_scene(const Scene& scene) {
  for (const float value : scene.params.values) {
    require(std::isfinite(value), "values are finite");
  }
  const auto& table = scene_param_table();
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto& row = table[i];
    const auto integer = scene.params.integers[i];
    if (row.kind == ParamKind::kInteger || row.kind == ParamKind::kBoolean) {
      const auto param = static_cast<SceneParam>(i);
      if (param == SceneParam::kPitchBendUp || param == SceneParam::kPitchBendDown) continue;
      require(integer >= static_cast<int>(row.minimum) && integer <= static_cast<int>(row.maximum),
              "selections are in range");
    } else if (row.kind != ParamKind::kByType) {
      require_clean(scene.params.values[i]);
    }
  }
  require(scene.integer(SceneParam::kWaveshaperType) < kNumWaveshaperTypes, "waveshapers exist");
  for (int i = 0; i < kNumFilters; ++i) {
    const auto type = static_cast<FilterType>(scene.integer(filter_param(i, FilterParam::kType)));
    const int subtype = scene.integer(filter_param(i, FilterParam::kSubtype));
    require(subtype <= std::max(0, num_filter_subtypes(type) - 1), "subtypes exist");
  }
  const auto check_routing = [](const SceneRouting& routing) {
    require(
        static_cast<int>(routing.source) > 0 && static_cast<int>(routing.source) < kNumModSources,
        "sources exist");
    require(routing.source_index >= 0 && routing.source_index < 8, "outputs exist");
    require(index_of(routing.destination) < kNumSceneParams, "destinations exist");
    require_clean(routing.depth);
  };
  for (const auto& routing : scene.scene_routings) check_routing(routing);
  for (const auto& routing : scene.voice_routings) check_routing(routing);
  for (const auto& oscillator : scene.oscillators) {
    for (const float partial : oscillator.partials) require_clean(partial);
    if (!oscillator.wavetable.empty()) Wavetable::parse_wt(oscillator.wavetable);
  }
  for (const auto& lfo : scene.lfos) {
    for (const float step : lfo.steps.steps) require_clean(step);
    require(lfo.steps.loop_start >= 0 && lfo.steps.loop_start < kNumSteps &&
                lfo.steps.loop_end >= 0 && lfo.steps.loop_end < kNumSteps,
            "loops lie in the steps");
    const auto count = static_cast<int>(lfo.mseg.segments.size());
    require(count <= kMaxMsegSegments && lfo.mseg.loop_start < count && lfo.mseg.loop_end < count &&
                lfo.mseg.loop_start >= -1 && lfo.mseg.loop_end >= -1,
            "loops lie in the segments");
    for (const auto& segment : lfo.mseg.segments) {
      require_clean(segment.v0);
      require_clean(segment.nv1);
      require(segment.duration >= 0.0f && segment.duration <= kMaxMagnitude, "durations are sane");
    }
  }
}

void check(const Patch& patch) {
  for (const Scene& scene : patch.scenes) check_scene(scene);
  for (const float macro : patch.macros) require(std::abs(macro) <= 1.0f, "macros are limited");
  require(patch.tempo_bpm > 0.0f && patch.tempo_bpm <= 1000.0f, "the tempo is sane");
  for (const auto& routing : patch.global_routings) {
    require(index_of(routing.destination) < kNumGlobalParams, "global destinations exist");
    require(routing.source_scene == 0 || routing.source_scene == 1, "scenes exist");
  }
  for (const Effect& effect : patch.effects) {
    for (const auto& param : effect.params) require(std::isfinite(param.as_float()), "effects");
  }
  for (const Feature& feature : features_used(patch)) {
    require(feature.scene >= -1 && feature.scene < kNumScenes, "features have a place");
  }
}

// --- Mutations ----------------------------------------------------------------------------------

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t limit) {
  return limit == 0 ? 0 : static_cast<std::size_t>(random() % limit);
}

// The parts of a file that a mutation may change on its own.
struct Parts {
  std::string xml;
  std::array<std::string, kNumScenes * kNumOscillators> wavetables;
  std::string rest;
};

std::uint32_t read_u32(std::string_view bytes, std::size_t at, bool big_endian) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t shift = 8 * (big_endian ? 3 - i : i);
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << shift;
  }
  return value;
}

void append_u32(std::string& bytes, std::size_t value, bool big_endian) {
  for (std::size_t i = 0; i < 4; ++i) {
    bytes += static_cast<char>(value >> 8 * (big_endian ? 3 - i : i) & 0xFF);
  }
}

constexpr std::size_t kXmlStart = 92;

bool take_apart(std::string_view file, Parts& parts) {
  if (file.size() < kXmlStart || file.substr(60, 4) != "sub3") return false;
  std::string_view rest = file.substr(kXmlStart);
  const auto take = [&rest](std::size_t size) {
    const auto taken = rest.substr(0, size);
    rest.remove_prefix(taken.size());
    return std::string(taken);
  };
  parts.xml = take(read_u32(file, 64, false));
  for (std::size_t i = 0; i < parts.wavetables.size(); ++i) {
    parts.wavetables[i] = take(read_u32(file, 68 + 4 * i, false));
  }
  parts.rest = std::string(rest);
  return true;
}

std::string put_together(const Parts& parts) {
  std::string chunk = "sub3";
  append_u32(chunk, parts.xml.size(), false);
  for (const auto& wavetable : parts.wavetables) append_u32(chunk, wavetable.size(), false);
  chunk += parts.xml;
  for (const auto& wavetable : parts.wavetables) chunk += wavetable;
  chunk += parts.rest;
  std::string file = "CcnK";
  append_u32(file, chunk.size() + 52, true);
  file += "FPCh";
  append_u32(file, 1, true);
  file += "cjs3";
  append_u32(file, 1, true);
  append_u32(file, 1, true);
  file += std::string(28, '\0');
  append_u32(file, chunk.size(), true);
  return file + chunk;
}

// A small patch with something of everything.
Parts built_in_seed(Random& random) {
  Parts parts;
  parts.xml = "<?xml version=\"1.0\"?><patch revision=\"" + std::to_string(below(random, 31)) +
              R"("><meta name="n&amp;m" category="c" author="a"/><parameters>
<character type="0" value="1"/><fx1_type type="0" value="13"/><fx1_p0 type="0" value="28"/>
<volume type="2" value="-3.5"><modrouting source="5" depth="1"/></volume>
<scenemode type="0" value="2"/><fx_disable type="0" value="3"/><polylimit type="0" value="8"/>
<a_osc1_type type="0" value="2"/><a_osc1_param0 type="2" value="0.5" extend_range="1" deform_type="1">
<modrouting source="17" depth="0.3" muted="0" source_index="1"/></a_osc1_param0>
<a_osc1_param6 type="0" value="3"/><a_osc2_type type="0" value="1"/><a_osc2_param0 type="0" value="5"/>
<a_osc3_type type="0" value="10"/><a_osc3_pitch type="2" value="0.2" absolute="1"/>
<b_osc1_type type="0" value="7"/><b_osc2_type type="0" value="9"/><b_osc3_type type="0" value="11"/>
<a_filter1_type type="0" value="11"/><a_filter1_subtype type="0" value="5"/>
<a_filter1_resonance type="2" value="0.7"/><a_filter1_cutoff type="2" value="10"/>
<a_filter2_type type="0" value="6"/><a_filter2_subtype type="0" value="4"/>
<a_fb_config type="0" value="5"/><a_pan type="2" value="0.1"/><a_mute_o2 type="0" value="0"/>
<a_level_ring12 type="2" value="1" deform_type="6"/><a_pbrange_up type="0" value="1073741824"/>
<a_lfo0_shape type="0" value="8"/><a_lfo0_magnitude type="2" value="0.5" extend_range="1"/>
<a_env1_attack_shape type="0" value="2"/><a_portamento type="2" value="-8" porta_curve="1"/>
<b_lfo6_rate type="2" value="1.5" temposync="1" deactivated="0"><modrouting source="23" depth="2"/>
</b_lfo6_rate></parameters><nonparamconfig><hardclipmodes global="2" sc0="1" sc1="3"/></nonparamconfig>
<extraoscdata><osc_extra_sc1_osc2 scene="1" osc="2" extra_n="2" extra_data_0="1" extra_data_1="-0.5"/>
</extraoscdata><stepsequences><sequence scene="0" i="1" s0="1" s3="-0.5" loop_start="2" loop_end="7"
 trigmask="5" trigmask_16to31="9"/></stepsequences><msegs><mseg scene="0" i="0" activeSegments="2"
 endpointMode="2" editMode="1" loopMode="3" loopStart="0" loopEnd="1"><segments><segment duration="0.5"
 v0="0" nv1="1" cpduration="0.5" cpv="0.2" type="1" useDeform="1"/><segment duration="0.5" v0="1"
 type="6"/></segments></mseg></msegs><formulae><formula scene="0" i="2" formula="cmV0dXJuIDE="
 interpreter="1001"/></formulae><extralfo><lfo scene="1" i="3" extraAmplitude="1"/></extralfo>
<customcontroller><entry i="0" scene="0" bipolar="1" v="-0.5" label="x"/></customcontroller>
<compatability><correctlyTunedCombFilter v="0"/></compatability><tempoOnSave v="99"/></patch>)";
  std::string table(4, '\0');
  append_u32(table, 8, false);
  append_u32(table, 2 | 4 << 16, false);
  table += std::string(32, '\x21');
  parts.wavetables[0] = table;
  if (below(random, 2) == 0) parts.wavetables[3] = table;
  if (below(random, 4) == 0) parts.rest = "\x28\xB5\x2F\xFDsome";
  return parts;
}

std::string odd_value(Random& random) {
  static const std::vector<std::string> kNumbers{"0",
                                                 "1",
                                                 "-1",
                                                 "2",
                                                 "3",
                                                 "5",
                                                 "8",
                                                 "11",
                                                 "15",
                                                 "16",
                                                 "255",
                                                 "256",
                                                 "65536",
                                                 "1e38",
                                                 "nan",
                                                 "-nan",
                                                 "2147483647",
                                                 "-2147483648",
                                                 "4294967296",
                                                 "1073741824",
                                                 "1e-45",
                                                 "inf",
                                                 "-inf",
                                                 "1e999999",
                                                 "-1e4",
                                                 "0.5",
                                                 "-0.0",
                                                 "0x10",
                                                 "1,5",
                                                 " 7 ",
                                                 "+3",
                                                 "1#",
                                                 "3&#x10;",
                                                 "",
                                                 "9223372036854775807",
                                                 "99999999999999999999"};
  static const std::vector<std::string> kTexts{"x",      "&#0;",       "&",      "&#xD8",
                                               "&quot;", "&#x110000;", "&#x10;", "-"};
  if (below(random, 4) == 0) return std::to_string(static_cast<int>(below(random, 64)) - 8);
  if (below(random, 100) == 0) return std::string(300, '9');
  if (below(random, 40) == 0) return kTexts[below(random, kTexts.size())];
  return kNumbers[below(random, kNumbers.size())];
}

std::string parameter_name(Random& random) {
  if (below(random, 4) == 0) {
    return global_param_table()[below(random, kNumGlobalParams)].name;
  }
  return (below(random, 2) == 0 ? "a_" : "b_") +
         scene_param_table()[below(random, kNumSceneParams)].name;
}

std::string new_parameter(Random& random) {
  std::string element = "<" + parameter_name(random) + " type=\"" +
                        (below(random, 2) == 0 ? "0" : "2") + "\" value=\"" + odd_value(random) +
                        "\"";
  for (const char* flag : {"temposync", "extend_range", "absolute", "deactivated", "deform_type"}) {
    if (below(random, 6) == 0)
      element += std::string(" ") + flag + "=\"" + odd_value(random) + "\"";
  }
  if (below(random, 2) == 0) return element + "/>";
  return element + "><modrouting source=\"" + odd_value(random) + "\" depth=\"" +
         odd_value(random) + "\" source_index=\"" + odd_value(random) + "\"/></" +
         element.substr(1, element.find(' ') - 1) + ">";
}

// The text from one random occurrence of `start` up to the next `end`.
struct Range {
  std::size_t at = std::string::npos;
  std::size_t size = 0;
};

Range random_range(const std::string& text, Random& random, char start, char end) {
  if (text.empty()) return {};
  std::size_t at = text.find(start, below(random, text.size()));
  if (at == std::string::npos) at = text.find(start);
  if (at == std::string::npos) return {};
  const std::size_t stop = text.find(end, at + 1);
  if (stop == std::string::npos) return {};
  return {at, stop + 1 - at};
}

void set_revision(std::string& xml, Random& random) {
  constexpr std::string_view kAttribute = "revision=\"";
  const std::size_t found = xml.find(kAttribute);
  if (found == std::string::npos) return;
  const std::size_t start = found + kAttribute.size();
  const std::size_t end = xml.find('"', start);
  if (end != std::string::npos) xml.replace(start, end - start, std::to_string(below(random, 32)));
}

// Leaves the XML well-formed.
void mutate_content(std::string& xml, Random& random) {
  const std::size_t kind = below(random, 10);
  if (kind < 5) {
    const Range value = random_range(xml, random, '"', '"');
    if (value.size != 0) xml.replace(value.at, value.size, "\"" + odd_value(random) + "\"");
  } else if (kind < 8) {
    constexpr std::string_view kParameters = "<parameters>";
    const std::size_t found = xml.find(kParameters);
    if (found != std::string::npos) xml.insert(found + kParameters.size(), new_parameter(random));
  } else if (kind == 8) {
    set_revision(xml, random);
  } else {  // an element without children, again
    const Range tag = random_range(xml, random, '<', '>');
    if (tag.size > 2 && xml[tag.at + tag.size - 2] == '/') {
      xml.insert(tag.at, xml.substr(tag.at, tag.size));
    }
  }
}

void break_structure(std::string& xml, Random& random) {
  const std::size_t kind = below(random, 5);
  if (kind == 0) {
    xml.resize(below(random, xml.size() + 1));
  } else if (kind == 1) {
    const Range name = random_range(xml, random, '<', ' ');
    if (name.size != 0) xml.replace(name.at, name.size, "<" + parameter_name(random) + " ");
  } else if (kind == 2) {
    if (!xml.empty()) xml[below(random, xml.size())] = static_cast<char>(random());
  } else {
    const Range tag = random_range(xml, random, '<', '>');
    if (tag.size == 0) return;
    if (kind == 3) {
      xml.erase(tag.at, tag.size);
    } else {
      xml.insert(below(random, xml.size()), xml.substr(tag.at, tag.size));
    }
  }
}

void mutate_xml(std::string& xml, Random& random) {
  if (below(random, 20) == 0) {
    break_structure(xml, random);
  } else {
    mutate_content(xml, random);
  }
}

void mutate_bytes(std::string& bytes, Random& random) {
  if (bytes.empty() || below(random, 8) == 0) {
    bytes.resize(below(random, 64), static_cast<char>(random()));
    return;
  }
  bytes[below(random, std::min<std::size_t>(bytes.size(), 16))] = static_cast<char>(random());
}

std::string mutate(std::string_view file, Random& random) {
  Parts parts;
  if (!take_apart(file, parts)) parts = built_in_seed(random);
  const std::size_t rounds = 1 + below(random, 4);
  for (std::size_t i = 0; i < rounds; ++i) {
    const std::size_t kind = below(random, 48);
    if (kind == 0) {
      mutate_bytes(parts.wavetables[below(random, parts.wavetables.size())], random);
    } else if (kind == 1) {
      mutate_bytes(parts.rest, random);
    } else {
      mutate_xml(parts.xml, random);
    }
  }
  std::string mutated = put_together(parts);
  if (below(random, 20) == 0) {
    mutated[below(random, std::min(mutated.size(), kXmlStart))] = static_cast<char>(random());
  }
  return mutated;
}

}  // namespace
}  // namespace synthrl::surge

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace synthrl::surge;
  try {
    check(read_patch(std::as_bytes(std::span(data, size))));
  } catch (const std::invalid_argument& error) {
    require(error.what()[0] != '\0', "errors say something");
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  synthrl::surge::Random random(seed);
  if (random() % 4 == 0 && size > 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string mutated =
      synthrl::surge::mutate({reinterpret_cast<const char*>(data), size}, random);
  const std::size_t kept = std::min(mutated.size(), max_size);
  std::memcpy(data, mutated.data(), kept);
  return kept;
}
