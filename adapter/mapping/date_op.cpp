#include "mapping/date_op.h"

#include "fhirpath/quantity.h"
#include "fhirpath/value.h"
#include "mapping/date_format.h"

#include <array>
#include <utility>

namespace bhi::mapping {

namespace {

using fhirpath::Item;

struct TypeRow {
  std::string_view name;
  DateKind kind;
};

constexpr auto kTypes = std::to_array<TypeRow>({
    {"date", DateKind::Date},
    {"dateTime", DateKind::DateTime},
    {"instant", DateKind::DateTime},
    {"time", DateKind::Time},
});

const fhir::TypeInfo& system_type_of(DateKind kind) {
  switch (kind) {
    case DateKind::Date: return fhirpath::system_type::Date;
    case DateKind::DateTime: return fhirpath::system_type::DateTime;
    case DateKind::Time: return fhirpath::system_type::Time;
  }
  return fhirpath::system_type::DateTime;
}

Result<Item> as_type(std::string_view text, DateKind kind, std::string_view format, Arena& arena) {
  BHI_TRY(const std::string made, parse_date(text, format, kind));
  std::string_view rest = made;
  if (format.empty() && kind == DateKind::Date) rest = rest.substr(0, rest.find('T'));
  if (format.empty() && kind == DateKind::Time && rest.find('T') != std::string_view::npos) {
    rest.remove_prefix(rest.find('T') + 1);
    rest = rest.substr(0, rest.find_first_of("Z+-"));
  }
  return fhirpath::text_item(system_type_of(kind), arena.copy(rest), arena);
}

const fhirpath::Expression& sum() {
  static const fhirpath::Expression made = [] {
    constexpr std::array<std::string_view, 2> kNames = {"from", "amount"};
    fhirpath::CompileOptions options;
    options.variables = kNames;
    return fhirpath::Expression::compile("%from + %amount", options).value();
  }();
  return made;
}

}  // namespace

Result<Item> date_operation(const Item& source, const Item& operation, std::string_view format, Arena& arena) {
  const bool text = operation.node->is_string();
  for (const TypeRow& row : kTypes) {
    if (text && operation.node->text() == row.name) return as_type(source.node->text(), row.kind, format, arena);
  }
  auto amount = fhirpath::measure_of(operation);
  if (text) {
    std::string_view rest = operation.node->text();
    if (rest.starts_with('+')) rest.remove_prefix(1);
    amount = fhirpath::parse_measure(rest);
  }
  if (!amount) {
    return Error{Kind::Incorrect,
                 "expected a type ('date', 'dateTime', 'instant', 'time') or an amount of time ('5 days') as second "
                 "parameter of dateOp(), found another value"};
  }
  Item from = source;
  if (!fhirpath::date_time_of(from) && !fhirpath::time_of(from)) {
    const bool with_time = source.node->text().find('T') != std::string_view::npos;
    BHI_TRY(from, as_type(source.node->text(), with_time ? DateKind::DateTime : DateKind::Date, {}, arena));
  }
  const Item by = fhirpath::measure_item(*amount, arena);
  const std::array<fhirpath::Variable, 2> variables = {{{"from", {&from, 1}}, {"amount", {&by, 1}}}};
  fhirpath::Environment environment;
  environment.variables = variables;
  BHI_TRY(const auto found, sum().evaluate({}, environment, arena));
  if (found.size() != 1) return Error{Kind::Incorrect, "expected a date in dateOp(), found another value"};
  return found.front();
}

}  // namespace bhi::mapping
