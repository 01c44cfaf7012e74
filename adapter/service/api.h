// What the API does, one method per route (routes.cpp). Knows HTTP only as values; everything that matters happens in
// flow.
#pragma once

#include "base/instant.h"
#include "flow/bhi_side.h"
#include "flow/ports.h"
#include "flow/receive.h"
#include "flow/work.h"
#include "service/live_engine.h"
#include "service/metrics.h"
#include "service/router.h"
#include "service/settings.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

// References are lent and outlive the Api.
struct ApiParts {
  flow::Store& store;
  const Settings& settings;
  Metrics& metrics;
  LiveEngine& engine;
  flow::Destinations destinations;
  std::function<Instant()> now;
  std::function<void()> wake_lanes;       // something new is pending
  std::function<void()> wake_deliveries;  // something new is to be sent
  std::string version;
  std::function<std::vector<std::string>()> sources = {};  // state of each source that is asked, as JSON
};

class Api {
 public:
  explicit Api(ApiParts parts) : parts_(std::move(parts)) {}

  static const std::vector<Route>& routes();

  // api_fhir.cpp
  http::Response post_any(const Call& call);
  http::Response post_typed(const Call& call);
  http::Response put_typed(const Call& call);
  http::Response read_copy(const Call& call);
  http::Response metadata(const Call& call);
  // api_keys.cpp
  http::Response key_set(const Call& call);
  // api_maps.cpp
  http::Response transform(const Call& call);
  http::Response maps(const Call& call);
  http::Response map(const Call& call);
  // api_care.cpp
  http::Response patients(const Call& call);
  http::Response patient(const Call& call);
  http::Response screenings(const Call& call);
  http::Response medications(const Call& call);
  http::Response plans(const Call& call);
  http::Response patient_safety(const Call& call);
  http::Response episodes(const Call& call);
  http::Response plan(const Call& call);
  http::Response post_screening(const Call& call);
  http::Response post_plan(const Call& call);
  http::Response patch_plan(const Call& call);
  http::Response safety(const Call& call);
  http::Response acknowledge(const Call& call);
  // api_queues.cpp
  http::Response outbox(const Call& call);
  http::Response quarantine(const Call& call);
  http::Response replay(const Call& call);
  http::Response sources(const Call& call);

  const ApiParts& parts() const { return parts_; }

 private:
  struct Expected;
  Result<std::string> source_of(const Call& call) const;
  http::Response take(const Call& call, const Expected& expected);
  http::Response entities_of(const Call& call, std::string_view kind, std::string_view member);
  // Runs when the read is in the audit trail; what is not recorded is not shown.
  http::Response audited(const Call& call, std::string subject, http::Response answer);
  Result<std::size_t> limit_of(const Call& call, std::size_t fallback) const;

  ApiParts parts_;
};

}  // namespace bhi::service
