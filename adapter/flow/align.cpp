#include "flow/align.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace bhi::flow {

namespace {

using fhir::Node;

constexpr std::array<std::string_view, 2> kKeys = {"id", "reference"};

struct Tally {
  std::size_t all = 0;
  std::size_t unchanged = 0;
};

// Leaves of `then`, and how many of them `now` still has at the same place.
void count(const Node& then, const Node* now, Tally& tally) {
  if (then.is_object()) {
    for (const fhir::Member& member : then.members()) {
      if (member.name->text != "status") count(member.value, now == nullptr ? nullptr : now->find(*member.name), tally);
    }
  } else if (then.is_array()) {
    const auto elements = then.elements();
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const bool there = now != nullptr && now->is_array() && i < now->elements().size();
      count(elements[i], there ? &now->elements()[i] : nullptr, tally);
    }
  } else {
    ++tally.all;
    if (now != nullptr && fhir::same(then, *now)) ++tally.unchanged;
  }
}

bool keys_differ(const Node& then, const Node& now) {
  return std::ranges::any_of(kKeys, [&](std::string_view key) {
    const Node* a = then.find(key);
    const Node* b = now.find(key);
    return a != nullptr && b != nullptr && !fhir::same(*a, *b);
  });
}

}  // namespace

bool alike(const Node& then, const Node& now) {
  if (!then.is_object() || !now.is_object()) return fhir::same(then, now);
  if (keys_differ(then, now)) return false;
  Tally tally;
  count(then, &now, tally);
  return tally.all > 0 && tally.unchanged * 2 >= tally.all;
}

std::vector<std::optional<std::size_t>> align(std::span<const Node> from, std::span<const Node> to,
                                              Leftovers leftovers) {
  std::vector<std::optional<std::size_t>> partner(from.size());
  std::vector<bool> taken(to.size(), false);
  const auto take = [&](std::size_t i, std::size_t j) {
    partner[i] = j;
    taken[j] = true;
  };
  for (std::size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
    if (fhir::same(from[i], to[i])) take(i, i);
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (std::size_t j = 0; j < to.size() && !partner[i]; ++j) {
      if (!taken[j] && fhir::same(from[i], to[j])) take(i, j);
    }
  }
  for (std::size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
    if (!partner[i] && !taken[i] && alike(from[i], to[i])) take(i, i);
  }
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (partner[i]) continue;
    std::optional<std::size_t> only;
    std::size_t found = 0;
    for (std::size_t j = 0; j < to.size(); ++j) {
      if (taken[j] || !alike(from[i], to[j])) continue;
      only = j;
      ++found;
    }
    if (found == 1) take(i, *only);
  }
  if (leftovers == Leftovers::ByPosition && from.size() == to.size()) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (!partner[i] && !taken[i]) take(i, i);
    }
  }
  return partner;
}

}  // namespace bhi::flow
