#include "fhirpath/number.h"

#include <array>
#include <charconv>
#include <cmath>

namespace bhi::fhirpath {

namespace {

// Whole numbers of up to 18 digits need no 128 bits.
std::optional<std::int64_t> small_integer(std::string_view digits) {
  std::int64_t value = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (wrong != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<fhir::Decimal> decimal_of(const Item& item) {
  if (!is_number(value_kind(item))) return std::nullopt;
  const std::string_view digits = item.node->text();
  if (const auto whole = small_integer(digits)) return fhir::Decimal(*whole);
  return fhir::Decimal::parse(digits);
}

std::optional<std::int64_t> integer_of(const Item& item) {
  if (!is_number(value_kind(item))) return std::nullopt;
  if (const auto whole = small_integer(item.node->text())) return whole;
  const auto decimal = fhir::Decimal::parse(item.node->text());
  return decimal ? decimal->to_int64() : std::nullopt;
}

std::optional<double> approximation_of(const Item& item) {
  if (!is_number(value_kind(item))) return std::nullopt;
  const std::string_view digits = item.node->text();
  double value = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (wrong != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<Item> approximate_item(double value, Arena& arena) {
  if (!std::isfinite(value)) return std::nullopt;
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  const std::string_view digits(text.data(), static_cast<std::size_t>(end - text.data()));
  return number_item(system_type::Decimal, arena.copy(digits), arena);
}

Item decimal_item(const fhir::Decimal& value, Arena& arena) {
  return number_item(system_type::Decimal, arena.copy(std::string_view(value.to_text())), arena);
}

std::optional<fhir::DateTime> date_time_of(const Item& item) {
  const ValueKind kind = value_kind(item);
  const bool may_be =
      kind == ValueKind::Date || kind == ValueKind::DateTime || (kind == ValueKind::String && item.type == nullptr);
  return may_be ? fhir::parse_date_time(item.node->text()) : std::nullopt;
}

std::optional<fhir::Time> time_of(const Item& item) {
  const ValueKind kind = value_kind(item);
  const bool may_be = kind == ValueKind::Time || (kind == ValueKind::String && item.type == nullptr);
  return may_be ? fhir::parse_time(item.node->text()) : std::nullopt;
}

// A local time without zone may be anywhere between UTC-12 and UTC+14: only what holds for both ends is known.
std::optional<std::strong_ordering> compare_moments(const fhir::DateTime& a, const fhir::DateTime& b) {
  constexpr int kWest = -12 * 60;
  constexpr int kEast = 14 * 60;
  const bool zones_differ =
      a.has_time() && b.has_time() && a.offset_minutes.has_value() != b.offset_minutes.has_value();
  if (!zones_differ) return fhir::compare(a, b);
  const auto west = fhir::compare(a, b, kWest);
  const auto east = fhir::compare(a, b, kEast);
  if (!west || !east || *west != *east) return std::nullopt;
  return west;
}

}  // namespace bhi::fhirpath
