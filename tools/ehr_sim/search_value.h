// Does an element match what a search asks for? One function per kind of parameter, no state.
// https://hl7.org/fhir/R4/search.html#ptypes
#pragma once

#include "base/instant.h"
#include "base/result.h"
#include "ehr_sim/search_parameters.h"
#include "fhir/node.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

// "a,b\,c" at ',' gives "a" and "b\,c": a backslash keeps the separator (https://hl7.org/fhir/R4/search.html#escaping).
std::vector<std::string_view> split_unescaped(std::string_view text, char separator);
std::string unescape(std::string_view text);

// The stretch of time a date text covers: from <= t < to. "2026-11" is the whole month.
struct TimeSpan {
  Instant from;
  Instant to;
};
std::optional<TimeSpan> span_of(std::string_view date_text);

// A value as asked for; made once per search, matched against many elements.
using Matcher = std::function<bool(const fhir::Node& element)>;

struct MatchContext {
  std::string_view base;      // of this server: absolute references below it count as relative ones
  std::string_view modifier;  // "", "exact", "contains", or a resource type for references
};

// Error kind Incorrect: a value that this kind of parameter cannot have. Unsupported: a prefix we do not do.
Result<Matcher> matcher(const SearchParameter& parameter, std::string_view value, const MatchContext& context);

// Calls `visit` with each element at the paths ("name.family|alias"); arrays are walked. Stops when visit says true.
bool any_at(const fhir::Node& resource, std::string_view paths, const std::function<bool(const fhir::Node&)>& visit);

}  // namespace bhi::sim
