// Security labels of what leaves: how confidential it is, and whose law speaks.
//
// Mental health is R and MH; screens for and treatment of substance use are R and SUD; from a programme under 42 CFR
// Part 2 these also 42CFRPart2 and NORDSCLCD (no redisclosure without consent). A Patient, who says nothing clinical,
// is N. A Bundle carries the highest mark and every label in it. https://hl7.org/fhir/R4/security-labels.html
#pragma once

#include "base/arena.h"
#include "care/model.h"
#include "fhir/node.h"
#include "flow/privacy.h"

#include <span>
#include <vector>

namespace bhi::flow {

struct LabelPolicy {
  bool part2_program = false;  // the practice holds itself out as a programme for substance use
};

// Nobody has said: as if it were one.
constexpr LabelPolicy label_policy(Part2 practice) { return {practice != Part2::No}; }

std::vector<care::Code> labels_of(const care::Entity& entity, const LabelPolicy& policy);

// Of what speaks of substance use, whatever kind it is; and of what is a Part 2 programme's without speaking of it.
std::vector<care::Code> substance_use_labels(const LabelPolicy& policy);
std::vector<care::Code> part2_labels();

// Of several together: one confidentiality, the highest, and the others once each.
std::vector<care::Code> joined(std::span<const std::vector<care::Code>> labels);

// The resource with these as meta.security; what else its meta says is kept.
fhir::Node with_labels(const fhir::Node& resource, std::span<const care::Code> labels, Arena& arena);

}  // namespace bhi::flow
