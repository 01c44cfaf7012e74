#include "ehr_sim/subscriptions.h"

#include "base/hash.h"
#include "ehr_sim/json_maker.h"
#include "ehr_sim/router.h"
#include "ehr_sim/search_parameters.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace bhi::sim {

namespace {

using fhir::Node;

constexpr int kTries = 3;
constexpr std::chrono::milliseconds kTriesApart{300};

const Node* at(const Node* node, std::initializer_list<std::string_view> path) {
  for (const auto name : path) node = node == nullptr ? nullptr : node->find(name);
  return node;
}
std::string text_at(const Node& node, std::initializer_list<std::string_view> path) {
  const Node* found = at(&node, path);
  return found == nullptr ? std::string() : std::string(found->text());
}

std::string extension(const Node* element, std::string_view url_end, std::string_view value) {
  if (element == nullptr) return {};
  for (const Node& one : fhir::each(element->find("extension"))) {
    if (one.text_of("url").ends_with(url_end)) return text_at(one, {value});
  }
  return {};
}

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "Authorization: Bearer a:b"; `cut`: as Medplum reads it.
std::pair<std::string, std::string> header_of(std::string_view line, bool cut) {
  const auto colon = std::min(line.find(':'), line.size());
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  while (value.starts_with(' ')) value.remove_prefix(1);
  if (cut) value = value.substr(0, value.find(':'));
  return {std::string(line.substr(0, colon)), std::string(value)};
}

std::string type_of(std::string_view criteria) { return std::string(criteria.substr(0, criteria.find('?'))); }

// The last word of a topic's address, when it is a type: "https://.../topics/Observation".
std::string type_of_topic(std::string_view topic) {
  const auto word = topic.substr(topic.rfind('/') + 1);
  return is_resource_type(word) ? std::string(word) : std::string();
}

struct Switch {
  std::string_view name;
  void (*set)(SubscriptionSwitches&, std::string_view);
};
using Switches = SubscriptionSwitches;

double share_of(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

constexpr std::array kSwitches = std::to_array<Switch>({
    {"numbering", [](Switches& to, std::string_view text) { to.per_notification = text == "per-notification"; }},
    {"form", [](Switches& to, std::string_view text) { to.status_form = text == "SubscriptionStatus"; }},
    {"bundle_type", [](Switches& to, std::string_view text) { to.transaction = text == "transaction"; }},
    {"batch",
     [](Switches& to, std::string_view text) {
       to.batch = static_cast<std::size_t>(std::max<std::int64_t>(1, number_of(text)));
     }},
    {"drop", [](Switches& to, std::string_view text) { to.drop = share_of(text); }},
    {"double", [](Switches& to, std::string_view text) { to.doubled = share_of(text); }},
    {"shuffle", [](Switches& to, std::string_view text) { to.shuffle = share_of(text); }},
    {"late_ms", [](Switches& to, std::string_view text) { to.late_ms = number_of(text); }},
    {"stay_requested", [](Switches& to, std::string_view text) { to.stay_requested = text == "true"; }},
    {"wrong_signature", [](Switches& to, std::string_view text) { to.wrong_signature = text == "true"; }},
    {"hub_secret", [](Switches& to, std::string_view text) { to.hub_secret = text; }},
    {"cut_header", [](Switches& to, std::string_view text) { to.cut_header = text == "true"; }},
    {"notices", [](Switches& to, std::string_view text) { to.medplum_notices = text == "medplum"; }},
    {"seed", [](Switches& to, std::string_view text) { to.seed = static_cast<unsigned>(number_of(text)); }},
});

}  // namespace

void Subscriptions::set_base(std::string base) {
  const std::lock_guard lock(mutex_);
  base_ = std::move(base);
}

void Subscriptions::saw(std::span<const VersionPtr> versions) {
  const std::lock_guard lock(mutex_);
  seen_.insert(seen_.end(), versions.begin(), versions.end());
}

void Subscriptions::forget() {
  const std::lock_guard lock(mutex_);
  switches_ = {};
  random_.seed(1);
}

bool Subscriptions::chance(double share) {
  return share > 0 && std::uniform_real_distribution<>(0, 1)(random_) < share;
}

void Subscriptions::step(Instant now) {
  std::deque<VersionPtr> seen;
  {
    const std::lock_guard lock(mutex_);
    seen.swap(seen_);
    in_hand_ = seen.size();
  }
  for (const auto& version : seen) take(version, now);

  std::vector<Waiting> due;
  std::vector<std::string> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, one] : all_) {
      if (!one.unsent.empty()) notify(one, now);
      if (one.status == "active" && one.end && *one.end <= now) ended.push_back(id);
      if (one.status != "active" || !one.by_topic || one.heartbeat_ms == 0) continue;
      if (now - one.spoke < std::chrono::milliseconds(one.heartbeat_ms)) continue;
      Outgoing beat;
      beat.body = bundle(one, "heartbeat", {}, false, now);
      queue(one, std::move(beat), now);
    }
    const auto late = std::stable_partition(waiting_.begin(), waiting_.end(),
                                            [now](const Waiting& waiting) { return waiting.due > now; });
    due.assign(std::make_move_iterator(late), std::make_move_iterator(waiting_.end()));
    waiting_.erase(late, waiting_.end());
    std::ranges::stable_sort(due, {}, &Waiting::due);
    in_hand_ = due.size();
  }
  for (const auto& id : ended) set_status(id, "off", now);
  for (auto& waiting : due) {
    const int status = send_(waiting.what);
    const bool taken = status >= 200 && status < 300;
    bool failed = false;
    {
      const std::lock_guard lock(mutex_);
      const auto one = all_.find(waiting.id);
      if (one == all_.end()) continue;
      if (taken) ++one->second.sent;
      if (!taken) ++one->second.refused;
      failed = !taken && ++waiting.tries >= kTries;
      if (!taken && !failed) {
        waiting.due = now + kTriesApart * waiting.tries;
        waiting_.push_back(waiting);
      }
    }
    if (waiting.is_handshake && taken) set_status(waiting.id, "active", now);
    if (waiting.is_handshake && failed) set_status(waiting.id, "error", now);
  }
  const std::lock_guard lock(mutex_);
  in_hand_ = 0;
}

void Subscriptions::take(const VersionPtr& version, Instant now) {
  if (version->type == "Subscription") {
    read(version, now);
    return;
  }
  std::vector<One> candidates;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, one] : all_) {
      if (one.status != "active") continue;
      One& candidate = candidates.emplace_back();
      candidate.id = id;
      candidate.criteria = one.criteria;
      candidate.topic = one.topic;
    }
  }
  for (const auto& candidate : candidates) {
    if (!matches(candidate, version, now)) continue;
    const std::lock_guard lock(mutex_);
    const auto one = all_.find(candidate.id);
    if (one == all_.end()) continue;
    const SubscriptionEvent event{++one->second.count, now, version};
    one->second.events.push_back(event);
    one->second.unsent.push_back(event);
    if (one->second.unsent.size() >= switches_.batch) notify(one->second, now);
  }
}

// A Subscription was made or changed: by a client, or by ourselves (its status).
void Subscriptions::read(const VersionPtr& version, Instant now) {
  bool greet = false, activate = false;
  {
    const std::lock_guard lock(mutex_);
    if (version->deleted()) {
      all_.erase(version->id);
      return;
    }
    const Node& resource = version->document->root();
    One& one = all_[version->id];
    one.id = version->id;
    one.criteria = resource.text_of("criteria");
    const Node* payload = at(&resource, {"channel", "_payload"});
    const auto content = extension(payload, "backport-payload-content", "valueCode");
    one.by_topic = !content.empty();
    if (one.by_topic) {
      one.topic =
          std::exchange(one.criteria, extension(resource.find("_criteria"), "backport-filter-criteria", "valueString"));
    }
    one.full = one.by_topic ? content == "full-resource" : at(&resource, {"channel", "payload"}) != nullptr;
    one.empty = content == "empty";
    one.endpoint = text_at(resource, {"channel", "endpoint"});
    one.key = extension(&resource, "subscription-secret", "valueString");
    one.heartbeat_ms =
        1000 * number_of(extension(resource.find("channel"), "backport-heartbeat-period", "valueUnsignedInt"));
    one.end = instant_from(resource.text_of("end"));
    one.headers.clear();
    for (const Node& line : fhir::each(at(&resource, {"channel", "header"}))) {
      one.headers.push_back(header_of(line.text(), switches_.cut_header));
    }
    one.status = resource.text_of("status");
    one.spoke = now;
    greet = one.status == "requested" && one.by_topic;
    activate = one.status == "requested" && !one.by_topic && !switches_.stay_requested;
    if (greet) {
      Outgoing hello;
      hello.body = bundle(one, "handshake", {}, false, now);
      queue(one, std::move(hello), now, !switches_.stay_requested);
    }
  }
  if (activate) set_status(version->id, "active", now);
}

// By asking the simulator itself: does the search find it?
bool Subscriptions::matches(const One& one, const VersionPtr& version, Instant now) {
  const auto wanted = one.criteria.empty() ? type_of_topic(one.topic) : type_of(one.criteria);
  if (!wanted.empty() && wanted != version->type) return false;
  if (version->deleted() || one.criteria.find('?') == std::string::npos) return true;
  Request search;
  search.method = "GET";
  search.path = std::string(kBasePath) + "/" + wanted;
  search.query = one.criteria.substr(one.criteria.find('?') + 1) + "&_id=" + version->id + "&_summary=count";
  search.base = base_;
  search.inside = true;
  const auto found = fhir::read_json(simulator_.handle(search, now).body);
  return found.ok() && text_at((*found)->root(), {"total"}) == "1";
}

void Subscriptions::notify(One& one, Instant now) {
  const auto events = std::exchange(one.unsent, {});
  if (!one.by_topic) {
    for (const auto& event : events) queue(one, hook(one, event.version), now);
    return;
  }
  Outgoing out;
  out.body = bundle(one, "event-notification", events, one.full, now);
  queue(one, std::move(out), now);
}

// R4's own: the record, or nothing. https://hl7.org/fhir/R4/subscription.html#2.46.7.1
Outgoing Subscriptions::hook(const One& one, const VersionPtr& version) const {
  Outgoing out;
  if (version->deleted() && switches_.medplum_notices) {
    out.headers.emplace_back("X-Medplum-Deleted-Resource", version->path());
    out.body = "{}";
  } else if (version->deleted() && one.full) {
    out.method = "DELETE";
    out.url = one.endpoint + "/" + version->path();
  } else if (one.full) {
    out.body = version->json;
    if (!switches_.medplum_notices) {
      out.method = "PUT";
      out.url = one.endpoint + "/" + version->path();
    }
  }
  return out;
}

Outgoing Subscriptions::signed_for(const One& one, Outgoing what) const {
  if (what.url.empty()) what.url = one.endpoint;
  if (!what.body.empty()) what.headers.emplace_back("Content-Type", std::string(kFhirJson));
  for (auto header : one.headers) {
    if (switches_.wrong_signature) header.second += "x";
    what.headers.push_back(std::move(header));
  }
  const std::string odd = switches_.wrong_signature ? "x" : "";
  if (!one.key.empty()) what.headers.emplace_back("X-Signature", to_hex(hmac_sha256(one.key + odd, what.body)));
  if (!switches_.hub_secret.empty()) {
    what.headers.emplace_back("X-Hub-Signature",
                              "sha256=" + to_hex(hmac_sha256(switches_.hub_secret + odd, what.body)));
  }
  return what;
}

void Subscriptions::queue(One& one, Outgoing what, Instant now, bool is_handshake) {
  one.spoke = now;
  const bool is_event = what.body.find("event-notification") != std::string::npos || !one.by_topic;
  if (is_event && chance(switches_.drop)) {
    ++one.lost;
    return;
  }
  Waiting waiting{now + std::chrono::milliseconds(switches_.late_ms), one.id, signed_for(one, std::move(what)), 0,
                  is_handshake};
  if (is_event && chance(switches_.shuffle)) {
    waiting.due += std::chrono::milliseconds(std::uniform_int_distribution<>(20, 400)(random_));
  }
  if (is_event && chance(switches_.doubled)) {
    waiting_.push_back(waiting);
    waiting_.back().due += std::chrono::milliseconds(std::uniform_int_distribution<>(0, 400)(random_));
  }
  waiting_.push_back(std::move(waiting));
}

void Subscriptions::set_status(const std::string& id, std::string_view status, Instant now) {
  Request read_it;
  read_it.method = "GET";
  read_it.path = std::string(kBasePath) + "/Subscription/" + id;
  read_it.base = base_;
  read_it.inside = true;
  const auto found = fhir::read_json(simulator_.handle(read_it, now).body);
  if (!found.ok()) return;
  JsonMaker make;
  Request put = read_it;
  put.method = "PUT";
  put.headers.emplace_back("Content-Type", "application/fhir+json");
  put.body = fhir::write_json(fhir::with((*found)->root(), fhir::intern("status"), make.text(status), make.arena()));
  simulator_.handle(put, now);
}

std::string Subscriptions::bundle(const One& one, std::string_view type, std::span<const SubscriptionEvent> events,
                                  bool full, Instant now) const {
  NotificationWords words;
  words.base = base_;
  words.subscription = one.id;
  words.topic = one.topic;
  words.status = one.status;
  words.type = type;
  words.count = one.count;
  words.content = one.empty ? EventContent::Empty : full ? EventContent::Full : EventContent::IdOnly;
  words.status_form = switches_.status_form;
  words.per_notification = switches_.per_notification;
  words.transaction = switches_.transaction;
  return notification_bundle(words, events, now);
}

std::optional<Response> Subscriptions::operation(const Request& request, Instant now) {
  constexpr std::string_view kPlace = "/fhir/Subscription/";
  std::string_view path = request.path;
  if (request.method != "GET" || !path.starts_with(kPlace)) return std::nullopt;
  path.remove_prefix(kPlace.size());
  const auto slash = path.find('/');
  const auto name = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  if (name != "$status" && name != "$events") return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(std::string(path.substr(0, slash)));
  if (found == all_.end()) return refuse(404, "not-found", "no such subscription");
  const One& one = found->second;
  Response response;
  if (name == "$status") {
    response.body = bundle(one, "query-status", {}, false, now);
    return response;
  }
  const auto parameters = parse_query(request.query);
  if (!parameters) return refuse(parameters.error());
  std::int64_t from = 1, to = one.count;
  bool full = false;
  for (const auto& given : *parameters) {
    if (given.name == "eventsSinceNumber") from = number_of(given.value);
    if (given.name == "eventsUntilNumber") to = number_of(given.value);
    if (given.name == "content") full = given.value == "full-resource";
  }
  std::vector<SubscriptionEvent> events;
  std::ranges::copy_if(one.events, std::back_inserter(events),
                       [&](const SubscriptionEvent& event) { return event.number >= from && event.number <= to; });
  response.body = bundle(one, "query-event", events, full, now);
  return response;
}

Response Subscriptions::show() const {
  const std::lock_guard lock(mutex_);
  JsonMaker make;
  std::vector<Node> rows;
  for (const auto& [id, one] : all_) {
    rows.push_back(
        make.object({make.member("id", make.text(id)), make.member("status", make.text(one.status)),
                     make.member("endpoint", make.text(one.endpoint)),
                     make.member("count", make.number(static_cast<std::uint64_t>(one.count))),
                     make.member("sent", make.number(one.sent)), make.member("refused", make.number(one.refused)),
                     make.member("lost", make.number(one.lost))}));
  }
  Response response;
  response.content_type = kPlainJson;
  response.body =
      fhir::write_json(make.object({make.member("subscriptions", make.array(rows)),
                                    make.member("waiting", make.number(waiting_.size() + seen_.size() + in_hand_))}));
  return response;
}

Response Subscriptions::change(const Request& request, Instant now) {
  const auto document = fhir::read_json(request.body);
  if (!document) return refuse(document.error());
  std::vector<std::string> broken;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, value] : (*document)->root().members()) {
      const auto* row = std::ranges::find(kSwitches, name->text, &Switch::name);
      if (row != kSwitches.end()) {
        row->set(switches_, value.text());
        if (row->name == "seed") random_.seed(switches_.seed);
      } else if (name->text == "restart") {
        for (auto& [id, one] : all_) one.count = 0, one.events.clear();
      } else if (name->text == "error") {
        for (const auto& [id, one] : all_) broken.push_back(id);
      } else if (name->text == "forge") {
        const auto times = static_cast<std::size_t>(number_of(value.text()));
        for (const auto& [id, one] : all_) {
          waiting_.insert(waiting_.end(), times, {now, id, {"POST", one.endpoint, {}, ""}, kTries, false});
        }
      } else {
        return refuse(400, "invalid", "subscriptions: a key is not known; see subscriptions.h");
      }
    }
  }
  for (const auto& id : broken) set_status(id, "error", now);
  return show();
}

}  // namespace bhi::sim
