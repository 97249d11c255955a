// A small reader for the XML inside patches: elements and attributes, no text. It forgives what
// patches get wrong (references to characters that XML does not have, any 8-bit encoding) and is
// bounded in time and memory by the length of the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace synthrl::surge {

class XmlDocument;

// An element of a document that outlives it.
class XmlElement {
 public:
  std::string_view name() const;
  // The first attribute of that name, references replaced.
  std::optional<std::string_view> attribute(std::string_view name) const;
  std::optional<XmlElement> first_child() const;
  std::optional<XmlElement> next_sibling() const;
  std::optional<XmlElement> child(std::string_view name) const;  // the first of that name

  // Calls `visit` with every child.
  template <typename Visit>
  void for_each_child(Visit visit) const {
    for (auto element = first_child(); element; element = element->next_sibling()) visit(*element);
  }

  // Where the element starts, for messages: "XML element 'name' at byte 123".
  std::string place() const;

 private:
  friend class XmlDocument;
  XmlElement(const XmlDocument* document, std::uint32_t index)
      : document_(document), index_(index) {}

  const XmlDocument* document_;
  std::uint32_t index_;
};

class XmlDocument {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

  // `text` must outlive the document. Messages count bytes from `text_offset`. What follows the
  // root element is ignored. Throws std::invalid_argument with what is wrong and where.
  explicit XmlDocument(std::string_view text, std::size_t text_offset = 0);
  XmlDocument(const XmlDocument&) = delete;
  XmlDocument& operator=(const XmlDocument&) = delete;

  XmlElement root() const { return {this, 0}; }

 private:
  friend class XmlElement;
  friend class XmlReader;

  static constexpr std::uint32_t kNone = UINT32_MAX;

  struct Attribute {
    std::string_view name;
    std::string_view value;
  };
  struct Element {
    std::string_view name;
    std::uint32_t offset = 0;  // in the text
    std::uint32_t first_attribute = 0;
    std::uint32_t num_attributes = 0;
    std::uint32_t first_child = kNone;
    std::uint32_t last_child = kNone;
    std::uint32_t next_sibling = kNone;
  };

  std::size_t text_offset_;
  std::vector<Element> elements_;  // the root comes first
  std::vector<Attribute> attributes_;
  std::deque<std::string> decoded_;  // values that had references
};

}  // namespace synthrl::surge
