// Where everything that a map made came from, and what became of an answer. Kept only when a run is asked for it
// (World::lineage); a run without it tests one pointer for each value and does nothing else.
//
// Paths are those of the JSON: "Observation.code.coding[0].code",
// "QuestionnaireResponse.item[8].answer[0].valueCoding", with an index in every list. A value copied as a whole has one
// entry; what lies within it is found through that entry
// (`lineage_of` adds the rest of the path to the source). Entries stand in the order of the target document.
#pragma once

#include "mapping/structure_map.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

struct LineageSource {
  std::string document;  // "QuestionnaireResponse/r1"; its type alone when it has no id
  std::string path;      // "QuestionnaireResponse.item[8].answer[0].valueCoding"
  bool operator==(const LineageSource&) const = default;
};

enum class LineageKind {
  Made,        // an element for others to stand in
  Copied,      // the value of one source element
  Computed,    // by an expression or a transform from the sources
  Translated,  // by a concept map
  Constant,    // a literal of the map
};

std::string_view name(LineageKind kind);  // "copied"

struct LineageRule {
  std::string map;   // url
  std::string hash;  // SHA-256 of the map's text, hex; empty when it was not read from text
  std::string file;
  std::string group;
  std::string rule;
  Place at;  // of the target within the rule
};

// "care-to-observation.map:51:7 rule 'total' of CareToObservation"
std::string to_text(const LineageRule& rule);

struct LineageEntry {
  std::string target;
  LineageKind kind = LineageKind::Made;
  std::string by;                      // transform or expression: "translate", "copy", "(%coding.code)"
  std::vector<LineageSource> sources;  // what the value was made from; empty for a constant
  LineageSource because;               // the first source of the rule: why it applied; may be empty
  std::string translation;             // "#totals: phq-9 -> http://loinc.org|44261-6"
  LineageRule rule;
};

struct Lineage {
  std::vector<LineageEntry> entries;
};

// The entries that explain one element: its own, and when it is part of a value that was copied whole, that one with
// its paths led on. Several when rules added to each other. Empty: nothing is known of such an element.
std::vector<LineageEntry> lineage_of(const Lineage& lineage, std::string_view target);

// The other way: the entries whose value was made from that element of a source, from something within it, or from a
// whole that it is part of.
std::vector<const LineageEntry*> targets_of(const Lineage& lineage, std::string_view document, std::string_view path);

}  // namespace bhi::mapping
