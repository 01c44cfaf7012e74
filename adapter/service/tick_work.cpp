#include "service/tick_work.h"

#include "flow/tick.h"
#include "service/log.h"

#include <exception>
#include <string>

namespace bhi::service {

namespace {

constexpr std::chrono::minutes kAfterStart{1};  // the start has other things to do
constexpr std::size_t kPage = 50;
constexpr std::chrono::minutes kNotOurs{1};  // another replica does it: do we by now?

}  // namespace

void TickWork::run(std::stop_token stop) {
  bell_.wait(stop, kAfterStart);
  while (!stop.stop_requested()) {
    bool ours = false;
    {
      const flow::Underway turn(common_.leases, kTickJob);
      ours = static_cast<bool>(turn);
      if (ours) round(stop);
    }
    bell_.wait(stop, ours ? std::chrono::minutes(interval_) : kNotOurs);
  }
}

void TickWork::round(std::stop_token stop) {
  flow::TickPage sum;
  std::string after;
  do {
    Error problem;
    try {
      auto page =
          flow::tick_page(*common_.engine.get(), common_.store, common_.destinations, after, kPage, common_.now());
      if (page.ok()) {
        if (page->changed > 0) wake_deliveries_();
        if (sum.failed == 0) sum.first_reason = page->first_reason;
        sum.patients += page->patients;
        sum.changed += page->changed;
        sum.failed += page->failed;
        after = page->next;
        continue;
      }
      problem = page.error();
    } catch (const std::exception&) {  // what it says could hold patient data
      problem = {Kind::Fault, "an exception in a rule"};
    }
    ++sum.failed;
    sum.first_reason = problem.message;
    break;
  } while (!after.empty() && !stop.stop_requested() && flow::holds(common_.leases, kTickJob));
  log_event(sum.failed == 0 ? LogLevel::Info : LogLevel::Warn, "patients looked at for what time alone asks for",
            JsonObject()
                .number("patients", static_cast<std::int64_t>(sum.patients))
                .number("changed", static_cast<std::int64_t>(sum.changed))
                .number("failed", static_cast<std::int64_t>(sum.failed))
                .text("reason", sum.first_reason));
}

}  // namespace bhi::service
