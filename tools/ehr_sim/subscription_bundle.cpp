#include "ehr_sim/subscription_bundle.h"

#include "base/hash.h"
#include "ehr_sim/json_maker.h"
#include "fhir/json.h"

#include <vector>

namespace bhi::sim {

namespace {

using fhir::Member;
using fhir::Node;

constexpr std::string_view kProfile =
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4";

class BundleMaker {
 public:
  BundleMaker(const NotificationWords& words, std::span<const SubscriptionEvent> events, Instant now)
      : words_(words), events_(events), now_(now) {}

  std::string text() {
    std::vector<Node> entries = {status_entry()};
    if (words_.content != EventContent::Empty) {
      for (const auto& event : events_) entries.push_back(event_entry(event));
    }
    const auto first = events_.empty() ? std::string() : std::to_string(events_.front().number);
    const std::string id = stable_id({words_.subscription, words_.type, to_text(now_), count(), first});
    const auto type = words_.type == "query-status" ? "searchset" : words_.transaction ? "transaction" : "history";
    return fhir::write_json(
        make_.object({member("resourceType", "Bundle"), member("id", id), member("type", type),
                      member("timestamp", to_text(now_)), make_.member("entry", make_.array(entries))}));
  }

 private:
  Member member(std::string_view name, std::string_view text) { return make_.member(name, make_.text(text)); }
  Node reference(const std::string& to) { return make_.object({member("reference", to)}); }
  std::string self() const { return "Subscription/" + words_.subscription; }
  std::string count() const {
    return std::to_string(words_.per_notification ? static_cast<std::int64_t>(events_.size()) : words_.count);
  }
  std::string number(std::size_t place) const {
    return std::to_string(words_.per_notification ? static_cast<std::int64_t>(place) + 1 : events_[place].number);
  }
  Member request(std::string_view method, const std::string& url) {
    return make_.member("request", make_.object({member("method", method), member("url", url)}));
  }
  Member fine() { return make_.member("response", make_.object({member("status", "200")})); }

  Node status_entry() {
    const Node status = words_.status_form ? status_resource() : parameters();
    return make_.object(
        {make_.member("resource", status), request("GET", words_.base + "/" + self() + "/$status"), fine()});
  }

  Node event_entry(const SubscriptionEvent& event) {
    const auto path = event.version->path();
    const bool deleted = event.version->deleted();
    std::vector<Member> members = {member("fullUrl", words_.base + "/" + path)};
    if (words_.content == EventContent::Full && !deleted) {
      members.push_back(make_.member("resource", event.version->document->root()));
    }
    members.push_back(request(deleted ? "DELETE" : event.version->created ? "POST" : "PUT", path));
    members.push_back(fine());
    return make_.object(members);
  }

  Node status_resource() {
    std::vector<Member> members = {member("resourceType", "SubscriptionStatus"),
                                   member("status", words_.status),
                                   member("type", words_.type),
                                   member("eventsSinceSubscriptionStart", count()),
                                   make_.member("subscription", reference(self())),
                                   member("topic", words_.topic)};
    std::vector<Node> told;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      std::vector<Member> event = {member("eventNumber", number(i)), member("timestamp", to_text(events_[i].at))};
      if (words_.content != EventContent::Empty) {
        event.push_back(make_.member("focus", reference(events_[i].version->path())));
      }
      told.push_back(make_.object(event));
    }
    if (!told.empty()) members.push_back(make_.member("notificationEvent", make_.array(told)));
    return make_.object(members);
  }

  Node named(std::string_view name, std::string_view kind, const Node& value) {
    return make_.object({member("name", name), make_.member(kind, value)});
  }

  Node parameters() {
    std::vector<Node> list = {named("subscription", "valueReference", reference(self())),
                              named("topic", "valueCanonical", make_.text(words_.topic)),
                              named("status", "valueCode", make_.text(words_.status)),
                              named("type", "valueCode", make_.text(words_.type)),
                              named("events-since-subscription-start", "valueString", make_.text(count()))};
    for (std::size_t i = 0; i < events_.size(); ++i) {
      std::vector<Node> parts = {named("event-number", "valueString", make_.text(number(i))),
                                 named("timestamp", "valueInstant", make_.text(to_text(events_[i].at)))};
      if (words_.content != EventContent::Empty) {
        parts.push_back(named("focus", "valueReference", reference(events_[i].version->path())));
      }
      list.push_back(make_.object({member("name", "notification-event"), make_.member("part", make_.array(parts))}));
    }
    const auto meta = make_.object({make_.member("profile", make_.array({make_.text(kProfile)}))});
    return make_.object({member("resourceType", "Parameters"), make_.member("meta", meta),
                         make_.member("parameter", make_.array(list))});
  }

  const NotificationWords& words_;
  std::span<const SubscriptionEvent> events_;
  const Instant now_;
  JsonMaker make_;
};

}  // namespace

std::string notification_bundle(const NotificationWords& words, std::span<const SubscriptionEvent> events,
                                Instant now) {
  return BundleMaker(words, events, now).text();
}

}  // namespace bhi::sim
