#include "flow/receive.h"

#include "fhir/bundle.h"
#include "fhir/xml.h"

#include <utility>

namespace bhi::flow {

namespace {

std::string meta_text(const fhir::Node& resource, std::string_view name) {
  const fhir::Node* meta = resource.find("meta");
  return meta == nullptr ? std::string() : std::string(meta->text_of(name));
}

// What a resource without an id is known by: its content. The same content sent again is the same thing.
std::string id_of(const fhir::Node& resource, const std::string& hash) {
  const std::string_view id = resource.text_of("id");
  return id.empty() ? "sha256-" + hash.substr(0, 48) : std::string(id);
}

}  // namespace

Result<Received> receive(const fhir::Node& document, std::string_view source, std::string_view channel, Instant now,
                         const Issues& left_out) {
  Arena arena;
  BHI_TRY(auto split, fhir::split(document, arena, left_out));
  Received received;
  received.issues = std::move(split.issues);
  for (const fhir::Entry& entry : split.entries) {
    if (entry.outcome) {
      received.issues.push_back(
          {Severity::Warning, "incomplete", entry.path, "the source says that results may be missing"});
      continue;
    }
    if (entry.deleted || !entry.resource.is_object())
      continue;  // deletions are asked for by the poller, not taken from a post
    ResourceCopy copy;
    copy.source = std::string(source);
    copy.type = std::string(fhir::resource_type(entry.resource));
    copy.hash = fhir::content_hash(entry.resource);
    copy.id = id_of(entry.resource, copy.hash);
    if (!fhir::is_safe_id(copy.id)) {
      received.issues.push_back(
          {Severity::Error, "value", entry.path + ".id", "expected an id of 1 to 64 letters, digits, '-' and '.'"});
      continue;
    }
    copy.version = meta_text(entry.resource, "versionId");
    copy.updated = meta_text(entry.resource, "lastUpdated");
    copy.url = std::string(entry.resource.text_of("url"));
    copy.body = fhir::write_json(entry.resource);
    const std::string patient = fhir::patient_reference(entry.resource);
    InboxItem item;
    item.lane = copy.source + "|" + (patient.empty() ? copy.type + "/" + copy.id : patient);
    item.channel = std::string(channel);
    item.received = now;
    item.resource = std::move(copy);
    received.items.push_back(std::move(item));
  }
  return received;
}

Result<Received> receive(std::string text, std::string_view source, std::string_view channel, Instant now,
                         const fhir::ReadLimits& limits) {
  Issues left_out;
  BHI_TRY(const auto document, fhir::read_document(std::move(text), limits, &left_out));
  return receive(document->root(), source, channel, now, left_out);
}

}  // namespace bhi::flow
