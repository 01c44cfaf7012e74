#include "flow/held_back.h"

#include "base/hash.h"
#include "care/text.h"
#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/guard.h"
#include "flow/guard_look.h"
#include "flow/held_ledgers.h"
#include "flow/ladder.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace bhi::flow {

namespace {

constexpr std::size_t kOfAPatient = 10'000;
constexpr std::size_t kPage = 500;
constexpr std::size_t kLongest = 1000;  // characters of what a person writes

// As held back before the guard said so itself.
constexpr std::string_view kFormerReason = "substance-use data waits for a consent that covers it";

std::string subject_of(const OutboxItem& item) {
  const Artifact* artifact = find_artifact(item.artifact);
  return std::string(artifact == nullptr ? "outbox" : artifact->kind) + "/" + item.care_id;
}

Result<void> release(Store& store, OutboxItem item, AuditEntry audit) {
  item.state = OutboxState::Planned;
  item.reason.clear();
  item.trouble.clear();
  item.not_before = {};
  Settled settled;
  settled.item = std::move(item);
  settled.audit.push_back(std::move(audit));
  return store.settle(settled);
}

Result<void> release(Store& store, OutboxItem item, Instant now) {
  AuditEntry audit{"release", item.destination, subject_of(item), "the consents are looked at again", now};
  auto released = release(store, std::move(item), std::move(audit));
  // Somebody has settled it meanwhile: it waits no longer.
  return !released.ok() && released.error().kind == Kind::Conflict ? Result<void>() : released;
}

bool is_open(const OutboxItem& item) {
  return item.state == OutboxState::Planned || item.state == OutboxState::Sent || item.state == OutboxState::Unknown ||
         item.state == OutboxState::RetryAt;
}

// Did the plan go to the EHR without some of its parts? Judged without any consent: those parts are not there.
Result<bool> went_redacted(const Engine& engine, Store& store, const StoredEntity& plan, const std::string& destination,
                           Instant now) {
  BHI_TRY(const auto entity, entity_from_json(plan.body));
  BHI_TRY(const auto ledger, store.ledger(destination, "care-plan", plan.id));
  BHI_TRY(const GuardLook look,
          look_for_guard(engine, store, entity, {}, destination, ledger ? &*ledger : nullptr, now));
  const Privacy careful;
  const Verdict verdict = judge(question_of(entity, look, destination, careful, false, now));
  return verdict.what == Verdict::What::Send && !verdict.redactions.empty();
}

Result<std::size_t> queue_redacted_plans(const Engine& engine, Store& store, const std::string& patient, Instant now) {
  BHI_TRY(const auto person, store.entity("Patient", patient));
  if (!person) return std::size_t{0};
  BHI_TRY(const auto known, entity_from_json(person->body));
  const std::string& destination = std::get<care::Patient>(known).source.system;
  BHI_TRY(const auto plans, store.entities_of(patient, "CarePlan"));
  BHI_TRY(const auto items, store.outbox(patient, kOfAPatient));
  Worked worked;
  for (const StoredEntity& plan : plans) {
    const auto waits = [&](const OutboxItem& item) { return item.care_id == plan.id && is_open(item); };
    BHI_TRY(const auto standing, ledgers_of(store, destination, "care-plan", plan.id));
    if (standing.empty() || std::ranges::any_of(items, waits)) continue;
    BHI_TRY(const bool redacted, went_redacted(engine, store, plan, destination, now));
    if (!redacted) continue;
    OutboxItem item;
    item.destination = destination;
    item.patient = patient;
    item.artifact = "care-plan";
    item.care_id = plan.id;
    item.care_version = std::ranges::max(standing, {}, &Ledger::care_version).care_version + 1;  // it has not all of it
    item.reason = "a consent has changed since parts of it were left out";
    item.created = now;
    worked.audit.push_back({"release", destination, subject_of(item), item.reason, now});
    worked.outbox.push_back(std::move(item));
  }
  if (worked.outbox.empty()) return std::size_t{0};
  BHI_CHECK(store.commit(worked));
  return worked.outbox.size();
}

std::string quoted(std::string_view text) { return fhir::write_json(fhir::Node::string(text)); }

}  // namespace

bool is_held_by_consent(const OutboxItem& item) {
  return item.state == OutboxState::Parked && (item.reason.starts_with(kHeldByConsent) || item.reason == kFormerReason);
}

Result<std::size_t> release_held(Store& store, std::string_view patient, Instant now) {
  if (patient.empty()) return std::size_t{0};
  BHI_TRY(auto items, store.outbox(patient, kOfAPatient));
  std::size_t released = 0;
  std::ranges::reverse(items);  // oldest first
  for (OutboxItem& item : items) {
    if (!is_held_by_consent(item)) continue;
    BHI_CHECK(release(store, std::move(item), now));
    ++released;
  }
  return released;
}

Result<std::size_t> release_for(const Engine& engine, Store& store, const std::vector<StoredEntity>& committed,
                                Instant now) {
  std::size_t released = 0;
  std::vector<std::string_view> patients;
  for (const StoredEntity& entity : committed) {
    if (entity.kind != "Consent" || std::ranges::find(patients, entity.patient) != patients.end()) continue;
    patients.push_back(entity.patient);
    BHI_TRY(const std::size_t some, release_held(store, entity.patient, now));
    BHI_TRY(const std::size_t more, queue_redacted_plans(engine, store, entity.patient, now));
    released += some + more;
  }
  return released;
}

Result<OutboxItem> look_again(const Engine& engine, Store& store, OutboxItem held, const Privacy& privacy,
                              Instant now) {
  const Artifact* artifact = find_artifact(held.artifact);
  if (artifact == nullptr) return held;
  BHI_TRY(const auto stored, store.entity(artifact->kind, held.care_id));
  if (!stored) return held;
  BHI_TRY(const auto entity, entity_from_json(stored->body));
  BHI_TRY(const auto ledger, store.ledger(held.destination, held.artifact, held.care_id));
  BHI_TRY(const auto consents, store.entities_of(stored->patient, "Consent"));
  BHI_TRY(const GuardLook look,
          look_for_guard(engine, store, entity, consents, held.destination, ledger ? &*ledger : nullptr, now));
  const Verdict verdict =
      judge(question_of(entity, look, held.destination, privacy, is_emergency(held.emergency), now));
  if (verdict.what == Verdict::What::Hold) return held;
  BHI_CHECK(release(store, held, now));
  held.state = OutboxState::Planned;
  return held;
}

Result<std::size_t> recheck_held(const Engine& engine, Store& store, std::string_view destination,
                                 const Privacy& privacy, Instant now) {
  std::size_t released = 0;
  for (std::int64_t before = 0;;) {
    BHI_TRY(auto items, store.outbox_in({OutboxState::Parked}, before, kPage));
    for (OutboxItem& item : items) {
      before = item.seq;
      if (item.destination != destination || !is_held_by_consent(item)) continue;
      BHI_TRY(const OutboxItem after, look_again(engine, store, std::move(item), privacy, now));
      if (after.state == OutboxState::Planned) ++released;
    }
    if (items.size() < kPage) return released;
  }
}

Result<OutboxItem> disclose_in_emergency(Store& store, std::int64_t seq, const EmergencyRecord& record, Instant now) {
  const std::array<std::pair<std::string_view, std::string_view>, 3> parts = {
      {{"recipient", record.recipient}, {"nature", record.nature}, {"by", record.by}}};
  for (const auto& [element, text] : parts) {
    if (care::trimmed(text).empty() || text.size() > kLongest) {
      return Error{Kind::Incorrect,
                   std::string(element) + ": expected a text of at most " + std::to_string(kLongest) + " characters"};
    }
  }
  BHI_TRY(auto item, store.outbox_item(seq));
  if (!item) return Error{Kind::NotFound, "no such outbox item"};
  if (!is_held_by_consent(*item)) {
    return Error{Kind::Conflict, "outbox item " + std::to_string(seq) + " is " + std::string(name(item->state)) +
                                     " and not held back by consent"};
  }
  item->emergency = "{\"recipient\":" + quoted(record.recipient) + ",\"nature\":" + quoted(record.nature) +
                    ",\"by\":" + quoted(record.by) + ",\"at\":" + quoted(to_text(now)) + "}";
  AuditEntry audit{"emergency-disclosure", record.by, subject_of(*item),
                   "outbox " + std::to_string(seq) + " to " + item->destination + "; record sha256 " +
                       to_hex(sha256(item->emergency)),
                   now};
  BHI_CHECK(release(store, *item, std::move(audit)));
  BHI_TRY(auto after, store.outbox_item(seq));
  if (!after) return Error{Kind::Fault, "the outbox item is gone"};
  return *std::move(after);
}

bool is_emergency(const std::string& text) {
  if (text.empty()) return false;
  const auto record = fhir::read_json(text);
  if (!record.ok()) return false;
  constexpr auto kMust = std::to_array<std::string_view>({"recipient", "nature", "by", "at"});
  return std::ranges::all_of(kMust,
                             [&](std::string_view element) { return !(*record)->root().text_of(element).empty(); });
}

}  // namespace bhi::flow
