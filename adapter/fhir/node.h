// The document tree: immutable values in an arena, the same shape for what was received and for what was made.
//
// A FHIR JSON object is a list of members in the order they were written; "_birthDate" stays a member of its own, right
// where it was (https://hl7.org/fhir/R4/json.html#primitive). Numbers keep the digits they came with. A Node is sixteen
// bytes and is passed as `const Node*` into its arena; it lives as long as its Document (or the Arena it was built in).
#pragma once

#include "base/arena.h"
#include "fhir/name.h"

#include <cassert>
#include <cstdint>
#include <span>
#include <string_view>

namespace bhi::fhir {

enum class NodeKind : std::uint8_t { Null, Boolean, Number, String, Array, Object };

struct Member;

class Node {
 public:
  constexpr Node() = default;  // null
  static Node boolean(bool value);
  static Node number(std::string_view digits);  // as written: "1.50"; the text must outlive the node
  static Node string(std::string_view text);    // the text must outlive the node
  static Node array(std::span<const Node> elements);
  static Node object(std::span<const Member> members);
  // For a reader that knows whether any of the names is kept by the document only.
  static Node object(std::span<const Member> members, bool has_unknown_names);

  NodeKind kind() const { return kind_; }
  bool is_null() const { return kind_ == NodeKind::Null; }
  bool is_object() const { return kind_ == NodeKind::Object; }
  bool is_array() const { return kind_ == NodeKind::Array; }
  bool is_string() const { return kind_ == NodeKind::String; }

  bool as_boolean() const { return assert(kind_ == NodeKind::Boolean), flag_; }
  // Text of a string, digits of a number, "true"/"false" of a boolean; empty for the other kinds.
  std::string_view text() const;
  std::span<const Node> elements() const;   // empty unless an array
  std::span<const Member> members() const;  // empty unless an object

  // Member of an object by name; null when absent or when this is no object.
  const Node* find(const Name& name) const;
  const Node* find(std::string_view name) const;

  // Convenience for code that reads one or two fields: text of member `name`, empty when absent or not a string.
  std::string_view text_of(std::string_view name) const;

 private:
  const Node* find_by_text(const Name& name) const;

  NodeKind kind_ = NodeKind::Null;
  bool flag_ = false;
  std::uint32_t size_ = 0;
  union {
    const char* text_ = nullptr;
    const Node* elements_;
    const Member* members_;
  };
};

static_assert(sizeof(Node) == 16);

struct Member {
  const Name* name;
  Node value;
};

inline const Node* Node::find(const Name& name) const {
  if (kind_ != NodeKind::Object) return nullptr;
  for (std::uint32_t i = 0; i < size_; ++i) {
    if (members_[i].name == &name) return &members_[i].value;
  }
  // A name may have been interned after this document was read, or come from another document.
  return flag_ || !name.interned ? find_by_text(name) : nullptr;
}

// "Patient" of {"resourceType": "Patient"}; empty when this is no resource.
std::string_view resource_type(const Node& resource);

// Elements of an array; a single value counts as a list of one; null gives none.
std::span<const Node> each(const Node* value);

// A deep copy whose texts and members all lie in `arena`.
Node copy(const Node& node, Arena& arena);

// A copy of an object with one member set (replaced in place or appended) or removed. Shares everything else.
Node with(const Node& object, const Name& name, const Node& value, Arena& arena);
Node without(const Node& object, const Name& name, Arena& arena);

// Same JSON value: member order does not matter, number digits do (1.0 differs from 1.00).
bool same(const Node& a, const Node& b);

}  // namespace bhi::fhir
