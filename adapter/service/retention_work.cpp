#include "service/retention_work.h"

#include "base/failpoint.h"
#include "service/log.h"

namespace bhi::service {

namespace {

// The start has other things to do; a test with failpoints does not wait so long to see one of these reached.
constexpr std::chrono::seconds kAfterStart{kHasFailpoints ? 2 : 300};
constexpr std::chrono::hours kRound{1};
constexpr std::size_t kAtOnce = 500;         // rows in one transaction: others wait no longer than for a batch of news
constexpr std::chrono::hours kYoungest{24};  // however large the store: what came today can still be looked at

constexpr std::uint64_t kStep = std::uint64_t{1} << 20;  // bytes given back in one transaction
constexpr std::chrono::milliseconds kBetween{100};       // so that others write more than we do

}  // namespace

void RetentionWork::run(std::stop_token stop) {
  bell_.wait(stop, kAfterStart);
  while (!stop.stop_requested()) {
    if (const flow::Underway ours(common_.leases, kRetentionJob); ours) round(stop);
    bell_.wait(stop, kRound);
  }
}

void RetentionWork::round(std::stop_token stop) {
  const auto forgotten = forget(common_.now() - wishes_.keep, stop);
  auto done = forgotten.ok() ? keep_small(stop) : Result<void>(forgotten.error());
  if (done.ok()) done = give_back(stop);
  if (!done.ok())
    log_event(LogLevel::Warn, "forgetting what is settled", JsonObject().text("reason", done.error().message));
  if (forgotten.ok() && *forgotten > 0) {
    log_event(LogLevel::Info, "settled rows forgotten by age",
              JsonObject().number("rows", static_cast<std::int64_t>(*forgotten)));
  }
}

Result<std::size_t> RetentionWork::forget(Instant before, std::stop_token stop) {
  std::size_t rows = 0;
  while (!stop.stop_requested()) {
    BHI_TRY(const auto gone, common_.store.forget_settled(before, kAtOnce));
    if (gone.inbox + gone.outbox == 0) break;
    rows += gone.inbox + gone.outbox;
  }
  return rows;
}

Result<void> RetentionWork::keep_small(std::stop_token stop) {
  BHI_TRY(auto bytes, common_.store.bytes_in_use());
  common_.metrics.set(Metric::StoreBytes, static_cast<double>(bytes));
  if (wishes_.max_bytes == 0 || bytes <= wishes_.max_bytes) return {};
  // A tenth of the time that is kept at a step, the oldest first, until it fits.
  auto kept = std::chrono::duration_cast<std::chrono::hours>(wishes_.keep);
  std::size_t rows = 0;
  while (bytes > wishes_.max_bytes && kept > kYoungest && !stop.stop_requested()) {
    kept = std::max(kYoungest, kept * 9 / 10 - std::chrono::hours(1));
    BHI_TRY(const std::size_t gone, forget(common_.now() - kept, stop));
    rows += gone;
    BHI_TRY(bytes, common_.store.bytes_in_use());
  }
  common_.metrics.set(Metric::StoreBytes, static_cast<double>(bytes));
  const bool fits = bytes <= wishes_.max_bytes;
  log_event(fits ? LogLevel::Warn : LogLevel::Error,
            fits ? "store above store.max_bytes: settled rows forgotten before their time"
                 : "store above store.max_bytes, and what is left must stay: care model, open work, audit",
            JsonObject()
                .number("bytes", static_cast<std::int64_t>(bytes))
                .number("max_bytes", static_cast<std::int64_t>(wishes_.max_bytes))
                .number("rows", static_cast<std::int64_t>(rows)));
  return {};
}

Result<void> RetentionWork::give_back(std::stop_token stop) {
  std::uint64_t bytes = 0;
  while (!stop.stop_requested()) {
    BHI_TRY(const std::uint64_t given, common_.store.give_back(kStep));
    if (given == 0) break;
    bytes += given;
    bell_.wait(stop, kBetween);
  }
  if (bytes > 0) {
    log_event(LogLevel::Info, "room of forgotten rows given back",
              JsonObject().number("bytes", static_cast<std::int64_t>(bytes)));
  }
  return {};
}

}  // namespace bhi::service
