#include "ehr_sim/search_value.h"

#include <algorithm>
#include <array>

namespace bhi::sim {

namespace {

using fhir::Node;
using namespace std::chrono;

constexpr Instant kLongAgo{milliseconds{-62'135'596'800'000}};   // year 1
constexpr Instant kFarAhead{milliseconds{253'402'300'800'000}};  // year 10000

// ---- token: https://hl7.org/fhir/R4/search.html#token

struct WantedToken {
  bool any_system = true;  // "code"; with "|code" the system must be absent
  std::string system;
  std::string value;  // empty: any
};

bool token_matches(const WantedToken& wanted, std::string_view system, std::string_view value) {
  if (!wanted.any_system && system != wanted.system) return false;
  return wanted.value.empty() || value == wanted.value;
}

bool token_element_matches(const WantedToken& wanted, const Node& element) {
  // Plain codes, ids and booleans have no system of their own in the JSON: any system asked for is taken as theirs.
  if (!element.is_object()) return wanted.value.empty() || element.text() == wanted.value;
  if (const Node* coding = element.find("coding")) {
    return std::ranges::any_of(fhir::each(coding), [&](const Node& one) {
      return token_matches(wanted, one.text_of("system"), one.text_of("code"));
    });
  }
  const bool is_coding = element.find("code") != nullptr;
  return token_matches(wanted, element.text_of("system"), element.text_of(is_coding ? "code" : "value"));
}

Result<Matcher> token(std::string_view value, const MatchContext&) {
  const auto parts = split_unescaped(value, '|');
  if (parts.size() > 2) return Error{Kind::Incorrect, "token: expected system|value, found more than one '|'"};
  WantedToken wanted;
  wanted.any_system = parts.size() == 1;
  wanted.system = parts.size() == 2 ? unescape(parts[0]) : "";
  wanted.value = unescape(parts.back());
  if (wanted.value.empty() && wanted.system.empty()) return Error{Kind::Incorrect, "token: no value"};
  return Matcher([wanted](const Node& element) { return token_element_matches(wanted, element); });
}

// ---- reference: https://hl7.org/fhir/R4/search.html#reference

// "Patient/1" of "http://own/base/Patient/1/_history/3"; foreign absolute references stay whole, without their version.
std::string_view local_reference(std::string_view reference, std::string_view base) {
  if (!base.empty() && reference.starts_with(base) && reference.substr(base.size()).starts_with('/')) {
    reference.remove_prefix(base.size() + 1);
  }
  return reference.substr(0, std::min(reference.find("/_history/"), reference.size()));
}

Result<Matcher> reference(std::string_view value, const MatchContext& context, std::string_view only_type) {
  const std::string plain = unescape(value);
  std::string wanted(local_reference(plain, context.base));
  if (wanted.empty()) return Error{Kind::Incorrect, "reference: no value"};
  const bool only_id = wanted.find('/') == std::string::npos && wanted.find(':') == std::string::npos;
  const std::string type(only_type.empty() ? context.modifier : only_type);
  if (!type.empty() && only_id) wanted = type + "/" + wanted;
  return Matcher(
      [wanted, type, base = std::string(context.base), any_type = only_id && type.empty()](const Node& element) {
        const std::string_view found = local_reference(element.text_of("reference"), base);
        if (!type.empty() && !found.starts_with(type + "/") && found.find("/" + type + "/") == std::string_view::npos)
          return false;
        if (!any_type) return found == wanted;
        const auto slash = found.find('/');
        return slash != std::string_view::npos && found.substr(slash + 1) == wanted &&
               found.find(':') == std::string_view::npos;
      });
}

// ---- canonical and uri: https://hl7.org/fhir/R4/search.html#uri

// With a version asked for, the element must name the same; without one, any version will do.
Result<Matcher> canonical(std::string_view value, const MatchContext&) {
  std::string wanted = unescape(value);
  if (wanted.empty()) return Error{Kind::Incorrect, "canonical: no value"};
  return Matcher([wanted](const Node& element) {
    const std::string_view found = element.text();
    return found == wanted || (found.starts_with(wanted) && found.substr(wanted.size()).starts_with('|'));
  });
}

Result<Matcher> uri(std::string_view value, const MatchContext&) {
  std::string wanted = unescape(value);
  if (wanted.empty()) return Error{Kind::Incorrect, "uri: no value"};
  return Matcher([wanted](const Node& element) { return element.text() == wanted; });
}

// ---- string: https://hl7.org/fhir/R4/search.html#string

std::string folded(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

Result<Matcher> string(std::string_view value, const MatchContext& context) {
  std::string wanted = unescape(value);
  if (wanted.empty()) return Error{Kind::Incorrect, "string: no value"};
  const std::string_view modifier = context.modifier;
  const bool exact = modifier == "exact";
  const bool contains = modifier == "contains";
  if (!exact) wanted = folded(wanted);
  const auto text_matches = [wanted, exact, contains](std::string_view text) {
    if (exact) return text == wanted;
    const std::string found = folded(text);
    return contains ? found.find(wanted) != std::string::npos : found.starts_with(wanted);
  };
  return Matcher([text_matches](const Node& element) {
    if (element.is_string()) return text_matches(element.text());
    // A HumanName or Address matches by any of its parts.
    return std::ranges::any_of(element.members(), [&](const fhir::Member& part) {
      if (part.name->text == "use" || part.name->text == "type") return false;
      return std::ranges::any_of(fhir::each(&part.value),
                                 [&](const Node& one) { return one.is_string() && text_matches(one.text()); });
    });
  });
}

// ---- date: https://hl7.org/fhir/R4/search.html#date and #prefix

using Compare = bool (*)(const TimeSpan& found, const TimeSpan& wanted);

bool equal(const TimeSpan& f, const TimeSpan& w) { return f.from >= w.from && f.to <= w.to; }
bool not_equal(const TimeSpan& f, const TimeSpan& w) { return !equal(f, w); }
bool greater(const TimeSpan& f, const TimeSpan& w) { return f.to > w.to; }
bool less(const TimeSpan& f, const TimeSpan& w) { return f.from < w.from; }
bool greater_or_equal(const TimeSpan& f, const TimeSpan& w) { return greater(f, w) || equal(f, w); }
bool less_or_equal(const TimeSpan& f, const TimeSpan& w) { return less(f, w) || equal(f, w); }
bool starts_after(const TimeSpan& f, const TimeSpan& w) { return f.from >= w.to; }
bool ends_before(const TimeSpan& f, const TimeSpan& w) { return f.to <= w.from; }

struct Prefix {
  std::string_view text;
  Compare compare;  // null: known to FHIR, not done here
};
constexpr std::array kPrefixes = std::to_array<Prefix>({
    {"eq", equal},
    {"ne", not_equal},
    {"gt", greater},
    {"lt", less},
    {"ge", greater_or_equal},
    {"le", less_or_equal},
    {"sa", starts_after},
    {"eb", ends_before},
    {"ap", nullptr},
});

std::optional<TimeSpan> span_of_element(const Node& element) {
  if (element.is_string()) return span_of(element.text());
  const std::string_view start = element.text_of("start");
  const std::string_view end = element.text_of("end");
  if (start.empty() && end.empty()) return std::nullopt;
  // A Period with one end missing is open there.
  const auto from = start.empty() ? TimeSpan{kLongAgo, kLongAgo} : span_of(start);
  const auto to = end.empty() ? TimeSpan{kFarAhead, kFarAhead} : span_of(end);
  if (!from || !to) return std::nullopt;
  return TimeSpan{from->from, to->to};
}

Result<Matcher> date(std::string_view value, const MatchContext&) {
  Compare compare = equal;
  if (value.size() > 2 && value[0] >= 'a' && value[0] <= 'z') {
    const auto* prefix = std::ranges::find(kPrefixes, value.substr(0, 2), &Prefix::text);
    if (prefix == kPrefixes.end()) return Error{Kind::Incorrect, "date: unknown prefix"};
    if (prefix->compare == nullptr) return Error{Kind::Unsupported, "date: this server does not do the prefix 'ap'"};
    compare = prefix->compare;
    value.remove_prefix(2);
  }
  const auto wanted = span_of(value);
  if (!wanted)
    return Error{Kind::Incorrect, "date: expected a FHIR date, dateTime or instant (is '+' encoded as %2B?)"};
  return Matcher([wanted = *wanted, compare](const Node& element) {
    const auto found = span_of_element(element);
    return found && compare(*found, wanted);
  });
}

bool walk(const Node& node, std::string_view path, const std::function<bool(const Node&)>& visit) {
  return std::ranges::any_of(fhir::each(&node), [&](const Node& one) {
    if (path.empty()) return visit(one);
    const auto dot = std::min(path.find('.'), path.size());
    const Node* next = one.find(path.substr(0, dot));
    return next != nullptr && walk(*next, path.substr(std::min(dot + 1, path.size())), visit);
  });
}

}  // namespace

std::vector<std::string_view> split_unescaped(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == separator) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

std::optional<TimeSpan> span_of(std::string_view text) {
  const auto from = instant_from(text);
  if (!from) return std::nullopt;
  const auto time = text.find('T');
  if (time == std::string_view::npos) {
    const auto day = date_from(text);
    if (!day) return std::nullopt;
    if (text.size() == 4) return TimeSpan{*from, sys_days{*day + years{1}}};
    if (text.size() == 7) return TimeSpan{*from, sys_days{*day + months{1}}};
    return TimeSpan{*from, *from + days{1}};
  }
  const std::string_view clock = text.substr(time + 1, text.find_first_of("Z+-", time) - time - 1);
  milliseconds length{1};
  if (clock.size() <= 5)
    length = minutes{1};
  else if (clock.size() <= 8)
    length = seconds{1};
  else if (clock.size() == 10)
    length = milliseconds{100};
  else if (clock.size() == 11)
    length = milliseconds{10};
  return TimeSpan{*from, *from + length};
}

Result<Matcher> matcher(const SearchParameter& parameter, std::string_view value, const MatchContext& context) {
  switch (parameter.kind) {
    case ParameterKind::Token: return token(value, context);
    case ParameterKind::Reference: return reference(value, context, parameter.target);
    case ParameterKind::Date: return date(value, context);
    case ParameterKind::String: return string(value, context);
    case ParameterKind::Uri: return uri(value, context);
    case ParameterKind::Canonical: return canonical(value, context);
  }
  return Error{Kind::Fault, "search: parameter of unknown kind"};
}

bool any_at(const Node& resource, std::string_view paths, const std::function<bool(const Node&)>& visit) {
  while (!paths.empty()) {
    const auto bar = std::min(paths.find('|'), paths.size());
    if (walk(resource, paths.substr(0, bar), visit)) return true;
    paths.remove_prefix(std::min(bar + 1, paths.size()));
  }
  return false;
}

}  // namespace bhi::sim
