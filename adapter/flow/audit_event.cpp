#include "flow/audit_event.h"

#include "base/arena.h"
#include "fhir/bundle.h"
#include "fhir/json.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <optional>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::Member;
using fhir::Node;

constexpr auto kActions = std::to_array<AuditAction>({
    {"accept", AuditShape::Create, "receive"},                  // an EHR, a file or a person sent it to us
    {"acknowledge", AuditShape::Update, "attest"},              // a safety event
    {"correct-*", AuditShape::Update, "amend"},                 // an entry of the team, of the practice
    {"discard", AuditShape::Lifecycle, "deprecate"},            // a write that a person wants no more
    {"dry-run", AuditShape::Lifecycle, "hold"},                 // a write that was rehearsed
    {"emergency-disclosure", AuditShape::Lifecycle, "unhold"},  // 42 CFR 2.51; its sending is a record of its own
    {"file", AuditShape::Lifecycle, "attest"},                  // a person filed it by hand
    {"map", AuditShape::Lifecycle, "transform"},                // into the care model
    {"merge", AuditShape::Lifecycle, "merge"},                  // one patient's record into another's
    {"move", AuditShape::Lifecycle, "link"},                    // a resource to another patient
    {"on-call", AuditShape::Lifecycle, "report"},               // a notice to the person on call
    {"park", AuditShape::Lifecycle, "hold"},                    // a write that needs a person
    {"patch-plan", AuditShape::Update, "amend"},
    {"plan", AuditShape::Lifecycle, "report"},       // the first write plan of a destination
    {"plan-*", AuditShape::Lifecycle, "report"},     // it was asked for anew, or is another one
    {"post-*", AuditShape::Create, "originate"},     // by the BHI side
    {"provenance", AuditShape::Disclose, "attest"},  // of a write, to the EHR
    {"quarantine", AuditShape::Lifecycle, "hold"},
    {"read", AuditShape::Read, ""},
    {"redact", AuditShape::Lifecycle, "deidentify"},  // what consent does not cover is left out of a write
    {"refuse", AuditShape::Alert, ""},                // a request to us
    {"refused", AuditShape::Lifecycle, "report"},     // by an EHR, on one rung
    {"release", AuditShape::Lifecycle, "unhold"},     // a parked write goes out again
    {"replay", AuditShape::Lifecycle, "unhold"},
    {"restore", AuditShape::Lifecycle, "restore"},  // the store, from a backup
    {"resolve", AuditShape::Lifecycle, "merge"},    // a person decided between two edits
    {"revoke-consent", AuditShape::Update, "amend"},
    {"rung", AuditShape::Lifecycle, "report"},         // by which way a write goes
    {"send", AuditShape::Disclose, "transmit"},        // just before it leaves
    {"settle", AuditShape::Lifecycle, "verify"},       // what became of a write
    {"tick", AuditShape::Lifecycle, "transform"},      // what time alone asks for
    {"withhold", AuditShape::Lifecycle, "hold"},       // by the consent guard
    {"write-file", AuditShape::Lifecycle, "extract"},  // for a person to file
});

constexpr std::string_view kBalp = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
constexpr std::string_view kRest = "http://terminology.hl7.org/CodeSystem/audit-event-type";
constexpr std::string_view kDicom = "http://dicom.nema.org/resources/ontology/DCM";
constexpr std::string_view kLifecycle = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle";
constexpr std::string_view kInteraction = "http://hl7.org/fhir/restful-interaction";
constexpr std::string_view kEntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
constexpr std::string_view kRole = "http://terminology.hl7.org/CodeSystem/object-role";
constexpr std::string_view kParticipation = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

struct Part {
  std::string_view name;
  std::string text;
};

std::string base64_of(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    unsigned block = 0;
    for (std::size_t i = 0; i < 3; ++i)
      block = block << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) out += at + i > bytes.size() ? '=' : kLetters[block >> (18 - 6 * i) & 63];
  }
  return out;
}

class EventMaker {
 public:
  EventMaker(const AuditRow& row, const AuditPatient& patient, const AuditContext& context)
      : row_(row), entry_(row.entry), patient_(patient), context_(context) {}

  std::string json() {
    const AuditAction* known = find_audit_action(entry_.action);
    const AuditAction action = known != nullptr ? *known : AuditAction{entry_.action};
    shape_ = action.shape;
    const bool query = shape_ == AuditShape::Read && subject_parts(entry_.subject).second.empty();
    std::vector<Member> members = {member("resourceType", text("AuditEvent")),
                                   member("id", text("audit-" + std::to_string(row_.seq)))};
    if (const auto profile = profile_of(query); !profile.empty())
      members.push_back(member("meta", object({member("profile", list({text(profile)}))})));
    members.push_back(member("type", type_of()));
    if (const auto subtypes = subtypes_of(action, query); !subtypes.empty())
      members.push_back(member("subtype", list(subtypes)));
    members.push_back(member("action", text(action_of(query))));
    members.push_back(member("recorded", text(to_text(entry_.at))));
    members.push_back(member("outcome", text(std::string(1, outcome_code(entry_)))));
    members.push_back(member("outcomeDesc", text(entry_.outcome.empty() ? "ok" : entry_.outcome)));
    members.push_back(member("agent", list(agents(query))));
    members.push_back(member("source", object({member("site", text(context_.instance)), member("observer", us())})));
    members.push_back(member("entity", list(entities(query))));
    return fhir::write_json(object(members));
  }

 private:
  // ---- what happened

  std::string profile_of(bool query) const {
    if (outcome_code(entry_) != '0') return {};
    const bool patient = !patient_.care_id.empty();
    const std::string prefix = std::string(kBalp) + (patient ? "Patient" : "");
    switch (shape_) {
      case AuditShape::Read: return prefix + (query ? "Query" : "Read");
      case AuditShape::Create: return prefix + "Create";
      case AuditShape::Update: return prefix + "Update";
      case AuditShape::Disclose: return patient ? std::string(kBalp) + "PrivacyDisclosure.Source" : std::string();
      case AuditShape::Lifecycle:
      case AuditShape::Alert: return {};
    }
    return {};
  }

  Node type_of() {
    switch (shape_) {
      case AuditShape::Read:
      case AuditShape::Create:
      case AuditShape::Update: return coding(kRest, "rest", "Restful Operation");
      case AuditShape::Disclose: return coding(kDicom, "110106", "Export");
      case AuditShape::Alert: return coding(kDicom, "110113", "Security Alert");
      case AuditShape::Lifecycle: return coding(kDicom, "110100", "Application Activity");
    }
    return coding(kRest, "rest", "Restful Operation");
  }

  std::vector<Node> subtypes_of(const AuditAction& action, bool query) {
    std::vector<Node> codes;
    switch (shape_) {
      case AuditShape::Read:
        codes.push_back(query ? coding(kInteraction, "search", "search") : coding(kInteraction, "read", "read"));
        break;
      case AuditShape::Create: codes.push_back(coding(kInteraction, "create", "create")); break;
      case AuditShape::Update: codes.push_back(coding(kInteraction, "update", "update")); break;
      case AuditShape::Disclose: codes.push_back(coding(kLifecycle, "disclose", "")); break;
      case AuditShape::Lifecycle:
      case AuditShape::Alert: break;
    }
    if (!action.lifecycle.empty()) codes.push_back(coding(kLifecycle, action.lifecycle, ""));
    codes.push_back(coding("urn:bhi-adapter:audit-action", entry_.action, ""));
    return codes;
  }

  std::string_view action_of(bool query) const {
    switch (shape_) {
      case AuditShape::Read: return query ? "E" : "R";
      case AuditShape::Create: return "C";
      case AuditShape::Update: return "U";
      case AuditShape::Disclose: return "R";
      case AuditShape::Lifecycle:
      case AuditShape::Alert: return "E";
    }
    return "E";
  }

  // ---- who: the actor of a row is an EHR (its source's name), ourselves, or a caller, "token" or "token/member"

  bool actor_is_us() const { return entry_.actor == "bhi" || entry_.actor == "on-call" || entry_.actor.empty(); }
  bool actor_is_ehr() const { return context_.ehrs.contains(entry_.actor); }

  // Which way data or a question went: the source role, then the destination role.
  std::vector<Node> agents(bool query) {
    const std::string_view from = "110153", to = "110152";
    if (shape_ == AuditShape::Lifecycle || shape_ == AuditShape::Alert) {
      std::vector<Node> list = {agent("110150", "Application", us(), own_network(), actor_is_us())};
      if (!actor_is_us()) list.push_back(other(actor_is_ehr() ? "110153" : "", true));
      return list;
    }
    if (shape_ == AuditShape::Disclose)
      return {agent(from, "Source Role ID", us(), own_network(), true), other(to, false)};
    if (actor_is_ehr() && shape_ == AuditShape::Read) {  // we asked
      return {agent(query ? from : to, role_name(query ? from : to), us(), own_network(), true),
              other(query ? to : from, false)};
    }
    const bool asks_for_it = shape_ == AuditShape::Read && !query;
    std::vector<Node> all = {
        other(asks_for_it ? to : from, true),
        agent(asks_for_it ? from : to, role_name(asks_for_it ? from : to), us(), own_network(), false)};
    const auto slash = entry_.actor.find('/');
    if (slash != std::string::npos) {
      const bool reads = shape_ == AuditShape::Read;
      const Node kind = object({member("coding", list({coding(kParticipation, reads ? "IRCP" : "AUT", "")}))});
      all.push_back(
          object({member("type", kind), member("who", identified("team-member/" + entry_.actor.substr(slash + 1))),
                  member("requestor", Node::boolean(true))}));
    }
    return all;
  }

  static std::string_view role_name(std::string_view code) {
    return code == "110153" ? "Source Role ID" : "Destination Role ID";
  }

  Node agent(std::string_view code, std::string_view display, const Node& who, const Node& network, bool requestor) {
    std::vector<Member> members;
    if (!code.empty())
      members.push_back(member("type", object({member("coding", list({coding(kDicom, code, display)}))})));
    members.push_back(member("who", who));
    members.push_back(member("requestor", Node::boolean(requestor)));
    members.push_back(member("network", network));
    return object(members);
  }

  Node other(std::string_view code, bool requestor) {
    if (actor_is_ehr()) {
      const auto& base = context_.ehrs.find(entry_.actor)->second;
      return agent(code, role_name(code), identified("source/" + entry_.actor),
                   base.empty() ? unknown_network() : network(base), requestor);
    }
    const auto token = entry_.actor.substr(0, entry_.actor.find('/'));
    return agent(code, role_name(code), identified("token/" + (token.empty() ? "-" : token)), unknown_network(),
                 requestor);
  }

  Node us() { return identified("adapter"); }
  Node own_network() { return network(system()); }
  Node network(const std::string& address) {
    return object({member("address", text(address)), member("type", text("5"))});  // a URI
  }
  // Addresses of callers are not recorded.
  Node unknown_network() {
    const Node absent = object({member("url", text("http://hl7.org/fhir/StructureDefinition/data-absent-reason")),
                                member("valueCode", text("unknown"))});
    return object({member("extension", list({absent}))});
  }

  // ---- what about

  std::vector<Node> entities(bool query) {
    std::vector<Node> all;
    if (query) {
      all.push_back(object({member("type", coding(kEntityType, "2", "System Object")),
                            member("role", coding(kRole, "24", "Query")), member("description", text(entry_.subject)),
                            member("query", text(base64_of(entry_.subject)))}));
    } else {
      all.push_back(object({member("what", what()), member("type", coding(kEntityType, "2", "System Object")),
                            member("role", coding(kRole, "4", "Domain Resource"))}));
    }
    if (!patient_.care_id.empty()) {
      all.push_back(object({member("what", patient()), member("type", coding(kEntityType, "1", "Person")),
                            member("role", coding(kRole, "1", "Patient"))}));
    }
    all.push_back(record());
    return all;
  }

  // "Observation/12" of a source is a resource there; everything else has our identifier.
  Node what() {
    const auto [type, id] = subject_parts(entry_.subject);
    const bool at_source = actor_is_ehr() && entry_.action != "send" && entry_.action != "settle" &&
                           entry_.action != "park" && fhir::is_safe_id(id);
    if (!at_source) return identified(entry_.subject);
    std::vector<Member> members;
    const auto& base = context_.ehrs.find(entry_.actor)->second;
    const std::string name = std::string(type) + "/" + std::string(id);
    if (!base.empty()) members.push_back(member("reference", text(base + "/" + name)));
    members.push_back(member("identifier", object({member("system", text("urn:bhi-adapter:source:" + entry_.actor)),
                                                   member("value", text(name))})));
    return object(members);
  }

  Node patient() {
    std::vector<Member> members;
    const auto base = context_.ehrs.find(patient_.source);
    if (base != context_.ehrs.end() && !base->second.empty() && fhir::is_safe_id(patient_.id))
      members.push_back(member("reference", text(base->second + "/Patient/" + patient_.id)));
    members.push_back(member("type", text("Patient")));
    members.push_back(member("identifier", object({member("system", text(system())),
                                                   member("value", text("patient/" + patient_.care_id))})));
    return object(members);
  }

  // What the chain of hashes is made of (store/audit_chain.h): over the hash before, seq, at in milliseconds, action,
  // actor, subject, outcome.
  Node record() {
    std::vector<Node> details;
    for (const auto& [name, value] : std::initializer_list<Part>{
             {"hash", row_.hash},
             {"seq", std::to_string(row_.seq)},
             {"at", std::to_string(entry_.at.time_since_epoch().count())},
             {"action", entry_.action},
             {"actor", entry_.actor},
             {"subject", entry_.subject},
             {"outcome", entry_.outcome},
         }) {
      if (value.empty()) continue;  // FHIR knows no empty text; an absent one is empty
      details.push_back(object({member("type", text(name)), member("valueString", text(value))}));
    }
    const Node number =
        object({member("system", text(system() + ":audit")), member("value", text(std::to_string(row_.seq)))});
    return object({member("what", object({member("identifier", number)})),
                   member("type", coding("urn:bhi-adapter:audit", "audit-record", "Record of the audit trail")),
                   member("detail", list(details))});
  }

  // ---- building

  std::string system() const { return "urn:bhi-adapter:" + context_.instance; }
  Node identified(const std::string& value) {
    return object({member("identifier", object({member("system", text(system())), member("value", text(value))}))});
  }
  Node coding(std::string_view system, std::string_view code, std::string_view display) {
    std::vector<Member> members = {member("system", text(system)), member("code", text(code))};
    if (!display.empty()) members.push_back(member("display", text(display)));
    return object(members);
  }
  Node text(std::string_view value) { return Node::string(arena_.copy(value)); }
  Node list(const std::vector<Node>& elements) { return Node::array(arena_.copy(std::span(elements))); }
  Node object(const std::vector<Member>& members) { return Node::object(arena_.copy(std::span(members))); }
  static Member member(std::string_view name, const Node& value) { return {&fhir::intern(name), value}; }

  const AuditRow& row_;
  const AuditEntry& entry_;
  const AuditPatient& patient_;
  const AuditContext& context_;
  AuditShape shape_ = AuditShape::Lifecycle;
  Arena arena_;
};

}  // namespace

std::span<const AuditAction> audit_actions() { return kActions; }

const AuditAction* find_audit_action(std::string_view action) {
  const auto found = std::ranges::find_if(kActions, [action](const AuditAction& row) {
    return row.action.ends_with('*') ? action.starts_with(row.action.substr(0, row.action.size() - 1))
                                     : action == row.action;
  });
  return found == kActions.end() ? nullptr : &*found;
}

char outcome_code(const AuditEntry& entry) {
  constexpr std::array<std::string_view, 9> kFailures = {"failed",   "not ",  "no ",     "dead",       "parked",
                                                         "retry-at", "error", "refused", "quarantined"};
  const std::string_view outcome = entry.outcome;
  if (entry.action == "on-call" && !outcome.starts_with("ended"))
    return outcome.find("told") == outcome.npos ? '8' : '0';
  if (entry.action == "refuse" || entry.action == "park" || entry.action == "quarantine") return '4';
  const bool failed =
      std::ranges::any_of(kFailures, [outcome](std::string_view start) { return outcome.starts_with(start); });
  return failed || outcome.starts_with("unknown") ? '4' : '0';
}

std::pair<std::string_view, std::string_view> subject_parts(std::string_view subject) {
  subject = subject.substr(0, subject.find(' '));
  const auto slash = subject.find('/');
  if (slash == std::string_view::npos) return {subject, {}};
  return {subject.substr(0, slash), subject.substr(slash + 1)};
}

std::string audit_event(const AuditRow& row, const AuditPatient& patient, const AuditContext& context) {
  return EventMaker(row, patient, context).json();
}

}  // namespace bhi::flow
