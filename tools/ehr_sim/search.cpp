#include "ehr_sim/search.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::sim {

namespace {

using fhir::Node;

std::string quoted(std::string_view text) {
  // Names of parameters come from outside; a message shows only so much of them.
  return "'" + std::string(text.substr(0, 64)) + "'";
}

// ---- parameters that shape the result: one row each

Result<void> take_count(Search& search, std::string_view value) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error != std::errc{} || end != value.data() + value.size()) {
    return Error{Kind::Incorrect, "_count: expected a whole number of 0 or more"};
  }
  search.page_size = std::min(count, kLargestPage);
  search.counted = true;
  if (count == 0) search.count_only = true;
  return {};
}

Result<void> take_summary(Search& search, std::string_view value) {
  if (value == "count")
    search.count_only = true;
  else if (value != "false")
    return Error{Kind::Unsupported, "_summary: this server does 'count' and 'false'"};
  return {};
}

Result<void> take_total(Search& search, std::string_view value) {
  if (value == "none")
    search.with_total = false;
  else if (value == "accurate" || value == "estimate")
    search.total_asked = true;
  else
    return Error{Kind::Incorrect, "_total: expected none, estimate or accurate"};
  return {};
}

Result<void> take_sort(Search& search, std::string_view value) {
  for (std::string_view key : split_unescaped(value, ',')) {
    const bool descending = key.starts_with('-');
    if (descending) key.remove_prefix(1);
    const SearchParameter* parameter = find_parameter(search.type, key);
    if (parameter == nullptr || (parameter->kind != ParameterKind::Date && key != "_id")) {
      return Error{Kind::Unsupported,
                   "_sort: this server sorts by _lastUpdated, _id and date parameters, found " + quoted(key)};
    }
    search.sort.push_back({parameter, descending});
  }
  return {};
}

Result<void> take_format(Search&, std::string_view value) {
  for (const std::string_view known : {"json", "application/json", "application/fhir+json", "application/fhir json"}) {
    if (value == known) return {};  // the last is "+json" whose plus the client did not encode
  }
  return Error{Kind::Unsupported, "_format: this server speaks JSON only"};
}

struct ResultParameter {
  std::string_view name;
  Result<void> (*take)(Search&, std::string_view value);
};
constexpr std::array kResultParameters = std::to_array<ResultParameter>({
    {"_count", take_count},
    {"_format", take_format},
    {"_sort", take_sort},
    {"_summary", take_summary},
    {"_total", take_total},
});

// ---- criteria

bool modifier_fits(std::string_view modifier, ParameterKind kind) {
  if (modifier.empty() || modifier == "missing") return true;
  switch (kind) {
    case ParameterKind::Token: return modifier == "not";
    case ParameterKind::String: return modifier == "exact" || modifier == "contains";
    case ParameterKind::Reference: return is_resource_type(modifier);
    case ParameterKind::Date:
    case ParameterKind::Uri:
    case ParameterKind::Canonical: return false;
  }
  return false;
}

// "url|1.0" asks for the version too (https://hl7.org/fhir/R4/references.html#canonical), though R4 has a parameter for
// it.
void add_canonical_version(const SearchParameter& parameter, std::string& value, std::vector<Criterion>& criteria) {
  if (parameter.name != "url") return;
  const SearchParameter* version = find_parameter(parameter.type, "version");
  const auto bar = value.find('|');
  if (version == nullptr || bar == std::string::npos) return;
  if (auto match = matcher(*version, value.substr(bar + 1), {})) {
    Criterion criterion;
    criterion.parameter = version;
    criterion.values.push_back(*std::move(match));
    criteria.push_back(std::move(criterion));
    value.resize(bar);
  }
}

Result<void> take_criterion(Search& search, const SearchParameter& parameter, std::string_view modifier,
                            std::string value, std::string_view base) {
  Criterion criterion;
  criterion.parameter = &parameter;
  if (modifier == "missing") {
    if (value != "true" && value != "false") return Error{Kind::Incorrect, ":missing: expected true or false"};
    criterion.missing = value == "true";
    search.criteria.push_back(std::move(criterion));
    return {};
  }
  criterion.negated = modifier == "not";
  add_canonical_version(parameter, value, search.criteria);
  const auto alternatives = split_unescaped(value, ',');
  for (const std::string_view one : alternatives) {
    auto match = matcher(parameter, one, {base, modifier});
    if (!match) return Error{match.error().kind, std::string(parameter.name) + ": " + match.error().message};
    criterion.values.push_back(*std::move(match));
  }
  if (parameter.name == "identifier" && !criterion.negated && alternatives.size() == 1 &&
      value.find('\\') == std::string::npos && !value.ends_with('|')) {
    criterion.plain_identifier = value.substr(value.find('|') == std::string::npos ? 0 : value.find('|') + 1);
  }
  search.criteria.push_back(std::move(criterion));
  return {};
}

// Takes one parameter; false when this server has none of that name.
Result<bool> take(Search& search, const Parameter& given, std::string_view base) {
  if (const auto* row = std::ranges::find(kResultParameters, given.name, &ResultParameter::name);
      row != kResultParameters.end()) {
    BHI_CHECK(row->take(search, given.value));
    return true;
  }
  const std::string_view full = given.name;
  const auto colon = std::min(full.find(':'), full.size());
  const SearchParameter* parameter = find_parameter(search.type, full.substr(0, colon));
  if (parameter == nullptr) return false;
  const std::string_view modifier = full.substr(std::min(colon + 1, full.size()));
  if (!modifier_fits(modifier, parameter->kind)) {
    return Error{Kind::Unsupported, "search: this server does not do the modifier of " + quoted(full)};
  }
  if (given.value.empty()) return Error{Kind::Incorrect, "search: " + quoted(full) + " has no value"};
  BHI_CHECK(take_criterion(search, *parameter, modifier, given.value, base));
  return true;
}

bool holds(const Criterion& criterion, const Node& resource) {
  const std::string_view paths = criterion.parameter->paths;
  if (criterion.missing) return any_at(resource, paths, [](const Node&) { return true; }) != *criterion.missing;
  const bool found = any_at(resource, paths, [&](const Node& element) {
    return std::ranges::any_of(criterion.values, [&](const Matcher& matches) { return matches(element); });
  });
  return found != criterion.negated;
}

// What a resource sorts by; resources without the element come last in both directions.
std::optional<std::string> sort_text(const Node& resource, const SearchParameter& parameter) {
  std::optional<std::string> text;
  any_at(resource, parameter.paths, [&](const Node& element) {
    const std::string_view given = element.is_string() ? element.text() : element.text_of("start");
    if (parameter.kind != ParameterKind::Date)
      text = given;
    else if (const auto span = span_of(given))
      text = to_text(span->from);
    return text.has_value();
  });
  return text;
}

void sort_results(std::vector<VersionPtr>& found, const std::vector<SortKey>& keys) {
  struct Row {
    std::vector<std::optional<std::string>> keys;
    VersionPtr version;
  };
  std::vector<Row> rows;
  for (const VersionPtr& version : found) {
    Row row{{}, version};
    for (const SortKey& key : keys) row.keys.push_back(sort_text(version->document->root(), *key.parameter));
    rows.push_back(std::move(row));
  }
  std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (a.keys[i] == b.keys[i]) continue;
      if (!a.keys[i] || !b.keys[i]) return a.keys[i].has_value();
      return keys[i].descending ? *b.keys[i] < *a.keys[i] : *a.keys[i] < *b.keys[i];
    }
    return false;
  });
  std::ranges::transform(rows, found.begin(), &Row::version);
}

}  // namespace

Result<Search> parse_search(std::string_view type, const std::vector<Parameter>& parameters, std::string_view base,
                            Handling handling) {
  Search search;
  search.type = type;
  for (const Parameter& given : parameters) {
    BHI_TRY(const bool known, take(search, given, base));
    if (!known && handling == Handling::Strict) {
      return Error{Kind::Unsupported,
                   "search: " + std::string(type) + " has no parameter " + quoted(given.name) + " here"};
    }
    if (!known) continue;
    if (!search.canonical_query.empty()) search.canonical_query += '&';
    search.canonical_query += percent_encode(given.name) + "=" + percent_encode(given.value);
  }
  return search;
}

std::vector<VersionPtr> run_search(const Search& search, const Versions& versions) {
  const auto indexed =
      std::ranges::find_if(search.criteria, [](const Criterion& one) { return !one.plain_identifier.empty(); });
  std::vector<VersionPtr> found = indexed == search.criteria.end()
                                      ? versions.living(search.type)
                                      : versions.with_identifier(search.type, indexed->plain_identifier);
  std::erase_if(found, [&](const VersionPtr& version) {
    return !std::ranges::all_of(search.criteria,
                                [&](const Criterion& one) { return holds(one, version->document->root()); });
  });
  if (!search.sort.empty()) sort_results(found, search.sort);
  return found;
}

Result<std::vector<VersionPtr>> find_by_condition(std::string_view type, std::string_view query, std::string_view base,
                                                  const Versions& versions) {
  BHI_TRY(const auto parameters, parse_query(query));
  BHI_TRY(const Search search, parse_search(type, parameters, base));
  if (search.criteria.empty()) return Error{Kind::Incorrect, "condition: expected at least one search criterion"};
  return run_search(search, versions);
}

}  // namespace bhi::sim
