#include "fhirpath/pattern.h"

#include <re2/re2.h>

#include <map>

namespace bhi::fhirpath {

namespace {

constexpr std::size_t kLongestPattern = 4096;
constexpr std::int64_t kPatternMemory = 4 << 20;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

// A replacement with $1 and ${name} in the form of RE2: \1. A group that does not exist stays as written.
std::string rewrite_of(const re2::RE2& pattern, std::string_view by) {
  std::string rewrite;
  const auto literal = [&rewrite](char c) {
    if (c == '\\') rewrite += '\\';
    rewrite += c;
  };
  for (std::size_t i = 0; i < by.size(); ++i) {
    if (by[i] != '$' || i + 1 == by.size()) {
      literal(by[i]);
      continue;
    }
    const char next = by[i + 1];
    if (next >= '0' && next <= '9' && next - '0' <= pattern.NumberOfCapturingGroups()) {
      rewrite += '\\';
      rewrite += next;
      ++i;
      continue;
    }
    const std::size_t close = next == '{' ? by.find('}', i) : std::string_view::npos;
    if (close != std::string_view::npos) {
      const auto& groups = pattern.NamedCapturingGroups();
      const auto found = groups.find(std::string(by.substr(i + 2, close - i - 2)));
      if (found != groups.end() && found->second <= 9) {
        rewrite += "\\" + std::to_string(found->second);
        i = close;
        continue;
      }
    }
    literal('$');
  }
  return rewrite;
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

std::string replace_matches(const re2::RE2& pattern, std::string_view text, std::string_view by) {
  std::string out(text);
  re2::RE2::GlobalReplace(&out, pattern, rewrite_of(pattern, by));
  return out;
}

}  // namespace bhi::fhirpath
