// The events feed: every committed change of the care model, in its order.
#include "service/answers.h"
#include "service/api.h"
#include "service/json_text.h"
#include "service/pages.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace bhi::service {

namespace {

constexpr std::int64_t kMostWaitSecs = 60;
constexpr std::size_t kMostWaiting = 4;  // a quarter of the connections, so that others are still served

Result<std::int64_t> number_of(const Call& call, std::string_view name, std::int64_t fallback, std::int64_t most) {
  const auto given = call.request.parameter(name);
  if (!given) return fallback;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc() || end != given->data() + given->size() || value < 0 || value > most)
    return Error{Kind::Incorrect, std::string(name) + ": expected a whole number from 0 to " + std::to_string(most)};
  return value;
}

std::string shown(const flow::Event& event) {
  return JsonObject()
      .number("seq", event.seq)
      .text("at", to_text(event.at))
      .text_if("patient", event.patient)
      .text("kind", event.kind)
      .text("id", event.id)
      .number("version", event.version)
      .text_if("reason", event.reason)
      .str();
}

http::Response forgotten(std::int64_t first) {
  return error_answer(
      410, "deleted",
      "after: events up to " + std::to_string(first - 1) +
          " are no longer kept; read the collections anew and continue after=" + std::to_string(first - 1));
}

}  // namespace

http::Response Api::events(const Call& call) {
  return as(call, At::Patients, "read-caseload", [&](const Who& who) {
    const auto limit = limit_of(call, 100);
    if (!limit.ok()) return error_answer(limit.error());
    const auto wait = number_of(call, "wait", 0, kMostWaitSecs);
    if (!wait.ok()) return error_answer(wait.error());
    auto span = parts_.store.event_span();
    if (!span.ok()) return error_answer(span.error());
    std::int64_t after = span->last;
    if (call.request.parameter("after").value_or("0") != "last") {
      const auto given = number_of(call, "after", 0, INT64_MAX);
      if (!given.ok()) return error_answer(given.error());
      after = *given;
      if (after + 1 < span->first) return forgotten(span->first);
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(*wait);
    ChangeBell& bell = parts_.board.bell();
    std::vector<flow::Event> found;
    while (true) {
      const auto seen = bell.count();
      auto events = parts_.store.events(after, *limit);
      if (!events.ok()) return error_answer(events.error());
      found = *std::move(events);
      if (!found.empty() || bell.closed() || std::chrono::steady_clock::now() >= until) break;
      bell.wait(seen, until, std::max<std::size_t>(1, parts_.settings.limits.max_connections / kMostWaiting));
      if (bell.count() == seen) break;  // the time is over, or too many wait
    }
    std::vector<std::string> elements;
    for (const auto& event : found) elements.push_back(shown(event));
    span = parts_.store.event_span();
    if (!span.ok()) return error_answer(span.error());
    JsonObject answer;
    answer.raw("events", json_array(elements)).number("next", found.empty() ? after : found.back().seq);
    answer.number("first", span->first).number("last", span->last);
    return audited(who, "Event", json_answer(200, answer.str()));
  });
}

}  // namespace bhi::service
