// XML in: from elements to the tree.
#include "fhir/release.h"
#include "fhir/types.h"
#include "fhir/xml.h"
#include "fhir/xml_path.h"
#include "fhir/xml_tree.h"

#include <algorithm>
#include <vector>

namespace bhi::fhir {

namespace {

constexpr std::string_view kFhirSpace = "http://hl7.org/fhir";
constexpr std::string_view kXhtmlSpace = "http://www.w3.org/1999/xhtml";
constexpr std::size_t kDeepest = 1000;  // the reader calls itself for each level
constexpr std::size_t kMostLeftOut = 1000;
constexpr std::string_view kFoundR5 = "expected FHIR R4 or R4B, found R5: ";
constexpr std::string_view kSchemaLocation = ":schemaLocation";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_at(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

// A number as JSON has it (RFC 8259 section 6), within what a double can be: our JSON reader takes no larger ones.
bool is_number(std::string_view text) {
  constexpr std::size_t kMostDigits = 250;
  if (text.size() > kMostDigits) return false;
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t whole = digits_at(text);
  if (whole == 0 || (whole > 1 && text[0] == '0')) return false;
  text.remove_prefix(whole);
  if (text.starts_with('.')) {
    const std::size_t fraction = digits_at(text.substr(1));
    if (fraction == 0) return false;
    text.remove_prefix(fraction + 1);
  }
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  const bool small = text.starts_with('-');
  if (small || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t exponent = digits_at(text);
  if (exponent == 0 || exponent > 3 || exponent < text.size()) return false;
  std::size_t magnitude = 0;
  for (const char c : text) magnitude = magnitude * 10 + static_cast<std::size_t>(c - '0');
  return small || magnitude + whole <= kMostDigits + 50;
}

// https://hl7.org/fhir/R4/json.html#primitive
NodeKind json_kind(const TypeInfo& primitive) {
  static const TypeInfo& integer = *Types::r4().find("integer");
  static const TypeInfo& decimal = *Types::r4().find("decimal");
  static const TypeInfo& boolean = *Types::r4().find("boolean");
  if (primitive.is(integer) || primitive.is(decimal)) return NodeKind::Number;
  return primitive.is(boolean) ? NodeKind::Boolean : NodeKind::String;
}

// FHIR has no text between elements. A bracket too many ("</coding>>", seen in published examples) says nothing and is
// passed over; a letter or a digit might.
bool says_something(const XmlElement& element) {
  return element.has_text() && std::ranges::any_of(element.text(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  static_cast<unsigned char>(c) > 127;
         });
}

// <quantity value="30"/>: written like a primitive, whatever its type is.
bool has_value_only(const XmlElement& element) {
  const XmlAttribute first = element.first_attribute();
  return first && first.name() == "value" && !first.next() && !element.first_child() && !says_something(element);
}

bool is_extension(const TypeInfo& type) { return type.name == "Extension"; }

// An element inside an object, and its value.
struct Child {
  const Name* name = nullptr;
  const ElementInfo* element = nullptr;
  const TypeInfo* type = nullptr;
  std::size_t index = 0;  // among those of its name
  Node value;
  Node companion;
};

class Reader {
 public:
  Reader(const XmlTree& tree, const ReadLimits& limits, Arena& arena, Issues* left_out)
      : tree_(tree), limits_(limits), arena_(arena), left_out_(left_out) {}

  Result<Node> read() {
    Node root;
    if (resource(tree_.root(), 1, root)) return root;
    if (!fault_.path.empty()) fault_.text += " (at " + fault_.path + ")";
    return Error{fault_.kind, tree_.error_at(fault_.at, fault_.text).message};
  }

 private:
  bool resource(const XmlElement& from, std::size_t depth, Node& to);
  bool object(const XmlElement& from, const TypeInfo& type, std::size_t depth, Node& to);
  bool primitive(const XmlElement& from, const TypeInfo& type, std::size_t depth, Child& to);
  bool attributes(const XmlElement& from, const TypeInfo& type, std::vector<Member>& members);
  bool children(const XmlElement& from, const TypeInfo& type, std::size_t depth, std::vector<Child>& found);
  bool child(const XmlElement& from, std::size_t depth, Child& to);
  bool wrapped(const XmlElement& from, std::size_t depth, Node& to);
  bool entry_resource(const XmlElement& from, std::size_t depth, Node& to);
  bool narrative(const XmlElement& from, Node& to);
  void gather(const std::vector<Child>& found, std::vector<Member>& members);
  Node primitive_value(std::string_view text, const TypeInfo& type);

  bool identify(const XmlElement& from, const TypeInfo& type, Child& to);
  bool count(std::size_t values, const XmlElement& from);
  bool check_depth(std::size_t depth, const XmlElement& from);
  bool refuse(const XmlElement& at, std::string_view fault, Kind kind = Kind::Incorrect);
  bool refuse_whole(const XmlElement& at, std::string_view fault, Kind kind = Kind::Incorrect);

  struct Fault {
    std::size_t at = 0;
    std::string text;
    std::string path;
    Kind kind = Kind::Incorrect;
    bool whole = false;  // of the document, whatever entry it was found in
  };

  const XmlTree& tree_;
  const ReadLimits& limits_;
  Arena& arena_;
  XmlPath path_;
  std::size_t values_ = 0;
  Issues* left_out_;
  Fault fault_;
};

bool Reader::refuse(const XmlElement& at, std::string_view fault, Kind kind) {
  fault_ = {at.offset(), std::string(fault), path_.text(), kind, false};
  return false;
}

bool Reader::refuse_whole(const XmlElement& at, std::string_view fault, Kind kind) {
  refuse(at, fault, kind);
  fault_.whole = true;
  return false;
}

bool Reader::count(std::size_t values, const XmlElement& from) {
  values_ += values;
  return values_ <= limits_.max_values || refuse_whole(from, "expected at most " + std::to_string(limits_.max_values) +
                                                                 " values (limit max_values), found more");
}

// Counted as in JSON, where an array is a level too: what was read can be written and read as JSON.
bool Reader::check_depth(std::size_t depth, const XmlElement& from) {
  const std::size_t most = std::min(limits_.max_depth, kDeepest);
  return depth <= most || refuse_whole(from, "expected at most " + std::to_string(most) +
                                                 " levels of objects and arrays (limit max_depth), found more");
}

bool Reader::resource(const XmlElement& from, std::size_t depth, Node& to) {
  if (from.space() != kFhirSpace)
    return refuse(from, "expected namespace http://hl7.org/fhir, found another one or none");
  const std::string_view name = from.name();
  if (is_r5_type(name)) return refuse_whole(from, std::string(kFoundR5) + "a resource type of R5", Kind::Unsupported);
  if (is_r4b_type(name)) {
    return refuse(from, "expected a resource type of R4, found '" + std::string(name) + "' of R4B: taken as JSON only",
                  Kind::Unsupported);
  }
  if (!is_resource_type(name)) return refuse(from, "expected a resource type of R4, found another element");
  const TypeInfo& type = *Types::r4().find(name);
  if (depth == 1) path_.enter(type.name);
  const bool read = object(from, type, depth, to);
  if (read && depth == 1) path_.leave();
  return read;
}

// Bundle.entry.resource, contained, Parameters.parameter.resource: an element around the resource.
bool Reader::wrapped(const XmlElement& from, std::size_t depth, Node& to) {
  if (from.first_attribute()) return refuse(from, "expected no attribute, found one");
  if (says_something(from)) return refuse(from, "expected a resource, found text");
  const XmlElement inner = from.first_child();
  if (!inner) return refuse(from, "expected a resource, found none");
  if (inner.next()) return refuse(inner.next(), "expected one resource, found several");
  return resource(inner, depth, to);
}

// As wrapped(); what is wrong in the resource of a Bundle's entry stays the entry's own affair, when the caller wants
// it.
bool Reader::entry_resource(const XmlElement& from, std::size_t depth, Node& to) {
  const std::size_t steps = path_.depth();
  if (wrapped(from, depth, to)) return true;
  const bool of_entry = steps == 3 && tree_.root().name() == "Bundle" && path_.text().starts_with("Bundle.entry[");
  if (left_out_ == nullptr || fault_.whole || !of_entry || left_out_->size() >= kMostLeftOut) return false;
  while (path_.depth() > steps) path_.leave();
  left_out_->push_back({Severity::Error, fault_.kind == Kind::Unsupported ? "not-supported" : "structure", fault_.path,
                        tree_.error_at(fault_.at, fault_.text).message});
  to = Node::object({}, false);
  return true;
}

bool Reader::object(const XmlElement& from, const TypeInfo& type, std::size_t depth, Node& to) {
  static const Name& resource_type_name = intern("resourceType");
  if (!check_depth(depth, from)) return false;
  if (says_something(from)) return refuse(from, "expected elements, found text");
  std::vector<Member> members;
  if (type.kind == TypeKind::Resource) members.push_back({&resource_type_name, Node::string(type.name)});
  if (!attributes(from, type, members)) return false;
  std::vector<Child> found;
  if (!children(from, type, depth, found)) return false;
  gather(found, members);
  if (!count(members.size() + 1, from)) return false;
  to = Node::object(arena_.copy(std::span<const Member>(members)), false);
  return true;
}

// Element.id and Extension.url are attributes; `value` belongs to primitives, which look at it themselves.
bool Reader::attributes(const XmlElement& from, const TypeInfo& type, std::vector<Member>& members) {
  static const Name& id = intern("id");
  static const Name& url = intern("url");
  for (XmlAttribute attribute = from.first_attribute(); attribute; attribute = attribute.next()) {
    const std::string_view name = attribute.name();
    const Name* member = nullptr;
    if (name == "id" && type.kind != TypeKind::Resource) member = &id;
    if (name == "url" && is_extension(type)) member = &url;
    if (member != nullptr) {
      members.push_back({member, Node::string(arena_.copy(attribute.value()))});
    } else if (!(name == "value" && type.kind == TypeKind::Primitive) && !name.ends_with(kSchemaLocation)) {
      return refuse(from, "expected no attribute that R4 does not define here, found one");
    }
  }
  return true;
}

// Which element of the type this is. Names that we do not know are the sender's text and are not repeated.
bool Reader::identify(const XmlElement& from, const TypeInfo& type, Child& to) {
  to.name = find_name(from.name());
  if (to.name != nullptr) to.element = type.element(*to.name, &to.type);
  const bool attribute = to.element != nullptr && ((from.name() == "id" && type.kind != TypeKind::Resource) ||
                                                   (from.name() == "url" && is_extension(type)));
  if (to.element == nullptr || to.type == nullptr || attribute) {
    if (is_r5_element(type.name, from.name())) {
      return refuse_whole(from, std::string(kFoundR5) + "R4 has no '" + std::string(from.name()) + "' here",
                          Kind::Unsupported);
    }
    return refuse(from, "expected an element of " + std::string(type.name) + ", found " +
                            (to.name != nullptr ? "'" + std::string(from.name()) + "'" : std::string("another one")));
  }
  const std::string_view expected = to.type->name == "xhtml" ? kXhtmlSpace : kFhirSpace;
  return from.space() == expected ||
         refuse(from, "expected namespace " + std::string(expected) + ", found another one or none");
}

bool Reader::children(const XmlElement& from, const TypeInfo& type, std::size_t depth, std::vector<Child>& found) {
  std::vector<const Name*> seen;
  for (XmlElement element = from.first_child(); element; element = element.next()) {
    Child next;
    if (!identify(element, type, next)) return false;
    if (!found.empty() && found.back().name == next.name) {
      next.index = found.back().index + 1;
      if (!next.element->many())
        return refuse(element, "expected '" + std::string(next.name->text) + "' once, found it twice");
    } else if (std::ranges::find(seen, next.name) != seen.end()) {
      return refuse(element, "expected repetitions of '" + std::string(next.name->text) +
                                 "' one after the other, found another element between");
    } else {
      seen.push_back(next.name);
    }
    path_.enter(next.name->text, next.element->many() ? next.index : XmlPath::kSingle);
    const std::size_t level = next.element->many() ? depth + 1 : depth;
    if (!check_depth(level, element) || !child(element, level, next) || !count(2, element)) return false;
    path_.leave();
    found.push_back(next);
  }
  return true;
}

bool Reader::child(const XmlElement& from, std::size_t depth, Child& to) {
  if (to.type->name == "xhtml") return narrative(from, to.value);
  switch (to.type->kind) {
    case TypeKind::Primitive: return primitive(from, *to.type, depth, to);
    case TypeKind::Resource: return entry_resource(from, depth + 1, to.value);
    case TypeKind::Complex:
    case TypeKind::Backbone:
    case TypeKind::Logical: break;
  }
  if (has_value_only(from)) {
    to.value = Node::string(arena_.copy(*from.attribute("value")));
    return true;
  }
  if (!object(from, *to.type, depth + 1, to.value)) return false;
  return !to.value.members().empty() || refuse(from, "expected an element with content, found an empty one");
}

bool Reader::narrative(const XmlElement& from, Node& to) {
  const std::string_view source = tree_.source(from);
  if (!from.declares_space() || !source.starts_with("<div")) {
    return refuse(from,
                  "expected <div xmlns=\"http://www.w3.org/1999/xhtml\">, found the namespace declared elsewhere");
  }
  to = Node::string(arena_.copy(source));
  return true;
}

bool Reader::primitive(const XmlElement& from, const TypeInfo& type, std::size_t depth, Child& to) {
  Node companion;
  if (!object(from, type, depth + 1, companion)) return false;
  if (!companion.members().empty()) to.companion = companion;
  if (const auto value = from.attribute("value")) {
    to.value = primitive_value(*value, type);
  } else if (to.companion.is_null()) {
    return refuse(from, "expected a value, an id or an extension, found none of them");
  }
  return true;
}

Node Reader::primitive_value(std::string_view text, const TypeInfo& type) {
  const NodeKind kind = json_kind(type);
  if (kind == NodeKind::Boolean && (text == "true" || text == "false")) return Node::boolean(text == "true");
  const std::string_view kept = arena_.copy(text);
  return kind == NodeKind::Number && is_number(kept) ? Node::number(kept) : Node::string(kept);
}

// Equal names stand together; each run becomes a member, and a companion where there is one.
void Reader::gather(const std::vector<Child>& found, std::vector<Member>& members) {
  for (std::size_t begin = 0; begin < found.size();) {
    const Child& first = found[begin];
    std::size_t end = begin + 1;
    while (end < found.size() && found[end].name == first.name) ++end;
    const std::span<const Child> run(&found[begin], end - begin);
    begin = end;
    const bool any_value = std::ranges::any_of(run, [](const Child& child) { return !child.value.is_null(); });
    const bool any_companion = std::ranges::any_of(run, [](const Child& child) { return !child.companion.is_null(); });
    const auto add = [&](const Name& name, Node Child::*which) {
      if (!first.element->many()) {
        members.push_back({&name, first.*which});
        return;
      }
      Node* const elements = arena_.array<Node>(run.size());
      std::ranges::transform(run, elements, [&](const Child& child) { return child.*which; });
      members.push_back({&name, Node::array({elements, run.size()})});
    };
    if (any_value) add(*first.name, &Child::value);
    if (any_companion) add(*first.name->companion, &Child::companion);
  }
}

}  // namespace

Result<DocumentPtr> read_xml(std::string text, const ReadLimits& limits, Issues* left_out) {
  Types::r4();  // once: the names of R4 are interned before the first document asks for them
  const std::size_t size = text.size();
  BHI_TRY(const XmlTree tree, XmlTree::read(std::move(text), {limits.max_depth, limits.max_bytes}));
  constexpr std::size_t kSmallest = 4096;
  constexpr std::size_t kLargest = 64 * 1024;
  Arena arena(std::clamp(size / 2, kSmallest, kLargest));
  BHI_TRY(const Node root, Reader(tree, limits, arena, left_out).read());
  return DocumentPtr(std::make_shared<const Document>(std::move(arena), root));
}

Result<DocumentPtr> read_document(std::string text, const ReadLimits& limits, Issues* left_out) {
  std::string_view begin(text);
  if (begin.starts_with("\xef\xbb\xbf")) begin.remove_prefix(3);
  begin.remove_prefix(std::min(begin.find_first_not_of(" \t\r\n"), begin.size()));
  return begin.starts_with('<') ? read_xml(std::move(text), limits, left_out) : read_json(std::move(text), limits);
}

}  // namespace bhi::fhir
