// Any XML text as a tree of elements, attributes and text, to look at. The one door to pugixml.
//
// Comments and processing instructions are not there; entities and character references are resolved, line ends are
// line feeds, CDATA is text (https://www.w3.org/TR/xml/). Names are split by the namespaces in scope
// (https://www.w3.org/TR/xml-names/).
#pragma once

#include "base/result.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pugi {
struct xml_node_struct;
struct xml_attribute_struct;
}  // namespace pugi

namespace bhi::fhir {

struct XmlLimits {
  std::size_t max_depth = 64;         // nesting of elements; never more than 1000
  std::size_t max_bytes = 16u << 20;  // of the text
};

// Declarations of namespaces are not among the attributes of an element.
class XmlAttribute {
 public:
  XmlAttribute() = default;
  explicit XmlAttribute(pugi::xml_attribute_struct* attribute);

  explicit operator bool() const { return attribute_ != nullptr; }
  std::string_view name() const;  // as written, with its prefix
  std::string_view value() const;
  XmlAttribute next() const;

 private:
  pugi::xml_attribute_struct* attribute_ = nullptr;
};

// A look at an element of an XmlTree, which must outlive it.
class XmlElement {
 public:
  XmlElement() = default;
  XmlElement(pugi::xml_node_struct* node, std::string_view default_space);

  explicit operator bool() const { return node_ != nullptr; }
  std::string_view name() const;                     // without prefix
  std::string_view space() const { return space_; }  // namespace; empty when it has none
  bool declares_space() const;                       // xmlns="..." stands on this very element
  XmlAttribute first_attribute() const;
  std::optional<std::string_view> attribute(std::string_view name) const;
  XmlElement first_child() const;  // elements only
  XmlElement next() const;
  XmlElement child(std::string_view name) const;  // the first of that name
  bool has_text() const;                          // other than white space, directly inside
  std::string text() const;                       // all text directly inside
  std::size_t offset() const;                     // of its '<' in the text that was read

 private:
  pugi::xml_node_struct* node_ = nullptr;
  std::string_view outer_;    // default namespace around it
  std::string_view default_;  // default namespace inside
  std::string_view space_;
};

class XmlTree {
 public:
  // Error: Incorrect; line, column, expected, found.
  static Result<XmlTree> read(std::string text, const XmlLimits& limits = {});

  XmlTree(XmlTree&&) noexcept;
  XmlTree& operator=(XmlTree&&) noexcept;
  ~XmlTree();

  XmlElement root() const;
  // As it stands in the text that was read, from its start tag to its end tag.
  std::string_view source(const XmlElement& element) const;
  // "line 3, column 17: " and the fault.
  Error error_at(std::size_t offset, std::string_view fault) const;

 private:
  struct Held;
  explicit XmlTree(std::unique_ptr<Held> held);
  std::unique_ptr<Held> held_;
};

}  // namespace bhi::fhir
