// Whom a row of the audit trail was about, and pages of the trail as Bundles (audit_event.h).
#include "fhir/json.h"
#include "flow/audit_event.h"
#include "flow/inbound.h"
#include "flow/receive.h"

#include <algorithm>

namespace bhi::flow {

namespace {

using fhir::Node;

// The Patient that a resource at hand is about, as received.
Result<AuditPatient> of_resource(Store& store, std::string_view source, std::string_view type, std::string_view id,
                                 Instant at) {
  if (type == "Patient") return AuditPatient{care_id(source, "Patient", id), std::string(source), std::string(id)};
  BHI_TRY(const auto copy, store.resource(source, type, id));
  if (!copy || copy->body.empty()) return AuditPatient{};
  const auto document = fhir::read_json(copy->body);
  if (!document.ok()) return AuditPatient{};
  const auto received = receive((*document)->root(), source, "poll", at);
  if (!received.ok() || received->items.empty()) return AuditPatient{};
  const std::string& lane = received->items.front().lane;
  const auto patient = lane.substr(std::min(lane.size(), source.size() + 1));
  if (!patient.starts_with("Patient/")) return AuditPatient{};
  const auto number = patient.substr(8);
  return AuditPatient{care_id(source, "Patient", number), std::string(source), number};
}

Result<AuditPatient> of_care(Store& store, const std::string& care) {
  AuditPatient patient{care};
  BHI_TRY(const auto stored, store.entity("Patient", care));
  if (!stored) return patient;
  const auto document = fhir::read_json(stored->body);
  if (!document.ok()) return patient;
  if (const Node* source = (*document)->root().find("source")) {
    patient.source = source->text_of("system");
    patient.id = source->text_of("id");
  }
  return patient;
}

}  // namespace

Result<AuditPatient> patient_of(Store& store, const AuditContext& context, const AuditEntry& entry) {
  const auto [kind, id] = subject_parts(entry.subject);
  if (kind.empty() || id.empty() ||
      kind.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") != std::string_view::npos)
    return AuditPatient{};
  // A source's own names come first: "Patient/1" read from it is no care id.
  const bool by_source = context.ehrs.contains(entry.actor);
  if (by_source) {
    BHI_TRY(auto patient, of_resource(store, entry.actor, kind, id, entry.at));
    const bool ours = entry.action == "send" || entry.action == "settle" || entry.action == "park" ||
                      entry.action == "provenance" || entry.action == "merge";
    if (!patient.care_id.empty() && !(ours && kind == "Patient")) return patient;
  }
  if (kind == "Patient") {
    BHI_TRY(const auto stored, store.entity("Patient", id));
    if (stored) return of_care(store, std::string(id));
  }
  BHI_TRY(const auto stored, store.entity(kind, id));
  if (stored && !stored->patient.empty()) return of_care(store, stored->patient);
  if (by_source) return AuditPatient{};
  // Sent to us by a caller whose token says no source.
  for (const auto& [source, base] : context.ehrs) {
    BHI_TRY(const auto copy, store.resource(source, kind, id));
    if (copy) return of_resource(store, source, kind, id, entry.at);
  }
  return AuditPatient{};
}

Result<std::string> audit_bundle(Store& store, const AuditContext& context, std::int64_t after, std::size_t limit,
                                 std::string_view next) {
  BHI_TRY(const auto rows, store.audit_trail(after, limit));
  std::string entries;
  for (const AuditRow& row : rows) {
    BHI_TRY(const auto patient, patient_of(store, context, row.entry));
    entries += entries.empty() ? "" : ",";
    entries += R"({"fullUrl":"urn:bhi-adapter:)" + context.instance + ":audit:" + std::to_string(row.seq) +
               R"(","resource":)" + audit_event(row, patient, context) + R"(,"search":{"mode":"match"}})";
  }
  std::string bundle = R"({"resourceType":"Bundle","type":"searchset")";
  if (rows.size() == limit) {  // there may be more
    bundle += R"(,"link":[{"relation":"next","url":")" + std::string(next) + std::to_string(rows.back().seq) + R"("}])";
  }
  if (!rows.empty()) bundle += R"(,"entry":[)" + entries + "]";
  return bundle + "}";
}

}  // namespace bhi::flow
