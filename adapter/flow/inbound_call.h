// What is needed while one resource is mapped, and the steps that all types share. Inside of `flow` only; the act is
// map_inbound() (inbound.h).
#pragma once

#include "flow/inbound.h"

#include <optional>
#include <string>
#include <string_view>

namespace bhi::flow {

struct InboundCall {
  const Engine& engine;
  const fhir::Node& resource;
  const Origin& origin;
  const Surroundings& surroundings;
  Instant now;
  Arena& arena;
  care::Source source;  // of the entity
  std::string id;       // of the entity
  std::string patient;  // care id, may be empty
  std::optional<care::Source> subject;
};

Inbound invalid(Issues issues);
Inbound left(std::string reason);

// Does a reference with this base lead to the source itself? A source without known bases may use any.
bool is_of_source(const Engine& engine, const std::string& source, std::string_view base);

const fhir::Node* resolve(const InboundCall& call, std::string_view reference);

// Runs `map` (the last part of its url) over the resource; `second`: of two sources the other, which may be absent.
Result<mapping::Output> run(const InboundCall& call, std::string_view map, const fhir::Node* second = nullptr,
                            bool two_sources = false);

// The team's entries (care/model_work.h) as an EHR states them. A map says that a resource is not for us, or lacks what
// an entry must say, by a log of "left: " and the reason; what the care model would refuse is left as well.
Inbound care_team(const InboundCall& call);
Inbound communication(const InboundCall& call);
Inbound consent(const InboundCall& call);
Inbound encounter(const InboundCall& call);
Inbound flag(const InboundCall& call);
Inbound service_request(const InboundCall& call);
Inbound task(const InboundCall& call);

}  // namespace bhi::flow
