// What the API does, one method per route (routes.cpp). Knows HTTP only as values; everything that matters happens in
// flow.
#pragma once

#include "base/instant.h"
#include "flow/bhi_side.h"
#include "flow/outbox_acts.h"
#include "flow/ports.h"
#include "flow/preview.h"
#include "flow/receive.h"
#include "flow/work.h"
#include "service/care_board.h"
#include "service/identity_board.h"
#include "service/live_engine.h"
#include "service/metrics.h"
#include "service/rights.h"
#include "service/router.h"
#include "service/settings.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

class SubscriptionBook;

// Writing back, as far as the API asks of its workers; none of it where nothing is written.
struct WritingParts {
  std::function<std::vector<std::string>()> plans = {};  // of each destination, as JSON
  std::function<void()> plan_anew = {};
  std::function<Result<flow::Preview>(const flow::OutboxItem& item)> preview = {};
  std::function<Result<flow::OutboxItem>(const flow::OutboxItem& item, flow::Keep keep, std::string_view by)> resolve =
      {};
};

// References are lent and outlive the Api.
struct ApiParts {
  flow::Store& store;
  const Settings& settings;
  Metrics& metrics;
  LiveEngine& engine;
  CareBoard& board;
  flow::Destinations destinations;
  std::function<Instant()> now;
  std::function<void()> wake_lanes;       // something new is pending
  std::function<void()> wake_deliveries;  // something new is to be sent
  std::string version;
  std::function<std::vector<std::string>()> sources = {};  // state of each source that is asked, as JSON
  SubscriptionBook* subscriptions = nullptr;               // none: there are none
  std::function<void(std::string_view source)> wake_subscriptions = {};
  WritingParts writing = {};
  std::function<std::string()> replicas = {};  // who shares the store, as JSON
};

struct Collection;

class Api {
 public:
  explicit Api(ApiParts parts) : parts_(std::move(parts)), identities_(parts_.store, parts_.settings.link_systems) {}

  static const std::vector<Route>& routes();

  // api_fhir.cpp
  http::Response post_any(const Call& call);
  http::Response post_typed(const Call& call);
  http::Response put_typed(const Call& call);
  http::Response read_copy(const Call& call);
  http::Response metadata(const Call& call);
  // api_emergency.cpp
  http::Response disclose_in_emergency(const Call& call);
  // api_keys.cpp
  http::Response key_set(const Call& call);
  // api_maps.cpp
  http::Response transform(const Call& call);
  http::Response maps(const Call& call);
  http::Response map(const Call& call);
  // api_care.cpp
  http::Response patients(const Call& call);
  http::Response patient(const Call& call);
  http::Response post_screening(const Call& call);
  http::Response post_plan(const Call& call);
  http::Response patch_plan(const Call& call);
  http::Response safety(const Call& call);
  http::Response safety_event(const Call& call);
  http::Response acknowledge(const Call& call);
  // api_collections.cpp
  http::Response collection(const Call& call);
  http::Response entry(const Call& call);
  http::Response post_entry(const Call& call);
  http::Response put_entry(const Call& call);
  http::Response revoke_consent(const Call& call);
  http::Response practice_collection(const Call& call);
  http::Response practice_entry(const Call& call);
  http::Response post_practice(const Call& call);
  http::Response put_practice(const Call& call);
  // api_caseload.cpp
  http::Response caseload(const Call& call);
  http::Response reminders(const Call& call);
  http::Response statistics(const Call& call);
  http::Response timeline(const Call& call);
  // api_reports.cpp
  http::Response patient_fhir(const Call& call);
  http::Response patient_billing(const Call& call);
  http::Response billing(const Call& call);
  http::Response measures(const Call& call);
  http::Response measure(const Call& call);
  http::Response review_facts(const Call& call);
  http::Response vocabulary(const Call& call);
  http::Response openapi_document(const Call& call);
  // api_events.cpp
  http::Response events(const Call& call);
  // api_notify.cpp
  http::Response notify(const Call& call);
  http::Response notify_record(const Call& call);
  // api_identity.cpp
  http::Response patient_links(const Call& call);
  http::Response identity(const Call& call);
  // For what stands below a patient whose record was merged into another: where it went. Empty: it was not.
  std::optional<http::Response> merged_away(const Call& call);
  void report_identities(Metrics& metrics);
  // api_admin.cpp
  http::Response console(const Call& call);
  http::Response console_style(const Call& call);
  http::Response console_script(const Call& call);
  http::Response replicas(const Call& call);
  http::Response write_plans(const Call& call);
  http::Response plan_anew(const Call& call);
  http::Response admin_safety(const Call& call);
  // api_outbox.cpp
  http::Response admin_outbox(const Call& call);
  http::Response admin_outbox_item(const Call& call);
  http::Response release_item(const Call& call);
  http::Response discard_item(const Call& call);
  http::Response resolve_item(const Call& call);
  http::Response filed_item(const Call& call);
  // api_queues.cpp
  http::Response outbox(const Call& call);
  http::Response quarantine(const Call& call);
  http::Response replay(const Call& call);
  http::Response sources(const Call& call);
  // api_audit.cpp
  http::Response audit_trail(const Call& call);
  http::Response provenance(const Call& call);

  const ApiParts& parts() const { return parts_; }

 private:
  struct Expected;
  Result<std::string> source_of(const Call& call) const;
  Result<std::vector<std::string>> deliveries_of(const flow::StoredEntity& event) const;
  Result<flow::OutboxItem> outbox_item(const Call& call) const;
  http::Response acted(const Result<flow::OutboxItem>& item);
  http::Response take(const Call& call, const Expected& expected);
  http::Response heard(const Call& call, std::string_view record);
  // Runs for who acts, when they have the right; else 403.
  http::Response as(const Call& call, At at, std::string_view right,
                    const std::function<http::Response(const Who&)>& run);
  // Answers when the read is in the audit trail; what is not recorded is not shown.
  http::Response audited(const Who& who, std::string subject, http::Response answer);
  http::Response audited(const Call& call, std::string subject, http::Response answer);
  http::Response list_entities(const Call& call, const Who& who, std::string_view patient,
                               const Collection& collection);
  http::Response one_entity(const Who& who, std::string_view patient, const Collection& collection,
                            std::string_view id);
  http::Response write_entry(const Call& call, const Collection& of, std::string_view id,
                             std::optional<std::int64_t> version);
  http::Response write_practice(const Call& call, const Collection& of, std::string_view id,
                                std::optional<std::int64_t> version);
  Result<fhir::DocumentPtr> body_of(const Call& call) const;
  Result<std::size_t> limit_of(const Call& call, std::size_t fallback) const;

  ApiParts parts_;
  IdentityBoard identities_;
};

}  // namespace bhi::service
