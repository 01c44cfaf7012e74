// An EHR's FHIR R4 API as the journeys need it (flow/ports.h). https://hl7.org/fhir/R4/http.html
//
// An answer is taken for what it is: 200 with a web page, with an OperationOutcome, or with another resource than the
// one asked for is no success.
#pragma once

#include "base/result.h"
#include "ehr/http.h"
#include "ehr/scopes.h"
#include "ehr/traffic.h"
#include "fhir/json.h"
#include "flow/ports.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace bhi::ehr {

struct EhrSettings {
  std::string name;     // of the source, for messages
  std::string version;  // of the adapter, for User-Agent
  HttpSettings http;    // user_agent is set from `version` when empty
  fhir::ReadLimits limits{.max_bytes = std::size_t{64} << 20};
  // Gives the bearer token of the moment; absent: none is sent. Called for every request, from any thread; after a 401
  // once more, and the request is repeated if the token has changed meanwhile.
  std::function<Result<std::string>()> token;
  // Told of what the EHR said to a token: 401, or anything else. Absent: nobody wants to know.
  std::function<void(std::string_view token)> token_refused{};
  std::function<void(std::string_view token)> token_worked{};
  // What the token of the moment allows; capabilities() then leaves out the rest and says why. Empty: not known.
  std::function<std::optional<Grant>()> grant{};
  std::function<ScopeVersion()> scope_version{};
  // Budget, pauses, circuit; shared with whoever wants to look. Absent: none. A call waits for its turn up to
  // `patience`, then it fails with Kind::Busy and nothing was sent.
  std::shared_ptr<Traffic> traffic{};
  std::chrono::milliseconds patience{70'000};
};

// Opens no connection yet. The Ehr may be used from several threads. Errors: those of Http::open.
Result<std::unique_ptr<flow::Ehr>> connect(const EhrSettings& settings);

}  // namespace bhi::ehr
