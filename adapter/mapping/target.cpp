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

Error TargetTree::unknown_element(const TargetNode& parent, const Name& name) {
  std::vector<std::string_view> known;
  for (const ElementInfo& element : parent.type->elements) known.push_back(element.name->text);
  return {Kind::Incorrect, "expected an element of " + std::string(parent.type->name) + ", found '" +
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
    node->companion = copied.companion;
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

bool TargetTree::has_value(const TargetNode& node) const {
  if (!node.value.is_null() || node.companion != nullptr || node.type->kind == TypeKind::Resource) return true;
  for (const TargetField* field = node.fields; field != nullptr; field = field->next) {
    for (const TargetNode* value = field->first; value != nullptr; value = value->next) {
      if (has_value(*value)) return true;
    }
  }
  return false;
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
  const auto behind = [](const TargetField& a, const TargetField& b) {
    return b.element != nullptr && (a.element == nullptr || std::less<>{}(b.element, a.element));
  };
  if (parent.last_field == nullptr) {
    parent.fields = parent.last_field = field;
  } else if (!behind(*parent.last_field, *field)) {
    parent.last_field->next = field;
    parent.last_field = field;
  } else {
    TargetField** at = &parent.fields;
    while (!behind(**at, *field)) at = &(*at)->next;
    field->next = *at;
    *at = field;
  }
  return field;
}

void TargetTree::append(TargetField& field, TargetNode& node) {
  (field.last == nullptr ? field.first : field.last->next) = &node;
  field.last = &node;
  ++field.count;
}

// A copied object becomes fields; what lies below stays as it was copied. A copied companion of a primitive likewise.
void TargetTree::thaw(TargetNode& node) {
  const bool primitive = is_primitive(node);
  const Node object = !primitive ? node.value : node.companion != nullptr ? *node.companion : Node();
  if (!object.is_object()) return;
  if (primitive) {
    node.companion = nullptr;
  } else {
    node.value = Node();
  }
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
    if (beside) {
      at->companion = value.is_null() ? nullptr : &value;
    } else {
      at->value = value;
    }
    at = at->next;
  }
}

Error TargetTree::too_deep() {
  return {Kind::Incorrect, "expected a target at most " + std::to_string(kMaxDepth) + " levels deep, found more"};
}

Result<fhirpath::Item> TargetTree::snapshot(const TargetNode& node) {
  Frozen frozen;
  if (!freeze(node, 0, frozen)) return too_deep();
  fhirpath::Item item{arena_.make<Node>(frozen.value), nullptr, node.type};
  if (!frozen.companion.is_null()) item.companion = arena_.make<Node>(frozen.companion);
  return item;
}

Result<Node> TargetTree::finish(const TargetNode& root) {
  Frozen frozen;
  finishing_ = true;
  const bool done = freeze(root, 0, frozen);
  finishing_ = false;
  if (!done) return too_deep();
  return frozen.value.is_null() ? Node::object({}) : frozen.value;
}

bool TargetTree::freeze(const TargetNode& node, std::uint32_t depth, Frozen& out) {
  if (depth > kMaxDepth) return false;
  out.value = kept(node.value);
  if (node.companion != nullptr) out.companion = kept(*node.companion);
  if (node.fields == nullptr) {
    return node.type->kind != TypeKind::Resource || !node.value.is_null() ||
           freeze_object(node, true, depth, out.value);
  }
  if (is_primitive(node)) return freeze_object(node, false, depth, out.companion);
  return freeze_object(node, node.type->kind == TypeKind::Resource, depth, out.value);
}

bool TargetTree::freeze_object(const TargetNode& node, bool with_type, std::uint32_t depth, Node& out) {
  Members members(arena_);
  if (with_type) members.push_back({&resource_type_name(), Node::string(node.type->name)});
  for (const TargetField* field = node.fields; field != nullptr; field = field->next) {
    if (!freeze_field(*field, members, depth + 1)) return false;
  }
  out = members.empty() ? Node() : Node::object(arena_.copy(std::span<const Member>(members.begin(), members.size())));
  return true;
}

bool TargetTree::freeze_field(const TargetField& field, Members& members, std::uint32_t depth) {
  if (field.element == nullptr) {
    members.push_back({field.json_name, kept(field.first->value)});
    return true;
  }
  if (field.element->many()) return freeze_list(field, members, depth);
  if (field.first == nullptr) return true;
  Frozen frozen;
  if (!freeze(*field.first, depth, frozen)) return false;
  if (!frozen.value.is_null()) members.push_back({field.json_name, frozen.value});
  if (!frozen.companion.is_null()) members.push_back({&companion_name(*field.json_name), frozen.companion});
  return true;
}

bool TargetTree::freeze_list(const TargetField& field, Members& members, std::uint32_t depth) {
  Node* values = arena_.array<Node>(field.count);
  Node* companions = nullptr;  // made when the first is met
  std::size_t size = 0;
  bool any_value = false;
  for (const TargetNode* node = field.first; node != nullptr; node = node->next) {
    Frozen frozen;
    if (!freeze(*node, depth, frozen)) return false;
    if (frozen.empty()) continue;
    if (companions == nullptr && !frozen.companion.is_null()) {
      companions = arena_.array<Node>(field.count);
      std::fill_n(companions, field.count, Node());
    }
    if (companions != nullptr) companions[size] = frozen.companion;
    values[size++] = frozen.value;
    any_value = any_value || !frozen.value.is_null();
  }
  if (any_value) members.push_back({field.json_name, Node::array({values, size})});
  if (companions != nullptr) members.push_back({&companion_name(*field.json_name), Node::array({companions, size})});
  return true;
}

}  // namespace bhi::mapping
