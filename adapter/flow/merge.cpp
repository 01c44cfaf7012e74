#include "flow/merge.h"

#include "fhir/types.h"
#include "flow/align.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;
using fhir::TypeInfo;

// One element as the four documents have it; null: absent there.
struct Sides {
  const Node* before = nullptr;
  const Node* ours = nullptr;
  const Node* known = nullptr;
  const Node* theirs = nullptr;
};

bool equal(const Node* a, const Node* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return fhir::same(*a, *b);
}

bool is_object_or_absent(const Node* node) { return node == nullptr || node->is_object(); }
bool is_list_or_absent(const Node* node) { return node == nullptr || node->is_array(); }

std::span<const Node> elements_of(const Node* node) {
  return node == nullptr ? std::span<const Node>() : node->elements();
}

const Node* member_of(const Node* object, const fhir::Name& name) {
  return object == nullptr ? nullptr : object->find(name);
}

bool contains(std::span<const Node> list, const Node& node) {
  return std::ranges::any_of(list, [&node](const Node& element) { return fhir::same(element, node); });
}

std::string joined(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

// The type of a member's value, as far as known.
const TypeInfo* type_of_member(const TypeInfo* type, const fhir::Name& name) {
  if (type == nullptr) return nullptr;
  const TypeInfo* chosen = nullptr;
  const fhir::ElementInfo* element = type->element(name, &chosen);
  if (element == nullptr) return nullptr;
  if (chosen != nullptr) return chosen;
  return element->types.size() == 1 ? element->types[0] : nullptr;
}

// The choice element that a member stands for ("scheduledString": scheduled[x]); null when it is none.
const fhir::ElementInfo* choice_of(const TypeInfo* type, const fhir::Name& name) {
  if (type == nullptr) return nullptr;
  const fhir::ElementInfo* element = type->element(name);
  return element != nullptr && element->choice ? element : nullptr;
}

const Member* choice_member(const Node* object, const TypeInfo* type, const fhir::ElementInfo& choice) {
  if (object == nullptr) return nullptr;
  for (const Member& member : object->members()) {
    if (choice_of(type, *member.name) == &choice) return &member;
  }
  return nullptr;
}

bool same_member(const Member* a, const Member* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->name->text == b->name->text && fhir::same(a->value, b->value);
}

class Merger {
 public:
  Merger(Arena& arena, OnConflict on_conflict) : arena_(arena), takes_ours_(on_conflict == OnConflict::TakeOurs) {}

  std::optional<Node> element(const Sides& sides, const TypeInfo* type, const std::string& path) {
    if (equal(sides.before, sides.ours) || equal(sides.ours, sides.theirs)) return copy_of(sides.theirs);
    if (sides.ours != nullptr && sides.theirs != nullptr && sides.ours->is_object() && sides.theirs->is_object() &&
        is_object_or_absent(sides.before) && is_object_or_absent(sides.known)) {
      return object(sides, type, path);
    }
    if (is_list_or_absent(sides.before) && is_list_or_absent(sides.ours) && is_list_or_absent(sides.known) &&
        is_list_or_absent(sides.theirs)) {
      return list(sides, type, path);
    }
    if (!equal(sides.known, sides.theirs)) conflicts_.push_back(path);
    return copy_of(sides.ours);
  }

  std::vector<std::string> take_conflicts() { return std::move(conflicts_); }

 private:
  std::optional<Node> copy_of(const Node* node) {
    if (node == nullptr) return std::nullopt;
    return *node;
  }

  std::optional<Node> object(const Sides& sides, const TypeInfo* type, const std::string& path) {
    std::vector<Member> members;
    const auto put = [&](const fhir::Name& name) {
      const Sides inner{member_of(sides.before, name), member_of(sides.ours, name), member_of(sides.known, name),
                        member_of(sides.theirs, name)};
      auto value = element(inner, type_of_member(type, name), joined(path, name.text));
      if (value) members.push_back({&name, *value});
    };
    const std::vector<const fhir::Name*> replaced = replaced_choices(sides, type, path);
    for (const Member& member : sides.theirs->members()) {
      const bool gone = std::ranges::any_of(replaced, [&member](const fhir::Name* name) {
        return member.name->text == name->text || member.name->text == "_" + std::string(name->text);
      });
      if (!gone) put(*member.name);
    }
    for (const Member& member : sides.ours->members()) {
      if (sides.theirs->find(*member.name) == nullptr) put(*member.name);
    }
    if (members.empty() && !sides.theirs->members().empty()) return std::nullopt;  // FHIR has no empty objects
    Member* kept = arena_.array<Member>(members.size());
    std::ranges::copy(members, kept);
    return Node::object({kept, members.size()});
  }

  // A choice element has one value: where we now say scheduledString and they say scheduledTiming, ours takes the place
  // of theirs. Names of theirs that go.
  std::vector<const fhir::Name*> replaced_choices(const Sides& sides, const TypeInfo* type, const std::string& path) {
    std::vector<const fhir::Name*> replaced;
    for (const Member& member : sides.ours->members()) {
      const fhir::ElementInfo* choice = choice_of(type, *member.name);
      if (choice == nullptr || equal(member_of(sides.before, *member.name), &member.value)) continue;
      const Member* theirs = choice_member(sides.theirs, type, *choice);
      if (theirs == nullptr || theirs->name->text == member.name->text) continue;
      if (!same_member(choice_member(sides.known, type, *choice), theirs)) {
        conflicts_.push_back(joined(path, theirs->name->text));
      }
      replaced.push_back(theirs->name);
    }
    return replaced;
  }

  std::optional<Node> list(const Sides& sides, const TypeInfo* type, const std::string& path) {
    const auto before = elements_of(sides.before);
    const auto ours = elements_of(sides.ours);
    const auto known = elements_of(sides.known);
    const auto theirs = elements_of(sides.theirs);
    const auto ours_of = align(before, ours, Leftovers::Unmatched);
    const auto known_of = align(before, known, Leftovers::ByPosition);
    const auto theirs_of = align(known, theirs, Leftovers::Unmatched);

    std::vector<std::optional<Node>> result(theirs.begin(), theirs.end());
    for (std::size_t i = 0; i < before.size(); ++i) {
      const Node* our = ours_of[i] ? &ours[*ours_of[i]] : nullptr;
      if (our != nullptr && (fhir::same(before[i], *our) || contains(theirs, *our)))
        continue;  // not changed, or there already
      auto place = known_of[i] ? theirs_of[*known_of[i]] : std::nullopt;
      if (!place && our != nullptr && known_of[i]) place = only_free_like(*our, theirs, theirs_of);
      if (!place) {
        // We edited what they took away or rewrote, or removed what they rewrote.
        const bool removed_there = theirs.size() < known.size() || !known_of[i];
        if (our != nullptr || !removed_there) conflicts_.push_back(path + "[" + std::to_string(i) + "]");
        if (our != nullptr && takes_ours_) result.emplace_back(*our);
        continue;
      }
      const std::string place_path = path + "[" + std::to_string(*place) + "]";
      const Node& held = known[*known_of[i]];
      if (our != nullptr) {
        result[*place] = element({&before[i], our, &held, &theirs[*place]}, type, place_path);
      } else {
        const bool rewritten = !fhir::same(held, theirs[*place]);
        if (rewritten) conflicts_.push_back(place_path);
        if (!rewritten || takes_ours_) result[*place].reset();
      }
    }
    for (std::size_t j = 0; j < ours.size(); ++j) {
      const bool is_new = std::ranges::find(ours_of, std::optional(j)) == ours_of.end();
      if (is_new && !contains(theirs, ours[j])) result.emplace_back(ours[j]);
    }
    return list_of(result);
  }

  // What they rewrote may, with our edit already in it, look more like ours than like what it was.
  static std::optional<std::size_t> only_free_like(const Node& our, std::span<const Node> theirs,
                                                   const std::vector<std::optional<std::size_t>>& taken) {
    std::optional<std::size_t> only;
    for (std::size_t j = 0; j < theirs.size(); ++j) {
      if (std::ranges::find(taken, std::optional(j)) != taken.end() || !alike(our, theirs[j])) continue;
      if (only) return std::nullopt;
      only = j;
    }
    return only;
  }

  std::optional<Node> list_of(const std::vector<std::optional<Node>>& elements) {
    Node* kept = arena_.array<Node>(elements.size());
    std::size_t size = 0;
    for (const auto& element : elements) {
      if (element) kept[size++] = *element;
    }
    if (size == 0) return std::nullopt;  // FHIR has no empty lists
    return Node::array({kept, size});
  }

  Arena& arena_;
  const bool takes_ours_;
  std::vector<std::string> conflicts_;
};

}  // namespace

Merged merge(const Node& before, const Node& ours, const Node& known, const Node& theirs, Arena& arena,
             OnConflict on_conflict) {
  const std::string_view resource = fhir::resource_type(theirs);
  const std::string root(resource.empty() ? theirs.text_of("kind") : resource);
  const TypeInfo* type = resource.empty() ? nullptr : fhir::Types::r4().find(resource);
  Merger merger(arena, on_conflict);
  const auto document = merger.element({&before, &ours, &known, &theirs}, type, root);
  Merged merged;
  merged.document = fhir::copy(document.value_or(theirs), arena);
  merged.conflicts = merger.take_conflicts();
  merged.changed = !fhir::same(merged.document, theirs);
  return merged;
}

// https://www.rfc-editor.org/rfc/rfc7396#section-2
Node merge_patch(const Node& target, const Node& patch, Arena& arena) {
  if (!patch.is_object()) return fhir::copy(patch, arena);
  std::vector<Member> members;
  for (const Member& member : target.members()) {
    const Node* change = patch.find(*member.name);
    if (change == nullptr) {
      members.push_back(member);
    } else if (!change->is_null()) {
      members.push_back({member.name, merge_patch(member.value, *change, arena)});
    }
  }
  for (const Member& member : patch.members()) {
    if (target.find(*member.name) == nullptr && !member.value.is_null()) {
      members.push_back({member.name, merge_patch(Node(), member.value, arena)});
    }
  }
  return fhir::copy(Node::object(members), arena);
}

}  // namespace bhi::flow
