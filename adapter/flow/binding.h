// Between the care structs and their logical models (fhir_profiles/care): one table per type, both ways. Stored and
// served JSON is the logical model's JSON. A test proves that every element of a logical model is bound, and bound
// once.
#pragma once

#include "base/arena.h"
#include "base/issue.h"
#include "base/result.h"
#include "care/model.h"
#include "fhir/node.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {
struct BillingMonth;  // care/billing.h
}

namespace bhi::flow {

// `{"kind": "Screening", "id": ..., ...}`: members in the order of the logical model; empty ones are left out, but for
// a Screening, which says what it does not have (null, []).
fhir::Node to_node(const care::Entity& entity, Arena& arena);
std::string to_json(const care::Entity& entity);

// A month is derived whenever somebody asks and is no entity; it has a logical model all the same, for maps and tables.
fhir::Node to_node(const care::BillingMonth& month, Arena& arena);

// Unknown members and wrong types are issues with their path; the rest is read all the same.
struct ReadEntity {
  care::Entity entity;
  Issues issues;
};
Result<ReadEntity> entity_from(const fhir::Node& node);  // by its "kind"
Result<care::Entity> entity_from_json(std::string_view json);

// The received form of a response (logical model ScreeningReport).
Result<care::ScreeningReport> report_from(const fhir::Node& node, Issues& issues);

// Bound element paths of a kind, for the completeness test: "Screening.items.score".
std::vector<std::string> bound_paths(std::string_view kind);

}  // namespace bhi::flow
