#include "fhirpath/narrative.h"

#include "fhir/xml_tree.h"

#include <algorithm>
#include <array>
#include <string>

namespace bhi::fhirpath {

namespace {

using fhir::XmlAttribute;
using fhir::XmlElement;

constexpr std::string_view kXhtml = "http://www.w3.org/1999/xhtml";
constexpr fhir::XmlLimits kLimits{.max_depth = 200, .max_bytes = std::size_t{16} << 20};

// Chapters 7 to 11 (without 9.4) and 15 of HTML 4.0, links and images: the lists of the constraint txt-1, and address,
// bdo and kbd, which those chapters describe.
constexpr std::array kElements = std::to_array<std::string_view>(
    {"a",     "abbr", "acronym",  "address", "b",    "bdo",    "big", "blockquote", "br",    "caption", "cite",
     "code",  "col",  "colgroup", "dd",      "dfn",  "div",    "dl",  "dt",         "em",    "h1",      "h2",
     "h3",    "h4",   "h5",       "h6",      "hr",   "i",      "img", "kbd",        "li",    "ol",      "p",
     "pre",   "q",    "samp",     "small",   "span", "strong", "sub", "sup",        "table", "tbody",   "td",
     "tfoot", "th",   "thead",    "tr",      "tt",   "ul",     "var"});
static_assert(std::ranges::is_sorted(kElements));

constexpr std::array kAttributes = std::to_array<std::string_view>(
    {"abbr",        "accesskey",  "align",  "alt",     "axis",    "bgcolor", "border",   "cellhalign", "cellpadding",
     "cellspacing", "cellvalign", "char",   "charoff", "charset", "cite",    "class",    "colspan",    "compact",
     "coords",      "dir",        "frame",  "headers", "height",  "href",    "hreflang", "hspace",     "id",
     "lang",        "longdesc",   "name",   "nowrap",  "rel",     "rev",     "rowspan",  "rules",      "scope",
     "shape",       "span",       "src",    "start",   "style",   "summary", "tabindex", "title",      "type",
     "valign",      "value",      "vspace", "width",   "xml:lang"});
static_assert(std::ranges::is_sorted(kAttributes));

// Attributes whose value is an address.
constexpr std::array<std::string_view, 4> kAddresses = {"cite", "href", "longdesc", "src"};

// "javascript:" and the like, as browsers read it: case and white space do not count.
bool is_script(std::string_view address) {
  std::string scheme;
  for (const char c : address.substr(0, address.find(':') + 1)) {
    if (static_cast<unsigned char>(c) > ' ') scheme += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return scheme == "javascript:" || scheme == "vbscript:";
}

bool is_allowed(const XmlAttribute& attribute) {
  if (!std::ranges::binary_search(kAttributes, attribute.name())) return false;
  return std::ranges::find(kAddresses, attribute.name()) == kAddresses.end() || !is_script(attribute.value());
}

// Depth is bounded by kLimits.
bool is_allowed(const XmlElement& element, bool& has_content) {
  if (element.space() != kXhtml || !std::ranges::binary_search(kElements, element.name())) return false;
  for (XmlAttribute attribute = element.first_attribute(); attribute; attribute = attribute.next()) {
    if (!is_allowed(attribute)) return false;
  }
  has_content |= element.has_text() || (element.name() == "img" && element.attribute("src"));
  for (XmlElement child = element.first_child(); child; child = child.next()) {
    if (!is_allowed(child, has_content)) return false;
  }
  return true;
}

}  // namespace

bool is_narrative(std::string_view div) {
  const auto tree = fhir::XmlTree::read(std::string(div), kLimits);
  bool has_content = false;
  return tree.ok() && tree->root().name() == "div" && is_allowed(tree->root(), has_content) && has_content;
}

}  // namespace bhi::fhirpath
