#include "mapping/literal_text.h"

#include <algorithm>
#include <array>

namespace bhi::mapping {

namespace {

// https://build.fhir.org/ig/HL7/mapping-language-ig/fml.html#reserved, and the words of FHIRPath that end an expression
constexpr std::array kReserved = std::to_array<std::string_view>({
    "alias",  "and",      "as",      "check", "collate", "conceptMap", "conceptmap", "contains", "default",
    "div",    "extends",  "false",   "first", "group",   "implies",    "imports",    "in",       "is",
    "last",   "let",      "log",     "map",   "mod",     "not_first",  "not_last",   "only_one", "or",
    "prefix", "produced", "queried", "share", "single",  "source",     "target",     "then",     "true",
    "types",  "unmapped", "uses",    "where", "xor",
});
static_assert(std::ranges::is_sorted(kReserved));

bool is_plain(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string escaped(std::string_view text, char quote) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      made += '\\';
      made += c;
    } else if (c == '\n') {
      made += "\\n";
    } else if (c == '\r') {
      made += "\\r";
    } else if (c == '\t') {
      made += "\\t";
    } else if (c == '\f') {
      made += "\\f";
    } else if (byte < 0x20) {
      made += "\\u00";
      made += kHex[byte >> 4];
      made += kHex[byte & 15];
    } else {
      made += c;
    }
  }
  return made;
}

// "a as Type", "a first": what stands behind the name would be taken for the map's own.
bool needs_parentheses(std::string_view expression) {
  constexpr std::array<std::string_view, 7> kBehind = {"as", "collate", "first", "last", "share", "single", "then"};
  fhirpath::Lexer lexer(expression, fhirpath::Dialect::Mapping);
  lexer.take();
  const fhirpath::Token second = lexer.take();
  return second.kind == fhirpath::TokenKind::Identifier && std::ranges::find(kBehind, second.text) != kBehind.end();
}

}  // namespace

std::string quoted(std::string_view text, char quote) { return quote + escaped(text, quote) + quote; }

std::string name_text(std::string_view name) {
  if (is_plain(name) && !std::ranges::binary_search(kReserved, name)) return std::string(name);
  return quoted(name, '`');
}

std::string path_text(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& step : path) text += (text.empty() ? "" : ".") + name_text(step);
  return text;
}

std::string parameter_text(const Parameter& parameter) {
  switch (parameter.kind) {
    case Parameter::Kind::String: return quoted(parameter.text, '\'');
    case Parameter::Kind::Integer:
    case Parameter::Kind::Decimal:
    case Parameter::Kind::Boolean: return parameter.text;
    case Parameter::Kind::Date: return "@" + parameter.text;
    case Parameter::Kind::DateTime:  // without the T it would be a date
      return "@" + parameter.text + (parameter.text.find('T') == std::string::npos ? "T" : "");
    case Parameter::Kind::Time: return "@T" + parameter.text;
    case Parameter::Kind::Variable: return name_text(parameter.text);
    case Parameter::Kind::Expression: {
      const std::string text = plain_expression(parameter.text);
      return needs_parentheses(text) ? "(" + text + ")" : text;
    }
  }
  return parameter.text;
}

}  // namespace bhi::mapping
