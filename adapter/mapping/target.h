// What a map is making: a tree that grows. Nodes have stable addresses, a value is appended in constant time, and the
// whole becomes an immutable fhir::Node in one linear pass. Elements that were given nothing vanish then.
//
// A complex value copied from a source stays one immutable Node until somebody adds to it; only then is its top level
// taken apart ("thawed"), so a copy costs nothing and never shares what may change.
#pragma once

#include "base/arena.h"
#include "base/result.h"
#include "fhir/node.h"
#include "fhir/types.h"
#include "fhirpath/expression.h"
#include "mapping/small_list.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::mapping {

struct TargetNode;

// The values of one element of an object.
struct TargetField {
  const fhir::ElementInfo* element = nullptr;  // null: a member that the type does not know, copied as it is
  const fhir::Name* json_name = nullptr;       // "valueQuantity" for a choice
  TargetNode* first = nullptr;
  TargetNode* last = nullptr;
  std::uint32_t count = 0;
  TargetField* next = nullptr;
};

struct TargetNode {
  const fhir::TypeInfo* type = nullptr;
  TargetNode* parent = nullptr;   // null: a root, or not placed yet
  TargetNode* next = nullptr;     // the next value of the same element
  TargetField* fields = nullptr;  // in the order of the definition; members that it does not know come last
  TargetField* last_field = nullptr;
  fhir::Node value;                       // of a primitive, or of a complex value as it was copied
  const fhir::Node* companion = nullptr;  // id and extensions of a copied primitive
};

// Where a value goes: an element, and which of its types.
struct TargetPlace {
  const fhir::ElementInfo* element = nullptr;
  const fhir::TypeInfo* chosen = nullptr;  // by the name "valueQuantity"; null: not said
};

class TargetTree {
 public:
  TargetTree(const fhir::Types& types, Arena& arena) : types_(types), arena_(arena) {}

  const fhir::Types& types() const { return types_; }

  TargetNode* make(const fhir::TypeInfo& type);

  // Error (Incorrect): the type of `parent` has no such element.
  static Result<TargetPlace> find(const TargetNode& parent, const fhir::Name& name) {
    TargetPlace found;
    found.element = parent.type->element(name, &found.chosen);
    if (found.element == nullptr) return unknown_element(parent, name);
    if (!found.element->choice || found.element->name == &name) found.chosen = nullptr;
    return found;
  }

  // The element without a value: a new one when it repeats, else the one there is or a new one.
  // Error: the element may have more than one type.
  Result<TargetNode*> grow(TargetNode& parent, const fhir::Name& name);

  // Puts a made node there: appended when the element repeats, else it replaces what was there. A node that stands
  // somewhere already, or above `parent`, is put as a deep copy.
  Result<TargetNode*> place(TargetNode& parent, const fhir::Name& name, TargetNode& node);
  Result<TargetNode*> place(TargetNode& parent, const TargetPlace& where, TargetNode& node);

  // First value of an element; null when there is none.
  TargetNode* first(TargetNode& parent, const fhir::Name& name);

  // Will it be there when the document is finished? Elements that were given nothing vanish.
  bool has_value(const TargetNode& node) const;

  // The tree from here as an item, as it is now. Shares texts with what was copied.
  Result<fhirpath::Item> snapshot(const TargetNode& node);
  // The finished document: everything lies in the arena.
  Result<fhir::Node> finish(const TargetNode& root);

 private:
  struct Frozen {
    fhir::Node value;
    fhir::Node companion;
    bool empty() const { return value.is_null() && companion.is_null(); }
  };

  using Members = SmallList<fhir::Member, 12>;

  void thaw(TargetNode& node);
  void thaw_member(TargetNode& node, const fhir::Member& member);
  TargetField* find_field(const TargetNode& parent, const fhir::ElementInfo& element) const;
  TargetField* add_field(TargetNode& parent, const fhir::ElementInfo* element, const fhir::Name& json_name);
  static void append(TargetField& field, TargetNode& node);
  static Error unknown_element(const TargetNode& parent, const fhir::Name& name);
  static Error too_deep();
  // False: deeper than any document may be.
  [[nodiscard]] bool freeze(const TargetNode& node, std::uint32_t depth, Frozen& out);
  [[nodiscard]] bool freeze_object(const TargetNode& node, bool with_type, std::uint32_t depth, fhir::Node& out);
  [[nodiscard]] bool freeze_field(const TargetField& field, Members& members, std::uint32_t depth);
  [[nodiscard]] bool freeze_list(const TargetField& field, Members& members, std::uint32_t depth);

  // A node as it stands in the tree: shared, or copied when the document is finished.
  fhir::Node kept(const fhir::Node& node) { return finishing_ && !node.is_null() ? fhir::copy(node, arena_) : node; }

  const fhir::Types& types_;
  Arena& arena_;
  bool finishing_ = false;
};

}  // namespace bhi::mapping
