#include "service/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cassert>
#include <map>

namespace bhi::service {

namespace {

using Form = MetricInfo::Form;

const prometheus::Histogram::BucketBoundaries kSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                          0.1,    0.25,  0.5,    1,     2.5,  5,     10};

const MetricInfo& info(Metric metric) {
  const auto found = std::ranges::find(metric_table(), metric, &MetricInfo::metric);
  assert(found != metric_table().end());
  return *found;
}

prometheus::Labels named(Metric metric, const Metrics::Labels& values) {
  const auto& names = info(metric).labels;
  assert(names.size() == values.size());
  prometheus::Labels labels;
  for (std::size_t i = 0; i < names.size() && i < values.size(); ++i) labels.emplace(names[i], values[i]);
  return labels;
}

}  // namespace

const std::vector<MetricInfo>& metric_table() {
  static const std::vector<MetricInfo> table = {
      {Metric::ReceivedResources,
       Form::Counter,
       "bhi_received_resources_total",
       "Resources taken in",
       {"source", "channel"}},
      {Metric::StoredResources,
       Form::Counter,
       "bhi_stored_resources_total",
       "Resources new or changed",
       {"source", "channel"}},
      {Metric::UnchangedResources,
       Form::Counter,
       "bhi_unchanged_resources_total",
       "Resources that said nothing new",
       {"source", "channel"}},
      {Metric::DoneItems, Form::Counter, "bhi_done_items_total", "Inbox items that reached the care model", {}},
      {Metric::LeftItems,
       Form::Counter,
       "bhi_left_items_total",
       "Inbox items understood, but not for the care model",
       {}},
      {Metric::QuarantinedItems,
       Form::Counter,
       "bhi_quarantined_items_total",
       "Inbox items put aside with a reason",
       {}},
      {Metric::DroppedFiles,
       Form::Counter,
       "bhi_dropped_files_total",
       "Files of a drop folder, by where they went: done or failed",
       {"source", "outcome"}},
      {Metric::DropWaiting, Form::Gauge, "bhi_drop_waiting_files", "Files in a drop folder, not yet taken", {"source"}},
      {Metric::IdentityLinks, Form::Gauge, "bhi_identity_links", "People known to several sources, linked", {}},
      {Metric::IdentityReviews,
       Form::Gauge,
       "bhi_identity_reviews",
       "Groups of records that share an identifier and are not linked: a person has to look",
       {}},
      {Metric::HttpRequests,
       Form::Counter,
       "bhi_http_requests_total",
       "Requests answered",
       {"method", "route", "status"}},
      {Metric::HttpSeconds, Form::Histogram, "bhi_http_request_seconds", "Time to answer a request", {"route"}},
      {Metric::Deliveries,
       Form::Counter,
       "bhi_deliveries_total",
       "Attempts to write to an EHR, by what came of them",
       {"destination", "outcome"}},
      {Metric::PlanChanges,
       Form::Counter,
       "bhi_write_plan_changes_total",
       "Times that an artifact began to take another way into an EHR, or none",
       {"destination", "artifact"}},
      {Metric::NoWay,
       Form::Gauge,
       "bhi_write_plan_no_way",
       "1: the EHR offers no way for the artifact that the site allows",
       {"destination", "artifact"}},
      {Metric::DeliveryStopped,
       Form::Gauge,
       "bhi_delivery_stopped",
       "1: everything is refused (401, 403), and nothing but what is urgent is tried",
       {"destination"}},
      {Metric::NotKept,
       Form::Counter,
       "bhi_elements_not_kept_total",
       "Elements that the EHR did not keep as they were written, by what it answers or reads back",
       {"destination"}},
      {Metric::Polls, Form::Counter, "bhi_polls_total", "Polls of a type", {"source", "type", "outcome"}},
      {Metric::PollLag, Form::Gauge, "bhi_poll_lag_seconds", "Since the last complete poll", {"source", "type"}},
      {Metric::Staleness,
       Form::Gauge,
       "bhi_staleness_seconds",
       "Worst-case age of what is shown of a type; +Inf: not all of it was ever asked for",
       {"source", "type"}},
      {Metric::Circuit,
       Form::Gauge,
       "bhi_ehr_circuit",
       "Is the EHR asked: 0 yes, 1 one request to see, 2 no, it failed several times in a row",
       {"source"}},
      {Metric::MinuteCalls, Form::Gauge, "bhi_ehr_minute_calls", "Requests to the EHR in this minute", {"source"}},
      {Metric::BulkExports, Form::Counter, "bhi_bulk_exports_total", "Bulk exports that ended", {"source", "outcome"}},
      {Metric::BulkPhase,
       Form::Gauge,
       "bhi_bulk_phase",
       "Bulk export: 0 none under way, 1 the EHR prepares it, 2 files come in, 3 the EHR is told that we are done",
       {"source"}},
      {Metric::CommitSeconds, Form::Histogram, "bhi_store_commit_seconds", "Time of a durable write", {"act"}},
      {Metric::InboxItems, Form::Gauge, "bhi_inbox_items", "Inbox items by state", {"state"}},
      {Metric::InboxOldest,
       Form::Gauge,
       "bhi_inbox_oldest_pending_seconds",
       "Age of the oldest pending inbox item",
       {}},
      {Metric::LanesPending,
       Form::Gauge,
       "bhi_lanes_pending",
       "Patients with pending inbox items (counted up to 1000)",
       {}},
      {Metric::OutboxItems, Form::Gauge, "bhi_outbox_items", "Outbox items by state", {"state"}},
      {Metric::StoreBytes, Form::Gauge, "bhi_store_bytes", "Of the store's database in use, without its log", {}},
      {Metric::PartitionsHeld, Form::Gauge, "bhi_partitions_held", "Partitions of lanes that this replica works", {}},
      {Metric::Replicas, Form::Gauge, "bhi_replicas", "Replicas that share the store and live", {}},
      {Metric::OnCallNotices,
       Form::Counter,
       "bhi_on_call_notices_total",
       "Notices of safety events to who is on call: told, failed, or nobody is configured",
       {"contact", "outcome"}},
      {Metric::OnCallEvents,
       Form::Gauge,
       "bhi_on_call_events",
       "Safety events that somebody was called about and nobody has acknowledged",
       {}},
      {Metric::MapsLoaded, Form::Gauge, "bhi_maps_loaded", "Maps in use, those of overlays too", {}},
      {Metric::MapsReloaded, Form::Counter, "bhi_maps_reloaded_total", "Changed maps that came into use", {}},
      {Metric::MapsRejected,
       Form::Counter,
       "bhi_maps_rejected_total",
       "Changed maps that did not; those before stay in use",
       {}},
      {Metric::StartTime, Form::Gauge, "bhi_process_start_time_seconds", "When the process started, Unix time", {}},
      {Metric::Notifications,
       Form::Counter,
       "bhi_notifications_total",
       "Notifications of EHRs, by what was done with them",
       {"subscription", "outcome"}},
      {Metric::SubscriptionActive,
       Form::Gauge,
       "bhi_subscription_active",
       "1: the subscription works as far as we know",
       {"subscription"}},
      {Metric::SubscriptionMissing,
       Form::Gauge,
       "bhi_subscription_missing_events",
       "Events that were counted and did not come",
       {"subscription"}},
      {Metric::SubscriptionToFetch,
       Form::Gauge,
       "bhi_subscription_records_to_fetch",
       "Records that were named and are still to be fetched",
       {"subscription"}},
      {Metric::SubscriptionRecoveries,
       Form::Counter,
       "bhi_subscription_recoveries_total",
       "Times that something had to be asked for because notifications did not tell it",
       {"subscription", "by"}},
  };
  return table;
}

struct Metrics::Parts {
  prometheus::Registry registry;
  std::map<Metric, prometheus::Family<prometheus::Counter>*> counters;
  std::map<Metric, prometheus::Family<prometheus::Gauge>*> gauges;
  std::map<Metric, prometheus::Family<prometheus::Histogram>*> histograms;
};

Metrics::Metrics() : parts_(std::make_unique<Parts>()) {
  for (const auto& row : metric_table()) {
    auto& registry = parts_->registry;
    switch (row.form) {
      case Form::Counter:
        parts_->counters[row.metric] = &prometheus::BuildCounter().Name(row.name).Help(row.help).Register(registry);
        break;
      case Form::Gauge:
        parts_->gauges[row.metric] = &prometheus::BuildGauge().Name(row.name).Help(row.help).Register(registry);
        break;
      case Form::Histogram:
        parts_->histograms[row.metric] = &prometheus::BuildHistogram().Name(row.name).Help(row.help).Register(registry);
        break;
    }
    // A counter that has never counted should still be seen as 0.
    if (row.labels.empty() && row.form == Form::Counter) count(row.metric, 0);
  }
}

Metrics::~Metrics() = default;

void Metrics::count(Metric metric, std::size_t by, const Labels& labels) {
  parts_->counters.at(metric)->Add(named(metric, labels)).Increment(static_cast<double>(by));
}

void Metrics::set(Metric metric, double value, const Labels& labels) {
  parts_->gauges.at(metric)->Add(named(metric, labels)).Set(value);
}

void Metrics::observe(Metric metric, std::chrono::microseconds took, const Labels& labels) {
  parts_->histograms.at(metric)->Add(named(metric, labels), kSeconds).Observe(static_cast<double>(took.count()) / 1e6);
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(parts_->registry.Collect()); }

}  // namespace bhi::service
