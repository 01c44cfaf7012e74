#include "fhirpath/navigate.h"

#include "fhirpath/value.h"

#include <algorithm>

namespace bhi::fhirpath {

namespace {

using fhir::ElementInfo;
using fhir::Member;
using fhir::Name;
using fhir::Node;
using fhir::TypeInfo;
using fhir::TypeKind;
using fhir::Types;

constexpr Node kNull{};

struct Names {
  const Name& extension = fhir::intern("extension");
  const Name& id = fhir::intern("id");
  const Name& value = fhir::intern("value");
  const Name& resource_type = fhir::intern("resourceType");
};

const Names& names() {
  static const Names made;
  return made;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The type that `suffix` of a choice's JSON name stands for: "Quantity", "String" (string), "DateTime" (dateTime).
const TypeInfo* type_of_suffix(std::string_view suffix, const ElementInfo* element, const Types& types) {
  if (suffix.empty() || suffix.front() < 'A' || suffix.front() > 'Z') return nullptr;
  if (element != nullptr) {
    for (const TypeInfo* type : element->types) {
      if (type->name.size() == suffix.size() && lower(type->name.front()) == lower(suffix.front()) &&
          type->name.substr(1) == suffix.substr(1)) {
        return type;
      }
    }
    return nullptr;
  }
  if (const TypeInfo* complex = types.find(suffix)) return complex;
  std::string primitive(suffix);
  primitive.front() = lower(primitive.front());
  return types.find(primitive);
}

// The type of one value of an element: that of the element, or for a resource what it says of itself.
const TypeInfo* settle_type(const TypeInfo* type, const Node& node, const Types& types) {
  if (type != nullptr && type->kind != TypeKind::Resource) return type;
  if (!node.is_object()) return type;
  const Node* named = node.find(names().resource_type);
  if (named == nullptr || !named->is_string()) return type;
  const TypeInfo* own = types.find(named->text());
  return own != nullptr ? own : type;
}

template <typename Sink>
void push_values(const Node* value, const Node* companion, const TypeInfo* type, const Types& types, Sink& out) {
  const bool listed = (value != nullptr && value->is_array()) || (companion != nullptr && companion->is_array());
  if (!listed) {
    if (value == nullptr || value->is_null()) {
      if (companion != nullptr && !companion->is_null()) out.push_back(Item{&kNull, companion, type});
      return;
    }
    out.push_back(Item{value, companion, settle_type(type, *value, types)});
    return;
  }
  const auto values = fhir::each(value);
  const auto companions = companion == nullptr ? std::span<const Node>() : companion->elements();
  for (std::size_t i = 0; i < std::max(values.size(), companions.size()); ++i) {
    const Node* beside = i < companions.size() && companions[i].is_object() ? &companions[i] : nullptr;
    if (i < values.size() && !values[i].is_null()) {
      out.push_back(Item{&values[i], beside, settle_type(type, values[i], types)});
    } else if (beside != nullptr) {
      out.push_back(Item{&kNull, beside, type});
    }
  }
}

bool may_have_companion(const TypeInfo* type) { return type == nullptr || type->kind == TypeKind::Primitive; }

const Node* find_companion(const Node& object, const Name& name) {
  return name.companion != nullptr ? object.find(*name.companion) : nullptr;
}

const Node* find_companion(const Node& object, const Name& name, std::string_view text) {
  if (name.companion != nullptr) return object.find(*name.companion);
  for (const Member& member : object.members()) {
    const std::string_view candidate = member.name->text;
    if (candidate.size() == text.size() + 1 && candidate.front() == '_' && candidate.substr(1) == text) {
      return &member.value;
    }
  }
  return nullptr;
}

// value -> valueQuantity, valueString, ... whichever is there.
template <typename Sink>
void push_choice(const Node& object, std::string_view base, const ElementInfo* element, const Types& types, Sink& out) {
  for (const Member& member : object.members()) {
    std::string_view text = member.name->text;
    const bool beside = !text.empty() && text.front() == '_';
    if (beside) text.remove_prefix(1);
    if (text.size() <= base.size() || !text.starts_with(base)) continue;
    const TypeInfo* type = type_of_suffix(text.substr(base.size()), element, types);
    if (type == nullptr) continue;
    if (!beside) {
      const Node* companion = may_have_companion(type) ? find_companion(object, *member.name, text) : nullptr;
      push_values(&member.value, companion, type, types, out);
    } else if (object.find(text) == nullptr) {
      push_values(nullptr, &member.value, type, types, out);
    }
  }
}

template <typename Sink>
void push_plain(const Node& object, const Name& name, const TypeInfo* type, const Types& types, Sink& out) {
  const Node* value = object.find(name);
  const Node* companion = may_have_companion(type) ? find_companion(object, name) : nullptr;
  if (value != nullptr || companion != nullptr) push_values(value, companion, type, types, out);
}

// id and extensions of a primitive lie in its companion; `value` is the bare System value.
template <typename Sink>
void push_of_primitive(const Item& parent, const Name& name, const Types& types, Sink& out) {
  if (&name == &names().value) {
    if (is_system(parent.type)) return;
    const ValueKind kind = value_kind(parent);
    const TypeInfo* type = kind == ValueKind::Quantity ? nullptr : system_type_of(kind);
    if (type != nullptr) out.push_back(Item{parent.node, nullptr, type});
    return;
  }
  if (parent.companion == nullptr) return;
  if (&name == &names().extension) push_plain(*parent.companion, name, types.find("Extension"), types, out);
  if (&name == &names().id) push_plain(*parent.companion, name, types.find("string"), types, out);
}

template <typename Sink>
void push_children(const Item& parent, const Name& name, const ElementInfo* element, const Types& types, Sink& out) {
  const Node& object = *parent.node;
  if (!object.is_object()) return push_of_primitive(parent, name, types, out);
  const TypeInfo* chosen = nullptr;
  if (element == nullptr && parent.type != nullptr) element = parent.type->element(name, &chosen);
  if (element == nullptr) {
    const std::size_t before = out.size();
    push_plain(object, name, nullptr, types, out);
    // Without a definition any "value" + Type may be a choice.
    if (out.size() == before && parent.type == nullptr) push_choice(object, name.text, nullptr, types, out);
    return;
  }
  if (element->choice && element->name == &name) return push_choice(object, name.text, element, types, out);
  if (element->choice) return push_plain(object, name, chosen, types, out);
  push_plain(object, name, element->types.size() == 1 ? element->types.front() : nullptr, types, out);
}

}  // namespace

void append_children(const Item& parent, const Name& name, const ElementInfo* element, const Types& types, Items& out) {
  push_children(parent, name, element, types, out);
}

void append_all_children(const Item& parent, const Types& types, Items& out) {
  const Node& object = *parent.node;
  if (!object.is_object()) {
    if (parent.companion == nullptr) return;
    push_of_primitive(parent, names().id, types, out);
    push_of_primitive(parent, names().extension, types, out);
    return;
  }
  for (const Member& member : object.members()) {
    const std::string_view text = member.name->text;
    if (member.name == &names().resource_type || text.empty()) continue;
    const bool beside = text.front() == '_';
    if (beside && object.find(text.substr(1)) != nullptr) continue;  // pushed with its primitive
    const Name* known = beside ? fhir::find_name(text.substr(1)) : member.name;
    const TypeInfo* type = nullptr;
    if (known != nullptr && parent.type != nullptr) {
      const ElementInfo* element = parent.type->element(*known, &type);
      if (element != nullptr && type == nullptr && element->types.size() == 1) type = element->types.front();
    }
    if (beside) {
      push_values(nullptr, &member.value, type, types, out);
    } else {
      push_values(&member.value, may_have_companion(type) ? find_companion(object, *member.name, text) : nullptr, type,
                  types, out);
    }
  }
}

void children(const Item& parent, const Name& name, const Types& types, std::vector<Item>& out) {
  push_children(parent, name, nullptr, types, out);
}

Item root_item(const Node& node, const Types& types, const TypeInfo* type) {
  if (type == nullptr && node.is_object()) {
    const Node* named = node.find(names().resource_type);
    if (named != nullptr && named->is_string()) type = types.find(named->text());
  }
  return {&node, nullptr, type};
}

}  // namespace bhi::fhirpath
