#include "service/on_call_case.h"

#include "flow/ladder.h"
#include "service/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace bhi::service {

namespace {

constexpr std::chrono::seconds kAfterFailure{30};  // the next try after one that reached nobody

template <typename Number>
bool take(std::string_view& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

std::int64_t count_of(Instant at) { return at.time_since_epoch().count(); }
Instant instant_of(std::int64_t count) { return Instant(Instant::duration(count)); }

}  // namespace

std::string Told::text() const {
  return std::to_string(attempt) + " " + std::to_string(count_of(first)) + " " + std::to_string(count_of(last)) +
         (failed ? " failed" : " told");
}

std::optional<Told> Told::read(std::string_view text) {
  Told told;
  std::int64_t first = 0, last = 0;
  if (!take(text, told.attempt) || !take(text, first) || !take(text, last)) return std::nullopt;
  if (told.attempt < 1 || (text != "told" && text != "failed")) return std::nullopt;
  told.first = instant_of(first);
  told.last = instant_of(last);
  told.failed = text == "failed";
  return told;
}

Delivery delivery_of(std::span<const flow::OutboxItem> items, std::string_view event) {
  using flow::OutboxState;
  const auto item = std::ranges::find_if(
      items, [event](const flow::OutboxItem& one) { return one.artifact == "safety" && one.care_id == event; });
  if (item == items.end()) return {};
  Delivery delivery{Delivery::What::Open, item->destination, item->created};
  switch (item->state) {
    case OutboxState::Parked:
    case OutboxState::Dead: delivery.what = Delivery::What::Failed; break;
    case OutboxState::Verified:
    case OutboxState::Superseded: delivery.what = Delivery::What::There; break;  // this state or a newer one is there
    case OutboxState::Planned:
    case OutboxState::Sent:
    case OutboxState::Unknown:
    case OutboxState::RetryAt: break;
  }
  // A file that waits for somebody to file it by hand has told nobody.
  if (item->rung == flow::kOutboxFile) delivery.what = Delivery::What::Failed;
  return delivery;
}

std::string_view name(Reason reason) { return reason == Reason::NotDelivered ? "not-delivered" : "not-acknowledged"; }

Judgement judge(const Delivery& delivery, Instant raised, const std::optional<Told>& told,
                const OnCallSettings& settings, Instant now) {
  const auto acknowledge_by = raised + std::chrono::minutes(settings.acknowledge_within_mins);
  const auto deliver_by = delivery.queued + std::chrono::seconds(settings.undelivered_after_secs);
  const bool there = delivery.what == Delivery::What::There;
  const bool undelivered = !there && (delivery.what != Delivery::What::Open || now >= deliver_by);
  if (!told) {
    if (undelivered) return {DueNotice{Reason::NotDelivered, 1, false}, now};
    if (now >= acknowledge_by) return {DueNotice{Reason::NotAcknowledged, 1, false}, now};
    return {std::nullopt, there ? acknowledge_by : std::min(deliver_by, acknowledge_by)};
  }
  const std::chrono::seconds repeat(settings.repeat_secs);
  const auto next = told->last + (told->failed ? std::min(repeat, kAfterFailure) : repeat);
  // A clock that was set back must not silence anybody.
  if (now < next && now >= told->last) return {std::nullopt, next};
  const bool backup = told->failed || now >= told->first + std::chrono::seconds(settings.backup_after_secs);
  return {DueNotice{there ? Reason::NotAcknowledged : Reason::NotDelivered, told->attempt + 1, backup}, now};
}

std::string notice(std::string_view instance, std::string_view event, const DueNotice& due, const Delivery& delivery,
                   Instant raised, std::string_view link_base) {
  while (link_base.ends_with('/')) link_base.remove_suffix(1);
  return JsonObject()
      .text("instance", instance)
      .text("event", event)
      .text("reason", name(due.reason))
      .text("destination", delivery.destination)
      .text("since", to_text(raised))
      .number("attempt", due.attempt)
      .text("link", std::string(link_base) + "/care/safety/" + std::string(event))
      .str();
}

}  // namespace bhi::service
