#include "mapping/target.h"

#include "fhirpath/suggestion.h"

#include <algorithm>
#include <vector>

namespace bhi::mapping {

namespace {

using fhir::ElementInfo;
using fhir::Member;
using fhir::Name;
using fhir::Node;
using fhir::TypeInfo;
using fhir::TypeKind;

constexpr std::uint32_t kMaxDepth = 128;  // of a target; a reader refuses deeper documents, too

const Name& resource_type_name() {
  static const Name& name = fhir::intern("resourceType");
  return name;
}

bool is_primitive(const TargetNode& node) { return node.type->kind == TypeKind::Primitive; }

bool is_above(const TargetNode& node, const TargetNode& below) {
  for (const TargetNode* at = &below; at != nullptr; at = at->parent) {
    if (at == &node) return true;
  }
  return false;
}

// "_birthDate" of "birthDate"
const Name& companion_name(const Name& name) {
  return name.companion != nullptr ? *name.companion : fhir::intern("_" + std::string(name.text));
}

}  // namespace

TargetNode* TargetTree::make(const TypeInfo& type) {
  TargetNode* node = arena_.make<TargetNode>();
  node->type = &type;
  return node;
}

Result<TargetPlace> TargetTree::find(const TargetNode& parent, const Name& name) const {
  TargetPlace found;
  found.element = parent.type->element(name, &found.chosen);
  if (found.element != nullptr) {
    if (!found.element->choice || found.element->name == &name) found.chosen = nullptr;
    return found;
  }
  std::vector<std::string_view> known;
  for (const ElementInfo& element : parent.type->elements) known.push_back(element.name->text);
  return Error{Kind::Incorrect, "expected an element of " + std::string(parent.type->name) + ", found '" +
                                    std::string(name.text) + "'" + fhirpath::suggestion(name.text, known)};
}

Result<TargetNode*> TargetTree::grow(TargetNode& parent, const Name& name) {
  if (is_primitive(parent) && name.text == "value") return &parent;
  BHI_TRY(TargetPlace where, find(parent, name));
  thaw(parent);
  if (!where.element->many()) {
    const TargetField* field = find_field(parent, *where.element);
    if (field != nullptr && field->first != nullptr) return field->first;
  }
  const TypeInfo* type = where.chosen;
  if (type == nullptr && where.element->types.size() == 1) type = where.element->types.front();
  if (type == nullptr) {
    return Error{Kind::Incorrect, "expected create() with a type for " + std::string(parent.type->name) + "." +
                                      std::string(name.text) + ", which may have " +
                                      std::to_string(where.element->types.size()) + " types, found none"};
  }
  return place(parent, where, *make(*type));
}

Result<TargetNode*> TargetTree::place(TargetNode& parent, const Name& name, TargetNode& node) {
  BHI_TRY(const TargetPlace where, find(parent, name));
  return place(parent, where, node);
}

Result<TargetNode*> TargetTree::place(TargetNode& parent, const TargetPlace& where, TargetNode& given) {
  TargetNode* node = &given;
  if (given.parent != nullptr || is_above(given, parent)) {
    BHI_TRY(const fhirpath::Item copied, snapshot(given));
    node = make(*given.type);
    node->value = *copied.node;
    if (copied.companion != nullptr) node->companion = *copied.companion;
  }
  thaw(parent);
  const Name& json_name = where.element->choice ? fhir::choice_name(*where.element, *node->type) : *where.element->name;
  TargetField* field = find_field(parent, *where.element);
  if (field == nullptr) field = add_field(parent, where.element, json_name);
  if (!where.element->many()) {
    field->first = field->last = nullptr;
    field->count = 0;
    field->json_name = &json_name;
  }
  append(*field, *node);
  node->parent = &parent;
  return node;
}

TargetNode* TargetTree::first(TargetNode& parent, const Name& name) {
  const ElementInfo* element = parent.type->element(name);
  if (element == nullptr) return nullptr;
  thaw(parent);
  const TargetField* field = find_field(parent, *element);
  return field == nullptr ? nullptr : field->first;
}

TargetField* TargetTree::find_field(const TargetNode& parent, const ElementInfo& element) const {
  for (TargetField* field = parent.fields; field != nullptr; field = field->next) {
    if (field->element == &element) return field;
  }
  return nullptr;
}

TargetField* TargetTree::add_field(TargetNode& parent, const ElementInfo* element, const Name& json_name) {
  TargetField* field = arena_.make<TargetField>();
  field->element = element;
  field->json_name = &json_name;
  (parent.last_field == nullptr ? parent.fields : parent.last_field->next) = field;
  parent.last_field = field;
  return field;
}

void TargetTree::append(TargetField& field, TargetNode& node) {
  (field.last == nullptr ? field.first : field.last->next) = &node;
  field.last = &node;
  ++field.count;
}

// A copied object becomes fields; what lies below stays as it was copied. A copied companion of a primitive likewise.
void TargetTree::thaw(TargetNode& node) {
  Node& held = is_primitive(node) ? node.companion : node.value;
  if (!held.is_object()) return;
  const Node object = held;
  held = Node();
  for (const Member& member : object.members()) thaw_member(node, member);
}

void TargetTree::thaw_member(TargetNode& node, const Member& member) {
  if (member.name == &resource_type_name()) return;
  const bool beside = member.name->text.starts_with('_');
  const Name* plain = beside ? member.name->companion : member.name;
  const TypeInfo* chosen = nullptr;
  const ElementInfo* element = plain == nullptr ? nullptr : node.type->element(*plain, &chosen);
  if (element == nullptr) {
    TargetNode* kept = make(*node.type);
    kept->value = member.value;
    append(*add_field(node, nullptr, *member.name), *kept);
    return;
  }
  TargetField* field = find_field(node, *element);
  if (field == nullptr) field = add_field(node, element, *plain);
  const TypeInfo* type = element->choice && chosen != nullptr ? chosen : element->types.front();
  TargetNode* at = field->first;  // the nodes made by "x" when "_x" comes second, and the other way round
  for (const Node& value : fhir::each(&member.value)) {
    if (at == nullptr) {
      const TypeInfo* own = type->kind == TypeKind::Resource ? types_.find(fhir::resource_type(value)) : nullptr;
      at = make(own != nullptr ? *own : *type);
      at->parent = &node;
      append(*field, *at);
    }
    (beside ? at->companion : at->value) = value;
    at = at->next;
  }
}

Result<fhirpath::Item> TargetTree::snapshot(const TargetNode& node) {
  BHI_TRY(const Frozen frozen, freeze(node, 0));
  fhirpath::Item item{arena_.make<Node>(frozen.value), nullptr, node.type};
  if (!frozen.companion.is_null()) item.companion = arena_.make<Node>(frozen.companion);
  return item;
}

Result<Node> TargetTree::finish(const TargetNode& root) {
  BHI_TRY(const Frozen frozen, freeze(root, 0));
  if (frozen.value.is_null()) return Node::object({});
  return fhir::copy(frozen.value, arena_);
}

Result<TargetTree::Frozen> TargetTree::freeze(const TargetNode& node, std::uint32_t depth) {
  if (depth > kMaxDepth) {
    return Error{Kind::Incorrect,
                 "expected a target at most " + std::to_string(kMaxDepth) + " levels deep, found more"};
  }
  Frozen frozen{node.value, node.companion};
  if (node.fields == nullptr) {
    if (node.type->kind == TypeKind::Resource && node.value.is_null()) {
      BHI_TRY(frozen.value, freeze_object(node, true, depth));
    }
    return frozen;
  }
  if (is_primitive(node)) {
    BHI_TRY(frozen.companion, freeze_object(node, false, depth));
  } else {
    BHI_TRY(frozen.value, freeze_object(node, node.type->kind == TypeKind::Resource, depth));
  }
  return frozen;
}

Result<Node> TargetTree::freeze_object(const TargetNode& node, bool with_type, std::uint32_t depth) {
  std::vector<const TargetField*> fields;
  for (const TargetField* field = node.fields; field != nullptr; field = field->next) fields.push_back(field);
  // In the order of the definition; members that it does not know come last.
  std::ranges::stable_sort(fields, [](const TargetField* a, const TargetField* b) {
    if (a->element == nullptr || b->element == nullptr) return a->element != nullptr && b->element == nullptr;
    return std::less<>{}(a->element, b->element);
  });
  std::vector<Member> members;
  if (with_type) members.push_back({&resource_type_name(), Node::string(node.type->name)});
  for (const TargetField* field : fields) BHI_CHECK(freeze_field(*field, members, depth + 1));
  if (members.empty()) return Node();
  return Node::object(arena_.copy(std::span<const Member>(members)));
}

Result<void> TargetTree::freeze_field(const TargetField& field, std::vector<Member>& members, std::uint32_t depth) {
  if (field.element == nullptr) {
    members.push_back({field.json_name, field.first->value});
    return {};
  }
  std::vector<Node> values, companions;
  bool any_companion = false;
  bool any_value = false;
  for (const TargetNode* node = field.first; node != nullptr; node = node->next) {
    BHI_TRY(const Frozen frozen, freeze(*node, depth));
    if (frozen.empty()) continue;
    values.push_back(frozen.value);
    companions.push_back(frozen.companion);
    any_value = any_value || !frozen.value.is_null();
    any_companion = any_companion || !frozen.companion.is_null();
  }
  if (values.empty()) return {};
  const bool many = field.element->many();
  const auto listed = [&](const std::vector<Node>& nodes) {
    return many ? Node::array(arena_.copy(std::span<const Node>(nodes))) : nodes.front();
  };
  if (any_value) members.push_back({field.json_name, listed(values)});
  if (any_companion) members.push_back({&companion_name(*field.json_name), listed(companions)});
  return {};
}

}  // namespace bhi::mapping
