#include "flow/notification.h"

#include "base/hash.h"
#include "fhir/bundle.h"
#include "fhir/types.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace bhi::flow {

namespace {

using fhir::Node;
using What = Notification::What;

Error incorrect(std::string text) { return {Kind::Incorrect, std::move(text)}; }

constexpr std::int64_t kMostEvents = 1'000'000'000'000'000'000;  // what is added to a number stays a number

struct Word {
  std::string_view code;
  What what;
};
constexpr std::array kWords = std::to_array<Word>({
    {"handshake", What::Handshake},
    {"heartbeat", What::Heartbeat},
    {"event-notification", What::Events},
    {"query-event", What::Events},
    {"query-status", What::Status},
});

constexpr std::array<std::string_view, 5> kStatuses = {"requested", "active", "error", "off", "entered-in-error"};

// Counters come as texts (64 bits do not fit into every reader's number), as numbers, and R5 calls them integer64.
Result<std::int64_t> read_counter(const Node& value, std::string_view where) {
  const auto text = value.text();
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > kMostEvents) {
    return incorrect(std::string(where) + ": expected a count from 0 to 10^18");
  }
  return number;
}

// The value[x] of a parameter, whatever its type.
const Node* value_of(const Node& parameter) {
  for (const fhir::Member& member : parameter.members()) {
    if (std::string_view(member.name->text).starts_with("value")) return &member.value;
  }
  return nullptr;
}

// One reader for the two forms of a status: Parameters of R4, SubscriptionStatus of R4B and R5. Each names its fields
// its own way; what they mean is the same.
class StatusReader {
 public:
  StatusReader(Notification& out, std::span<const std::string> bases) : out_(out), bases_(bases) {}

  Result<void> read(const Node& status) {
    return fhir::resource_type(status) == "Parameters" ? parameters(status) : resource(status);
  }

 private:
  Result<void> parameters(const Node& status) {
    for (const Node& one : fhir::each(status.find("parameter"))) {
      const auto name = one.text_of("name");
      if (name == "notification-event") {
        BHI_CHECK(event([&one](std::string_view part) { return part_of(one, part); },
                        {"event-number", "timestamp", "focus"}));
        continue;
      }
      const Node* value = value_of(one);
      if (value != nullptr) BHI_CHECK(field(name, *value, "events-since-subscription-start"));
    }
    return finish();
  }

  Result<void> resource(const Node& status) {
    for (const char* name : {"subscription", "topic", "status", "type", "eventsSinceSubscriptionStart"}) {
      const Node* value = status.find(name);
      if (value != nullptr) BHI_CHECK(field(name, *value, "eventsSinceSubscriptionStart"));
    }
    for (const Node& one : fhir::each(status.find("notificationEvent"))) {
      BHI_CHECK(event([&one](std::string_view part) { return one.find(part); }, {"eventNumber", "timestamp", "focus"}));
    }
    return finish();
  }

  static const Node* part_of(const Node& parameter, std::string_view name) {
    for (const Node& part : fhir::each(parameter.find("part"))) {
      if (part.text_of("name") == name) return value_of(part);
    }
    return nullptr;
  }

  Result<void> field(std::string_view name, const Node& value, std::string_view count_name) {
    if (name == "subscription") out_.subscription = value.text_of("reference");
    if (name == "topic") out_.topic = value.text();
    if (name == "status") out_.status = value.text();
    if (name == "type") type_ = value.text();
    if (name == count_name) {
      BHI_TRY(out_.numbers.count, read_counter(value, name));
    }
    return {};
  }

  struct Names {
    std::string_view number, timestamp, focus;
  };
  template <typename Find>
  Result<void> event(Find find, const Names& names) {
    EventNumber number;
    if (const Node* value = find(names.timestamp)) number.at = instant_from(value->text());
    if (const Node* value = find(names.number)) {
      BHI_TRY(number.number, read_counter(*value, names.number));
      out_.numbers.events.push_back(number);
    }
    const Node* focus = find(names.focus);
    if (focus == nullptr) return {};
    const auto name = record_name(focus->text_of("reference"), bases_);
    if (!name) return incorrect("focus: expected a reference to a record of the EHR that is subscribed to");
    if (std::ranges::find(out_.named, *name) == out_.named.end()) out_.named.push_back(*name);
    return {};
  }

  Result<void> finish() {
    const auto* word = std::ranges::find(kWords, type_, &Word::code);
    if (word == kWords.end()) return incorrect("type: expected handshake, heartbeat or event-notification");
    out_.what = word->what;
    if (!out_.status.empty() && std::ranges::find(kStatuses, out_.status) == kStatuses.end()) {
      return incorrect("status: expected the status of a subscription");
    }
    return {};
  }

  Notification& out_;
  std::span<const std::string> bases_;
  std::string_view type_;
};

std::optional<RecordName> name_of(const Node& resource) {
  return record_name(std::string(fhir::resource_type(resource)) + "/" + std::string(resource.text_of("id")), {});
}

bool is_status(const Node& resource) {
  const auto type = fhir::resource_type(resource);
  return type == "Parameters" || type == "SubscriptionStatus";
}

Result<void> check_bundle_type(std::string_view type, Issues& issues) {
  if (type == "history" || type == "subscription-notification") return {};
  if (type == "transaction") {  // HAPI sends these
    issues.push_back(
        {Severity::Warning, "value", "Bundle.type", "expected history, found transaction; taken all the same"});
    return {};
  }
  return incorrect("Bundle.type: expected history");
}

// Records that stand in the Bundle, and those it only says were deleted.
Result<void> read_entries(std::span<const Node> entries, std::span<const std::string> bases, Notification& out) {
  for (const Node& entry : entries) {
    const Node* resource = entry.find("resource");
    if (resource != nullptr && is_status(*resource)) continue;
    const Node* request = entry.find("request");
    const bool deleted = request != nullptr && request->text_of("method") == "DELETE";
    std::optional<RecordName> name;
    if (resource != nullptr) name = name_of(*resource);
    if (!name) {
      name = record_name(entry.text_of("fullUrl"), bases);
      if (!name && request != nullptr) name = record_name(request->text_of("url"), bases);
    }
    if (!name) continue;  // named by the status, or not at all: the polls find it
    if (std::ranges::find(out.named, *name) == out.named.end()) out.named.push_back(*name);
    if (deleted) out.gone.push_back(*name);
  }
  return {};
}

// The events of a notification tell it from all others, if they have times or the Bundle an id.
std::string key_of(const Node& bundle, const Notification& notification) {
  const auto id = bundle.text_of("id");
  const auto timed = [](const EventNumber& event) { return event.at.has_value(); };
  const auto& events = notification.numbers.events;
  if (notification.what != What::Events || (id.empty() && (events.empty() || !std::ranges::all_of(events, timed)))) {
    return {};
  }
  std::string parts(id);
  for (const EventNumber& event : events) {
    parts += "|" + std::to_string(event.number) + "@" + (event.at ? to_text(*event.at) : std::string());
  }
  for (const RecordName& name : notification.named) parts += "|" + name.text();
  return stable_id({parts});
}

Result<Notification> read_bundle(const Node& bundle, std::span<const std::string> bases) {
  Notification notification;
  BHI_CHECK(check_bundle_type(bundle.text_of("type"), notification.issues));
  const auto entries = fhir::each(bundle.find("entry"));
  const Node* first = entries.empty() ? nullptr : entries.front().find("resource");
  if (first == nullptr || !is_status(*first)) {
    return incorrect("Bundle.entry[0]: expected the status of the subscription (Parameters or SubscriptionStatus)");
  }
  BHI_CHECK(StatusReader(notification, bases).read(*first));
  const Node* request = entries.front().find("request");
  if (request == nullptr || request->text_of("url").find("$status") == std::string_view::npos) {
    notification.issues.push_back(
        {Severity::Warning, "value", "Bundle.entry[0].request", "expected it to name $status"});
  }
  BHI_CHECK(read_entries(entries, bases, notification));
  notification.key = key_of(bundle, notification);
  return notification;
}

}  // namespace

std::optional<RecordName> record_name(std::string_view text, std::span<const std::string> bases) {
  const auto reference = fhir::parse_reference(text);
  if (!reference || reference->type.empty() || !fhir::is_safe_id(reference->id)) return std::nullopt;
  const auto* type = fhir::Types::r4().find(reference->type);
  if (type == nullptr || type->kind != fhir::TypeKind::Resource) return std::nullopt;
  if (!reference->base.empty() && std::ranges::find(bases, reference->base) == bases.end()) return std::nullopt;
  return RecordName{reference->type, reference->id};
}

Result<Notification> read_notification(const Node& body, std::span<const std::string> bases) {
  const auto type = fhir::resource_type(body);
  if (type == "Bundle") return read_bundle(body, bases);
  if (body.is_object() && body.members().empty()) return Notification{};  // {}: an empty body in its JSON form
  if (type.empty()) return incorrect("body: expected a Bundle or a resource");
  Notification notification;
  notification.what = What::Resource;
  const auto name = name_of(body);
  if (!name) return incorrect("body: expected a record of a known type with an id that may stand in an address");
  notification.named.push_back(*name);
  return notification;
}

Result<Notification> read_status(const Node& answer, std::span<const std::string> bases) {
  Notification notification;
  if (is_status(answer)) {
    BHI_CHECK(StatusReader(notification, bases).read(answer));
    return notification;
  }
  const auto entries = fhir::each(answer.find("entry"));
  for (const Node& entry : entries) {
    const Node* resource = entry.find("resource");
    if (resource == nullptr || !is_status(*resource)) continue;
    BHI_CHECK(StatusReader(notification, bases).read(*resource));
    BHI_CHECK(read_entries(entries, bases, notification));
    return notification;
  }
  return incorrect("expected the status of a subscription (Parameters or SubscriptionStatus)");
}

}  // namespace bhi::flow
