#include "mapping/diagnostic.h"

#include <algorithm>
#include <charconv>

namespace bhi::mapping {

namespace {

bool read_number(std::string_view& text, std::uint32_t& value) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end == text.data()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.starts_with(':')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string to_text(const Diagnostic& diagnostic) {
  std::string text =
      diagnostic.file + ":" + std::to_string(diagnostic.line) + ":" + std::to_string(diagnostic.column) + ": ";
  if (diagnostic.severity == Severity::Warning) text += "warning: ";
  if (!diagnostic.rule.empty()) text += "rule '" + diagnostic.rule + "': ";
  return text + diagnostic.text;
}

bool split_place(std::string_view text, Place& at, std::string_view& rest) {
  Place found = at;
  if (!read_number(text, found.line) || !read_number(text, found.column)) return false;
  if (text.starts_with(' ')) text.remove_prefix(1);
  at = found;
  rest = text;
  return true;
}

void Reporter::error(const Place& otherwise, const Error& error) {
  Place at = otherwise;
  std::string_view rest = error.message;
  split_place(error.message, at, rest);
  add(Severity::Error, at, std::string(rest));
}

void Reporter::add(Severity severity, const Place& at, std::string text) {
  to_.push_back({severity, file_, at.line, at.column, rule, std::move(text)});
}

bool has_errors(std::span<const Diagnostic> diagnostics) {
  return std::ranges::any_of(diagnostics, [](const Diagnostic& one) { return one.severity != Severity::Warning; });
}

}  // namespace bhi::mapping
