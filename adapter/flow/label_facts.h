// What security labels say to whoever decides whether something may leave (guard.h), and where they stand.
// https://hl7.org/fhir/R4/security-labels.html
#pragma once

#include "care/model_source.h"
#include "fhir/node.h"

#include <span>
#include <vector>

namespace bhi::flow {

struct LabelFacts {
  bool part2 = false;          // 42CFRPart2, 42CFRPart2CD
  bool substance_use = false;  // SUD, ETH, OPIOIDUD
  bool psychotherapy = false;  // PSYTHPN, HIPAAPsyNotes
  bool restricted = false;     // very restricted, not to be passed on, or a mark that we do not know
};

LabelFacts facts_of(std::span<const care::Code> labels);

// meta.security of a resource.
std::vector<care::Code> labels_in(const fhir::Node& resource);

// Is the resource itself called a psychotherapy note (type, category or code, in words)? There is no LOINC code for it
// that we could confirm: notes of psychologists and psychiatrists in general are not meant.
bool is_psychotherapy_note(const fhir::Node& resource);

// The resource with these labels besides those it has; of confidentialities the highest. As it was when it has them
// all.
fhir::Node with_more_labels(const fhir::Node& resource, std::span<const care::Code> labels, Arena& arena);

}  // namespace bhi::flow
