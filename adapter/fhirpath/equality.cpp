#include "fhirpath/equality.h"

#include "fhirpath/number.h"
#include "fhirpath/quantity.h"
#include "fhirpath/text.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace bhi::fhirpath {

namespace {

using fhir::Decimal;
using fhir::Member;
using fhir::Node;
using fhir::NodeKind;

Order order_of(std::strong_ordering order) {
  return order < 0 ? Order::Less : order > 0 ? Order::Greater : Order::Same;
}

Order order_of(std::optional<std::strong_ordering> order) { return order ? order_of(*order) : Order::Unknown; }

Order compare_numbers(const Item& a, const Item& b) {
  const auto left = decimal_of(a);
  const auto right = decimal_of(b);
  if (left && right) return order_of(*left <=> *right);
  const auto x = approximation_of(a);
  const auto y = approximation_of(b);
  if (x && y && *x != *y) return *x < *y ? Order::Less : Order::Greater;
  return a.node->text() == b.node->text() ? Order::Same : Order::Unknown;
}

Order compare_dates(const Item& a, const Item& b) {
  const auto left = date_time_of(a);
  const auto right = date_time_of(b);
  if (!left || !right) return a.node->text() == b.node->text() ? Order::Same : Order::Unknown;
  return order_of(compare_moments(*left, *right));
}

Order compare_times(const Item& a, const Item& b) {
  const auto left = time_of(a);
  const auto right = time_of(b);
  if (!left || !right) return a.node->text() == b.node->text() ? Order::Same : Order::Unknown;
  return order_of(fhir::compare(*left, *right));
}

bool is_date(ValueKind kind) { return kind == ValueKind::Date || kind == ValueKind::DateTime; }

// A text of unknown type may be a date that nobody declared.
ValueKind kind_beside(const Item& item, ValueKind kind, ValueKind other) {
  if (kind != ValueKind::String || item.type != nullptr) return kind;
  if (is_date(other) && date_time_of(item)) return ValueKind::DateTime;
  if (other == ValueKind::Time && time_of(item)) return ValueKind::Time;
  return kind;
}

// Two JSON values as the same value: numbers by value, members in any order.
bool same_value(const Node& a, const Node& b, Effort& effort);

bool same_members(const Node& a, const Node& b, Effort& effort) {
  if (a.members().size() != b.members().size()) return false;
  return std::ranges::all_of(a.members(), [&](const Member& member) {
    const Node* other = b.find(*member.name);
    return other != nullptr && same_value(member.value, *other, effort);
  });
}

bool same_value(const Node& a, const Node& b, Effort& effort) {
  if (a.kind() != b.kind() || !effort.take()) return false;
  switch (a.kind()) {
    case NodeKind::Null: return true;
    case NodeKind::Boolean: return a.as_boolean() == b.as_boolean();
    case NodeKind::String: {
      if (a.text().size() != b.text().size()) return false;
      effort.used += text_steps(a.text().size());
      return a.text() == b.text();
    }
    case NodeKind::Number: {
      if (a.text() == b.text()) return true;
      const auto left = Decimal::parse(a.text());
      const auto right = Decimal::parse(b.text());
      return left && right && *left == *right;
    }
    case NodeKind::Array:
      return std::ranges::equal(a.elements(), b.elements(),
                                [&effort](const Node& x, const Node& y) { return same_value(x, y, effort); });
    case NodeKind::Object: return same_members(a, b, effort);
  }
  return false;
}

bool equivalent_value(const Node& a, const Node& b, Effort& effort);

// Every element has its partner, whatever the order.
bool equivalent_elements(std::span<const Node> a, std::span<const Node> b, Effort& effort) {
  if (a.size() != b.size()) return false;
  std::vector<bool> taken(b.size());
  for (const Node& element : a) {
    std::size_t at = 0;
    while (at < b.size() && (taken[at] || !equivalent_value(element, b[at], effort))) ++at;
    if (at == b.size()) return false;
    taken[at] = true;
  }
  return true;
}

bool equivalent_numbers(const Decimal& a, const Decimal& b) {
  const int places = std::min(a.scale(), b.scale());
  return a.round(places) == b.round(places);
}

bool equivalent_value(const Node& a, const Node& b, Effort& effort) {
  if (!effort.take() || a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case NodeKind::String: {
      effort.used += text_steps(a.text().size() + b.text().size());
      return a.text() == b.text() || normalised(a.text()) == normalised(b.text());
    }
    case NodeKind::Number: {
      const auto left = Decimal::parse(a.text());
      const auto right = Decimal::parse(b.text());
      return left && right && equivalent_numbers(*left, *right);
    }
    case NodeKind::Array: return equivalent_elements(a.elements(), b.elements(), effort);
    case NodeKind::Object:
      return a.members().size() == b.members().size() && std::ranges::all_of(a.members(), [&](const Member& member) {
               const Node* other = b.find(*member.name);
               return other != nullptr && equivalent_value(member.value, *other, effort);
             });
    default: return same_value(a, b, effort);
  }
}

std::optional<bool> truth(Order order) {
  if (order == Order::Unknown) return std::nullopt;
  return order == Order::Same;
}

// The beginning is enough to tell most texts apart, and costs the same for all.
std::size_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text.substr(0, 64)) + text.size(); }

// The part of equality that is cheap to compute: equal items have equal hashes.
std::size_t hash_of(const Item& item) {
  const ValueKind kind = value_kind(item);
  if (kind == ValueKind::String) return hash_of(item.node->text());
  if (kind != ValueKind::Complex)
    return is_number(kind) ? 1 : is_temporal(kind) ? 2 : static_cast<std::size_t>(kind) + 3;
  std::size_t sum = item.node->members().size() * 0x9e3779b97f4a7c15U;
  for (const Member& member : item.node->members()) {  // a sum: the order of members does not count
    if (member.value.is_string()) sum += hash_of(member.value.text());
  }
  return sum;
}

}  // namespace

Order compare(const Item& a, const Item& b) {
  ValueKind left = value_kind(a);
  ValueKind right = value_kind(b);
  left = kind_beside(a, left, right);
  right = kind_beside(b, right, left);
  if (is_number(left) && is_number(right)) return compare_numbers(a, b);
  if (left == ValueKind::String && right == ValueKind::String) return order_of(a.node->text() <=> b.node->text());
  if (is_date(left) && is_date(right)) return compare_dates(a, b);
  if (left == ValueKind::Time && right == ValueKind::Time) return compare_times(a, b);
  const bool quantities = (left == ValueKind::Quantity && (right == ValueKind::Quantity || is_number(right))) ||
                          (is_number(left) && right == ValueKind::Quantity);
  if (!quantities) return Order::Incomparable;
  const auto x = measure_of(a);
  const auto y = measure_of(b);
  return x && y ? compare(*x, *y) : Order::Unknown;
}

std::optional<bool> equal(const Item& a, const Item& b, Effort& effort) {
  effort.take();
  const ValueKind left = value_kind(a);
  const ValueKind right = value_kind(b);
  if (left == ValueKind::String && right == ValueKind::String) {
    if (a.node->text().size() != b.node->text().size()) return false;
    effort.used += text_steps(a.node->text().size());
    return a.node->text() == b.node->text();
  }
  if (left == ValueKind::Missing || right == ValueKind::Missing) {
    return left == right && a.companion == b.companion;
  }
  if (left == ValueKind::Boolean && right == ValueKind::Boolean) return a.node->as_boolean() == b.node->as_boolean();
  if (left == ValueKind::Complex || right == ValueKind::Complex)
    return left == right && same_value(*a.node, *b.node, effort);
  if (left == ValueKind::Quantity && right == ValueKind::Quantity) {
    const auto x = measure_of(a);
    const auto y = measure_of(b);
    if (!x || !y) return same_value(*a.node, *b.node, effort);
    return truth(compare(*x, *y));
  }
  const Order order = compare(a, b);
  return order == Order::Incomparable ? std::optional(false) : truth(order);
}

bool equivalent(const Item& a, const Item& b, Effort& effort) {
  const ValueKind left = value_kind(a);
  const ValueKind right = value_kind(b);
  if (left == ValueKind::String && right == ValueKind::String) return equivalent_value(*a.node, *b.node, effort);
  if (left == ValueKind::Complex && right == ValueKind::Complex) return equivalent_value(*a.node, *b.node, effort);
  if (is_number(left) && is_number(right)) {
    const auto x = decimal_of(a);
    const auto y = decimal_of(b);
    return x && y ? equivalent_numbers(*x, *y) : a.node->text() == b.node->text();
  }
  if (left == ValueKind::Quantity || right == ValueKind::Quantity) {
    const auto x = measure_of(a);
    const auto y = measure_of(b);
    if (x && y) return equivalent(*x, *y);
    return left == right && equivalent_value(*a.node, *b.node, effort);
  }
  return equal(a, b, effort).value_or(false);
}

std::optional<bool> equal(Collection a, Collection b, Effort& effort) {
  if (a.size() != b.size()) return false;
  bool unknown = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto one = equal(a[i], b[i], effort);
    if (one && !*one) return false;
    unknown |= !one;
  }
  return unknown ? std::nullopt : std::optional(true);
}

bool equivalent(Collection a, Collection b, Effort& effort) {
  if (a.size() != b.size()) return false;
  std::vector<bool> taken(b.size());
  for (const Item& item : a) {
    std::size_t at = 0;
    while (at < b.size() && (taken[at] || !equivalent(item, b[at], effort))) ++at;
    if (at == b.size()) return false;
    taken[at] = true;
  }
  return true;
}

bool contains_equal(Evaluator& evaluator, const Expr& where, Collection items, const Item& wanted, bool& found) {
  Effort effort{evaluator.steps_left()};
  found = std::ranges::any_of(items, [&](const Item& item) { return equal(item, wanted, effort).value_or(false); });
  return evaluator.spend(where, effort.used);
}

bool append_distinct(Evaluator& evaluator, const Expr& where, Collection items, Items& out, std::size_t first) {
  constexpr std::size_t kFew = 12;
  if (items.size() + out.size() - first <= kFew) {
    for (const Item& item : items) {
      bool known = false;
      if (!contains_equal(evaluator, where, out.all().subspan(first), item, known)) return false;
      if (!known) out.push_back(item);
    }
    return true;
  }
  // repeat() comes here round after round.
  if (!evaluator.spend(where, out.size() - first)) return false;
  std::unordered_multimap<std::size_t, Item> seen;
  for (const Item& item : out.all().subspan(first)) seen.emplace(hash_of(item), item);
  for (const Item& item : items) {
    const std::size_t hash = hash_of(item);
    const auto [begin, end] = seen.equal_range(hash);
    Effort effort{evaluator.steps_left()};
    const bool known =
        std::any_of(begin, end, [&](const auto& row) { return equal(row.second, item, effort).value_or(false); });
    if (!evaluator.spend(where, effort.used + 1)) return false;
    if (known) continue;
    seen.emplace(hash, item);
    out.push_back(item);
  }
  return true;
}

}  // namespace bhi::fhirpath
