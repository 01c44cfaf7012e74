#include "flow/subscription.h"

#include "base/arena.h"
#include "base/hash.h"
#include "fhir/bundle.h"
#include "fhir/json.h"
#include "flow/query.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

constexpr std::string_view kBackport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/";
constexpr std::string_view kMedplumSecret = "https://www.medplum.com/fhir/StructureDefinition/subscription-secret";
constexpr std::string_view kJson = "application/fhir+json";

// A document from our own words; lives as long as the arena.
class Maker {
 public:
  explicit Maker(Arena& arena) : arena_(arena) {}
  Node text(std::string_view value) { return Node::string(arena_.copy(value)); }
  Node number(int value) { return Node::number(arena_.copy(std::to_string(value))); }
  Node list(const std::vector<Node>& elements) { return Node::array(arena_.copy(std::span(elements))); }
  Node object(const std::vector<Member>& members) { return Node::object(arena_.copy(std::span(members))); }
  static Member member(std::string_view name, const Node& value) { return {&fhir::intern(name), value}; }
  Node extension(const std::string& url, std::string_view value_name, const Node& value) {
    return object({member("url", text(url)), member(value_name, value)});
  }
  Node backport(std::string_view name, std::string_view value_name, const Node& value) {
    return extension(std::string(kBackport) + std::string(name), value_name, value);
  }
  Node extended(const Node& extension) { return object({member("extension", list({extension}))}); }

 private:
  Arena& arena_;
};

Node channel_of(const SubscriptionWish& wish, Maker& make) {
  std::vector<Member> channel;
  if (wish.by_topic && wish.heartbeat_secs > 0) {
    const auto heartbeat =
        make.backport("backport-heartbeat-period", "valueUnsignedInt", make.number(wish.heartbeat_secs));
    channel.push_back(Maker::member("extension", make.list({heartbeat})));
  }
  channel.push_back(Maker::member("type", make.text("rest-hook")));
  channel.push_back(Maker::member("endpoint", make.text(wish.endpoint)));
  // Of R4's own an absent payload means: only that something happened.
  if (wish.by_topic || wish.payload == PayloadContent::Full) {
    channel.push_back(Maker::member("payload", make.text(kJson)));
  }
  if (wish.by_topic) {
    const auto content = make.backport("backport-payload-content", "valueCode", make.text(name(wish.payload)));
    channel.push_back(Maker::member("_payload", make.extended(content)));
  }
  if (!wish.header.empty()) channel.push_back(Maker::member("header", make.list({make.text(wish.header)})));
  return make.object(channel);
}

const Node* at(const Node& resource, std::initializer_list<std::string_view> path) {
  const Node* node = &resource;
  for (const auto name : path) {
    if (node != nullptr) node = node->find(name);
  }
  return node;
}

std::string_view text_at(const Node& resource, std::initializer_list<std::string_view> path) {
  const Node* node = at(resource, path);
  return node == nullptr ? std::string_view() : node->text();
}

std::string_view extension_of(const Node* element, std::string_view name, std::string_view value_name) {
  if (element == nullptr) return {};
  for (const Node& one : fhir::each(element->find("extension"))) {
    if (one.text_of("url") != std::string(kBackport) + std::string(name)) continue;
    const Node* value = one.find(value_name);
    if (value != nullptr) return value->text();
  }
  return {};
}

std::string_view asked_criteria(const SubscriptionWish& wish) { return wish.by_topic ? wish.topic : wish.criteria; }

std::string_view filter_of(const Node& resource) {
  return extension_of(resource.find("_criteria"), "backport-filter-criteria", "valueString");
}

}  // namespace

std::string_view name(PayloadContent content) {
  switch (content) {
    case PayloadContent::Empty: return "empty";
    case PayloadContent::IdOnly: return "id-only";
    case PayloadContent::Full: return "full-resource";
  }
  return "empty";
}

std::string subscription_body(const SubscriptionWish& wish, std::string_view status, std::optional<Instant> end,
                              std::string_view id) {
  Arena arena;
  Maker make(arena);
  std::vector<Member> members = {Maker::member("resourceType", make.text("Subscription"))};
  if (!id.empty()) members.push_back(Maker::member("id", make.text(id)));
  if (wish.by_topic) {
    const auto profile = make.list({make.text(std::string(kBackport) + "backport-subscription")});
    members.push_back(Maker::member("meta", make.object({Maker::member("profile", profile)})));
  }
  if (!wish.signing_key.empty()) {
    const auto key = make.extension(std::string(kMedplumSecret), "valueString", make.text(wish.signing_key));
    members.push_back(Maker::member("extension", make.list({key})));
  }
  members.push_back(Maker::member("status", make.text(status)));
  if (end) members.push_back(Maker::member("end", make.text(to_text(*end))));
  members.push_back(Maker::member("reason", make.text(wish.reason)));
  members.push_back(Maker::member("criteria", make.text(asked_criteria(wish))));
  if (wish.by_topic && !wish.criteria.empty()) {
    const auto filter = make.backport("backport-filter-criteria", "valueString", make.text(wish.criteria));
    members.push_back(Maker::member("_criteria", make.extended(filter)));
  }
  members.push_back(Maker::member("channel", channel_of(wish, make)));
  return fhir::write_json(make.object(members));
}

std::string wish_mark(const SubscriptionWish& wish) { return stable_id({subscription_body(wish, "", {}, "")}); }

std::string twin_query(const SubscriptionWish& wish) { return "url=" + encoded(wish.endpoint); }

bool is_twin(const Node& resource, const SubscriptionWish& wish) {
  return fhir::resource_type(resource) == "Subscription" &&
         text_at(resource, {"channel", "endpoint"}) == wish.endpoint &&
         resource.text_of("criteria") == asked_criteria(wish);
}

Result<SubscriptionAtEhr> subscription_from(const Node& resource, const SubscriptionWish& wish) {
  if (fhir::resource_type(resource) != "Subscription" || !fhir::is_safe_id(resource.text_of("id"))) {
    return Error{Kind::Incorrect, "expected a Subscription with an id"};
  }
  SubscriptionAtEhr found;
  found.id = resource.text_of("id");
  found.version = text_at(resource, {"meta", "versionId"});
  found.status = resource.text_of("status");
  found.end = instant_from(resource.text_of("end"));
  found.says_error = !resource.text_of("error").empty();
  const auto compare = [&](const char* element, bool same) {
    if (!same) found.differences.emplace_back(element);
  };
  compare("criteria", resource.text_of("criteria") == asked_criteria(wish));
  compare("channel.type", text_at(resource, {"channel", "type"}) == "rest-hook");
  compare("channel.endpoint", text_at(resource, {"channel", "endpoint"}) == wish.endpoint);
  if (wish.by_topic) {
    compare("filter criteria", filter_of(resource) == wish.criteria);
    compare("payload content", extension_of(at(resource, {"channel", "_payload"}), "backport-payload-content",
                                            "valueCode") == name(wish.payload));
  } else {
    compare("channel.payload",
            (at(resource, {"channel", "payload"}) != nullptr) == (wish.payload == PayloadContent::Full));
  }
  return found;
}

std::optional<Instant> renewal(std::optional<Instant> end, std::chrono::hours life, Instant now) {
  if (!end) return std::nullopt;  // it has none, whatever we asked
  const auto asked = life.count() > 0 ? life : std::chrono::hours{24};
  if (*end - now > asked / 3) return std::nullopt;
  return now + asked;
}

}  // namespace bhi::flow
