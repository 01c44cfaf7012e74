#include "flow/hook.h"

#include "fhir/bundle.h"
#include "flow/pages.h"
#include "flow/receive.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace bhi::flow {

namespace {

constexpr int kAskedOften = 3;  // a record that is not found (404) is asked for so often
constexpr std::string_view kChannel = "notify";

bool is_wanted(const HookSettings& settings, std::string_view type) {
  return std::ranges::find(settings.types, type) != settings.types.end();
}

bool is_gone(const Notification& notification, const RecordName& name) {
  return std::ranges::find(notification.gone, name) != notification.gone.end();
}

// Records that stand whole in the body and are of a type that is asked for.
Result<std::vector<InboxItem>> records_in(const fhir::Node& body, const Notification& notification,
                                          const HookSettings& settings, Instant now) {
  BHI_TRY(Received received, receive(body, settings.source, kChannel, now));
  std::erase_if(received.items, [&](const InboxItem& item) {
    return !is_wanted(settings, item.resource.type) || is_gone(notification, {item.resource.type, item.resource.id});
  });
  return std::move(received.items);
}

// Where the record was worked on while it was there.
Result<std::string> lane_of(Store& store, const HookSettings& settings, const RecordName& record) {
  BHI_TRY(const auto copy, store.resource(settings.source, record.type, record.id));
  std::string lane = settings.source + "|" + record.text();
  if (!copy || copy->body.empty()) return lane;
  const auto document = fhir::read_json(copy->body);
  if (!document) return lane;
  const std::string patient = fhir::patient_reference((*document)->root());
  return patient.empty() ? lane : settings.source + "|" + patient;
}

}  // namespace

std::string fetch_prefix(std::string_view subscription) { return "notify|" + std::string(subscription) + "|fetch|"; }

// "<told> <gone or changed> <tried>" under ".../fetch|Type/id|<serial>".
Cursor cursor_of(const HookSettings& settings, const ToFetch& record) {
  return {settings.source, record.cursor,
          to_text(record.told) + (record.gone ? " gone " : " changed ") + std::to_string(record.tried)};
}

std::optional<ToFetch> to_fetch_from(const Cursor& cursor, std::string_view subscription) {
  const auto prefix = fetch_prefix(subscription);
  std::string_view name = cursor.name, value = cursor.value;
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const auto record = record_name(name.substr(0, name.find('|')), {});
  const auto blank = value.find(' ');
  const auto told = instant_from(value.substr(0, blank));
  if (!record || !told || blank == std::string_view::npos || value.back() < '0' || value.back() > '9')
    return std::nullopt;
  return ToFetch{*record, *told, value.substr(blank).starts_with(" gone"), value.back() - '0', cursor.name};
}

Result<Hooked> hooked(const fhir::Node* body, const Notification& notification, const HookSettings& settings,
                      Instant now, std::uint64_t serial) {
  Hooked out;
  if (body != nullptr && settings.believed && !notification.named.empty()) {
    BHI_TRY(out.batch.items, records_in(*body, notification, settings, now));
  }
  for (const RecordName& name : notification.named) {
    if (!is_wanted(settings, name.type)) {
      ++out.other_types;
      continue;
    }
    const bool is_here = std::ranges::any_of(out.batch.items, [&](const InboxItem& item) {
      return item.resource.type == name.type && item.resource.id == name.id;
    });
    if (is_here) continue;
    const auto cursor = fetch_prefix(settings.subscription) + name.text() + "|" + std::to_string(serial);
    out.fetch.push_back({name, now, is_gone(notification, name), 0, cursor});
  }
  for (const InboxItem& item : out.batch.items) {
    out.batch.audit.push_back(
        {"accept", settings.source, item.resource.type + "/" + item.resource.id, "notified", now});
  }
  return out;
}

Result<Fetched> fetch(Store& store, Ehr& ehr, const HookSettings& settings, const ToFetch& record, Instant now) {
  Fetched out;
  const RecordName& name = record.record;
  const auto audit = [&](std::string outcome) {
    out.batch.audit.push_back({"read", settings.source, name.text(), std::move(outcome), now});
  };
  const auto read = ehr.read(name.type, name.id);
  if (read) {
    BHI_TRY(Received received, receive((*read)->root(), settings.source, kChannel, now));
    out.batch.items = std::move(received.items);
    audit("ok");
  } else if (read.error().kind == Kind::NotFound && says_gone(read.error())) {
    InboxItem item;
    BHI_TRY(item.lane, lane_of(store, settings, name));
    item.channel = kChannel;
    item.received = now;
    item.resource.source = settings.source;
    item.resource.type = name.type;
    item.resource.id = name.id;
    out.batch.items.push_back(std::move(item));
    out.deleted = true;
    audit("deleted there (410)");
  } else if (read.error().kind == Kind::NotFound && record.tried + 1 < kAskedOften) {
    out.again = record;
    ++out.again->tried;
  } else if (read.error().kind == Kind::NotFound || read.error().kind == Kind::Forbidden) {
    audit(read.error().kind == Kind::Forbidden ? "not shown to us (403)" : "not found (404); not taken for deleted");
  } else {
    return read.error();
  }
  Cursor cursor = cursor_of(settings, out.again.value_or(record));
  if (!out.again) cursor.value.clear();
  out.batch.cursor = std::move(cursor);
  return out;
}

}  // namespace bhi::flow
