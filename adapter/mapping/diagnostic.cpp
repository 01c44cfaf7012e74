#include "mapping/diagnostic.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace bhi::mapping {

namespace {

// Levenshtein distance; words of maps are short.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

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
  std::string text = diagnostic.file + ":" + std::to_string(diagnostic.line) + ":" + std::to_string(diagnostic.column) + ": ";
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

std::string suggestion(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.size() > 64) return {};
  std::string_view best;
  std::size_t least = word.size() / 3 + 1;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > 64) continue;
    const std::size_t far = distance(word, candidate);
    if (far <= least && (best.empty() || far < least)) {
      best = candidate;
      least = far;
    }
  }
  return best.empty() ? std::string{} : "; did you mean '" + std::string(best) + "'?";
}

}  // namespace bhi::mapping
