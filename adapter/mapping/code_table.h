// A concept map ready for translate(): codes found by hash, other maps by pointer.
// https://hl7.org/fhir/R4/conceptmap-operation-translate.html
#pragma once

#include "base/result.h"
#include "mapping/concept_map.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bhi::mapping {

struct CodeTable {
  explicit CodeTable(const ConceptMapText& text);

  std::string id;
  std::string url;  // without version; may be empty
  std::unordered_multimap<std::string, CodeMapping> by_code;
  std::vector<Unmapped> unmapped;
  std::vector<const CodeTable*> other_maps;  // of `unmapped`, null where the mode is another; set when linking
};

struct SourceCode {
  std::string_view system;  // empty: not stated
  std::string_view code;
};

// Where it points to lives as long as the table or the source.
struct Translation {
  std::string_view system, code, display;
};

// Of the first of the codes that has one; else what the table says of unmapped codes; else nothing. Error (Incorrect):
// one code has several translations, so which one is meant is for a person to say.
Result<std::optional<Translation>> translate_codes(const CodeTable& table, std::span<const SourceCode> codes);

}  // namespace bhi::mapping
