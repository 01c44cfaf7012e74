// Translations of codes: what a `conceptmap` of FML, a contained ConceptMap and a ConceptMap resource (R4 and R5 form)
// have in common. https://hl7.org/fhir/R4/conceptmap.html, https://hl7.org/fhir/R5/conceptmap.html
#pragma once

#include "mapping/place.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping {

// How the target stands to the source. R4 has ten words for it, R5 five; FML has a sign for each of R4's.
enum class Relation : std::uint8_t {
  RelatedTo,    // -
  Equal,        // =
  Equivalent,   // ==
  Wider,        // <=  the target says less
  Subsumes,     // <-
  Narrower,     // >=  the target says more than is known
  Specializes,  // >-
  Inexact,      // ~
  Unmatched,    // --  there is no target
  Disjoint,     // !=
};

struct RelationRow {
  std::string_view sign;          // in FML
  std::string_view equivalence;   // R4
  std::string_view relationship;  // R5
  bool usable;                    // may translate() take the target? (as the reference implementation; not when the
                                  // target claims more than the source says)
};

const RelationRow& row_of(Relation relation);
const Relation* find_relation_by_sign(std::string_view sign);
const Relation* find_relation_by_equivalence(std::string_view code);
const Relation* find_relation_by_relationship(std::string_view code);

struct CodeMapping {
  std::string source_system, source_code, source_display;
  Relation relation = Relation::RelatedTo;
  std::string target_system, target_code, target_display;
  std::string comment;

  bool operator==(const CodeMapping&) const = default;
};

enum class UnmappedMode : std::uint8_t { SourceCode, Fixed, OtherMap };

// What becomes of codes of `source_system` (empty: any) that have no mapping.
struct Unmapped {
  UnmappedMode mode = UnmappedMode::SourceCode;
  std::string source_system, target_system;  // SourceCode: no target system, the code keeps its own
  std::string code, display;                 // Fixed
  std::string other_map;                     // OtherMap: its canonical

  bool operator==(const Unmapped&) const = default;
};

struct ConceptMapText {
  std::string id;   // without the leading "#"
  std::string url;  // canonical; usual for a resource, empty in FML text
  std::vector<CodeMapping> mappings;
  std::vector<Unmapped> unmapped;
  Place at;

  bool operator==(const ConceptMapText&) const = default;
};

}  // namespace bhi::mapping
