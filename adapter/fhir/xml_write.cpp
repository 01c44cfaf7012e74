// XML out: from the tree to elements.
#include "fhir/types.h"
#include "fhir/xml.h"
#include "fhir/xml_path.h"
#include "fhir/xml_scan.h"
#include "fhir/xml_tree.h"

#include <algorithm>
#include <array>
#include <vector>

namespace bhi::fhir {

namespace {

constexpr std::size_t kDeepest = 1000;
constexpr std::string_view kXhtmlSpace = "http://www.w3.org/1999/xhtml";

// White space in an attribute must be a reference, or a reader makes spaces of it
// (https://www.w3.org/TR/xml/#AVNormalize).
std::string_view escape(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\t': return "&#9;";
    case '\n': return "&#10;";
    case '\r': return "&#13;";
    default: return {};
  }
}

// An element of an object: value, companion, or both.
struct Part {
  std::size_t order = 0;  // of the element in its type
  const Name* name = nullptr;
  const ElementInfo* element = nullptr;
  const TypeInfo* type = nullptr;
  const Node* value = nullptr;
  const Node* companion = nullptr;
};

// One div in XHTML's namespace, which a reader of ours gives back as the same text.
bool is_div(std::string_view text) {
  if (!text.starts_with("<div") || check_xml_element(text, kDeepest)) return false;
  const auto tree = XmlTree::read(std::string(text), {kDeepest, text.size()});
  return tree.ok() && tree->root().name() == "div" && tree->root().space() == kXhtmlSpace &&
         tree->root().declares_space();
}

class Writer {
 public:
  bool resource(const Node& node, bool outermost) {
    const std::string_view name = resource_type(node);
    if (!is_resource_type(name)) return refuse("expected a resource of R4, found something else");
    if (outermost) path_.enter(name);
    out_.append("<").append(name);
    if (outermost) out_ += " xmlns=\"http://hl7.org/fhir\"";
    const bool written = content(node, *Types::r4().find(name), name);
    if (written && outermost) path_.leave();
    return written;
  }

  std::string take() { return std::move(out_); }
  Error error() const {
    const std::string path = path_.text();
    return {Kind::Incorrect, path.empty() ? fault_ : path + ": " + fault_};
  }

 private:
  bool refuse(std::string_view fault) {
    fault_ = fault;
    return false;
  }

  bool attribute(std::string_view name, std::string_view value) {
    if (!is_xml_text(value)) return refuse("expected characters that XML allows, found another one");
    out_.append(" ").append(name).append("=\"");
    for (const char c : value) {
      const std::string_view escaped = escape(c);
      escaped.empty() ? out_ += c : out_ += escaped;
    }
    out_ += '"';
    return true;
  }

  // "<name" is written: attributes, children and the end tag follow.
  bool content(const Node& node, const TypeInfo& type, std::string_view name) {
    if (path_.depth() > kDeepest) return refuse("expected at most 1000 levels, found more");
    std::vector<Part> parts;
    if (!collect(node, type, parts)) return false;
    std::ranges::stable_sort(parts, {}, &Part::order);
    for (const Part& part : parts) {
      if (is_attribute(part, type) && !attribute_of(part)) return false;
    }
    std::erase_if(parts, [&](const Part& part) { return is_attribute(part, type); });
    if (parts.empty()) {
      out_ += "/>";
      return true;
    }
    out_ += '>';
    for (const Part& part : parts) {
      if (!element(part)) return false;
    }
    out_.append("</").append(name).append(">");
    return true;
  }

  bool collect(const Node& node, const TypeInfo& type, std::vector<Part>& parts) {
    for (const Member& member : node.members()) {
      if (member.name->text == "resourceType" && type.kind == TypeKind::Resource) continue;
      const bool companion = member.name->text.starts_with('_');
      const Name* name = member.name->interned ? member.name : find_name(member.name->text);
      if (companion && name != nullptr) name = name->companion;
      Part part{.name = name};
      if (name != nullptr) part.element = type.element(*name, &part.type);
      if (part.element == nullptr || part.type == nullptr) {
        return refuse("expected elements of " + std::string(type.name) + ", found another one");
      }
      if (companion && part.type->kind != TypeKind::Primitive)
        return refuse("expected '_' before a primitive, found it elsewhere");
      part.order = static_cast<std::size_t>(part.element - type.elements.data());
      const auto known = std::ranges::find(parts, name, &Part::name);
      Part& to = known != parts.end() ? *known : parts.emplace_back(part);
      (companion ? to.companion : to.value) = &member.value;
    }
    return true;
  }

  static bool is_attribute(const Part& part, const TypeInfo& type) {
    return (part.name->text == "id" && type.kind != TypeKind::Resource) ||
           (part.name->text == "url" && type.name == "Extension");
  }

  bool attribute_of(const Part& part) {
    const bool plain = part.companion == nullptr && part.value != nullptr && part.value->is_string();
    if (plain && attribute(part.name->text, part.value->text())) return true;
    path_.enter(part.name->text);
    return plain ? false : refuse("expected a string without id and extension, found something else");
  }

  bool element(const Part& part) {
    if (!part.element->many()) {
      path_.enter(part.name->text);
      const bool written = one(part, part.value, part.companion);
      if (written) path_.leave();
      return written;
    }
    for (const Node* const list : {part.value, part.companion}) {
      if (list != nullptr && !list->is_array())
        return path_.enter(part.name->text), refuse("expected a list, found a single value");
    }
    const auto values = part.value == nullptr ? std::span<const Node>() : part.value->elements();
    const auto companions = part.companion == nullptr ? std::span<const Node>() : part.companion->elements();
    for (std::size_t i = 0; i < std::max(values.size(), companions.size()); ++i) {
      path_.enter(part.name->text, i);
      if (!one(part, i < values.size() ? &values[i] : nullptr, i < companions.size() ? &companions[i] : nullptr))
        return false;
      path_.leave();
    }
    return true;
  }

  bool one(const Part& part, const Node* value, const Node* companion) {
    if (value != nullptr && value->is_null()) value = nullptr;
    if (companion != nullptr && companion->is_null()) companion = nullptr;
    if (value == nullptr && companion == nullptr) return refuse("expected a value, found null");
    if (part.type->name == "xhtml") return narrative(value, companion);
    if (part.type->kind == TypeKind::Primitive) return primitive(part, value, companion);
    if (value->is_string() && part.type->kind != TypeKind::Resource) return primitive(part, value, companion);
    if (!value->is_object()) return refuse("expected an object, found another value");
    if (part.type->kind == TypeKind::Resource) {
      out_.append("<").append(part.name->text).append(">");
      if (!resource(*value, false)) return false;
      out_.append("</").append(part.name->text).append(">");
      return true;
    }
    if (value->members().empty()) return refuse("expected an object with content, found an empty one");
    out_.append("<").append(part.name->text);
    return content(*value, *part.type, part.name->text);
  }

  bool primitive(const Part& part, const Node* value, const Node* companion) {
    out_.append("<").append(part.name->text);
    if (value != nullptr) {
      if (value->is_object() || value->is_array())
        return refuse("expected a primitive value, found an object or a list");
      if (!attribute("value", value->text())) return false;
    }
    if (companion == nullptr) {
      out_ += "/>";
      return true;
    }
    if (!companion->is_object()) return refuse("expected an object with id and extension, found another value");
    if (value == nullptr && companion->members().empty())
      return refuse("expected an id or an extension, found neither");
    return content(*companion, *part.type, part.name->text);
  }

  // Text of the tree becomes markup here and nowhere else.
  bool narrative(const Node* value, const Node* companion) {
    if (companion != nullptr || !value->is_string() || !is_div(value->text())) {
      return refuse("expected one well-formed <div xmlns=\"http://www.w3.org/1999/xhtml\">, found something else");
    }
    out_ += value->text();
    return true;
  }

  std::string out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  XmlPath path_;
  std::string fault_;
};

}  // namespace

Result<std::string> write_xml(const Node& resource) {
  Writer writer;
  if (!writer.resource(resource, true)) return writer.error();
  return writer.take();
}

}  // namespace bhi::fhir
