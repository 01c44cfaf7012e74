#include "fhir/node.h"

#include <algorithm>
#include <vector>

namespace bhi::fhir {

namespace {

std::uint32_t checked_size(std::size_t size) {
  assert(size <= 0xffffffffu);
  return static_cast<std::uint32_t>(size);
}

Member copy_member(const Member& member, Arena& arena) {
  const Name* name = member.name;
  if (!name->interned) name = arena.make<Name>(arena.copy(name->text), nullptr, false);
  return {name, copy(member.value, arena)};
}

// Members ordered by name; equal names stay in tree order.
std::vector<const Member*> sorted(std::span<const Member> members) {
  std::vector<const Member*> order;
  order.reserve(members.size());
  for (const Member& member : members) order.push_back(&member);
  std::ranges::stable_sort(order, {}, [](const Member* member) { return member->name->text; });
  return order;
}

bool same_name(const Name& a, const Name& b) { return &a == &b || ((!a.interned || !b.interned) && a.text == b.text); }

bool same_members(std::span<const Member> a, std::span<const Member> b) {
  if (a.size() != b.size()) return false;
  const bool same_order =
      std::ranges::equal(a, b, [](const Member& x, const Member& y) { return same_name(*x.name, *y.name); });
  if (same_order) {
    return std::ranges::equal(a, b, [](const Member& x, const Member& y) { return same(x.value, y.value); });
  }
  return std::ranges::equal(sorted(a), sorted(b), [](const Member* x, const Member* y) {
    return same_name(*x->name, *y->name) && same(x->value, y->value);
  });
}

}  // namespace

Node Node::boolean(bool value) {
  Node node;
  node.kind_ = NodeKind::Boolean;
  node.flag_ = value;
  return node;
}

Node Node::number(std::string_view digits) {
  Node node;
  node.kind_ = NodeKind::Number;
  node.size_ = checked_size(digits.size());
  node.text_ = digits.data();
  return node;
}

Node Node::string(std::string_view text) {
  Node node;
  node.kind_ = NodeKind::String;
  node.size_ = checked_size(text.size());
  node.text_ = text.data();
  return node;
}

Node Node::array(std::span<const Node> elements) {
  Node node;
  node.kind_ = NodeKind::Array;
  node.size_ = checked_size(elements.size());
  node.elements_ = elements.data();
  return node;
}

Node Node::object(std::span<const Member> members) {
  return object(members, std::ranges::any_of(members, [](const Member& member) { return !member.name->interned; }));
}

Node Node::object(std::span<const Member> members, bool has_unknown_names) {
  Node node;
  node.kind_ = NodeKind::Object;
  node.flag_ = has_unknown_names;
  node.size_ = checked_size(members.size());
  node.members_ = members.data();
  return node;
}

std::string_view Node::text() const {
  switch (kind_) {
    case NodeKind::Number:
    case NodeKind::String: return {text_, size_};
    case NodeKind::Boolean: return flag_ ? "true" : "false";
    case NodeKind::Null:
    case NodeKind::Array:
    case NodeKind::Object: return {};
  }
  return {};
}

std::span<const Node> Node::elements() const {
  if (kind_ != NodeKind::Array) return {};
  return {elements_, size_};
}

std::span<const Member> Node::members() const {
  if (kind_ != NodeKind::Object) return {};
  return {members_, size_};
}

const Node* Node::find_by_text(const Name& name) const {
  for (const Member& member : members()) {
    if (same_name(*member.name, name)) return &member.value;
  }
  return nullptr;
}

const Node* Node::find(std::string_view name) const {
  if (kind_ != NodeKind::Object) return nullptr;
  if (const Name* known = find_name(name)) return find(*known);
  return flag_ ? find(Name{name, nullptr, false}) : nullptr;
}

std::string_view Node::text_of(std::string_view name) const {
  const Node* const found = find(name);
  return found != nullptr && found->is_string() ? found->text() : std::string_view{};
}

std::string_view resource_type(const Node& resource) {
  static const Name& resource_type_name = intern("resourceType");
  const Node* const found = resource.find(resource_type_name);
  return found != nullptr && found->is_string() ? found->text() : std::string_view{};
}

std::span<const Node> each(const Node* value) {
  if (value == nullptr || value->is_null()) return {};
  if (value->is_array()) return value->elements();
  return {value, 1};
}

Node copy(const Node& node, Arena& arena) {
  switch (node.kind()) {
    case NodeKind::Null:
    case NodeKind::Boolean: return node;
    case NodeKind::Number: return Node::number(arena.copy(node.text()));
    case NodeKind::String: return Node::string(arena.copy(node.text()));
    case NodeKind::Array: {
      const auto from = node.elements();
      Node* const to = arena.array<Node>(from.size());
      std::ranges::transform(from, to, [&](const Node& element) { return copy(element, arena); });
      return Node::array({to, from.size()});
    }
    case NodeKind::Object: {
      const auto from = node.members();
      Member* const to = arena.array<Member>(from.size());
      std::ranges::transform(from, to, [&](const Member& member) { return copy_member(member, arena); });
      return Node::object({to, from.size()});
    }
  }
  return {};
}

Node with(const Node& object, const Name& name, const Node& value, Arena& arena) {
  const auto from = object.members();
  Member* const to = arena.array<Member>(from.size() + 1);
  std::ranges::copy(from, to);
  const auto place =
      std::ranges::find_if(to, to + from.size(), [&](const Member& m) { return same_name(*m.name, name); });
  const bool is_new = place == to + from.size();
  *place = {&name, value};
  return Node::object({to, from.size() + (is_new ? 1 : 0)});
}

Node without(const Node& object, const Name& name, Arena& arena) {
  const auto from = object.members();
  Member* const to = arena.array<Member>(from.size());
  const auto end = std::ranges::copy_if(from, to, [&](const Member& m) { return !same_name(*m.name, name); }).out;
  return Node::object({to, end});
}

bool same(const Node& a, const Node& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case NodeKind::Null: return true;
    case NodeKind::Boolean: return a.as_boolean() == b.as_boolean();
    case NodeKind::Number:
    case NodeKind::String: return a.text() == b.text();
    case NodeKind::Array:
      return std::ranges::equal(a.elements(), b.elements(), [](const Node& x, const Node& y) { return same(x, y); });
    case NodeKind::Object: return same_members(a.members(), b.members());
  }
  return false;
}

}  // namespace bhi::fhir
