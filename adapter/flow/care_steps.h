// The care model's own steps, in words: what a field of an entity was derived from and by which rule. Maps tell of
// themselves (mapping/lineage.h); between them stand the rules of care/, and this is their side of the story.
#pragma once

#include "care/apply.h"
#include "care/model.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct CareStep {
  std::string rule;                   // "PHQ-9: sum of items 1 to 9 (instrument tables 2026-11)"; empty: none is known
  std::vector<std::string> fields;    // of the same entity: "Screening.items[0].score"
  std::vector<std::string> received;  // of what was received: "ScreeningReport.items[8].answers[0]"
};

// `path`: "Screening.total". `change`: what the entity was made from.
CareStep care_step(const care::Entity& entity, const care::Change& change, std::string_view path);

}  // namespace bhi::flow
