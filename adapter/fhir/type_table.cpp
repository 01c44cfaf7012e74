#include "fhir/type_table.h"

#include <cassert>
#include <charconv>
#include <string>

namespace bhi::fhir {

namespace {

// Takes the text up to `separator` off the front; all of it when there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return taken;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) parts.push_back(take_until(text, separator));
  return parts;
}

std::uint16_t cardinality(std::string_view text) {
  if (text == "*") return ElementInfo::kUnbounded;
  std::uint16_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

BindingStrength strength_of(char mark) {
  switch (mark) {
    case '!': return BindingStrength::Required;
    case '+': return BindingStrength::Extensible;
    case '~': return BindingStrength::Preferred;
    default: return BindingStrength::Example;
  }
}

TypeKind kind_of(std::string_view word) {
  if (word == "primitive") return TypeKind::Primitive;
  if (word == "resource") return TypeKind::Resource;
  return word == "backbone" ? TypeKind::Backbone : TypeKind::Complex;
}

ElementRow element_row(std::string_view line, Arena& texts) {
  ElementRow row;
  row.name = take_until(line, ' ');
  row.choice = row.name.ends_with("[x]");
  if (row.choice) row.name.remove_suffix(3);
  const std::string_view range = take_until(line, ' ');
  const std::size_t dots = range.find("..");
  assert(dots != std::string_view::npos);
  row.min = cardinality(range.substr(0, dots));
  row.max = cardinality(range.substr(dots + 2));
  row.types = split(take_until(line, ' '), '|');
  while (!line.empty()) {
    const std::string_view part = take_until(line, ' ');
    const std::string_view value = part.substr(1);
    if (part.front() == '>') {
      row.targets = split(value, '|');
      continue;
    }
    row.strength = strength_of(part.front());
    const bool full = value.find("://") != std::string_view::npos;
    row.value_set = full ? value : texts.copy(std::string(kValueSetPrefix).append(value));
  }
  return row;
}

TypeRow type_row(std::string_view line, Arena& texts) {
  TypeRow row;
  row.name = take_until(line, ' ');
  take_until(line, ' ');  // '<'
  const std::string_view base = take_until(line, ' ');
  if (base != "-") row.base = base;
  row.kind = kind_of(take_until(line, ' '));
  row.abstract = line == "abstract";
  if (row.kind != TypeKind::Backbone) row.url = texts.copy(std::string(kDefinitionPrefix).append(row.name));
  return row;
}

}  // namespace

std::vector<TypeRow> rows_of_table(std::span<const std::string_view> table, Arena& texts) {
  std::vector<TypeRow> rows;
  for (std::string_view block : table) {
    while (!block.empty()) {
      const std::string_view line = take_until(block, '\n');
      if (line.find(" < ") != std::string_view::npos) {
        rows.push_back(type_row(line, texts));
      } else {
        rows.back().elements.push_back(element_row(line, texts));
      }
    }
  }
  return rows;
}

}  // namespace bhi::fhir
