#include <string>

#include "check.h"
#include "surge/xml.h"

using synthrl::surge::XmlDocument;
using synthrl::surge::XmlElement;
using synthrl::test::throws;

namespace {

std::string error_of(const std::string& text, std::size_t offset = 0) {
  try {
    const XmlDocument document(text, offset);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::string attribute(const std::string& text) {
  const XmlDocument document(text);
  return std::string(document.root().attribute("v").value_or("absent"));
}

}  // namespace

TEST(reads_a_tree) {
  const std::string text =
      "<?xml version='1.0'?>\n<!-- <x> --><!DOCTYPE p><p a = \"1\" b='2'>text<c/><d e=\"3\"><c "
      "f=\"4\"/>"
      "</d><![CDATA[<no>]]><c g=\"5\"></c ></p> after <the end";
  const XmlDocument document(text);
  const XmlElement root = document.root();
  CHECK_EQ(root.name(), "p");
  CHECK_EQ(root.attribute("a").value(), "1");
  CHECK_EQ(root.attribute("b").value(), "2");
  CHECK(!root.attribute("c").has_value());
  std::string names;
  root.for_each_child([&names](const XmlElement& child) { names += child.name(); });
  CHECK_EQ(names, "cdc");
  CHECK_EQ(root.child("d")->attribute("e").value(), "3");
  CHECK_EQ(root.child("d")->child("c")->attribute("f").value(), "4");
  CHECK(!root.child("d")->next_sibling()->first_child().has_value());
  CHECK(!root.child("x").has_value());
}

TEST(replaces_references) {
  CHECK_EQ(attribute("<p v=\"a&amp;b&lt;&gt;&quot;&apos;\"/>"), "a&b<>\"'");
  CHECK_EQ(attribute("<p v=\"&#65;&#x42;&#xe9;&#x20AC;&#x1F600;\"/>"), "AB\u00e9\u20ac\U0001F600");
}

TEST(forgives_bad_references_and_encodings) {
  CHECK_EQ(attribute("<p v=\"a&#x10;b\"/>"),
           "a\x10"
           "b");
  CHECK_EQ(attribute("<p v=\"&#0;&#xD800;&#x110000;\"/>"), "\uFFFD\uFFFD\uFFFD");
  CHECK_EQ(attribute("<p v=\"&nope; & &#x; &#zz; &#99999999999;\"/>"),
           "&nope; & &#x; &#zz; &#99999999999;");
  CHECK_EQ(attribute("<p v=\"\xE9\xFF\"/>"), "\xE9\xFF");
  CHECK_EQ(attribute("<p v=\"1\" v=\"2\"/>"), "1");
}

TEST(says_what_is_wrong_and_where) {
  CHECK_EQ(error_of(""), "XML at byte 0: there is no element");
  CHECK_EQ(error_of("words", 92), "XML at byte 97: there is no element");
  CHECK_EQ(error_of("<p><q></p>", 10), "XML at byte 16: 'p' ends inside 'q'");
  CHECK_EQ(error_of("<p><q/>"), "XML at byte 7: the text ends inside 'p'");
  CHECK_EQ(error_of("</p>"), "XML at byte 0: 'p' ends without a start");
  CHECK_EQ(error_of("<p a>"), "XML at byte 4: attribute 'a' has no value");
  CHECK_EQ(error_of("<p a=1>"), "XML at byte 5: attribute 'a' has no quotes");
  CHECK_EQ(error_of("<p a=\"1>"), "XML at byte 6: attribute 'a' does not end");
  CHECK_EQ(error_of("< p>"), "XML at byte 1: a name is missing");
  CHECK_EQ(error_of("<p / >"), "XML at byte 4: '>' is missing after '/'");
  CHECK_EQ(error_of("<p><!-- "), "XML at byte 3: a comment does not end");
  CHECK_EQ(error_of("<p\x01\xFF" + std::string(100, 'x') + " a>").substr(0, 30),
           "XML at byte 106: attribute 'a'");
}

TEST(names_the_place_of_an_element) {
  const std::string text = "<p> <q/></p>";
  const XmlDocument document(text, 100);
  CHECK_EQ(document.root().child("q")->place(), "XML element 'q' at byte 104");
}

TEST(every_truncation_is_an_error) {
  const std::string text =
      "<?xml version=\"1.0\"?><p a=\"1&amp;\"><!-- c --><q b='2'/><r><![CDATA[x]]></r></p>";
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK(throws<std::invalid_argument>([&] { XmlDocument(text.substr(0, size)); }));
  }
}

TEST(depth_costs_no_stack) {
  constexpr int kDepth = 100'000;
  std::string text;
  for (int i = 0; i < kDepth; ++i) text += "<a>";
  for (int i = 0; i < kDepth; ++i) text += "</a>";
  const XmlDocument document(text);
  int depth = 0;
  for (auto element = document.root().first_child(); element; element = element->first_child()) {
    ++depth;
  }
  CHECK_EQ(depth, kDepth - 1);
}

TEST(size_is_bounded) {
  std::string text = "<p>";
  while (text.size() < (1 << 20)) text += "<a/>";
  CHECK(error_of(text).find("too many elements") != std::string::npos);
  text = "<p ";
  while (text.size() < (3 << 20)) text += "a=''";
  CHECK(error_of(text).find("too many attributes") != std::string::npos);
  CHECK(error_of(std::string(XmlDocument::kMaxBytes + 1, ' ')).find("more than") !=
        std::string::npos);
}
