#include "surge/xml.h"

#include <charconv>

namespace synthrl::surge {

namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr bool ends_name(char c) {
  return is_space(c) || c == '=' || c == '/' || c == '>' || c == '<' || c == '"' || c == '\'' ||
         c == '\0';
}

// Messages quote names, which may be anything.
std::string quoted(std::string_view name) {
  constexpr std::size_t kMaxQuoted = 40;
  std::string text = "'";
  for (const char c : name.substr(0, kMaxQuoted)) text += c >= ' ' && c <= '~' ? c : '?';
  return text + (name.size() > kMaxQuoted ? "...'" : "'");
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto append = [&text](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    append(code);
  } else if (code < 0x800) {
    append(0xC0 | code >> 6);
    append(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    append(0xE0 | code >> 12);
    append(0x80 | (code >> 6 & 0x3F));
    append(0x80 | (code & 0x3F));
  } else {
    append(0xF0 | code >> 18);
    append(0x80 | (code >> 12 & 0x3F));
    append(0x80 | (code >> 6 & 0x3F));
    append(0x80 | (code & 0x3F));
  }
}

// The character that the inside of "&...;" names, if any. Control characters, which XML does not
// allow, do occur in patches.
std::optional<std::uint32_t> referenced_character(std::string_view reference) {
  if (reference == "amp") return '&';
  if (reference == "lt") return '<';
  if (reference == "gt") return '>';
  if (reference == "quot") return '"';
  if (reference == "apos") return '\'';
  if (!reference.starts_with('#')) return std::nullopt;
  reference.remove_prefix(1);
  const int base = reference.starts_with('x') || reference.starts_with('X') ? 16 : 10;
  if (base == 16) reference.remove_prefix(1);
  std::uint32_t code = 0;
  const char* end = reference.data() + reference.size();
  const auto result = std::from_chars(reference.data(), end, code, base);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  const bool exists = code != 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  return exists ? code : 0xFFFD;
}

std::string decode(std::string_view value) {
  constexpr std::size_t kMaxReference = 12;
  std::string text;
  text.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '&') {
      const std::size_t end = value.substr(i, kMaxReference).find(';');
      if (end != std::string_view::npos) {
        if (const auto code = referenced_character(value.substr(i + 1, end - 1))) {
          append_utf8(text, *code);
          i += end;
          continue;
        }
      }
    }
    text += value[i];
  }
  return text;
}

}  // namespace

class XmlReader {
 public:
  XmlReader(XmlDocument& document, std::string_view text) : document_(document), text_(text) {}

  // One pass with the open elements on an explicit stack, so that nesting costs no call stack.
  void read() {
    do {
      if (!skip_to('<')) fail_at_end();
      if (starts_with("<?")) {
        skip_past("?>", "a declaration");
      } else if (starts_with("<!--")) {
        skip_past("-->", "a comment");
      } else if (starts_with("<![CDATA[")) {
        skip_past("]]>", "character data");
      } else if (starts_with("<!")) {
        skip_past(">", "a declaration");
      } else if (starts_with("</")) {
        read_end_tag();
      } else {
        read_start_tag();
      }
    } while (document_.elements_.empty() || !open_.empty());
  }

 private:
  // A patch has some 2 000 elements with two or three attributes each.
  static constexpr std::size_t kMaxElements = std::size_t{1} << 17;
  static constexpr std::size_t kMaxAttributes = std::size_t{1} << 19;

  [[noreturn]] void fail(const std::string& what, std::size_t position) const {
    throw std::invalid_argument("XML at byte " + std::to_string(document_.text_offset_ + position) +
                                ": " + what);
  }

  [[noreturn]] void fail_at_end() const {
    if (document_.elements_.empty()) fail("there is no element", text_.size());
    if (open_.empty()) fail("the text ends in a tag", text_.size());
    fail("the text ends inside " + quoted(document_.elements_[open_.back()].name), text_.size());
  }

  bool starts_with(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  bool skip_to(char c) {
    at_ = text_.find(c, at_);
    return at_ != std::string_view::npos;
  }

  void skip_past(std::string_view end, const char* what) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) fail(std::string(what) + " does not end", at_);
    at_ = found + end.size();
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  char peek() const {
    if (at_ >= text_.size()) fail_at_end();
    return text_[at_];
  }

  std::string_view read_name() {
    const std::size_t start = at_;
    while (at_ < text_.size() && !ends_name(text_[at_])) ++at_;
    if (at_ >= text_.size()) fail_at_end();
    if (at_ == start) fail("a name is missing", at_);
    return text_.substr(start, at_ - start);
  }

  void read_start_tag() {
    auto& elements = document_.elements_;
    const std::size_t start = at_++;
    if (elements.size() >= kMaxElements) fail("there are too many elements", start);
    const auto index = static_cast<std::uint32_t>(elements.size());
    elements.push_back(
        {.name = read_name(),
         .offset = static_cast<std::uint32_t>(start),
         .first_attribute = static_cast<std::uint32_t>(document_.attributes_.size())});
    if (!open_.empty()) {
      auto& parent = elements[open_.back()];
      if (parent.first_child == XmlDocument::kNone) {
        parent.first_child = index;
      } else {
        elements[parent.last_child].next_sibling = index;
      }
      parent.last_child = index;
    }
    for (skip_space(); peek() != '>' && peek() != '/'; skip_space()) read_attribute();
    elements[index].num_attributes =
        static_cast<std::uint32_t>(document_.attributes_.size()) - elements[index].first_attribute;
    if (peek() == '>') {
      ++at_;
      open_.push_back(index);
      return;
    }
    ++at_;
    if (peek() != '>') fail("'>' is missing after '/'", at_);
    ++at_;
  }

  void read_attribute() {
    if (document_.attributes_.size() >= kMaxAttributes) fail("there are too many attributes", at_);
    const std::string_view name = read_name();
    skip_space();
    if (peek() != '=') fail("attribute " + quoted(name) + " has no value", at_);
    ++at_;
    skip_space();
    const char quote = peek();
    if (quote != '"' && quote != '\'') fail("attribute " + quoted(name) + " has no quotes", at_);
    const std::size_t start = ++at_;
    if (!skip_to(quote)) fail("attribute " + quoted(name) + " does not end", start);
    std::string_view value = text_.substr(start, at_ - start);
    ++at_;
    if (value.find('&') != std::string_view::npos) {
      value = document_.decoded_.emplace_back(decode(value));
    }
    document_.attributes_.push_back({name, value});
  }

  void read_end_tag() {
    const std::size_t start = at_;
    at_ += 2;
    const std::string_view name = read_name();
    if (open_.empty()) fail(quoted(name) + " ends without a start", start);
    const std::string_view expected = document_.elements_[open_.back()].name;
    if (name != expected) fail(quoted(name) + " ends inside " + quoted(expected), start);
    skip_space();
    if (peek() != '>') fail("'>' is missing after the end of " + quoted(name), at_);
    ++at_;
    open_.pop_back();
  }

  XmlDocument& document_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::uint32_t> open_;
};

XmlDocument::XmlDocument(std::string_view text, std::size_t text_offset)
    : text_offset_(text_offset) {
  if (text.size() > kMaxBytes) {
    throw std::invalid_argument("XML at byte " + std::to_string(text_offset) + ": " +
                                std::to_string(text.size()) + " bytes are more than " +
                                std::to_string(kMaxBytes));
  }
  XmlReader(*this, text).read();
}

std::string_view XmlElement::name() const { return document_->elements_[index_].name; }

std::optional<std::string_view> XmlElement::attribute(std::string_view name) const {
  const auto& element = document_->elements_[index_];
  for (std::uint32_t i = 0; i < element.num_attributes; ++i) {
    const auto& attribute = document_->attributes_[element.first_attribute + i];
    if (attribute.name == name) return attribute.value;
  }
  return std::nullopt;
}

std::optional<XmlElement> XmlElement::first_child() const {
  const std::uint32_t index = document_->elements_[index_].first_child;
  if (index == XmlDocument::kNone) return std::nullopt;
  return XmlElement(document_, index);
}

std::optional<XmlElement> XmlElement::next_sibling() const {
  const std::uint32_t index = document_->elements_[index_].next_sibling;
  if (index == XmlDocument::kNone) return std::nullopt;
  return XmlElement(document_, index);
}

std::optional<XmlElement> XmlElement::child(std::string_view name) const {
  for (auto element = first_child(); element; element = element->next_sibling()) {
    if (element->name() == name) return element;
  }
  return std::nullopt;
}

std::string XmlElement::place() const {
  return "XML element " + quoted(name()) + " at byte " +
         std::to_string(document_->text_offset_ + document_->elements_[index_].offset);
}

}  // namespace synthrl::surge
