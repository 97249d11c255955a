// Writes small patch files for tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "surge/patch_file.h"

namespace synthrl::surge::test {

inline void append_u32(std::string& bytes, std::uint32_t value, bool big_endian) {
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> 8 * (big_endian ? 3 - i : i));
}

struct PatchWriter {
  int revision = 29;
  std::string parameters;  // inside <parameters>
  std::string others;      // after it
  std::array<std::string, 6> wavetables;
  std::string rest;

  PatchWriter& value(std::string_view name, std::string_view number, int type,
                     std::string_view attributes = "", std::string_view children = "") {
    parameters += "<" + std::string(name) + " type=\"" + std::to_string(type) + "\" value=\"" +
                  std::string(number) + "\" " + std::string(attributes) + ">" +
                  std::string(children) + "</" + std::string(name) + ">";
    return *this;
  }
  PatchWriter& integer(std::string_view name, std::int64_t number, std::string_view attributes = "",
                       std::string_view children = "") {
    return value(name, std::to_string(number), 0, attributes, children);
  }
  PatchWriter& number(std::string_view name, double number, std::string_view attributes = "",
                      std::string_view children = "") {
    return value(name, std::to_string(number), 2, attributes, children);
  }

  std::string xml() const {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><patch revision=\"" +
           std::to_string(revision) + "\"><parameters>" + parameters + "</parameters>" + others +
           "</patch>";
  }

  std::string file() const { return file_of(xml()); }

  std::string file_of(const std::string& text) const {
    std::string chunk = "sub3";
    append_u32(chunk, static_cast<std::uint32_t>(text.size()), false);
    for (const auto& table : wavetables) {
      append_u32(chunk, static_cast<std::uint32_t>(table.size()), false);
    }
    chunk += text;
    for (const auto& table : wavetables) chunk += table;
    chunk += rest;
    return container(chunk);
  }

  static std::string container(const std::string& chunk) {
    std::string bytes = "CcnK";
    append_u32(bytes, 0, true);
    bytes += "FPCh";
    append_u32(bytes, 1, true);
    bytes += "cjs3";
    append_u32(bytes, 1, true);
    append_u32(bytes, 660, true);
    bytes += std::string(28, 'n');
    append_u32(bytes, static_cast<std::uint32_t>(chunk.size()), true);
    return bytes + chunk;
  }
};

inline Patch read(std::string_view file) {
  return read_patch(std::as_bytes(std::span(file.data(), file.size())));
}
inline Patch read(const PatchWriter& writer) { return read(writer.file()); }

// The message of the error, or "" if there is none.
inline std::string error_of(std::string_view file) {
  try {
    read(file);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace synthrl::surge::test
