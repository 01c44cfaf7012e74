// https://hl7.org/fhirpath/#string-manipulation and the additional string functions
#include "fhirpath/functions.h"
#include "fhirpath/pattern.h"
#include "fhirpath/text.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace bhi::fhirpath {

namespace {

using Text = std::optional<std::string_view>;

// The input and the first argument of a function of two texts; nothing in either gives an empty result.
bool texts(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Text& text, Text& argument) {
  return evaluator.single_text(call, input, text) && evaluator.text_argument(call, 0, frame, argument);
}

template <bool (*kTest)(std::string_view, std::string_view)>
bool test(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text text, argument;
  if (!texts(evaluator, call, input, frame, text, argument)) return false;
  if (text && argument) out.push_back(boolean_item(kTest(*text, *argument)));
  return true;
}

// memmem takes linear time whatever the texts are; string_view::find may take quadratic.
std::size_t find_first(std::string_view text, std::string_view part) {
  if (part.empty()) return 0;
  if (text.empty()) return std::string_view::npos;  // memmem takes no null pointer
  const void* at = ::memmem(text.data(), text.size(), part.data(), part.size());
  return at == nullptr ? std::string_view::npos : static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

// Backwards: the first place in the mirrored text.
std::size_t find_last(std::string_view text, std::string_view part) {
  const std::string mirrored_text(text.rbegin(), text.rend());
  const std::string mirrored_part(part.rbegin(), part.rend());
  const std::size_t at = find_first(mirrored_text, mirrored_part);
  return at == std::string_view::npos ? at : text.size() - at - part.size();
}

bool has_part(std::string_view text, std::string_view part) { return find_first(text, part) != std::string_view::npos; }
bool has_start(std::string_view text, std::string_view part) { return text.starts_with(part); }
bool has_end(std::string_view text, std::string_view part) { return text.ends_with(part); }

template <std::size_t (*kFind)(std::string_view, std::string_view)>
bool index(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text text, argument;
  if (!texts(evaluator, call, input, frame, text, argument)) return false;
  if (!text || !argument) return true;
  const std::size_t at = kFind(*text, *argument);
  const std::int64_t found =
      at == std::string_view::npos ? -1 : static_cast<std::int64_t>(count_code_points(text->substr(0, at)));
  out.push_back(integer_item(found, evaluator.arena()));
  return true;
}

bool substring(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text text;
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> length;
  if (!evaluator.single_text(call, input, text) || !evaluator.integer_argument(call, 0, frame, start)) return false;
  if (call.args.size() > 1 && !evaluator.integer_argument(call, 1, frame, length)) return false;
  if (!text || !start || *start < 0) return true;
  const std::size_t from = byte_of_code_point(*text, static_cast<std::size_t>(*start));
  if (from >= text->size()) return true;
  std::string_view rest = text->substr(from);
  if (length)
    rest = rest.substr(0, byte_of_code_point(rest, static_cast<std::size_t>(std::max<std::int64_t>(*length, 0))));
  out.push_back(string_item(rest, evaluator.arena()));
  return true;
}

template <std::string (*kChange)(std::string_view)>
bool change(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  Text text;
  if (!evaluator.single_text(call, input, text)) return false;
  return !text || evaluator.push_text(call, kChange(*text), out);
}

bool trim_(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  Text text;
  if (!evaluator.single_text(call, input, text)) return false;
  if (text) out.push_back(string_item(trim(*text), evaluator.arena()));
  return true;
}

bool length(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  Text text;
  if (!evaluator.single_text(call, input, text)) return false;
  if (text) out.push_back(integer_item(static_cast<std::int64_t>(count_code_points(*text)), evaluator.arena()));
  return true;
}

bool to_chars(Evaluator& evaluator, const Expr& call, Collection input, const Frame&, Items& out) {
  Text text;
  if (!evaluator.single_text(call, input, text)) return false;
  if (!text) return true;
  if (!evaluator.spend(call, text->size())) return false;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t size = byte_of_code_point(rest, 1);
    out.push_back(string_item(rest.substr(0, size), evaluator.arena()));
    rest.remove_prefix(size);
  }
  return true;
}

// How often the part stands in the text, one behind the other.
std::size_t count(std::string_view text, std::string_view part) {
  std::size_t places = 0;
  for (std::size_t at = 0; (at = find_first(text, part)) != std::string_view::npos; ++places) {
    text.remove_prefix(at + part.size());
  }
  return places;
}

bool replace(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text text, part, by;
  if (!texts(evaluator, call, input, frame, text, part) || !evaluator.text_argument(call, 1, frame, by)) return false;
  if (!text || !part || !by) return true;
  const std::size_t places =
      part->empty() ? count_code_points(*text) + 1 : (by->size() > part->size() ? count(*text, *part) : 0);
  if (!evaluator.may_make(call, text->size() + places * by->size())) return false;
  std::string made;
  if (part->empty()) {  // surrounds every character
    made = *by;
    for (std::string_view rest = *text; !rest.empty();) {
      const std::size_t size = byte_of_code_point(rest, 1);
      made.append(rest.substr(0, size)).append(*by);
      rest.remove_prefix(size);
    }
  } else {
    std::size_t from = 0;
    for (std::size_t at = 0; (at = find_first(text->substr(from), *part)) != std::string_view::npos;) {
      made.append(text->substr(from, at)).append(*by);
      from += at + part->size();
    }
    made.append(text->substr(from));
  }
  return evaluator.push_text(call, made, out);
}

// The pattern of the call: compiled already when it is a literal, else `made` now. Null: the argument is empty.
bool pattern_of(Evaluator& evaluator, const Expr& call, const Frame& frame, PatternPtr& made, const re2::RE2*& out) {
  out = call.pattern;
  if (out != nullptr) return true;
  Text text;
  if (!evaluator.text_argument(call, 0, frame, text)) return false;
  if (!text) return true;
  if (!evaluator.spend(call, 100 + text->size())) return false;
  auto compiled = compile_pattern(*call.args[0], *text, call.text == "matchesFull");
  if (!compiled.ok()) return evaluator.fail_with(std::move(compiled).error());
  made = std::move(compiled).value();
  out = made.get();
  return true;
}

// Linear in the text, and at worst in the pattern, too.
bool pay_for_match(Evaluator& evaluator, const Expr& call, const re2::RE2& pattern, std::string_view text) {
  return evaluator.spend(call, text_steps(text.size()) * (1 + text_steps(pattern.pattern().size())));
}

bool matches(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text text;
  PatternPtr made;
  const re2::RE2* pattern = nullptr;
  if (!evaluator.single_text(call, input, text) || !pattern_of(evaluator, call, frame, made, pattern)) return false;
  if (!text || pattern == nullptr) return true;
  if (!pay_for_match(evaluator, call, *pattern, *text)) return false;
  out.push_back(boolean_item(pattern_fits(*pattern, *text)));
  return true;
}

bool replace_all_matches(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text text, by;
  PatternPtr made;
  const re2::RE2* pattern = nullptr;
  if (!evaluator.single_text(call, input, text) || !pattern_of(evaluator, call, frame, made, pattern) ||
      !evaluator.text_argument(call, 1, frame, by)) {
    return false;
  }
  if (!text || pattern == nullptr || !by) return true;
  if (pattern->pattern().empty()) {  // nothing to look for: the text stays
    out.push_back(string_item(*text, evaluator.arena()));
    return true;
  }
  if (!pay_for_match(evaluator, call, *pattern, *text)) return false;
  if (!evaluator.may_make(call, replaced_size(*pattern, *text, *by))) return false;
  return evaluator.push_text(call, replace_matches(*pattern, *text, *by), out);
}

bool split(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text text, separator;
  if (!texts(evaluator, call, input, frame, text, separator)) return false;
  if (!text || !separator) return true;
  if (separator->empty()) return to_chars(evaluator, call, input, frame, out);
  for (std::string_view rest = *text;;) {
    const std::size_t at = find_first(rest, *separator);
    if (!evaluator.spend(call, 1)) return false;
    out.push_back(string_item(rest.substr(0, at), evaluator.arena()));
    if (at == std::string_view::npos) return true;
    rest.remove_prefix(at + separator->size());
  }
}

bool join(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text separator = "";
  if (!call.args.empty() && !evaluator.text_argument(call, 0, frame, separator)) return false;
  if (input.empty()) return true;
  std::string made;
  bool first = true;
  for (const Item& item : input) {
    const ValueKind kind = value_kind(item);
    if (kind == ValueKind::Missing) continue;
    if (kind != ValueKind::String) {
      return evaluator.fail(call, Kind::Incorrect,
                            "expected Strings before join(), found " + std::string(type_name(item)));
    }
    const std::size_t more = separator.value_or("").size() + item.node->text().size();
    if (!evaluator.may_make(call, made.size() + more) || !evaluator.spend(call, text_steps(more))) return false;
    if (!first) made += separator.value_or("");
    first = false;
    made += item.node->text();
  }
  return evaluator.push_text(call, made, out);
}

// encode, decode, escape, unescape: the argument says how.
template <std::optional<std::string> (*kConvert)(std::string_view, std::string_view)>
bool convert(Evaluator& evaluator, const Expr& call, Collection input, const Frame& frame, Items& out) {
  Text text, how;
  if (!texts(evaluator, call, input, frame, text, how)) return false;
  if (!text || !how) return true;
  const auto made = kConvert(*text, *how);
  return !made || evaluator.push_text(call, *made, out);
}

constexpr std::array kFunctions = std::to_array<Function>({
    {"contains", Takes::String, 1, 1, "s", Gives::Boolean, test<has_part>},
    {"decode", Takes::String, 1, 1, "s", Gives::String, convert<decode>},
    {"encode", Takes::String, 1, 1, "s", Gives::String, convert<encode>},
    {"endsWith", Takes::String, 1, 1, "s", Gives::Boolean, test<has_end>},
    {"escape", Takes::String, 1, 1, "s", Gives::String, convert<escape>},
    {"indexOf", Takes::String, 1, 1, "s", Gives::Integer, index<find_first>},
    {"join", Takes::String, 0, 1, "s", Gives::String, join},
    {"lastIndexOf", Takes::String, 1, 1, "s", Gives::Integer, index<find_last>},
    {"length", Takes::String, 0, 0, "v", Gives::Integer, length},
    {"lower", Takes::String, 0, 0, "v", Gives::String, change<lower>},
    {"matches", Takes::String, 1, 1, "r", Gives::Boolean, matches},
    {"matchesFull", Takes::String, 1, 1, "r", Gives::Boolean, matches},
    {"replace", Takes::String, 2, 2, "s", Gives::String, replace},
    {"replaceMatches", Takes::String, 2, 2, "rs", Gives::String, replace_all_matches},
    {"split", Takes::String, 1, 1, "s", Gives::String, split},
    {"startsWith", Takes::String, 1, 1, "s", Gives::Boolean, test<has_start>},
    {"substring", Takes::String, 1, 2, "w", Gives::String, substring},
    {"toChars", Takes::String, 0, 0, "v", Gives::String, to_chars},
    {"trim", Takes::String, 0, 0, "v", Gives::String, trim_},
    {"unescape", Takes::String, 1, 1, "s", Gives::String, convert<unescape>},
    {"upper", Takes::String, 0, 0, "v", Gives::String, change<upper>},
});
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Chapter string_functions() { return kFunctions; }

}  // namespace bhi::fhirpath
