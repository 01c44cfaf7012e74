#include "flow/structure.h"

#include "fhir/release.h"
#include "flow/primitive_forms.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace bhi::flow {

namespace {

using fhir::Node;
using fhir::NodeKind;
using fhir::TypeInfo;
using fhir::TypeKind;

constexpr std::size_t kMaxIssues = 50;  // of one resource; more tell nothing new

std::string_view describe(NodeKind kind) {
  switch (kind) {
    case NodeKind::Null: return "null";
    case NodeKind::Boolean: return "true or false";
    case NodeKind::Number: return "a number";
    case NodeKind::String: return "a string";
    case NodeKind::Array: return "a list";
    case NodeKind::Object: return "an object";
  }
  return "something else";
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// R4B wrote these anew (https://hl7.org/fhir/R4B/diff.html); all other types of R4 are as they were. No map reads them.
bool is_changed_in_r4b(std::string_view type) { return type == "Evidence" || type == "EvidenceVariable"; }

class Walk {
 public:
  Walk(const fhir::Types& types, Issues& issues) : types_(types), issues_(issues) {}

  void object(const Node& node, const TypeInfo& type, const std::string& path) {
    if (node.members().empty()) return fail(path, "an object with content", node.kind());
    for (const fhir::Member& member : node.members()) {
      if (issues_.size() >= kMaxIssues) return;
      member_of(node, type, path, member);
    }
    if (type.name == "Extension") extension(node, path);
    if (type.kind == TypeKind::Resource) contained_ids(node, path);
  }

 private:
  void member_of(const Node& node, const TypeInfo& type, const std::string& path, const fhir::Member& member) {
    std::string_view name = member.name->text;
    if (name == "resourceType") return;
    const bool companion = name.starts_with('_');
    if (companion) name.remove_prefix(1);
    const fhir::Name* interned = fhir::find_name(name);
    const TypeInfo* chosen = nullptr;
    const fhir::ElementInfo* element = interned == nullptr ? nullptr : type.element(*interned, &chosen);
    const std::string at = path + "." + std::string(name.substr(0, 64));
    if (element == nullptr || (element->choice && chosen == nullptr)) return unknown(type, name, at);
    if (companion) return beside(node.find(name), member.value, at);
    if (chosen == nullptr && !element->types.empty()) chosen = element->types.front();
    value(member.value, *element, chosen, at);
  }

  // Many EHRs add elements of their own; one that differs from a known name by case only is a mistake that hides a
  // value.
  void unknown(const TypeInfo& type, std::string_view name, const std::string& path) {
    const auto twin = std::ranges::find_if(type.elements, [name](const fhir::ElementInfo& element) {
      return same_but_for_case(element.name->text, name);
    });
    if (twin == type.elements.end()) return warn(path, "unknown element: R4 does not define it here; kept, not read");
    issues_.push_back({Severity::Error, "structure", path,
                       "unknown element; names are case sensitive, expected '" + std::string(twin->name->text) + "'"});
  }

  // "_given" goes with "given": a list with a list of the same length. https://hl7.org/fhir/R4/json.html#primitive
  void beside(const Node* primitive, const Node& companion, const std::string& path) {
    if (primitive == nullptr) return;
    if (primitive->is_array() != companion.is_array() || primitive->elements().size() != companion.elements().size()) {
      issues_.push_back({Severity::Error, "structure", path,
                         "expected the values and their '_' companions to be lists of the same length"});
    }
  }

  // https://hl7.org/fhir/R4/extensibility.html: a value or extensions, never both.
  void extension(const Node& node, const std::string& path) {
    const bool has_value = std::ranges::any_of(
        node.members(), [](const fhir::Member& member) { return member.name->text.starts_with("value"); });
    if (has_value && node.find("extension") != nullptr) {
      issues_.push_back({Severity::Error, "structure", path, "expected a value or extensions, found both"});
    }
  }

  void contained_ids(const Node& node, const std::string& path) {
    std::set<std::string_view> ids;
    for (const Node& inner : fhir::each(node.find("contained"))) {
      const std::string_view id = inner.text_of("id");
      if (!id.empty() && !ids.insert(id).second) {
        issues_.push_back(
            {Severity::Error, "structure", path + ".contained", "expected different ids, found one twice"});
      }
    }
  }

  void value(const Node& node, const fhir::ElementInfo& element, const TypeInfo* type, const std::string& path) {
    if (element.many() != node.is_array()) {
      return fail(path, element.many() ? "a list" : "a single value", node.kind());
    }
    if (!node.is_array()) return single(node, element, type, path);
    if (node.elements().empty()) {
      issues_.push_back({Severity::Error, "structure", path, "expected a list with content, found an empty one"});
    }
    std::size_t index = 0;
    for (const Node& each : node.elements()) {
      // null in a list of primitives: the value is in the companion list
      if (!each.is_null()) single(each, element, type, path + "[" + std::to_string(index) + "]");
      ++index;
    }
  }

  void single(const Node& node, const fhir::ElementInfo& element, const TypeInfo* type, const std::string& path) {
    if (type == nullptr) return;
    if (type->kind == TypeKind::Primitive) return primitive(node, element, *type, path);
    if (!node.is_object()) return fail(path, "an object (" + std::string(type->name) + ")", node.kind());
    if (type->kind == TypeKind::Resource) {
      if (fhir::is_r4b_type(fhir::resource_type(node))) return;
      type = types_.find(fhir::resource_type(node));
      if (type == nullptr) return fail(path, "a resource with a known resourceType", node.kind());
    }
    if (type->name == "Reference" && node.find("reference") != nullptr && !is_reference(node.text_of("reference"))) {
      warn(path + ".reference", "expected a literal reference such as Type/id; leads nowhere");
    }
    object(node, *type, path);
  }

  void primitive(const Node& node, const fhir::ElementInfo& element, const TypeInfo& type, const std::string& path) {
    const PrimitiveForm& form = form_of(type.name);
    if (node.kind() != form.kind) return fail(path, form.expected, node.kind());
    if (!form.accepts(node.text())) {
      issues_.push_back({Severity::Error, "value", path, "expected " + std::string(form.expected)});
    } else if (element.strength == fhir::BindingStrength::Required && !allows_code(element.value_set, node.text())) {
      issues_.push_back(
          {Severity::Error, "code-invalid", path, "expected a code of " + std::string(element.value_set)});
    }
  }

  void fail(const std::string& path, std::string_view expected, NodeKind found) {
    issues_.push_back({Severity::Error, "structure", path,
                       "expected " + std::string(expected) + ", found " + std::string(describe(found))});
  }

  void warn(const std::string& path, std::string_view text) {
    issues_.push_back({Severity::Warning, "structure", path, std::string(text)});
  }

  const fhir::Types& types_;
  Issues& issues_;
};

}  // namespace

Issues check_structure(const fhir::Node& resource, const fhir::Types& types) {
  Issues issues;
  const std::string_view name = fhir::resource_type(resource);
  if (fhir::is_r4b_type(name) || is_changed_in_r4b(name)) return issues;
  const TypeInfo* type = types.find(name);
  if (type == nullptr || type->kind != TypeKind::Resource) {
    issues.push_back({Severity::Error, "structure", "", "expected a resource with a known resourceType"});
    return issues;
  }
  Walk(types, issues).object(resource, *type, std::string(name));
  return issues;
}

}  // namespace bhi::flow
