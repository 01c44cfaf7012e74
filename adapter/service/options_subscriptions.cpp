#include "service/options_subscriptions.h"

#include "service/option_texts.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace bhi::service {

namespace {

using U = SubscriptionSettings;

struct Row {
  const char* name;
  const char* fallback;  // null: required
  std::string expected;
  Set<U> set;
  const char* meaning;
  bool list = false;
};

template <typename Value>
Row words(const char* name, const char* fallback, Value U::*field,
          std::vector<std::pair<std::string_view, Value>> values, const char* meaning) {
  std::string expected = "one of";
  for (const auto& [word, value] : values) expected += (expected == "one of" ? " " : ", ") + std::string(word);
  return {name, fallback, expected,
          [=](U& owner, const Texts& texts) {
            const auto found = std::ranges::find(values, texts.front(), &std::pair<std::string_view, Value>::first);
            if (found == values.end()) return false;
            owner.*field = found->second;
            return true;
          },
          meaning};
}

Row whole(const char* name, const char* fallback, int U::*field, int least, int most, const char* meaning) {
  return {name, fallback, "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
          [=](U& owner, const Texts& texts) {
            int number = 0;
            if (!read_number(texts.front(), number) || number < least || number > most) return false;
            owner.*field = number;
            return true;
          },
          meaning};
}

Row text(const char* name, const char* fallback, std::string U::*field, const char* expected,
         bool (*accepts)(std::string_view), const char* meaning) {
  return {name, fallback, expected,
          [=](U& owner, const Texts& texts) {
            if (!accepts(texts.front())) return false;
            owner.*field = texts.front();
            return true;
          },
          meaning};
}

bool is_printable(std::string_view value) {
  return !value.empty() && value.size() <= 2000 &&
         std::ranges::all_of(value, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view type_of(std::string_view criteria) { return criteria.substr(0, criteria.find('?')); }

bool is_criteria(std::string_view value) { return is_printable(value) && is_resource_type(type_of(value)); }

// A field that nothing else of HTTP needs, so that asking for it breaks nothing.
bool is_header(std::string_view value) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  constexpr std::string_view kTaken[] = {"host", "content-type", "content-length", "connection", "transfer-encoding"};
  std::string lower(value);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return !value.empty() && value.size() <= 64 && std::ranges::all_of(value, allowed) &&
         std::ranges::find(kTaken, std::string_view(lower)) == std::end(kTaken);
}

std::vector<Row> rows() {
  return {
      text("name", nullptr, &U::name, "a name of letters, digits, '-', '_', '.', at most 64 characters", is_name,
           "last part of its address here, `/notify/<name>`; no two of all sources have the same"),
      words<SubscriptionKind>("kind", "r4", &U::kind,
                              {{"r4", SubscriptionKind::R4}, {"backport", SubscriptionKind::Backport}},
                              "`r4`: criteria are a search; `backport`: topic-based (Subscriptions R5 Backport)"),
      text("criteria", "", &U::criteria, "a search as Type?parameter=value", is_criteria,
           "`r4`: which records, `QuestionnaireResponse?status=completed` for example; `backport`: the filter, if the "
           "topic has one"),
      text("topic", "", &U::topic, "the URL of a topic", is_printable, "`backport`: canonical of the topic"),
      {"types", "", "a list of FHIR R4 resource types",
       [](U& owner, const Texts& texts) {
         if (!std::ranges::all_of(texts, is_resource_type)) return false;
         owner.types = texts;
         return true;
       },
       "`backport`: types that the topic tells of, each of them in `types` of the source; `r4`: the type of the "
       "criteria",
       true},
      words<PayloadWish>(
          "payload", "id-only", &U::payload,
          {{"empty", PayloadWish::Empty}, {"id-only", PayloadWish::IdOnly}, {"full", PayloadWish::Full}},
          "what a notification shall hold; what is named is fetched. `full` puts records on the wire to us "
          "and needs a secret. `r4` knows no `id-only`: it is `empty` there"),
      text("secret_file", "", &U::secret_file, "the path of a file", is_path,
           "file with the secret by which a notification is known to be the EHR's, at least 22 characters of letters "
           "and "
           "digits (128 bits), readable by nobody but its owner; without one a notification is never more than a hint"),
      words<SecretPlace>(
          "secret_in", "header", &U::secret_place,
          {{"header", SecretPlace::Header},
           {"hub-signature", SecretPlace::HubSignature},
           {"signature", SecretPlace::Signature}},
          "how the EHR shows it: the field `header` holds it (the Subscription says so); `X-Hub-Signature: "
          "sha256=...` over the body (agreed with the EHR otherwise); `X-Signature` (Medplum, told in the "
          "Subscription)"),
      text("header", "Authorization", &U::header, "the name of a header field", is_header,
           "field that holds the secret; in `Authorization` it stands behind `Bearer`"),
      words<NumberingWish>(
          "numbering", "monotonic", &U::numbering,
          {{"monotonic", NumberingWish::Monotonic}, {"per-notification", NumberingWish::PerNotification}},
          "what the event numbers of `backport` count: all events of the subscription, so that a gap is "
          "seen, or only those of one notification (athenahealth); then polls cover what is lost"),
      words<bool>("manage", "true", &U::manage, {{"true", true}, {"false", false}},
                  "make the Subscription at the EHR, renew and repair it; false: somebody else does"),
      text("id", "", &U::id, "the id of a resource", is_name,
           "of the Subscription at the EHR, when somebody else made it"),
      whole("heartbeat_secs", "0", &U::heartbeat_secs, 0, 604'800,
            "`backport`: how often the EHR shall say that it lives; after silence of this and `grace_secs` it is "
            "asked. 0: never"),
      whole("grace_secs", "60", &U::grace_secs, 1, 86'400,
            "how long a notification may be late before what it told of is asked for"),
      whole("lifetime_hours", "720", &U::lifetime_hours, 0, 87'600,
            "`end` asked for, moved on when a third of it is left; 0: no end"),
      whole("calls_per_minute", "60", &U::calls_per_minute, 1, 100'000,
            "most requests to the EHR that its notifications may cause, however many come; polls go on beside them"),
  };
}

bool is_loopback_or_https(const SourceSettings& source) {
  if (source.notify_url.starts_with("https://") || source.allow_plain_http) return true;
  std::string_view host = source.notify_url;
  host.remove_prefix(std::min(host.size(), std::size_t{7}));
  host = host.substr(0, host.find('/'));
  host = host.starts_with('[') ? host.substr(1, host.find(']') - 1) : host.substr(0, host.find(':'));
  return Address{std::string(host), 0}.loopback();
}

}  // namespace

std::vector<Option> subscription_options() {
  std::vector<Option> options;
  Option url;
  url.path = "sources[].notify_url";
  url.expected = "an http or https URL without user, query and fragment";
  url.meaning =
      "address under which the EHR reaches our `/notify`, `https://bhi.example/notify` for example; for "
      "`subscriptions`";
  url.set = Set<SourceSettings>([](SourceSettings& source, const Texts& texts) {
    if (!is_base_url(texts.front())) return false;
    source.notify_url = texts.front();
    while (source.notify_url.ends_with('/')) source.notify_url.pop_back();
    return true;
  });
  options.push_back(std::move(url));
  for (auto& row : rows()) {
    Option option;
    option.path = std::string("sources[].subscriptions[].") + row.name;
    option.required = row.fallback == nullptr;
    option.fallback = row.fallback == nullptr ? "" : row.fallback;
    option.list = row.list;
    option.expected = std::move(row.expected);
    option.meaning = row.meaning;
    option.set = std::move(row.set);
    options.push_back(std::move(option));
  }
  return options;
}

std::vector<SubscriptionMistake> check_subscriptions(const Settings& settings) {
  std::vector<SubscriptionMistake> mistakes;
  std::map<std::string, int> names;
  for (std::size_t i = 0; i < settings.sources.size(); ++i) {
    const auto& source = settings.sources[i];
    for (std::size_t j = 0; j < source.subscriptions.size(); ++j) {
      const U& one = source.subscriptions[j];
      const bool by_topic = one.kind == SubscriptionKind::Backport;
      const auto refuse_if = [&](bool wrong, const char* text) {
        if (wrong) mistakes.push_back({i, j, text});
      };
      refuse_if(!one.name.empty() && ++names[one.name] > 1, "name: used by another subscription");
      refuse_if(by_topic == one.topic.empty(), "topic: belongs to kind `backport`, and is needed there");
      refuse_if(!by_topic && one.criteria.empty(), "criteria: needed for kind `r4`");
      refuse_if(by_topic == one.types.empty(), "types: belongs to kind `backport`, and is needed there");
      const auto is_polled = [&](std::string_view type) {
        return std::ranges::find(source.types, type) != source.types.end();
      };
      refuse_if(by_topic && !std::ranges::all_of(one.types, is_polled),
                "types: each must stand in `types` of the source too");
      refuse_if(!by_topic && !one.criteria.empty() && !is_polled(type_of(one.criteria)),
                "criteria: its type must stand in `types` of the source too");
      refuse_if(one.payload == PayloadWish::Full && one.secret_file.empty(), "secret_file: needed for payload `full`");
      refuse_if(one.secret_place != SecretPlace::Header && one.secret_file.empty(),
                "secret_file: needed for `secret_in`");
      refuse_if(one.heartbeat_secs > 0 && !by_topic, "heartbeat_secs: belongs to kind `backport`");
      refuse_if(one.manage && source.base_url.empty(), "manage: needs a base_url of the source");
      refuse_if(one.manage && source.notify_url.empty(), "manage: needs `notify_url` of the source");
      refuse_if(one.manage && !one.id.empty(), "id: belongs to `manage: false`");
      refuse_if(one.manage && !source.notify_url.empty() && !is_loopback_or_https(source),
                "notify_url of the source: http is for loopback; use https (or allow_plain_http: true)");
    }
  }
  return mistakes;
}

}  // namespace bhi::service
