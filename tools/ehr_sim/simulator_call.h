// Inside of the Simulator: one request on its way, and what its acts ask of it.
#pragma once

#include "ehr_sim/router.h"
#include "ehr_sim/simulator.h"

#include <initializer_list>
#include <string_view>
#include <vector>

namespace bhi::sim {

// One request on its way, with what was understood of it.
struct Simulator::Call {
  const Request& request;
  Target target;
  Instant now;

  std::string_view header_of(std::string_view name) const { return header(request.headers, name); }
  Asked asked(const Manners& manners) const {
    auto wanted = preferred_return(header_of("Prefer"));
    if (wanted == Return::Outcome && !manners.outcome_wanted) wanted = Return::Representation;
    return {request.base, now + request.timing.skew, wanted, manners};
  }
};

bool mentions(std::string_view text, std::initializer_list<std::string_view> words);

// The parameters of the query, and of the form when it is posted.
Result<std::vector<Parameter>> query_of(const Request& request);

}  // namespace bhi::sim
