// What is to be read by a person at an EHR that takes no structured form: a care plan, a screening or a safety event as
// one page of plain XHTML. Everything in it is escaped; no script, no style, nothing from elsewhere. The patient is not
// named: the resource around it says whose it is. Pure.
#pragma once

#include "base/instant.h"
#include "fhir/node.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::flow {

struct DocumentFacts {
  Instant written{};
  std::int64_t version = 0;  // of the entity
  std::string replaces{};    // "DocumentReference/1" at the destination: named in a document that takes its place
  std::string notice{};      // that must travel with it (42 CFR 2.32); empty: none
  bool score_only = false;   // of a screening whose answers the EHR holds itself
};

// `entity`: the logical-model JSON of a CarePlan, Screening or SafetyEvent; of any other kind the page is empty text.
std::string document_html(const fhir::Node& entity, const DocumentFacts& facts);

// "Behavioral health care plan", with the plan's own title where it has one.
std::string document_title(const fhir::Node& entity);

}  // namespace bhi::flow
