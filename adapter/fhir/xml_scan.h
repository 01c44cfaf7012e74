// One look over the bytes of an XML text before it is parsed: is it well-formed (https://www.w3.org/TR/xml/), and is
// there nothing in it that FHIR has no use for and others abuse? Refused are document types, and with them every entity
// but the five of XML itself (so nothing can expand), XML declarations of anything but UTF-8, control characters, too
// deep nesting and more than kMostAttributes attributes of one element.
//
// pugixml is a quick reader, not a strict one: what passes here, it reads as XML says.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::fhir {

inline constexpr std::size_t kMostAttributes = 32;

struct XmlFault {
  std::size_t offset = 0;
  std::string text;  // "expected .., found .."
};

// Of a whole document. Depth counts elements; at most 1000.
std::optional<XmlFault> check_xml(std::string_view text, std::size_t max_depth);

// Of one element and nothing around it, as in Narrative.div.
std::optional<XmlFault> check_xml_element(std::string_view text, std::size_t max_depth);

// In a text that passed: the element whose tag begins at `begin`, through its end tag.
std::string_view xml_element_at(std::string_view text, std::size_t begin);

// U+0009, U+000A, U+000D and everything from U+0020 but U+FFFE and U+FFFF; the text is UTF-8.
bool is_xml_text(std::string_view text);

}  // namespace bhi::fhir
