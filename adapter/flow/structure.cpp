#include "flow/structure.h"

#include "base/instant.h"

#include <algorithm>
#include <array>
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

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
  });
}

bool is_date_time(std::string_view text) { return text.size() >= 4 && instant_from(text).has_value(); }

bool is_date(std::string_view text) { return is_date_time(text) && text.find('T') == std::string_view::npos; }

bool is_code(std::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' && text.find("  ") == std::string_view::npos;
}

bool is_whole(std::string_view text) { return text.find_first_of(".eE") == std::string_view::npos; }

struct PrimitiveForm {
  std::string_view type;
  NodeKind kind;
  bool (*form)(std::string_view);  // null: any
  std::string_view expected;
};

constexpr std::array kForms = std::to_array<PrimitiveForm>({
    {"boolean", NodeKind::Boolean, nullptr, "true or false"},
    {"integer", NodeKind::Number, is_whole, "a whole number"},
    {"positiveInt", NodeKind::Number, is_whole, "a whole number"},
    {"unsignedInt", NodeKind::Number, is_whole, "a whole number"},
    {"decimal", NodeKind::Number, nullptr, "a number"},
    {"date", NodeKind::String, is_date, "a date (YYYY, YYYY-MM or YYYY-MM-DD)"},
    {"dateTime", NodeKind::String, is_date_time, "a dateTime"},
    {"instant", NodeKind::String, is_date_time, "an instant"},
    {"id", NodeKind::String, is_id, "an id of 1 to 64 letters, digits, '-' and '.'"},
    {"code", NodeKind::String, is_code, "a code without outer or double spaces"},
});

const PrimitiveForm* form_of(std::string_view type) {
  const auto found = std::ranges::find(kForms, type, &PrimitiveForm::type);
  return found == kForms.end() ? nullptr : &*found;
}

class Walk {
 public:
  Walk(const fhir::Types& types, Issues& issues) : types_(types), issues_(issues) {}

  void object(const Node& node, const TypeInfo& type, const std::string& path) {
    for (const fhir::Member& member : node.members()) {
      if (issues_.size() >= kMaxIssues) return;
      std::string_view name = member.name->text;
      if (name == "resourceType") continue;
      const bool companion = name.starts_with('_');
      if (companion) name.remove_prefix(1);
      const fhir::Name* interned = fhir::find_name(name);
      const TypeInfo* chosen = nullptr;
      const fhir::ElementInfo* element = interned == nullptr ? nullptr : type.element(*interned, &chosen);
      const std::string at = path + "." + std::string(name.substr(0, 64));
      if (element == nullptr || (element->choice && chosen == nullptr)) {
        warn(at, "unknown element: R4 does not define it here; kept, not read");
        continue;
      }
      if (companion) continue;  // ids and extensions of primitives
      if (chosen == nullptr && !element->types.empty()) chosen = element->types.front();
      value(member.value, *element, chosen, at);
    }
  }

 private:
  void value(const Node& node, const fhir::ElementInfo& element, const TypeInfo* type, const std::string& path) {
    if (element.many() != node.is_array()) {
      return fail(path, element.many() ? "a list" : "a single value", node.kind());
    }
    if (!node.is_array()) return single(node, type, path);
    std::size_t index = 0;
    for (const Node& each : node.elements()) {
      // null in a list of primitives: the value is in the companion list
      if (!each.is_null()) single(each, type, path + "[" + std::to_string(index) + "]");
      ++index;
    }
  }

  void single(const Node& node, const TypeInfo* type, const std::string& path) {
    if (type == nullptr) return;
    if (type->kind == TypeKind::Primitive) return primitive(node, *type, path);
    if (!node.is_object()) return fail(path, "an object (" + std::string(type->name) + ")", node.kind());
    if (type->kind == TypeKind::Resource) {
      type = types_.find(fhir::resource_type(node));
      if (type == nullptr) return fail(path, "a resource with a known resourceType", node.kind());
    }
    object(node, *type, path);
  }

  void primitive(const Node& node, const TypeInfo& type, const std::string& path) {
    const PrimitiveForm* form = form_of(type.name);
    const NodeKind kind = form == nullptr ? NodeKind::String : form->kind;
    if (node.kind() != kind) return fail(path, form == nullptr ? "a string" : form->expected, node.kind());
    if (form != nullptr && form->form != nullptr && !form->form(node.text())) {
      issues_.push_back({Severity::Error, "value", path, "expected " + std::string(form->expected)});
    }
  }

  void fail(const std::string& path, std::string_view expected, NodeKind found) {
    issues_.push_back({Severity::Error, "structure", path, "expected " + std::string(expected) + ", found " + std::string(describe(found))});
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
  const TypeInfo* type = types.find(name);
  if (type == nullptr || type->kind != TypeKind::Resource) {
    issues.push_back({Severity::Error, "structure", "", "expected a resource with a known resourceType"});
    return issues;
  }
  Walk(types, issues).object(resource, *type, std::string(name));
  return issues;
}

}  // namespace bhi::flow
