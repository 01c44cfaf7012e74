#include "service/subscription_upkeep.h"

#include "flow/deliver.h"
#include "service/hook_secret.h"
#include "service/log.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bhi::service {

namespace {

using namespace std::chrono_literals;
using flow::Answer;

constexpr auto kLookAgain = 10min;  // at one that works
constexpr auto kLookSoon = 1s;
constexpr auto kUnsupportedAgain = 60min;
constexpr std::array<std::string_view, 3> kEssential = {"criteria", "channel.type", "channel.endpoint"};

flow::PayloadContent content_of(PayloadWish wish) {
  switch (wish) {
    case PayloadWish::Empty: return flow::PayloadContent::Empty;
    case PayloadWish::IdOnly: return flow::PayloadContent::IdOnly;
    case PayloadWish::Full: return flow::PayloadContent::Full;
  }
  return flow::PayloadContent::Empty;
}

Error failed(const Answer& answer, const char* what) {
  const auto kind = answer.what == Answer::What::Refused     ? Kind::Unsupported
                    : answer.what == Answer::What::Forbidden ? Kind::Forbidden
                    : answer.what == Answer::What::Conflict  ? Kind::Conflict
                                                             : Kind::Unavailable;
  return {kind, std::string(what) + ": " + answer.reason};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

SubscriptionUpkeep::SubscriptionUpkeep(const Common& common, const SourceSettings& source, Subscribed& book,
                                       std::string instance_id)
    : common_(common), source_(source), book_(book), instance_id_(std::move(instance_id)) {
  if (!book.settings().manage) shown_ = {"of-others", "made and kept by somebody else", {}};
}

Result<flow::SubscriptionWish> SubscriptionUpkeep::wish() const {
  const auto& settings = book_.settings();
  flow::SubscriptionWish wish;
  wish.by_topic = settings.kind == SubscriptionKind::Backport;
  wish.criteria = settings.criteria;
  wish.topic = settings.topic;
  wish.payload = content_of(settings.payload);
  wish.endpoint = source_.notify_url + "/" + settings.name;
  wish.heartbeat_secs = settings.heartbeat_secs;
  wish.reason = "bhi-adapter " + instance_id_;
  if (settings.secret_file.empty()) return wish;
  BHI_TRY(const auto secret, read_hook_secret(settings.secret_file));
  wish.header = secret_header(settings, secret);
  if (settings.secret_place == SecretPlace::Signature) wish.signing_key = secret;
  return wish;
}

std::optional<Instant> SubscriptionUpkeep::wanted_end(Instant now) const {
  const auto hours = book_.settings().lifetime_hours;
  return hours == 0 ? std::nullopt : std::optional(now + std::chrono::hours(hours));
}

void SubscriptionUpkeep::enter(Phase phase, Instant now) {
  if (phase == Phase::Active && phase_ != Phase::Active) started_ = true;
  if (phase != phase_) {
    since_ = now;
    asked_to_start_ = false;
    next_ =
        now + (phase == Phase::Active ? std::chrono::milliseconds(kLookAgain) : std::chrono::milliseconds(kLookSoon));
  }
  phase_ = phase;
}

bool SubscriptionUpkeep::take_started() { return std::exchange(started_, false); }
bool SubscriptionUpkeep::is_quiet() const {
  return !book_.settings().manage || phase_ == Phase::Active || failures_ > 0;
}
bool SubscriptionUpkeep::is_active() const { return phase_ == Phase::Active || !book_.settings().manage; }
void SubscriptionUpkeep::look_soon() {
  if (failures_ == 0) next_ = Instant{};
}

SubscriptionUpkeep::Shown SubscriptionUpkeep::shown() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

void SubscriptionUpkeep::look_after(flow::Ehr& ehr, const flow::Capabilities& capabilities, Instant now, bool settled) {
  if (!book_.settings().manage || now < next_) return;
  const auto done = act(ehr, capabilities, now, settled);
  const auto& name = book_.settings().name;
  if (done.ok()) {
    failures_ = 0;
    line_.worked(source_.name, "subscription", name);
    return;
  }
  ++failures_;
  line_.failed(source_.name, "subscription", name, done.error());
  const bool for_long = done.error().kind == Kind::Unsupported || done.error().kind == Kind::Forbidden;
  next_ = now + (for_long ? std::chrono::milliseconds(kUnsupportedAgain) : flow::retry_delay(failures_, name));
  const std::lock_guard lock(mutex_);
  shown_ = {done.error().kind == Kind::Unsupported ? "not-offered" : "failing", done.error().message, shown_.end};
}

Result<void> SubscriptionUpkeep::act(flow::Ehr& ehr, const flow::Capabilities& capabilities, Instant now,
                                     bool settled) {
  const auto* offered = capabilities.of("Subscription");
  if (offered == nullptr || !offered->create) {
    return Error{Kind::Unsupported, offered != nullptr && !offered->create_withheld.empty()
                                        ? offered->create_withheld
                                        : std::string("Subscription: create is not declared by the EHR; polls go on")};
  }
  BHI_TRY(const auto wish, this->wish());
  const auto grace = std::chrono::seconds(book_.settings().grace_secs);
  next_ = now + std::min<std::chrono::milliseconds>(grace, 1s);
  switch (phase_) {
    case Phase::Unknown: return find(ehr, wish, now);
    case Phase::Absent: return make(ehr, wish, now);
    case Phase::Rejected: next_ = now + kUnsupportedAgain; return {};
    case Phase::Waiting:  // for the handshake; some wait to be told
      next_ =
          now + std::max<std::chrono::milliseconds>(std::min<std::chrono::milliseconds>(grace, 1s), (now - since_) / 2);
      BHI_CHECK(check(ehr, wish, now));
      if (phase_ != Phase::Waiting || now - since_ < grace || asked_to_start_) return {};
      asked_to_start_ = true;
      return put(ehr, wish, "active", now);
    case Phase::Active:
      next_ = now + kLookAgain;
      BHI_CHECK(check(ehr, wish, now));
      if (phase_ == Phase::Active &&
          flow::renewal(shown().end, std::chrono::hours(book_.settings().lifetime_hours), now)) {
        return put(ehr, wish, "active", now);
      }
      return {};
    case Phase::Broken:  // first what it did not tell, then on with it
      return settled ? put(ehr, wish, "requested", now) : Result<void>();
  }
  return {};
}

// The one we know, else one for the same address and criteria: there shall be one.
Result<void> SubscriptionUpkeep::find(flow::Ehr& ehr, const flow::SubscriptionWish& wish, Instant now) {
  BHI_TRY(const auto known, common_.store.cursor(source_.name, "notify|" + book_.settings().name + "|at"));
  if (known) {
    const auto blank = known->find(' ');
    mark_ = blank == std::string::npos ? "" : known->substr(blank + 1);
    const auto read = ehr.read("Subscription", known->substr(0, blank));
    if (!read.ok() && read.error().kind != Kind::NotFound) return read.error();
    if (read.ok() && flow::is_twin((*read)->root(), wish)) {
      BHI_CHECK(learn((*read)->root(), wish, now));
      return mark_ == flow::wish_mark(wish) ? Result<void>() : put(ehr, wish, "requested", now);
    }
  }
  BHI_TRY(const auto page, ehr.search("Subscription", flow::twin_query(wish)));
  for (const auto& entry : fhir::each(page.bundle->root().find("entry"))) {
    const auto* resource = entry.find("resource");
    if (resource == nullptr || !flow::is_twin(*resource, wish)) continue;
    BHI_CHECK(learn(*resource, wish, now));
    log_event(LogLevel::Info, "subscription found at the EHR",
              JsonObject().text("source", source_.name).text("subscription", book_.settings().name));
    return put(ehr, wish, "requested", now);  // whether it has our secret cannot be seen
  }
  enter(Phase::Absent, now);
  next_ = now;
  return {};
}

Result<void> SubscriptionUpkeep::make(flow::Ehr& ehr, const flow::SubscriptionWish& wish, Instant now) {
  enter(Phase::Unknown, now);  // whatever happens now: look before it is made again
  const auto answer = ehr.create("Subscription", flow::subscription_body(wish, "requested", wanted_end(now), ""), "");
  if (answer.what != Answer::What::Done) return failed(answer, "POST Subscription");
  fhir::DocumentPtr made = answer.body;
  if (made == nullptr || fhir::resource_type(made->root()) != "Subscription") {
    BHI_TRY(made, ehr.read("Subscription", answer.id));
  }
  // Its count begins at zero, whatever an earlier one had; what that one did not tell is polled once this one works.
  BHI_CHECK(book_.renumber(common_.store, [](const flow::NumberState& before) {
    flow::NumberState fresh;
    fresh.begun = true;
    fresh.wanted = before.wanted;
    fresh.wanted_since = before.wanted_since;
    return fresh;
  }));
  if (const auto learnt = learn(made->root(), wish, now); !learnt.ok()) {
    if (learnt.error().kind != Kind::Unsupported) return learnt;
    phase_ = Phase::Rejected;  // not asked for again before the next start, and this one shall not call us
    const auto off =
        ehr.update("Subscription", book_.id(), flow::subscription_body(wish, "off", {}, book_.id()), version_);
    return Error{Kind::Unsupported, learnt.error().message + (off.what == Answer::What::Done ? "; switched off" : "")};
  }
  log_event(LogLevel::Info, "subscription made at the EHR",
            JsonObject().text("source", source_.name).text("subscription", book_.settings().name));
  return remember(book_.id(), flow::wish_mark(wish));
}

Result<void> SubscriptionUpkeep::remember(const std::string& id, const std::string& mark) {
  mark_ = mark;
  flow::Accepted note;
  note.cursor = flow::Cursor{source_.name, "notify|" + book_.settings().name + "|at", id + " " + mark};
  BHI_CHECK(common_.store.accept(note));
  return {};
}

Result<void> SubscriptionUpkeep::put(flow::Ehr& ehr, const flow::SubscriptionWish& wish, std::string_view status,
                                     Instant now) {
  const auto id = book_.id();
  const auto answer =
      ehr.update("Subscription", id, flow::subscription_body(wish, status, wanted_end(now), id), version_);
  if (answer.what == Answer::What::Conflict) {
    enter(Phase::Unknown, now);  // somebody changed it: look again
    return {};
  }
  if (answer.what != Answer::What::Done) {
    enter(Phase::Unknown, now);
    return failed(answer, "PUT Subscription");
  }
  book_.forget_trouble();
  fhir::DocumentPtr changed = answer.body;
  if (changed == nullptr || fhir::resource_type(changed->root()) != "Subscription") {
    BHI_TRY(changed, ehr.read("Subscription", id));
  }
  BHI_CHECK(learn(changed->root(), wish, now));
  return remember(id, flow::wish_mark(wish));
}

Result<void> SubscriptionUpkeep::check(flow::Ehr& ehr, const flow::SubscriptionWish& wish, Instant now) {
  const auto read = ehr.read("Subscription", book_.id());
  if (!read.ok()) {
    if (read.error().kind != Kind::NotFound) return read.error();
    enter(Phase::Unknown, now);
    return {};
  }
  return learn((*read)->root(), wish, now);
}

// What the EHR has, not what we sent: it may have changed our wish.
Result<void> SubscriptionUpkeep::learn(const fhir::Node& resource, const flow::SubscriptionWish& wish, Instant now) {
  BHI_TRY(const auto found, flow::subscription_from(resource, wish));
  book_.set_id(found.id);
  version_ = found.version;
  const bool is_other = std::ranges::any_of(kEssential, [&](std::string_view element) {
    return std::ranges::find(found.differences, element) != found.differences.end();
  });
  if (is_other) {
    return Error{Kind::Unsupported, "Subscription/" + found.id + ": the EHR changed " + joined(found.differences) +
                                        "; it is not what was asked for"};
  }
  std::string reason;
  if (!found.differences.empty()) reason = "the EHR changed " + joined(found.differences);
  const bool broken =
      found.status == "error" || found.status == "off" || (found.says_error && found.status != "active");
  enter(broken ? Phase::Broken : found.status == "active" ? Phase::Active : Phase::Waiting, now);
  const std::lock_guard lock(mutex_);
  const char* state = broken                    ? (found.status == "off" ? "off" : "error")
                      : phase_ == Phase::Active ? "working"
                                                : "waiting";
  if (!reason.empty() && shown_.reason != reason) {
    log_event(
        LogLevel::Warn, "subscription is not as asked for",
        JsonObject().text("source", source_.name).text("subscription", book_.settings().name).text("reason", reason));
  }
  shown_ = {state, reason, found.end};
  return {};
}

}  // namespace bhi::service
