#include "service/subscription_book.h"

#include <algorithm>
#include <utility>

namespace bhi::service {

namespace {

constexpr std::size_t kRecentKept = 4096;     // notifications known again
constexpr std::size_t kMostWaiting = 20'000;  // records to be fetched; beyond it a poll is cheaper

std::string name_of(const SubscriptionSettings& settings, std::string_view what) {
  return "notify|" + settings.name + "|" + std::string(what);
}

std::string_view without_version(std::string_view canonical) { return canonical.substr(0, canonical.find('|')); }

}  // namespace

std::vector<std::string> types_of(const SubscriptionSettings& settings) {
  if (settings.kind == SubscriptionKind::Backport) return settings.types;
  return {settings.criteria.substr(0, settings.criteria.find('?'))};
}

Subscribed::Subscribed(const SourceSettings& source, const SubscriptionSettings& settings)
    : source_(source),
      settings_(settings),
      types_(types_of(settings)),
      bases_(source.other_base_urls),
      id_(settings.id) {
  if (!source.base_url.empty()) bases_.push_back(source.base_url);
  for (auto& base : bases_) {
    while (base.ends_with('/')) base.pop_back();
  }
}

flow::HookSettings Subscribed::hook(bool believed) const {
  return {source_.name, settings_.name, source_.types, believed};
}

flow::Cursor Subscribed::numbers_cursor(const flow::NumberState& numbers) const {
  return {source_.name, name_of(settings_, "numbers"), flow::text_of(numbers)};
}

Result<void> Subscribed::remember(flow::Store& store) {
  BHI_TRY(const auto numbers, store.cursor(source_.name, name_of(settings_, "numbers")));
  BHI_TRY(const auto fetch, store.cursors(source_.name, flow::fetch_prefix(settings_.name)));
  const std::lock_guard lock(mutex_);
  if (numbers) numbers_ = flow::number_state_from(*numbers).value_or(flow::NumberState{});
  for (const auto& cursor : fetch) {
    const auto one = flow::to_fetch_from(cursor, settings_.name);
    if (!one) continue;
    fetch_.emplace(one->cursor, Waiting{*one});
    by_record_.emplace(one->record, one->cursor);
  }
  return {};
}

Result<void> Subscribed::watch(flow::Store& store) {
  BHI_TRY(const auto at, store.cursor(source_.name, name_of(settings_, "at")));
  {
    const std::lock_guard lock(mutex_);
    attended_ = false;
    numbers_ = {};
    fetch_.clear();
    by_record_.clear();
    if (settings_.id.empty() && at) id_ = at->substr(0, at->find(' '));
  }
  return remember(store);
}

Result<void> Subscribed::attend(flow::Store& store) {
  BHI_TRY(const auto fetch, store.cursors(source_.name, flow::fetch_prefix(settings_.name)));
  const std::lock_guard lock(mutex_);
  attended_ = true;
  for (const auto& cursor : fetch) {
    const auto one = flow::to_fetch_from(cursor, settings_.name);
    if (one && fetch_.emplace(one->cursor, Waiting{*one}).second) by_record_.emplace(one->record, one->cursor);
  }
  return {};
}

Result<void> Subscribed::check(const flow::Notification& notification) const {
  if (!notification.topic.empty() && !settings_.topic.empty() &&
      without_version(notification.topic) != without_version(settings_.topic)) {
    return Error{Kind::Forbidden, "topic: expected that of the subscription, found another one"};
  }
  if (notification.subscription.empty()) return {};
  const Error foreign{Kind::Forbidden, "subscription: expected the one of this address, found another one"};
  const auto named = flow::record_name(notification.subscription, bases_);
  if (!named || named->type != "Subscription") return foreign;
  const std::lock_guard lock(mutex_);
  if (id_.empty()) {
    // It greets before we have heard which id it got; and of one that others made we need not know the id.
    if (!settings_.manage || notification.what == flow::Notification::What::Handshake) return {};
    return foreign;
  }
  return named->id == id_ ? Result<void>() : foreign;
}

bool Subscribed::is_noted(const flow::ToFetch& one) const {
  if (!attended_) return false;  // it may be fetched by now
  const auto [from, to] = by_record_.equal_range(one.record);
  return std::any_of(from, to, [&](const auto& known) {
    const auto waiting = fetch_.find(known.second);
    return waiting != fetch_.end() && !waiting->second.under_way && (waiting->second.what.gone || !one.gone);
  });
}

Result<Subscribed::Taken> Subscribed::take(flow::Store& store, const fhir::Node* body,
                                           const flow::Notification& notification, bool believed, Instant now) {
  using What = flow::Notification::What;
  const auto numbering =
      settings_.numbering == NumberingWish::Monotonic ? flow::Numbering::Monotonic : flow::Numbering::PerNotification;
  Taken taken;
  std::unique_lock lock(mutex_);
  heard_ = now;
  if (notification.what == What::Handshake) greeted_ = true;
  if (notification.status == "error" || notification.status == "off") trouble_ = taken.wants_work = true;
  if (!notification.key.empty() && recent_set_.contains(notification.key)) {
    taken.repeated = true;
    return taken;
  }
  // What is made durable holds these numbers and those that are durable already; others that come at the same moment
  // may overwrite it, which shows as a gap after a restart, never as an event that was not missed.
  const auto numbers = flow::next(numbers_, notification.numbers, numbering, now);
  const bool renumbered = flow::text_of(numbers) != flow::text_of(numbers_);
  const std::uint64_t serial = static_cast<std::uint64_t>(now.time_since_epoch().count()) * 1000 + serial_++ % 1000;
  lock.unlock();

  BHI_TRY(auto hooked, flow::hooked(body, notification, hook(believed), now, serial));
  lock.lock();
  std::erase_if(hooked.fetch, [this](const flow::ToFetch& one) { return is_noted(one); });
  const bool too_many = fetch_.size() + hooked.fetch.size() > kMostWaiting;
  lock.unlock();
  if (too_many) hooked.fetch.clear();
  for (const auto& one : hooked.fetch) hooked.batch.more_cursors.push_back(flow::cursor_of(hook(believed), one));
  if (renumbered) hooked.batch.cursor = numbers_cursor(numbers);
  if (!hooked.batch.items.empty() || hooked.batch.cursor || !hooked.batch.more_cursors.empty()) {
    BHI_TRY(const auto kept, store.accept(hooked.batch));
    taken.stored = kept.stored;
    taken.unchanged = kept.unchanged;
  }
  taken.records = hooked.batch.items.size();
  taken.to_fetch = hooked.fetch.size();

  lock.lock();
  numbers_ = flow::next(numbers_, notification.numbers, numbering, now);
  for (const auto& one : hooked.fetch) {
    fetch_.emplace(one.cursor, Waiting{one});
    by_record_.emplace(one.record, one.cursor);
  }
  if (!notification.key.empty() && recent_set_.insert(notification.key).second) {
    recent_.push_back(notification.key);
    if (recent_.size() > kRecentKept) {
      recent_set_.erase(recent_.front());
      recent_.pop_front();
    }
  }
  const bool says_nothing =
      notification.named.empty() && (notification.what == What::Hint || notification.what == What::Events);
  if (says_nothing || too_many) hint_ = true;
  taken.wants_work = taken.wants_work || hint_ || !hooked.fetch.empty() || renumbered || greeted_;
  return taken;
}

Subscribed::Look Subscribed::look(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  Look out{numbers_, {}, fetch_.size(), hint_, trouble_, greeted_, heard_};
  for (const auto& [cursor, waiting] : fetch_) {
    if (out.fetch.size() == most) break;
    out.fetch.push_back(waiting.what);
  }
  return out;
}

Result<void> Subscribed::renumber(flow::Store& store,
                                  const std::function<flow::NumberState(flow::NumberState)>& change) {
  flow::Accepted note;
  {
    const std::lock_guard lock(mutex_);
    const auto changed = change(numbers_);
    if (flow::text_of(changed) == flow::text_of(numbers_)) return {};
    note.cursor = numbers_cursor(changed);
  }
  BHI_CHECK(store.accept(note));
  const std::lock_guard lock(mutex_);
  numbers_ = change(numbers_);
  return {};
}

void Subscribed::fetching(const flow::ToFetch& one) {
  const std::lock_guard lock(mutex_);
  const auto waiting = fetch_.find(one.cursor);
  if (waiting != fetch_.end()) waiting->second.under_way = true;
}

void Subscribed::fetched(const flow::ToFetch& one, const std::optional<flow::ToFetch>& again) {
  const std::lock_guard lock(mutex_);
  const auto waiting = fetch_.find(one.cursor);
  if (waiting == fetch_.end()) return;
  if (again) {
    waiting->second = Waiting{*again};
    return;
  }
  fetch_.erase(waiting);
  const auto [from, to] = by_record_.equal_range(one.record);
  for (auto at = from; at != to; ++at) {
    if (at->second != one.cursor) continue;
    by_record_.erase(at);
    return;
  }
}

bool Subscribed::take_hint() {
  const std::lock_guard lock(mutex_);
  return std::exchange(hint_, false);
}
void Subscribed::forget_trouble() {
  const std::lock_guard lock(mutex_);
  trouble_ = false;
}
void Subscribed::hear(Instant now) {
  const std::lock_guard lock(mutex_);
  heard_ = now;
}
void Subscribed::set_id(const std::string& id) {
  const std::lock_guard lock(mutex_);
  id_ = id;
}
std::string Subscribed::id() const {
  const std::lock_guard lock(mutex_);
  return id_;
}

SubscriptionBook::SubscriptionBook(const Settings& settings) {
  for (const auto& source : settings.sources) {
    for (const auto& one : source.subscriptions) all_.push_back(std::make_unique<Subscribed>(source, one));
  }
}

Result<void> SubscriptionBook::remember(flow::Store& store) {
  for (const auto& one : all_) BHI_CHECK(one->remember(store));
  return {};
}

Subscribed* SubscriptionBook::find(std::string_view name) const {
  const auto found = std::ranges::find_if(all_, [name](const auto& one) { return one->settings().name == name; });
  return found == all_.end() ? nullptr : found->get();
}

std::vector<Subscribed*> SubscriptionBook::of(std::string_view source) const {
  std::vector<Subscribed*> found;
  for (const auto& one : all_) {
    if (one->source().name == source) found.push_back(one.get());
  }
  return found;
}

}  // namespace bhi::service
