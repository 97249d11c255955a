#include "surge/patch_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "surge/migrations.h"
#include "surge/oscillators/oscillator.h"
#include "surge/oscillators/wavetable.h"
#include "surge/xml.h"

namespace synthrl::surge {

namespace {

// --- Container ----------------------------------------------------------------------------------

constexpr std::size_t kFileHeaderBytes = 60;
constexpr std::size_t kChunkHeaderBytes = 32;
constexpr std::size_t kWavetableHeaderBytes = 12;
constexpr int kNumWavetables = kNumScenes * kNumOscillators;

[[noreturn]] void fail(const std::string& what) { throw std::invalid_argument(what); }

std::uint32_t little_u32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;)
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

std::uint32_t big_u32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

bool has_tag(std::span<const std::byte> bytes, std::size_t at, const char (&tag)[5]) {
  return bytes.size() >= at + 4 && std::memcmp(bytes.data() + at, tag, 4) == 0;
}

void expect_tag(std::span<const std::byte> bytes, std::size_t at, const char (&tag)[5]) {
  if (!has_tag(bytes, at, tag)) {
    fail("byte " + std::to_string(at) + ": '" + tag + "' of a Surge patch is missing");
  }
}

// The parts of a file, all views into it.
struct Container {
  std::string_view xml;
  std::size_t xml_offset = 0;
  std::array<std::span<const std::byte>, kNumWavetables> wavetables;
  std::array<std::size_t, kNumWavetables> wavetable_offsets{};
  std::span<const std::byte> rest;
};

std::string_view as_text(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.substr(0, text.find('\0'));
}

Container split(std::span<const std::byte> content) {
  expect_tag(content, 0, "CcnK");
  expect_tag(content, 8, "FPCh");
  expect_tag(content, 16, "cjs3");
  if (content.size() < kFileHeaderBytes) fail("the file ends in its header");
  const std::size_t chunk_bytes = big_u32(content, kFileHeaderBytes - 4);
  if (chunk_bytes > content.size() - kFileHeaderBytes) {
    fail("byte 60: the patch should have " + std::to_string(chunk_bytes) + " bytes but has " +
         std::to_string(content.size() - kFileHeaderBytes));
  }
  const auto chunk = content.subspan(kFileHeaderBytes, chunk_bytes);
  if (!has_tag(chunk, 0, "sub3")) {
    Container container;
    container.xml = as_text(chunk);
    container.xml_offset = kFileHeaderBytes;
    return container;
  }
  if (chunk.size() < kChunkHeaderBytes) fail("byte 60: the patch ends in its header");

  auto rest = chunk.subspan(kChunkHeaderBytes);
  std::size_t offset = kFileHeaderBytes + kChunkHeaderBytes;
  const auto take = [&rest, &offset](std::size_t size, const std::string& what) {
    if (size > rest.size()) {
      fail("byte " + std::to_string(offset) + ": " + what + " should have " + std::to_string(size) +
           " bytes but has " + std::to_string(rest.size()));
    }
    const auto taken = rest.first(size);
    rest = rest.subspan(size);
    offset += size;
    return taken;
  };

  Container container;
  container.xml_offset = offset;
  container.xml = as_text(take(little_u32(chunk, 4), "the XML"));
  for (std::size_t i = 0; i < kNumWavetables; ++i) {
    container.wavetable_offsets[i] = offset;
    container.wavetables[i] = take(little_u32(chunk, 8 + 4 * i),
                                   "the wavetable of oscillator " + std::to_string(i % 3 + 1) +
                                       " in scene " + (i < 3 ? "A" : "B"));
  }
  container.rest = rest;
  return container;
}

// The block of a wavetable without what may follow it.
std::vector<std::byte> read_wavetable(std::span<const std::byte> block, std::size_t offset) {
  constexpr std::uint32_t kInt16Flag = 4;
  if (block.empty()) return {};
  const std::string place = "byte " + std::to_string(offset) + ": ";
  if (block.size() < kWavetableHeaderBytes) fail(place + "the wavetable ends in its header");
  const std::uint32_t frame_samples = little_u32(block, 4);
  const std::uint32_t frames = little_u32(block, 8) & 0xFFFF;
  const std::uint32_t flags = little_u32(block, 8) >> 16;
  if (!std::has_single_bit(frame_samples) || frame_samples < Wavetable::kMinFrameSamples ||
      frame_samples > Wavetable::kMaxFrameSamples) {
    fail(place + std::to_string(frame_samples) +
         " samples per frame of a wavetable are no power of two "
         "from 2 to 4096");
  }
  if (frames < 1 || frames > Wavetable::kMaxFrames) {
    fail(place + std::to_string(frames) + " frames of a wavetable are not 1 to 512");
  }
  const std::size_t sample_bytes = (flags & kInt16Flag) != 0 ? 2 : 4;
  const std::size_t size = kWavetableHeaderBytes + frame_samples * frames * sample_bytes;
  // Padding it would let a few bytes ask for megabytes.
  if (block.size() < size) {
    fail(place + "the wavetable should have " + std::to_string(size) + " bytes but has " +
         std::to_string(block.size()));
  }
  return {block.begin(), block.begin() + static_cast<std::ptrdiff_t>(size)};
}

// --- Numbers ------------------------------------------------------------------------------------

// Files of broken programs hold numbers like "nan".
float limited(float value) {
  return std::isfinite(value) ? std::clamp(value, -kMaxMagnitude, kMaxMagnitude) : 0.0f;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  text.remove_prefix(std::min(start, text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  return text;
}

// The start of an attribute as a number; what follows it is ignored. Nothing if the attribute is
// absent or empty.
std::optional<float> float_attribute(const XmlElement& element, std::string_view name) {
  const auto text = element.attribute(name);
  if (!text) return std::nullopt;
  const std::string_view digits = trimmed(*text);
  if (digits.empty()) return std::nullopt;
  float value = 0.0f;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec == std::errc::invalid_argument) {
    fail(element.place() + ": '" + std::string(name) + "' is no number");
  }
  return result.ec == std::errc() ? value : 0.0f;
}

std::optional<std::int64_t> int64_attribute(const XmlElement& element, std::string_view name) {
  const auto text = element.attribute(name);
  if (!text) return std::nullopt;
  const std::string_view digits = trimmed(*text);
  if (digits.empty()) return std::nullopt;
  std::int64_t value = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec == std::errc::invalid_argument) {
    fail(element.place() + ": '" + std::string(name) + "' is no integer");
  }
  return result.ec == std::errc() ? value : 0;
}

std::optional<std::int32_t> int_attribute(const XmlElement& element, std::string_view name) {
  const auto value = int64_attribute(element, name);
  if (!value) return std::nullopt;
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(*value, INT32_MIN, INT32_MAX));
}

float float_or(const XmlElement& element, std::string_view name, float otherwise) {
  const auto value = float_attribute(element, name);
  return value ? limited(*value) : otherwise;
}

std::int32_t int_or(const XmlElement& element, std::string_view name, std::int32_t otherwise) {
  return int_attribute(element, name).value_or(otherwise);
}

bool flag_or(const XmlElement& element, std::string_view name, bool otherwise) {
  return int_or(element, name, otherwise ? 1 : 0) != 0;
}

std::string text_attribute(const XmlElement& element, std::string_view name) {
  return std::string(element.attribute(name).value_or(""));
}

std::string decode_base64(std::string_view text, const XmlElement& element) {
  std::string decoded;
  decoded.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  int num_bits = 0;
  for (const char c : text) {
    std::uint32_t value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<std::uint32_t>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<std::uint32_t>(c - 'a' + 26);
    } else if (c >= '0' && c <= '9') {
      value = static_cast<std::uint32_t>(c - '0' + 52);
    } else if (c == '+') {
      value = 62;
    } else if (c == '/') {
      value = 63;
    } else if (c == '=') {
      break;
    } else if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      continue;
    } else {
      fail(element.place() + ": the program is not in base64");
    }
    bits = bits << 6 | value;
    num_bits += 6;
    if (num_bits >= 8) {
      num_bits -= 8;
      decoded += static_cast<char>(bits >> num_bits & 0xFF);
    }
  }
  return decoded;
}

// --- Parameters ---------------------------------------------------------------------------------

// Surge XT keeps a number as the type that the file gives, and reads its bits as the type that it
// needs: both are the same but for oscillators and effects of old patches.
struct StoredValue {
  std::uint32_t bits = 0;
  bool is_integer = false;

  std::int32_t as_integer() const { return std::bit_cast<std::int32_t>(bits); }
  float as_float() const { return limited(std::bit_cast<float>(bits)); }
};

StoredValue stored_integer(std::int32_t value) {
  return {std::bit_cast<std::uint32_t>(value), true};
}
StoredValue stored_float(float value) { return {std::bit_cast<std::uint32_t>(value), false}; }

bool is_integer_kind(ParamKind kind) {
  return kind == ParamKind::kInteger || kind == ParamKind::kBoolean;
}

// The value of a parameter's element, if it has one. A file without `type` means `kind`.
std::optional<StoredValue> stored_value(const XmlElement& element, ParamKind kind) {
  constexpr int kFloatType = 2;
  const int type = int_or(element, "type", is_integer_kind(kind) ? 0 : kFloatType);
  if (type == kFloatType) {
    const auto value = float_attribute(element, "value");
    if (!value) return std::nullopt;
    return stored_float(limited(*value));
  }
  const auto value = int_attribute(element, "value");
  if (!value) return std::nullopt;
  return stored_integer(*value);
}

template <typename Params>
void put(Params& params, std::size_t index, ParamKind kind, StoredValue stored) {
  if (is_integer_kind(kind)) {
    params.integers[index] = stored.as_integer();
    params.values[index] = static_cast<float>(stored.as_integer());
  } else {
    params.integers[index] = 0;
    params.values[index] = stored.as_float();
  }
}

StoredValue initial_value(const ParamInfo& row) {
  return is_integer_kind(row.kind) ? stored_integer(static_cast<std::int32_t>(row.initial))
                                   : stored_float(row.initial);
}

ParamOptions read_options(const XmlElement& element, bool extended, bool deactivated) {
  return {.temposync = flag_or(element, "temposync", false),
          .extend_range = flag_or(element, "extend_range", extended),
          .absolute = flag_or(element, "absolute", false),
          .deactivated = flag_or(element, "deactivated", deactivated),
          .deform_type = int_or(element, "deform_type", 0)};
}

// Of parameters that can be switched off, only those of oscillators and effects are off in files
// that do not say.
bool is_oscillator_type_param(SceneParam param) { return info(param).kind == ParamKind::kByType; }

// Parameters whose modulation, if by voices, does nothing.
bool exists_per_scene_only(SceneParam param) {
  return (param >= SceneParam::kSends && param < SceneParam::kMixer) ||
         param == SceneParam::kLowCut || param >= lfo_param(kNumVoiceLfos, LfoParam::kShape);
}

class PatchReader {
 public:
  explicit PatchReader(Patch& patch) : patch_(patch) {}

  void read(const XmlElement& root) {
    if (root.name() != "patch") fail(root.place() + ": 'patch' expected");
    const auto revision = int_attribute(root, "revision");
    if (!revision || *revision < 0) fail(root.place() + ": there is no revision");
    patch_.revision = *revision;
    set_defaults();

    const auto parameters = root.child("parameters");
    if (!parameters) fail(root.place() + ": there are no parameters");
    parameters->for_each_child([this](const XmlElement& element) { read_parameter(element); });
    resolve_oscillators();
    fix_bend_ranges();

    with_child(root, "meta", [this](const XmlElement& meta) {
      patch_.name = text_attribute(meta, "name");
      patch_.category = text_attribute(meta, "category");
      patch_.author = text_attribute(meta, "author");
      patch_.comment = text_attribute(meta, "comment");
      patch_.license = text_attribute(meta, "license");
    });
    with_child(root, "nonparamconfig", [this](const XmlElement& config) { read_config(config); });
    with_child(root, "extraoscdata", [this](const XmlElement& data) {
      data.for_each_child([this](const XmlElement& element) { read_oscillator_data(element); });
    });
    read_lfo_data(root);
    with_child(root, "customcontroller", [this](const XmlElement& macros) {
      macros.for_each_child([this](const XmlElement& element) { read_macro(element); });
    });
    patch_.legacy_comb_tuning = patch_.revision < 14;
    with_child(root, "compatability", [this](const XmlElement& compatibility) {
      with_child(compatibility, "correctlyTunedCombFilter", [this](const XmlElement& comb) {
        patch_.legacy_comb_tuning = !flag_or(comb, "v", !patch_.legacy_comb_tuning);
      });
    });
    with_child(root, "tempoOnSave", [this](const XmlElement& tempo) { read_tempo(tempo); });
  }

 private:
  template <typename Visit>
  static void with_child(const XmlElement& parent, std::string_view name, Visit visit) {
    if (const auto element = parent.child(name)) visit(*element);
  }

  void set_defaults() {
    const auto& globals = global_param_table();
    for (std::size_t i = 0; i < globals.size(); ++i) {
      put(patch_.globals, i, globals[i].kind, initial_value(globals[i]));
    }
    for (auto& effect : patch_.effects) {
      for (auto& param : effect.params) param.options.deactivated = true;
    }
    if (!has_own_volume()) {
      constexpr float kStartupVolume = -2.02574539f;
      put(patch_.globals, index_of(GlobalParam::kVolume), ParamKind::kDecibels,
          stored_float(kStartupVolume));
    }
    const auto& rows = scene_param_table();
    for (auto& scene : patch_.scenes) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        put(scene.params, i, rows[i].kind, initial_value(rows[i]));
        scene.params.options[i].deactivated = rows[i].kind == ParamKind::kByType;
      }
      scene.params.options[index_of(SceneParam::kDrift)].extend_range = random_drift_is_default();
    }
  }

  // Earlier, the volume of a patch was that of the instance that saved it.
  bool has_own_volume() const { return patch_.revision >= 17; }
  bool random_drift_is_default() const { return patch_.revision >= 16; }

  void read_parameter(const XmlElement& element) {
    const std::string_view name = element.name();
    if (name.starts_with("a_") || name.starts_with("b_")) {
      if (const auto param = find_scene_param(name.substr(2))) {
        read_scene_parameter(element, name.starts_with("a_") ? 0 : 1, *param);
      }
    } else if (const auto global = find_global_param(name)) {
      read_global_parameter(element, *global);
    }
  }

  void read_scene_parameter(const XmlElement& element, std::size_t scene_index, SceneParam param) {
    const std::size_t index = index_of(param);
    if (scene_params_read_[scene_index].test(index)) return;
    scene_params_read_[scene_index].set(index);

    Scene& scene = patch_.scenes[scene_index];
    const ParamKind kind = info(param).kind;
    const auto stored = stored_value(element, kind);
    if (kind == ParamKind::kByType) {
      scene_oscillator_values_[scene_index][index] = stored;
    } else if (stored) {
      put(scene.params, index, kind, *stored);
    }
    scene.params.options[index] =
        read_options(element, param == SceneParam::kDrift && random_drift_is_default(),
                     is_oscillator_type_param(param));
    if (param == SceneParam::kPortamento) {
      scene.portamento = {.constant_rate = flag_or(element, "porta_const_rate", false),
                          .glissando = flag_or(element, "porta_gliss", false),
                          .retrigger = flag_or(element, "porta_retrigger", false),
                          .curve = std::clamp(int_or(element, "porta_curve", 0), -1, 1)};
    }
    if (is_integer_kind(kind) || (stored && stored->is_integer) ||
        param == SceneParam::kVcaVelocity) {
      return;
    }
    for_each_routing(element,
                     [&](ModSource source, int source_index, float depth, const XmlElement&) {
                       if (!is_voice_source(source)) {
                         scene.scene_routings.push_back({source, source_index, param, depth});
                       } else if (!exists_per_scene_only(param)) {
                         scene.voice_routings.push_back({source, source_index, param, depth});
                       }
                     });
  }

  void read_global_parameter(const XmlElement& element, GlobalParam param) {
    const std::size_t index = index_of(param);
    if (global_params_read_.test(index)) return;
    global_params_read_.set(index);
    if (param == GlobalParam::kEffectBypass) return;  // a setting of the instance
    if (param == GlobalParam::kVolume && !has_own_volume()) return;

    const ParamKind kind = info(param).kind;
    const auto stored = stored_value(element, kind);
    if (param >= GlobalParam::kEffects) {
      read_effect_parameter(element, index - index_of(GlobalParam::kEffects), stored);
    } else if (stored) {
      put(patch_.globals, index, kind, *stored);
    }
    const bool volume_was_fixed = param == GlobalParam::kVolume && patch_.revision < 21;
    if (is_integer_kind(kind) || (stored && stored->is_integer) || volume_was_fixed) return;
    for_each_routing(
        element, [&](ModSource source, int source_index, float depth, const XmlElement& routing) {
          const std::int32_t scene = int_or(routing, "source_scene", 0) == 1 ? 1 : 0;
          patch_.global_routings.push_back({source, source_index, scene, param, depth});
        });
  }

  void read_effect_parameter(const XmlElement& element, std::size_t position,
                             std::optional<StoredValue> stored) {
    constexpr std::size_t kStride = 1 + kNumEffectParams;
    constexpr int kNumEffectTypes = 32;
    Effect& effect = patch_.effects[position / kStride];
    if (position % kStride == 0) {
      const int type = stored ? stored->as_integer() : 0;
      effect.type = type >= 0 && type < kNumEffectTypes ? type : 0;
      return;
    }
    EffectParam& param = effect.params[position % kStride - 1];
    if (stored) {
      param.bits = stored->bits;
      param.stored_as_integer = stored->is_integer;
      param.present = true;
    }
    param.options = read_options(element, false, patch_.revision != 16);
  }

  template <typename Visit>
  void for_each_routing(const XmlElement& parameter, Visit visit) {
    constexpr int kMaxRoutings = 4096;
    constexpr int kMaxOutputs = 8;
    parameter.for_each_child([&](const XmlElement& element) {
      if (element.name() != "modrouting") return;
      if (++num_routings_ > kMaxRoutings) fail(element.place() + ": too many modulations");
      const int source = migrate_mod_source(int_or(element, "source", 0), patch_.revision);
      const int source_index = int_or(element, "source_index", 0);
      const float depth = float_or(element, "depth", 0.0f);
      if (source <= 0 || source >= kNumModSources || source_index < 0 ||
          source_index >= kMaxOutputs || depth == 0.0f || flag_or(element, "muted", false)) {
        return;
      }
      visit(static_cast<ModSource>(source), source_index, depth, element);
    });
  }

  // Now that the types are known, so are the kinds.
  void resolve_oscillators() {
    for (std::size_t s = 0; s < kNumScenes; ++s) {
      SceneParams& params = patch_.scenes[s].params;
      for (int oscillator = 0; oscillator < kNumOscillators; ++oscillator) {
        const int type = params.integer(osc_param(oscillator, OscParam::kType));
        for (int number = 0; number < kNumOscillatorParams; ++number) {
          const std::size_t index = index_of(osc_type_param(oscillator, number));
          const ParamInfo& row = oscillator_param_info(type, number);
          put(params, index, row.kind,
              scene_oscillator_values_[s][index].value_or(initial_value(row)));
        }
      }
    }
  }

  // Some patches store them as floats and call them integers.
  void fix_bend_ranges() {
    const auto is_float = [](std::int32_t value) { return (value & ~0xFF) != 0; };
    if (!is_float(patch_.scenes[0].integer(SceneParam::kPitchBendUp))) return;
    for (Scene& scene : patch_.scenes) {
      for (const SceneParam param : {SceneParam::kPitchBendUp, SceneParam::kPitchBendDown}) {
        const float range = limited(std::bit_cast<float>(scene.integer(param)));
        put(scene.params, index_of(param), ParamKind::kInteger,
            stored_integer(static_cast<std::int32_t>(range)));
      }
    }
  }

  void read_config(const XmlElement& config) {
    const auto mode = [](const XmlElement& element, std::string_view name) {
      const int value = int_or(element, name, 1);
      return value >= 1 && value <= 3 ? static_cast<HardClip>(value) : HardClip::k18Db;
    };
    with_child(config, "hardclipmodes", [&](const XmlElement& modes) {
      patch_.hard_clip = mode(modes, "global");
      patch_.scenes[0].hard_clip = mode(modes, "sc0");
      patch_.scenes[1].hard_clip = mode(modes, "sc1");
    });
    constexpr int kFirstRevisionWithEnvelopeModes = 20;
    if (patch_.revision < kFirstRevisionWithEnvelopeModes) return;
    for (std::size_t i = 0; i < kNumScenes; ++i) {
      Scene& scene = patch_.scenes[i];
      const std::int32_t play_mode = scene.integer(SceneParam::kPlayMode);
      const bool mono = play_mode >= 1 && play_mode <= 4;
      const std::string name =
          (mono ? "monoVoiceEnvelope_" : "polyVoiceRepeatedKeyMode_") + std::to_string(i);
      with_child(config, name, [&scene](const XmlElement& element) {
        scene.retrigger_from_level = int_or(element, "v", 0) == 1;
      });
    }
  }

  void read_oscillator_data(const XmlElement& element) {
    const int scene = int_or(element, "scene", -1);
    const int oscillator = int_or(element, "osc", -1);
    if (scene < 0 || scene >= kNumScenes || oscillator < 0 || oscillator >= kNumOscillators) return;
    constexpr int kAlias = static_cast<int>(OscillatorType::kAlias);
    Scene& owner = patch_.scenes[static_cast<std::size_t>(scene)];
    if (owner.integer(osc_param(oscillator, OscParam::kType)) != kAlias) return;
    auto& partials = owner.oscillators[static_cast<std::size_t>(oscillator)].partials;
    const int count = std::clamp(int_or(element, "extra_n", 0), 0, kNumPartials);
    for (int i = 0; i < count; ++i) {
      auto& partial = partials[static_cast<std::size_t>(i)];
      partial = float_or(element, "extra_data_" + std::to_string(i), partial);
    }
  }

  // --- LFOs ---

  // Calls `visit` with each child of `group` and the LFO that it belongs to.
  template <typename Visit>
  void for_each_lfo(const XmlElement& root, std::string_view group, Visit visit) {
    with_child(root, group, [&](const XmlElement& parent) {
      parent.for_each_child([&](const XmlElement& element) {
        const int scene = int_or(element, "scene", -1);
        const int lfo = int_or(element, "i", -1);
        if (scene < 0 || scene >= kNumScenes || lfo < 0 || lfo >= kNumLfos) return;
        visit(element,
              patch_.scenes[static_cast<std::size_t>(scene)].lfos[static_cast<std::size_t>(lfo)]);
      });
    });
  }

  void read_lfo_data(const XmlElement& root) {
    for_each_lfo(root, "stepsequences",
                 [](const XmlElement& element, LfoData& lfo) { lfo.steps = read_steps(element); });
    for_each_lfo(root, "msegs",
                 [](const XmlElement& element, LfoData& lfo) { lfo.mseg = read_mseg(element); });
    for_each_lfo(root, "formulae", [](const XmlElement& element, LfoData& lfo) {
      lfo.formula = decode_base64(element.attribute("formula").value_or(""), element);
    });
    for_each_lfo(root, "extralfo", [](const XmlElement& element, LfoData& lfo) {
      lfo.extra_amplitude = int_or(element, "extraAmplitude", 0) == 1;
    });
  }

  static StepSequence read_steps(const XmlElement& element) {
    StepSequence sequence;
    for (int i = 0; i < kNumSteps; ++i) {
      sequence.steps[static_cast<std::size_t>(i)] =
          float_or(element, "s" + std::to_string(i), 0.0f);
    }
    sequence.loop_start = std::clamp(int_or(element, "loop_start", 0), 0, kNumSteps - 1);
    sequence.loop_end = std::clamp(int_or(element, "loop_end", kNumSteps - 1), 0, kNumSteps - 1);
    const auto trigger_bits = [&element](std::string_view name) {
      const auto bits = int64_attribute(element, name);
      return bits ? std::optional(static_cast<std::uint64_t>(*bits)) : std::nullopt;
    };
    std::uint64_t mask = trigger_bits("trigmask").value_or(0) & 0xFFFF'FFFF'FFFF;
    constexpr std::array<std::string_view, 3> kParts{"trigmask_0to15", "trigmask_16to31",
                                                     "trigmask_32to47"};
    for (std::size_t i = 0; i < kParts.size(); ++i) {
      if (const auto bits = trigger_bits(kParts[i])) {
        mask &= ~(std::uint64_t{0xFFFF} << 16 * i);
        mask |= (*bits & 0xFFFF) << 16 * i;
      }
    }
    sequence.trigger_mask = mask;
    return sequence;
  }

  static MsegSegment read_segment(const XmlElement& element) {
    const int type = int_or(element, "type", 1);
    return {.duration = std::max(0.0f, float_or(element, "duration", 0.0f)),
            .v0 = float_or(element, "v0", 0.0f),
            .nv1 = float_or(element, "nv1", 0.0f),
            .cp_duration = std::clamp(float_or(element, "cpduration", 0.5f), 0.0f, 1.0f),
            .cp_value = std::clamp(float_or(element, "cpv", 0.0f), -1.0f, 1.0f),
            .type = type >= 1 && type <= 13 ? static_cast<MsegSegmentType>(type)
                                            : MsegSegmentType::kLinear,
            .use_deform = flag_or(element, "useDeform", true),
            .invert_deform = flag_or(element, "invertDeform", false),
            .retrigger_filter_envelope = flag_or(element, "retriggerFEG", false),
            .retrigger_amp_envelope = flag_or(element, "retriggerAEG", false)};
  }

  static Mseg read_mseg(const XmlElement& element) {
    Mseg mseg;
    const int limit =
        std::clamp(int_or(element, "activeSegments", kMaxMsegSegments), 0, kMaxMsegSegments);
    with_child(element, "segments", [&](const XmlElement& segments) {
      segments.for_each_child([&](const XmlElement& segment) {
        if (segment.name() == "segment" && static_cast<int>(mseg.segments.size()) < limit) {
          mseg.segments.push_back(read_segment(segment));
        }
      });
    });
    if (int_or(element, "endpointMode", 2) == 1) mseg.endpoint_mode = MsegEndpointMode::kLocked;
    if (int_or(element, "editMode", 0) == 1) mseg.edit_mode = MsegEditMode::kLfo;
    const int loop_mode = int_or(element, "loopMode", 2);
    if (loop_mode >= 1 && loop_mode <= 3) mseg.loop_mode = static_cast<MsegLoopMode>(loop_mode);
    const auto loop_point = [&](std::string_view name) {
      const int segment = int_or(element, name, -1);
      return segment >= 0 && segment < static_cast<int>(mseg.segments.size()) ? segment : -1;
    };
    mseg.loop_start = loop_point("loopStart");
    mseg.loop_end = loop_point("loopEnd");
    return mseg;
  }

  void read_macro(const XmlElement& element) {
    const int index = int_or(element, "i", -1);
    if (index < 0 || index >= kNumMacros || int_or(element, "scene", 0) != 0) return;
    patch_.macros[static_cast<std::size_t>(index)] =
        std::clamp(float_or(element, "v", 0.0f), -1.0f, 1.0f);
  }

  void read_tempo(const XmlElement& element) {
    constexpr int kFirstRevision = 23;
    constexpr float kSlowest = 1.0f;
    constexpr float kFastest = 1000.0f;
    const float tempo = float_or(element, "v", 0.0f);
    if (patch_.revision >= kFirstRevision && tempo > 0.0f) {
      patch_.tempo_bpm = std::clamp(tempo, kSlowest, kFastest);
    }
  }

  using StoredValues = std::array<std::optional<StoredValue>, kNumSceneParams>;

  Patch& patch_;
  std::array<StoredValues, kNumScenes> scene_oscillator_values_;
  std::array<std::bitset<kNumSceneParams>, kNumScenes> scene_params_read_;
  std::bitset<kNumGlobalParams> global_params_read_;
  int num_routings_ = 0;
};

bool is_zstd_frame(std::span<const std::byte> bytes) {
  constexpr std::uint32_t kMagic = 0xFD2FB528;
  return bytes.size() >= 4 && little_u32(bytes, 0) == kMagic;
}

void read_blocks(const Container& container, Patch& patch) {
  for (std::size_t i = 0; i < kNumWavetables; ++i) {
    Scene& scene = patch.scenes[i / kNumOscillators];
    const int oscillator = static_cast<int>(i % kNumOscillators);
    const auto type =
        static_cast<OscillatorType>(scene.integer(osc_param(oscillator, OscParam::kType)));
    if (type != OscillatorType::kWavetable && type != OscillatorType::kWindow) continue;
    scene.oscillators[i % kNumOscillators].wavetable =
        read_wavetable(container.wavetables[i], container.wavetable_offsets[i]);
  }
  if (is_zstd_frame(container.rest)) {
    patch.effect_data.assign(container.rest.begin(), container.rest.end());
  }
}

}  // namespace

Patch read_patch(std::span<const std::byte> content) {
  const Container container = split(content);
  const XmlDocument document(container.xml, container.xml_offset);
  Patch patch;
  PatchReader(patch).read(document.root());
  migrate(patch);
  read_blocks(container, patch);
  return patch;
}

}  // namespace synthrl::surge
