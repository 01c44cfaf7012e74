#include "service/provenance_work.h"

#include "base/failpoint.h"
#include "flow/provenance.h"
#include "service/log.h"
#include "service/option_texts.h"

#include <algorithm>
#include <exception>

namespace bhi::service {

namespace {

constexpr std::chrono::seconds kTick{5};
constexpr int kMostTries = 20;
constexpr std::chrono::seconds kFirstPause{5};
constexpr std::chrono::seconds kMostPause{3600};

std::chrono::milliseconds pause_after(int tries) {
  return std::min<std::chrono::seconds>(kFirstPause * (1 << std::min(tries, 10)), kMostPause);
}

// "3 1795000000000": tries, and not before.
struct Waiting {
  int tries = 0;
  Instant not_before{};

  static Waiting read(std::string_view text) {
    Waiting found;
    const auto space = text.find(' ');
    std::int64_t at = 0;
    if (space == std::string_view::npos || !read_number(text.substr(0, space), found.tries) ||
        !read_number(text.substr(space + 1), at))
      return {};
    found.not_before = Instant(Instant::duration(at));
    return found;
  }
  std::string text() const {
    return std::to_string(tries) + " " + std::to_string(not_before.time_since_epoch().count());
  }
};

}  // namespace

Result<void> ProvenanceWork::set(const std::string& name, const std::string& value) {
  flow::Accepted batch;
  batch.more_cursors.push_back({cursor(), name, value});
  BHI_TRY([[maybe_unused]] const auto kept, common_.store.accept(batch));
  return {};
}

Result<void> ProvenanceWork::expect(std::int64_t seq) {
  auto kept = set(std::to_string(seq), Waiting{}.text());
  failpoint("provenance.expected");
  return kept;
}

void ProvenanceWork::run(std::stop_token stop) {
  StateLine line;
  while (!stop.stop_requested()) {
    Error problem;
    try {
      const auto done = round_if_ours(stop);
      if (done.ok()) {
        line.worked(link_.settings().name, "provenance", "");
        bell_.wait(stop, kTick);
        continue;
      }
      problem = done.error();
    } catch (const std::exception&) {  // what it says could hold patient data
      problem = {Kind::Fault, "an exception in a Provenance"};
    }
    line.failed(link_.settings().name, "provenance", "", problem);
    bell_.wait(stop, kTick);
  }
}

Result<void> ProvenanceWork::round_if_ours(std::stop_token stop) {
  const flow::Underway ours(common_.leases, provenance_job(link_.settings().name));
  return ours ? round(stop) : Result<void>();
}

Result<void> ProvenanceWork::round(std::stop_token stop) {
  BHI_TRY(const auto waiting, common_.store.cursors(cursor(), ""));
  for (const auto& one : waiting) {
    if (stop.stop_requested() || !flow::holds(common_.leases, provenance_job(link_.settings().name))) return {};
    const auto state = Waiting::read(one.value);
    if (state.not_before > common_.now()) continue;
    BHI_CHECK(tell(one.name, state.tries));
  }
  return {};
}

Result<void> ProvenanceWork::tell(const std::string& name, int tries) {
  std::int64_t seq = 0;
  if (!read_number(name, seq)) return set(name, "");
  BHI_TRY(const auto item, common_.store.outbox_item(seq));
  if (!item) return set(name, "");
  using flow::OutboxState;
  if (item->state == OutboxState::Superseded || item->state == OutboxState::Dead) return set(name, "");
  if (item->state != OutboxState::Verified) return {};  // not there yet
  const auto now = common_.now();
  const auto capabilities = link_.known_capabilities();
  if (!capabilities) return {};
  const auto job = provenance_job(link_.settings().name);
  const auto permitted =
      common_.leases == nullptr ? nullptr : link_.ehr().permitted([&] { return common_.leases->may_send(job); });
  auto& ehr = permitted ? *permitted : link_.ehr();
  const auto outcome = flow::write_provenance(*common_.engine.get(), common_.store, ehr, *capabilities, *item, now);
  std::string reason;
  bool again = false;
  if (outcome.ok()) {
    if (outcome->what == flow::ProvenanceOutcome::What::Done) return set(name, "");
    again = outcome->what == flow::ProvenanceOutcome::What::Later;
    reason = outcome->reason;
  } else {
    again = outcome.error().kind == Kind::Unavailable || outcome.error().kind == Kind::Busy;
    if (outcome.error().kind == Kind::Fault) return outcome.error();
    reason = outcome.error().message;
  }
  if (again && tries + 1 < kMostTries) return set(name, Waiting{tries + 1, now + pause_after(tries)}.text());
  log_event(LogLevel::Warn, "a write stands without its Provenance at the EHR",
            JsonObject().text("destination", link_.settings().name).number("seq", seq).text("reason", reason));
  return set(name, "");
}

}  // namespace bhi::service
