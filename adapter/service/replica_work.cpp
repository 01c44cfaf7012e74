#include "service/replica_work.h"

#include "service/delivery_work.h"
#include "service/json_text.h"
#include "service/log.h"

#include <algorithm>
#include <thread>

namespace bhi::service {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAgainAfterTrouble{500};
constexpr milliseconds kLookForChanges{1'000};
constexpr milliseconds kLeaving{50};
constexpr std::string_view kLane = "lane/";

bool is_partition(const std::string& lease) { return lease.starts_with(kLane); }

std::int64_t partitions_in(const std::vector<std::string>& leases) {
  return std::ranges::count_if(leases, is_partition);
}

std::string jobs_in(const std::vector<std::string>& leases) {
  std::string jobs;
  for (const auto& lease : leases) {
    if (!is_partition(lease)) jobs += (jobs.empty() ? "" : " ") + lease;
  }
  return jobs;
}

void log_leases(LogLevel level, const char* what, const std::vector<std::string>& leases) {
  if (leases.empty()) return;
  log_event(level, what, JsonObject().number("partitions", partitions_in(leases)).text_if("jobs", jobs_in(leases)));
}

}  // namespace

void ReplicaWork::offer(const Settings& settings) {
  if (common_.leases == nullptr) return;
  std::vector<std::string> jobs{kOnCallJob, kRetentionJob, kTickJob};
  for (const auto& source : settings.sources) {
    if (source.base_url.empty()) continue;
    jobs.push_back(source_job(source.name));
    if (!source.write_back) continue;
    jobs.push_back(plan_job(source.name));
    if (source.provenance) jobs.push_back(provenance_job(source.name));
  }
  common_.leases->offer(std::move(jobs));
}

void ReplicaWork::run(std::stop_token stop) {
  if (common_.leases == nullptr) return;
  auto next = Clock::now();
  while (!stop.stop_requested()) {
    if (Clock::now() >= next) next = Clock::now() + round();
    look_for_changes();
    const auto rest = std::chrono::duration_cast<milliseconds>(next - Clock::now());
    bell_.wait(stop, std::clamp(rest, milliseconds(0), kLookForChanges));
  }
  leave();
}

// When to come again.
milliseconds ReplicaWork::round() {
  const auto news = common_.leases->round();
  const milliseconds third(std::max<std::int64_t>(1, common_.leases->lease_ms() / 3));
  if (!news.ok()) {
    if (trouble_ != news.error().message) {
      log_event(LogLevel::Warn, "leases not renewed; work pauses when they run out",
                JsonObject().text("reason", news.error().message));
    }
    trouble_ = news.error().message;
    return std::min(third, kAgainAfterTrouble);
  }
  if (!trouble_.empty()) log_event(LogLevel::Info, "leases are renewed again");
  trouble_.clear();
  tell(*news);
  return std::min(third, milliseconds(news->again_ms));
}

void ReplicaWork::tell(const flow::RenewalNews& news) {
  log_leases(LogLevel::Warn, "leases lost: they had run out", news.lost);
  log_leases(LogLevel::Info, "leases given up for another replica", news.released);
  log_leases(LogLevel::Info, "leases taken", news.taken);
  if (news.unknown > 0) {
    log_event(LogLevel::Info, "sends of a former replica are looked up",
              JsonObject().number("items", static_cast<std::int64_t>(news.unknown)));
  }
  if (news.taken.empty()) return;
  // What we hold now may go to destinations that the configuration no longer allows.
  if (const auto parked = park_strays(common_); !parked.ok()) {
    log_event(LogLevel::Warn, "deliveries to what is no destination not parked",
              JsonObject().text("reason", parked.error().message));
  }
  wakes_.taken();
}

// Nobody rings for what another replica has committed.
void ReplicaWork::look_for_changes() {
  const auto span = common_.store.event_span();
  if (!span.ok() || span->last == seen_event_) return;
  seen_event_ = span->last;
  if (common_.leases->replicas().size() < 2) return;
  wakes_.changed();
}

// Renewed until nobody works under them; what another thread will not let go of runs out.
void ReplicaWork::leave() {
  const auto until = Clock::now() + milliseconds(common_.leases->lease_ms()) * 2;
  while (!common_.leases->retire() && Clock::now() < until) {
    const auto news = common_.leases->round();
    if (news.ok()) log_leases(LogLevel::Info, "leases released", news->released);
    std::this_thread::sleep_for(kLeaving);
  }
  static_cast<void>(common_.leases->round());  // no longer a member
}

std::string ReplicaWork::status() const {
  if (common_.leases == nullptr) return "{}";
  std::vector<std::string> rows;
  for (const auto& replica : common_.leases->replicas()) {
    std::vector<std::string> jobs;
    for (const auto& lease : replica.leases) {
      if (!is_partition(lease)) jobs.push_back(quote(lease));
    }
    rows.push_back(JsonObject()
                       .text("name", replica.name)
                       .flag("me", replica.name == common_.leases->me())
                       .number("seen_ms", replica.seen_ms)
                       .number("partitions", partitions_in(replica.leases))
                       .raw("jobs", json_array(jobs))
                       .str());
  }
  return JsonObject()
      .text("me", common_.leases->me())
      .number("lease_ms", common_.leases->lease_ms())
      .number("partitions", std::int64_t{flow::kPartitions})
      .raw("replicas", json_array(rows))
      .str();
}

void ReplicaWork::report(Metrics& metrics) const {
  if (common_.leases == nullptr) return;
  std::size_t held = 0;
  for (int partition = 0; partition < flow::kPartitions; ++partition) {
    if (common_.leases->holds(flow::lease_of_partition(partition))) ++held;
  }
  metrics.set(Metric::PartitionsHeld, static_cast<double>(held));
  metrics.set(Metric::Replicas, static_cast<double>(common_.leases->replicas().size()));
}

}  // namespace bhi::service
