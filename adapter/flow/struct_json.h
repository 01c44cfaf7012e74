// Structs bound by fields.h as JSON and back; the machinery of binding.h, for rows and reports as well as for entities.
#pragma once

#include "base/arena.h"
#include "base/issue.h"
#include "fhir/node.h"
#include "flow/fields.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bhi::flow {

template <typename T>
concept Bound = requires {
  Fields<T>::table;
};

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

inline constexpr std::string_view kKind = "kind";

template <typename... Args>
void visit_fields(const std::tuple<Args...>& table, auto&& visitor) {
  std::apply([&](const auto&... fields) { (visitor(fields), ...); }, table);
}

template <typename T>
consteval bool binds(std::string_view name) {
  return std::apply([name](const auto&... fields) { return ((fields.name == name) || ...); }, Fields<T>::table);
}

// ---- out
// --------------------------------------------------------------------------------------------------------------

// Shortest digits that read back as the same value; whole numbers without a point.
inline std::string_view digits_of(double value, Arena& arena) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return arena.copy(std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

template <Bound T>
fhir::Node node_of(const T& value, Arena& arena, bool with_kind);

// Null means: leave the member out.
template <typename T>
fhir::Node node_of_value(const T& value, Arena& arena) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value.empty() ? fhir::Node() : fhir::Node::string(arena.copy(value));
  } else if constexpr (std::is_same_v<T, bool>) {
    return fhir::Node::boolean(value);
  } else if constexpr (std::is_same_v<T, int>) {
    return fhir::Node::number(arena.copy(std::to_string(value)));
  } else if constexpr (std::is_same_v<T, double>) {
    return fhir::Node::number(digits_of(value, arena));
  } else if constexpr (std::is_same_v<T, Severity>) {
    return fhir::Node::string(name(value));
  } else if constexpr (IsOptional<T>::value) {
    return value ? node_of_value(*value, arena) : fhir::Node();
  } else if constexpr (IsVector<T>::value) {
    if (value.empty()) return fhir::Node();
    fhir::Node* elements = arena.array<fhir::Node>(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) elements[i] = node_of_value(value[i], arena);
    return fhir::Node::array({elements, value.size()});
  } else {
    static_assert(Bound<T>);
    return value == T{} ? fhir::Node() : node_of(value, arena, false);
  }
}

template <Bound T>
fhir::Node node_of(const T& value, Arena& arena, bool with_kind) {
  constexpr std::size_t kFields = std::tuple_size_v<decltype(Fields<T>::table)>;
  fhir::Member* members = arena.array<fhir::Member>(kFields + 1);
  std::size_t count = 0;
  if constexpr (requires { Fields<T>::kind; }) {
    static_assert(!binds<T>(kKind), "an entity says with `kind` what it is");
    if (with_kind) {
      static const fhir::Name& kind = fhir::intern(kKind);
      members[count++] = {&kind, fhir::Node::string(Fields<T>::kind)};
    }
  }
  visit_fields(Fields<T>::table, [&](const auto& entry) {
    using Type = std::remove_cvref_t<decltype(value.*(entry.member))>;
    fhir::Node node = node_of_value(value.*(entry.member), arena);
    // A screening says what it does not have: no items, no total.
    constexpr bool kSayNothing = std::is_same_v<T, care::Screening>;
    if (kSayNothing && node.is_null() && IsVector<Type>::value) node = fhir::Node::array({});
    if (!node.is_null() || kSayNothing) members[count++] = {&fhir::intern(entry.name), node};
  });
  return fhir::Node::object({members, count});
}

// ---- in
// ---------------------------------------------------------------------------------------------------------------

inline void wrong_type(Issues& issues, const std::string& path, std::string_view expected) {
  issues.push_back({Severity::Error, "structure", path, "expected " + std::string(expected)});
}

template <Bound T>
void read_struct(T& into, const fhir::Node& node, const std::string& path, Issues& issues);

template <typename T>
void read_value(T& into, const fhir::Node& node, const std::string& path, Issues& issues) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (node.is_string())
      into = std::string(node.text());
    else
      wrong_type(issues, path, "a string");
  } else if constexpr (std::is_same_v<T, bool>) {
    if (node.kind() == fhir::NodeKind::Boolean)
      into = node.as_boolean();
    else
      wrong_type(issues, path, "true or false");
  } else if constexpr (std::is_same_v<T, int> || std::is_same_v<T, double>) {
    double number = 0;
    const auto text = node.text();
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = std::is_same_v<T, double> || (number == std::floor(number) && std::abs(number) < 1e9);
    if (node.kind() == fhir::NodeKind::Number && parsed.ec == std::errc() && whole)
      into = static_cast<T>(number);
    else
      wrong_type(issues, path, std::is_same_v<T, int> ? "a whole number" : "a number");
  } else if constexpr (std::is_same_v<T, Severity>) {
    for (const Severity severity : {Severity::Fatal, Severity::Error, Severity::Warning, Severity::Information}) {
      if (name(severity) == node.text()) into = severity;
    }
  } else if constexpr (IsOptional<T>::value) {
    typename T::value_type value{};
    const std::size_t before = issues.size();
    read_value(value, node, path, issues);
    if (issues.size() == before) into = std::move(value);
  } else if constexpr (IsVector<T>::value) {
    if (!node.is_array()) return wrong_type(issues, path, "a list");
    into.clear();
    for (const fhir::Node& element : node.elements()) {
      const std::string at = path + "[" + std::to_string(into.size()) + "]";
      read_value(into.emplace_back(), element, at, issues);
    }
  } else {
    read_struct(into, node, path, issues);
  }
}

// What FHIR's own types bring along and the care model does not keep: ids and extensions, also of primitives; of a
// Coding its version and who chose it.
template <Bound T>
bool is_dropped(std::string_view name) {
  if (name.starts_with('_')) return true;
  if constexpr (std::is_same_v<T, care::Code>) {
    return name == "id" || name == "extension" || name == "version" || name == "userSelected";
  }
  return false;
}

template <Bound T>
void read_struct(T& into, const fhir::Node& node, const std::string& path, Issues& issues) {
  if (!node.is_object()) return wrong_type(issues, path, "an object");
  for (const fhir::Member& member : node.members()) {
    const std::string_view wanted = member.name->text;
    bool known = wanted == kKind || is_dropped<T>(wanted);
    visit_fields(Fields<T>::table, [&](const auto& entry) {
      if (entry.name != wanted) return;
      known = true;
      // An explicit null says "nothing", as an absent member does.
      if (!member.value.is_null())
        read_value(into.*(entry.member), member.value, path + "." + std::string(wanted), issues);
    });
    if (!known)
      issues.push_back(
          {Severity::Error, "structure", path, "unknown element '" + std::string(wanted.substr(0, 64)) + "'"});
  }
}

template <Bound T>
void collect_paths(const std::string& path, std::vector<std::string>& into);

template <typename T>
void collect_member(const std::string& path, std::vector<std::string>& into) {
  into.push_back(path);
  if constexpr (IsVector<T>::value || IsOptional<T>::value) {
    if constexpr (Bound<typename T::value_type>) collect_paths<typename T::value_type>(path, into);
  } else if constexpr (Bound<T>) {
    collect_paths<T>(path, into);
  }
}

template <Bound T>
void collect_paths(const std::string& path, std::vector<std::string>& into) {
  if constexpr (!std::is_same_v<T, care::Code>) {  // a Coding in the logical model
    visit_fields(Fields<T>::table, [&](const auto& entry) {
      using Type = std::remove_cvref_t<decltype(std::declval<T>().*(entry.member))>;
      collect_member<Type>(path + "." + std::string(entry.name), into);
    });
  } else {
    into.push_back(path + ".*");
  }
}

}  // namespace bhi::flow
