// A search as asked for, and its answer: which resources match, in which order. Pure; paging is in pages.h.
// Unknown parameters are an error unless the client asked for leniency (https://hl7.org/fhir/R4/search.html#errors).
#pragma once

#include "base/result.h"
#include "ehr_sim/http_message.h"
#include "ehr_sim/search_value.h"
#include "ehr_sim/versions.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::sim {

inline constexpr std::size_t kUsualPage = 50;
inline constexpr std::size_t kLargestPage = 1000;

enum class Handling { Strict, Lenient };

// One "name=a,b" of the query: any of the values will do; all criteria must hold.
struct Criterion {
  const SearchParameter* parameter = nullptr;
  bool negated = false;         // ":not"
  std::optional<bool> missing;  // ":missing=true|false"
  std::vector<Matcher> values;
  std::string plain_identifier;  // set when this is one identifier value without escapes: found by index
};

struct SortKey {
  const SearchParameter* parameter = nullptr;  // a date parameter, or _id
  bool descending = false;
};

struct Search {
  std::string type;
  std::vector<Criterion> criteria;
  std::vector<SortKey> sort;
  std::size_t page_size = kUsualPage;
  bool counted = false;         // _count was given
  bool count_only = false;      // _summary=count or _count=0
  bool with_total = true;       // _total=none switches it off
  bool total_asked = false;     // _total=accurate or estimate
  std::string canonical_query;  // what was understood, encoded again: for the self link
};

// Error kinds: Incorrect (bad value), Unsupported (parameter, modifier or mode that this server does not have).
Result<Search> parse_search(std::string_view type, const std::vector<Parameter>& parameters, std::string_view base,
                            Handling handling = Handling::Strict);

// Matching resources in order: by the sort keys, else in the order of their last change.
std::vector<VersionPtr> run_search(const Search& search, const Versions& versions);

// The query of If-None-Exist, ifNoneExist or a conditional reference: criteria only, at least one.
Result<std::vector<VersionPtr>> find_by_condition(std::string_view type, std::string_view query, std::string_view base,
                                                  const Versions& versions);

}  // namespace bhi::sim
