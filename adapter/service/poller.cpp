#include "service/poller.h"

#include "flow/deliver.h"
#include "flow/poll.h"
#include "service/log.h"

#include <algorithm>

namespace bhi::service {

namespace {

constexpr std::chrono::minutes kFormAgain{10};  // a form that was not there is asked for again
constexpr std::chrono::minutes kUnsupportedAgain{60};
constexpr std::chrono::seconds kNoCapabilities{5};
constexpr std::size_t kWaitingLooked = 1000;

}  // namespace

Poller::Poller(const Common& common, EhrLink& link, std::function<void()> wake_lanes)
    : common_(common), link_(link), wake_lanes_(std::move(wake_lanes)) {
  const auto now = Clock::now();
  for (const auto& type : link.settings().types) {
    auto& turn = turns_.emplace_back(std::make_unique<Turn>());
    turn->type = type;
    turn->next = turn->complete = now;
  }
}

void Poller::run(std::stop_token stop) {
  const auto ehr = stoppable(link_.ehr(), [&stop] { return stop.stop_requested(); });
  remember_waiting();
  while (!stop.stop_requested()) {
    const auto capabilities = link_.capabilities(common_.now());
    if (!capabilities.ok()) {
      line_.failed(link_.settings().name, "connection", "", capabilities.error());
      bell_.wait(stop, kNoCapabilities);
      continue;
    }
    line_.worked(link_.settings().name, "connection", "");
    fetch_forms(*ehr, stop);
    for (auto& turn : turns_) {
      if (!stop.stop_requested() && turn->next <= Clock::now()) poll(*turn, *ehr, *capabilities);
    }
    bell_.wait(stop, std::max(Clock::duration::zero(), next_turn() - Clock::now()));
  }
}

void Poller::poll(Turn& turn, flow::Ehr& ehr, const flow::Capabilities& capabilities) {
  const auto& settings = link_.settings();
  flow::PollSettings how;
  how.source = settings.name;
  how.overlap = std::chrono::seconds(settings.overlap_secs);
  how.page_size = settings.page_size;
  const auto summary = flow::poll(common_.store, ehr, capabilities, how, turn.type, common_.now());
  const auto now = Clock::now();
  turn.next = now + std::chrono::seconds(settings.poll_interval_secs);
  if (!summary.ok()) {
    const auto& error = summary.error();
    common_.metrics.count(Metric::Polls, 1, {settings.name, turn.type, std::string(name(error.kind))});
    turn.line.failed(settings.name, "poll", turn.type, error);
    ++turn.failures;
    turn.next = now + (error.kind == Kind::Unsupported ? std::chrono::milliseconds(kUnsupportedAgain)
                                                       : flow::retry_delay(turn.failures, settings.name + turn.type));
    return;
  }
  common_.metrics.count(Metric::Polls, 1, {settings.name, turn.type, summary->complete ? "complete" : "incomplete"});
  common_.metrics.count(Metric::ReceivedResources, summary->seen, {settings.name, "poll"});
  common_.metrics.count(Metric::StoredResources, summary->stored, {settings.name, "poll"});
  common_.metrics.count(Metric::UnchangedResources, summary->seen - std::min(summary->seen, summary->stored),
                        {settings.name, "poll"});
  if (summary->stored > 0) wake_lanes_();
  if (!summary->complete) {
    const auto reason = summary->issues.empty() ? std::string("the window did not end") : summary->issues.back().text;
    turn.line.failed(settings.name, "poll", turn.type, {Kind::Unavailable, reason});
    ++turn.failures;
    return;
  }
  turn.failures = 0;
  turn.line.worked(settings.name, "poll", turn.type);
  const std::lock_guard lock(mutex_);
  turn.complete = now;
}

void Poller::want(const std::string& form) {
  {
    const std::lock_guard lock(mutex_);
    const auto tried = tried_.find(form);
    if (tried != tried_.end() && Clock::now() - tried->second < kFormAgain) return;
    wanted_.insert(form);
  }
  bell_.ring();
}

// Who waited for a form when we stopped still waits.
void Poller::remember_waiting() {
  const auto rows = common_.store.inbox(flow::InboxState::Waiting, kWaitingLooked);
  if (!rows.ok()) return;
  const std::lock_guard lock(mutex_);
  for (const auto& row : *rows) {
    if (row.item.resource.source == link_.settings().name) wanted_.insert(row.reason);
  }
}

void Poller::fetch_forms(flow::Ehr& ehr, const std::stop_token& stop) {
  std::set<std::string> wanted;
  {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    for (auto it = tried_.begin(); it != tried_.end();) {
      const bool due = now - it->second >= kFormAgain;
      if (due) wanted_.insert(it->first);
      it = due ? tried_.erase(it) : std::next(it);
    }
    wanted.swap(wanted_);
  }
  for (const auto& form : wanted) {
    if (stop.stop_requested()) return;
    const auto found = flow::fetch_form(common_.store, ehr, link_.settings().name, form, common_.now());
    if (found.ok() && *found) {
      wake_lanes_();
      continue;
    }
    log_event(LogLevel::Info, "form not found; asked again later",
              JsonObject().text("source", link_.settings().name).text("form", form));
    const std::lock_guard lock(mutex_);
    tried_[form] = Clock::now();
  }
}

Poller::Clock::time_point Poller::next_turn() const {
  auto next = Clock::now() + kFormAgain;
  for (const auto& turn : turns_) next = std::min<Clock::time_point>(next, turn->next);
  return next;
}

void Poller::report(Metrics& metrics) const {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  for (const auto& turn : turns_) {
    metrics.set(Metric::PollLag, std::chrono::duration<double>(now - turn->complete).count(),
                {link_.settings().name, turn->type});
  }
}

}  // namespace bhi::service
