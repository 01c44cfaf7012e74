#include "fhirpath/pattern.h"

#include "fhirpath/text.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

namespace bhi::fhirpath {

namespace {

constexpr std::size_t kLongestPattern = 4096;
constexpr std::int64_t kPatternMemory = 4 << 20;
constexpr int kMostGroups = 9;  // $1 to $9

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// Appends the replacement of one match; $1 and ${name} stand for its groups. A group that does not exist stays as
// written.
void append_replacement(const re2::RE2& pattern, std::span<const re2::StringPiece> groups, std::string_view by,
                        std::string& out) {
  for (;;) {
    const std::size_t at = by.find('$');
    out.append(by.substr(0, at));
    if (at == std::string_view::npos) return;
    by.remove_prefix(at + 1);
    std::size_t group = groups.size();
    std::size_t length = 1;
    if (!by.empty() && by[0] >= '0' && by[0] <= '9') {
      group = static_cast<std::size_t>(by[0] - '0');
    } else if (const std::size_t close = by.find('}'); by.starts_with('{') && close != std::string_view::npos) {
      const auto& names = pattern.NamedCapturingGroups();
      const auto found = names.find(std::string(by.substr(1, close - 1)));
      if (found != names.end()) group = static_cast<std::size_t>(found->second);
      length = close + 1;
    }
    if (group >= groups.size()) {
      out += '$';
      continue;
    }
    out.append(groups[group].data(), groups[group].size());
    by.remove_prefix(length);
  }
}

// FHIRPath follows PCRE, where a named group is (?<name>...); RE2 of this age knows (?P<name>...) only.
std::string named_groups(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      out += pattern[i++];
    } else if (pattern[i] == '[') {
      in_class = true;
    } else if (pattern[i] == ']') {
      in_class = false;
    } else if (!in_class && pattern.substr(i).starts_with("(?<") && i + 3 < pattern.size() && pattern[i + 3] != '=' &&
               pattern[i + 3] != '!') {
      out += "(?P<";
      i += 2;
      continue;
    }
    out += pattern[i];
  }
  return out;
}

bool wants_more_than_regular(std::string_view pattern) {
  for (const std::string_view mark : {"(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
    if (pattern.find(mark) != std::string_view::npos) return true;
  }
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] != '\\') continue;
    if (pattern[i + 1] >= '1' && pattern[i + 1] <= '9') return true;
    ++i;
  }
  return false;
}

}  // namespace

void PatternDeleter::operator()(const re2::RE2* pattern) const { delete pattern; }

Result<PatternPtr> compile_pattern(const Expr& where, std::string_view pattern, bool whole) {
  if (pattern.size() > kLongestPattern) {
    return error_at(where, Kind::Incorrect,
                    "expected a pattern of at most " + std::to_string(kLongestPattern) + " bytes");
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_dot_nl(true);
  options.set_max_mem(kPatternMemory);
  std::string text = named_groups(pattern);
  if (whole) text = "^(?:" + text + ")$";
  PatternPtr made(std::make_unique<re2::RE2>(text, options).release());
  if (made->ok()) return made;
  if (wants_more_than_regular(pattern)) {
    return error_at(where, Kind::Unsupported,
                    "expected a pattern without look-around and back-references, found one with");
  }
  return error_at(where, Kind::Incorrect, "expected a regular expression: " + made->error());
}

bool pattern_fits(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::PartialMatch(piece(text), pattern);
}

std::size_t replaced_size(const re2::RE2& pattern, std::string_view text, std::string_view by) {
  constexpr std::size_t kSmall = 1 << 16;
  // A reference to a group has two bytes at least and brings no more than the match.
  const auto grown = [&](std::size_t matches) { return text.size() * (1 + by.size() / 2) + matches * by.size(); };
  if (grown(text.size() + 1) <= kSmall) return grown(text.size() + 1);
  const re2::StringPiece whole = piece(text);
  const bool has_groups = by.find('$') != std::string_view::npos;
  std::size_t matches = 0;
  re2::StringPiece found;
  for (std::size_t at = 0; at <= text.size() && pattern.Match(whole, at, text.size(), re2::RE2::UNANCHORED, &found, 1);
       ++matches) {
    const auto end = static_cast<std::size_t>(found.data() - text.data()) + found.size();
    at = found.empty() ? end + 1 : end;
  }
  return has_groups ? grown(matches) : text.size() + matches * by.size();
}

// OPTIMIZATION: RE2::GlobalReplace reads the replacement anew, and copies the text before it looks for a match. An
// empty match right behind another one does not count, as there.
std::string replace_matches(const re2::RE2& pattern, std::string_view text, std::string_view by) {
  std::array<re2::StringPiece, kMostGroups + 1> groups;
  const bool plain = by.find('$') == std::string_view::npos;
  const int count = plain ? 1 : std::min(kMostGroups, pattern.NumberOfCapturingGroups()) + 1;
  const re2::StringPiece whole = piece(text);
  std::string out;
  std::size_t from = 0;
  std::size_t last_end = std::string_view::npos;
  while (from <= text.size() && pattern.Match(whole, from, text.size(), re2::RE2::UNANCHORED, groups.data(), count)) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
    out.append(text.substr(from, begin - from));
    from = begin + groups[0].size();
    if (groups[0].empty() && begin == last_end) {
      const std::size_t next = begin + byte_of_code_point(text.substr(begin), 1);
      if (next == begin) break;
      out.append(text.substr(begin, next - begin));
      from = next;
      continue;
    }
    last_end = from;
    if (plain) {
      out.append(by);
    } else {
      append_replacement(pattern, std::span(groups).first(static_cast<std::size_t>(count)), by, out);
    }
  }
  if (from < text.size()) out.append(text.substr(from));
  return out;
}

}  // namespace bhi::fhirpath
