// What the variables of a running group hold, and where in the source it came from.
#pragma once

#include "fhirpath/expression.h"
#include "mapping/target.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bhi::mapping {

// Where a source value stands: a chain of element names up to the document it is part of. Lies in the arena of the run.
struct SourcePlace {
  static constexpr std::uint32_t kNoIndex = 0xffffffff;

  const SourcePlace* parent = nullptr;
  const fhir::Name* name = nullptr;      // null at the root
  std::uint32_t index = kNoIndex;        // in a list
  const fhirpath::Item* root = nullptr;  // the document
};

// "QuestionnaireResponse.item[3].answer[0]"; empty for null.
std::string to_text(const SourcePlace* place);

struct Binding {
  enum class Kind : std::uint8_t { Nothing, Source, Target };

  static Binding source(const fhirpath::Item& item, const SourcePlace* place) {
    return {Kind::Source, item, place, nullptr};
  }
  static Binding made(TargetNode& node) { return {Kind::Target, {}, nullptr, &node}; }

  Kind kind = Kind::Nothing;  // Nothing: an input that is absent, a value that an expression did not give
  fhirpath::Item item;
  const SourcePlace* place = nullptr;
  TargetNode* target = nullptr;
};

// The variables of one call of a group.
using Frame = std::vector<Binding>;

}  // namespace bhi::mapping
