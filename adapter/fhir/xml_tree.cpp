#include "fhir/xml_tree.h"

#include "fhir/xml_scan.h"

#include <pugixml.hpp>

#include <algorithm>
#include <new>

namespace bhi::fhir {

namespace {

// Of an attribute that declares a namespace: the prefix ("" of the default one); else nothing.
std::optional<std::string_view> declared_prefix(std::string_view attribute) {
  if (attribute == "xmlns") return std::string_view();
  if (attribute.starts_with("xmlns:")) return attribute.substr(6);
  return {};
}

std::optional<std::string_view> declaration_on(pugi::xml_node node, std::string_view prefix) {
  for (const pugi::xml_attribute attribute : node.attributes()) {
    if (declared_prefix(attribute.name()) == prefix) return attribute.value();
  }
  return {};
}

std::string_view space_of_prefix(pugi::xml_node node, std::string_view prefix) {
  for (; node; node = node.parent()) {
    if (const auto found = declaration_on(node, prefix)) return *found;
  }
  return {};
}

pugi::xml_node element_from(pugi::xml_node node) {
  while (node && node.type() != pugi::node_element) node = node.next_sibling();
  return node;
}

pugi::xml_attribute_struct* attribute_from(pugi::xml_attribute attribute) {
  while (attribute && declared_prefix(attribute.name())) attribute = attribute.next_attribute();
  return attribute.internal_object();
}

bool is_text(pugi::xml_node node) { return node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata; }

Error fault_in(std::string_view text, std::size_t offset, std::string_view fault) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {Kind::Incorrect, "line " + std::to_string(std::ranges::count(before, '\n') + 1) + ", column " +
                               std::to_string(offset - line_start + 1) + ": " + std::string(fault)};
}

}  // namespace

XmlAttribute::XmlAttribute(pugi::xml_attribute_struct* attribute) : attribute_(attribute) {}

std::string_view XmlAttribute::name() const { return pugi::xml_attribute(attribute_).name(); }

std::string_view XmlAttribute::value() const { return pugi::xml_attribute(attribute_).value(); }

XmlAttribute XmlAttribute::next() const {
  return XmlAttribute(attribute_from(pugi::xml_attribute(attribute_).next_attribute()));
}

XmlElement::XmlElement(pugi::xml_node_struct* node, std::string_view default_space)
    : node_(node), outer_(default_space), default_(default_space) {
  if (node == nullptr) return;
  const pugi::xml_node element(node);
  if (const auto own = declaration_on(element, {})) default_ = *own;
  const std::string_view name = element.name();
  const std::size_t colon = name.find(':');
  space_ = colon == std::string_view::npos ? default_ : space_of_prefix(element, name.substr(0, colon));
}

std::string_view XmlElement::name() const {
  const std::string_view name = pugi::xml_node(node_).name();
  return name.substr(name.find(':') + 1);  // npos + 1 is 0
}

bool XmlElement::declares_space() const { return declaration_on(pugi::xml_node(node_), {}).has_value(); }

XmlAttribute XmlElement::first_attribute() const {
  return XmlAttribute(attribute_from(pugi::xml_node(node_).first_attribute()));
}

std::optional<std::string_view> XmlElement::attribute(std::string_view name) const {
  for (XmlAttribute attribute = first_attribute(); attribute; attribute = attribute.next()) {
    if (attribute.name() == name) return attribute.value();
  }
  return {};
}

XmlElement XmlElement::first_child() const {
  return {element_from(pugi::xml_node(node_).first_child()).internal_object(), default_};
}

XmlElement XmlElement::next() const {
  return {element_from(pugi::xml_node(node_).next_sibling()).internal_object(), outer_};
}

XmlElement XmlElement::child(std::string_view name) const {
  XmlElement child = first_child();
  while (child && child.name() != name) child = child.next();
  return child;
}

bool XmlElement::has_text() const {
  for (const pugi::xml_node child : pugi::xml_node(node_).children()) {
    if (is_text(child) && std::string_view(child.value()).find_first_not_of(" \t\r\n") != std::string_view::npos)
      return true;
  }
  return false;
}

std::string XmlElement::text() const {
  std::string text;
  for (const pugi::xml_node child : pugi::xml_node(node_).children()) {
    if (is_text(child)) text += child.value();
  }
  return text;
}

// pugixml points behind the '<'.
std::size_t XmlElement::offset() const { return static_cast<std::size_t>(pugi::xml_node(node_).offset_debug()) - 1; }

struct XmlTree::Held {
  std::string text;
  pugi::xml_document document;
};

XmlTree::XmlTree(std::unique_ptr<Held> held) : held_(std::move(held)) {}
XmlTree::XmlTree(XmlTree&&) noexcept = default;
XmlTree& XmlTree::operator=(XmlTree&&) noexcept = default;
XmlTree::~XmlTree() = default;

Result<XmlTree> XmlTree::read(std::string text, const XmlLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return Error{Kind::Incorrect, "expected at most " + std::to_string(limits.max_bytes) +
                                      " bytes (limit max_bytes), found " + std::to_string(text.size())};
  }
  if (const auto fault = check_xml(text, limits.max_depth)) return fault_in(text, fault->offset, fault->text);
  auto held = std::make_unique<Held>();
  held->text = std::move(text);
  const auto result = held->document.load_buffer(
      held->text.data(), held->text.size(), pugi::parse_default | pugi::parse_ws_pcdata_single, pugi::encoding_utf8);
  if (result.status == pugi::status_out_of_memory) throw std::bad_alloc();
  if (!result) {
    return fault_in(held->text, std::min(static_cast<std::size_t>(result.offset), held->text.size()),
                    std::string("expected XML, found: ") + result.description());
  }
  return XmlTree(std::move(held));
}

XmlElement XmlTree::root() const {
  return {element_from(held_->document.first_child()).internal_object(), std::string_view()};
}

std::string_view XmlTree::source(const XmlElement& element) const {
  return xml_element_at(held_->text, element.offset());
}

Error XmlTree::error_at(std::size_t offset, std::string_view fault) const {
  return fault_in(held_->text, std::min(offset, held_->text.size()), fault);
}

}  // namespace bhi::fhir
