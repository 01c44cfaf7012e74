// A row of our audit trail as a FHIR R4 AuditEvent, in the shapes of IHE BALP 1.1 (Basic Audit Log Patterns): Read,
// Query, Create, Update and Privacy Disclosure at Source, each with and without a patient. What BALP has no shape for
// (a map that ran, a write that was parked) is a lifecycle event of ISO 21089.
// https://profiles.ihe.net/ITI/BALP/
//
// One table says what each action is. Everything that the hash of a row covers goes along, so that the chain can be
// checked by who has nothing but these events (entity of type "audit-record": seq, hash and the texts).
//
// BALP describes successes; an event with another outcome carries no profile, nor does one that lacks what its profile
// asks for.
#pragma once

#include "base/result.h"
#include "flow/ports.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::flow {

enum class AuditShape : std::uint8_t {
  Read,  // by id; a Query when the subject names no record
  Create,
  Update,
  Disclose,   // out of our hands, to an EHR
  Lifecycle,  // everything else: a code of ISO 21089
  Alert,      // refused
};

struct AuditAction {
  std::string_view action;
  AuditShape shape = AuditShape::Lifecycle;
  std::string_view lifecycle = {};  // the code; also of the others, as a further subtype, when not empty
};

// By name. An action that ends with '*' stands for all that begin so.
std::span<const AuditAction> audit_actions();
// Null: no row of the table.
const AuditAction* find_audit_action(std::string_view action);

// "Screening/s1" -> {Screening, s1}; what stands behind a space is said about it: "Patient/7 timeline".
std::pair<std::string_view, std::string_view> subject_parts(std::string_view subject);

// Whom a row may speak of.
struct AuditContext {
  std::string instance;                                  // instance_id
  std::map<std::string, std::string, std::less<>> ehrs;  // base URL of each source; empty: it only sends
};

// Who it was about. Empty: nobody, or it cannot be told any more.
struct AuditPatient {
  std::string care_id{};
  std::string source{};
  std::string id{};  // at the source
};

// By the subject of the row: "Screening/<care id>" of the care model, "Observation/<id>" of a source. Errors: of the
// store.
Result<AuditPatient> patient_of(Store& store, const AuditContext& context, const AuditEntry& entry);

// 0 success, 4 minor failure, 8 serious failure. https://hl7.org/fhir/R4/valueset-audit-event-outcome.html
char outcome_code(const AuditEntry& entry);

// JSON of the AuditEvent. Pure.
std::string audit_event(const AuditRow& row, const AuditPatient& patient, const AuditContext& context);

// A searchset Bundle of up to `limit` events after `after`; `next`: address of the following page, used when there is
// one, with the last seq added.
Result<std::string> audit_bundle(Store& store, const AuditContext& context, std::int64_t after, std::size_t limit,
                                 std::string_view next);

}  // namespace bhi::flow
