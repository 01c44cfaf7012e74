// What a map must be when it is written and read again: the same, in FML and in both forms of JSON.
#pragma once

#include "mapping/fml_writer.h"
#include "mapping/parser.h"
#include "mapping/structure_map_json.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace bhi::fuzz {

inline void stop(const char* why, const std::string& text) {
  std::fprintf(stderr, "%s\n%s\n", why, text.c_str());
  std::abort();
}

// Displays of codes and urls of concept maps become comments in FML.
inline bool is_less_in_fml(const mapping::StructureMap& map) {
  return std::ranges::any_of(map.concept_maps, [](const mapping::ConceptMapText& one) {
    return !one.url.empty() || std::ranges::any_of(one.mappings, [](const mapping::CodeMapping& mapping) {
      return !mapping.source_display.empty() || !mapping.target_display.empty();
    });
  });
}

inline void expect_same_again(const mapping::StructureMap& map) {
  using namespace mapping;
  std::vector<Diagnostic> problems;
  if (const auto text = write_fml(map)) {
    const auto again = parse_fml({"fuzz.map", *text}, problems);
    if (!again) stop("what was written as FML cannot be read", *text + (problems.empty() ? "" : to_text(problems[0])));
    if (!is_less_in_fml(map) && !same_map(map, *again)) stop("FML says something else", *text);
  }
  for (const ResourceForm form : {ResourceForm::R4, ResourceForm::R5}) {
    const auto text = write_structure_map(map, form);
    if (!text) continue;
    const auto again = parse_structure_map({"fuzz.json", *text}, problems);
    if (!again) stop("what was written as JSON cannot be read", *text + (problems.empty() ? "" : to_text(problems[0])));
    if (!same_map(map, *again)) stop("JSON says something else", *text);
  }
}

}  // namespace bhi::fuzz
