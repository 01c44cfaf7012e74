#include "flow/work.h"

#include "fhir/bundle.h"
#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/held.h"
#include "flow/held_back.h"
#include "flow/inbound.h"
#include "flow/merge.h"
#include "flow/moves.h"
#include "flow/neighbourhood.h"
#include "flow/record.h"
#include "flow/roster.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace bhi::flow {

namespace {

using fhir::DocumentPtr;
using fhir::Node;

constexpr int kConflictTries = 5;

// One attempt at a lane: everything read, mapped and applied, ready to be committed.
class Attempt {
 public:
  Attempt(const Engine& engine, Store& store, const Destinations& destinations, std::vector<InboxItem> items,
          Instant now, bool again)
      : engine_(engine),
        store_(store),
        destinations_(destinations),
        items_(std::move(items)),
        now_(now),
        source_(items_.front().resource.source),
        again_(again),
        neighbours_(store, source_),
        persons_(store) {}

  Result<void> prepare() {
    read_documents();
    BHI_CHECK(map_all());
    BHI_CHECK(apply_all());
    BHI_CHECK(raise_safety());
    finish_outcomes();
    return {};
  }

  const Worked& worked() const { return worked_; }
  WorkSummary& summary() { return summary_; }
  const std::string& source() const { return source_; }

 private:
  struct Slot {
    DocumentPtr document;
    std::string entity;  // care id of what the item became
    std::string patient;
    InboxOutcome outcome;
    std::optional<Ledger> ledger;  // to be completed with the entity's new version
  };

  void read_documents() {
    for (const InboxItem& item : items_) {
      Slot& slot = slots_.emplace_back();
      slot.outcome.seq = item.seq;
      if (item.resource.body.empty()) {
        slot.outcome.state = InboxState::Left;
        slot.outcome.reason = "deleted at the source; what was derived from it is kept";
        continue;
      }
      auto document = fhir::read_json(item.resource.body);
      if (!document.ok()) {
        quarantine(slot, {{Severity::Error, "structure", "", document.error().message}});
        continue;
      }
      slot.document = *std::move(document);
      neighbours_.add(item.resource, slot.document);
    }
  }

  Result<void> map_all() {
    const Surroundings around{
        [this](std::string_view type, std::string_view id) { return neighbours_.resource(type, id); },
        [this](std::string_view url) { return neighbours_.canonical(url); }, nullptr,
        [this](const std::string& patient) { return person(patient); }};
    // People first: what else came may belong to another record by now.
    for (const bool people : {true, false}) {
      for (std::size_t i = 0; i < items_.size(); ++i) {
        if (slots_[i].document && (items_[i].resource.type == "Patient") == people)
          BHI_CHECK(map_one(items_[i].resource, slots_[i], around));
      }
    }
    if (problem_) return *problem_;
    return {};
  }

  // The record that stands for a patient now.
  std::string person(const std::string& patient) {
    auto found = persons_.now(patient);
    if (found.ok()) return *std::move(found);
    problem_ = found.error();
    return patient;
  }

  // Where the records of this person belong from now on (moves.h). False: the change does not count.
  Result<bool> follow_merge(const ResourceCopy& copy, Slot& slot, care::Patient& patient) {
    BHI_TRY(const auto held, stored_patient(patient.id));
    const std::string before = held ? held->replaced_by : std::string();
    patient.replaced_by = before;
    const auto ours = instant_from(held ? held->source.updated : ""), theirs = instant_from(copy.updated);
    if (ours && theirs && *theirs < *ours) return true;  // an older version says nothing of today
    BHI_TRY(const Merge merge, merge_of(engine_, store_, persons_, slot.document->root(), copy));
    if (!merge.reason.empty()) quarantine(slot, {{Severity::Error, "conflict", "Patient.link", merge.reason}});
    if (merge.what == Merge::What::Doubtful) return false;
    patient.replaced_by = merge.into;
    if (merge.what == Merge::What::Undone) persons_.merged(patient.id, "");
    if (merge.what == Merge::What::Into) {
      patient.active = false;
      BHI_CHECK(move_record(patient.id, merge.into, merge.into_id, before != merge.into));
    }
    BHI_TRY(const auto replaced, replaced_here(engine_, store_, persons_, slot.document->root(), copy));
    for (const std::string& id : replaced) {
      care::Patient old = patient_by_reference({source_, "Patient", id, "", ""});
      BHI_TRY(const auto stored, stored_patient(old.id));
      if (stored) old = *stored;
      old.replaced_by = patient.id;
      old.active = false;
      BHI_CHECK(move_record(old.id, patient.id, copy.id, true));
      changes_[old.id].push_back(std::move(old));
    }
    return true;
  }

  Result<std::optional<care::Patient>> stored_patient(const std::string& id) {
    BHI_TRY(const auto row, store_.entity("Patient", id));
    if (!row) return std::optional<care::Patient>();
    BHI_TRY(auto entity, entity_from_json(row->body));
    return std::optional(std::get<care::Patient>(std::move(entity)));
  }

  Result<void> move_record(const std::string& from, const std::string& into, const std::string& into_id, bool fresh) {
    if (fresh) worked_.audit.push_back({"merge", source_, "Patient/" + from, "into Patient/" + into, now_});
    persons_.merged(from, into);
    BHI_TRY(const std::string stands, persons_.now(into));
    arriving_[stands].push_back(from);
    changes_.try_emplace(stands);
    if (stands == into) subjects_.try_emplace(into, care::Source{source_, "Patient", into_id, "", ""});
    return {};
  }

  Result<void> map_one(const ResourceCopy& copy, Slot& slot, const Surroundings& around) {
    const Node& resource = slot.document->root();
    BHI_TRY(const auto ledger, known_at_ehr(copy, resource));
    const bool plan = copy.type == "CarePlan";
    if (ledger && !ledger->id.empty() && ledger->hash == copy.hash) return left(slot, "what we wrote or know already");
    const bool answered = is_for_answers(copy.type, resource);
    if (!plan && !answered && (ledger || !own_identifier(resource).empty())) return edited_copy(copy, slot, ledger);
    if (plan && !ledger && !own_identifier(resource).empty() && !is_theirs(copy, resource))
      return left(slot, "our own write; its delivery confirms it");

    Inbound inbound =
        map_inbound(engine_, resource, {copy.source, copy.id, copy.version, copy.updated}, around, now_, arena_);
    slot.outcome.issues = std::move(inbound.issues);
    for (const std::string& reference : neighbours_.take_missing()) {
      if (is_filled_in(std::string_view(reference).substr(0, reference.find('/'))))
        summary_.missing.push_back({reference, copy.type + "/" + copy.id});
    }
    switch (inbound.what) {
      case Inbound::What::Left:
        if (copy.type == "CareTeam" && inbound.subject) note_emptied(copy, *inbound.subject);
        return left(slot, inbound.reason);
      case Inbound::What::Invalid:
        quarantine(slot, std::move(slot.outcome.issues));
        if (inbound.change)
          only_safety_[inbound.subject ? person(care_id(source_, "Patient", inbound.subject->id)) : ""].push_back(
              *std::move(inbound.change));
        return {};
      case Inbound::What::Waiting:
        slot.outcome.state = InboxState::Waiting;
        slot.outcome.reason = inbound.reason;
        summary_.wanted.push_back(inbound.reason);
        return {};
      case Inbound::What::Change: break;
    }
    if (auto* handoff = std::get_if<care::Handoff>(&*inbound.change)) BHI_CHECK(join_handoff(*handoff));
    if (plan) BHI_CHECK(join_plan(copy, slot, ledger, around, std::get<care::CarePlan>(*inbound.change)));
    if (slot.outcome.state != InboxState::Done) return {};
    if (auto* one = std::get_if<care::Patient>(&*inbound.change)) {
      // A merge undone is put aside for a person to see, and counts all the same: new records are this patient's own.
      BHI_TRY(const bool counts, follow_merge(copy, slot, *one));
      if (!counts) return {};
    }
    std::visit(
        [&slot](const auto& change) {
          if constexpr (requires { change.id; }) slot.entity = change.id;
          if constexpr (requires { change.patient; })
            slot.patient = change.patient;
          else
            slot.patient = slot.entity;
        },
        *inbound.change);
    if (inbound.subject && care_id(source_, "Patient", inbound.subject->id) == slot.patient)
      subjects_.try_emplace(slot.patient, *std::move(inbound.subject));
    auto& changes = changes_[slot.patient];
    changes.push_back(*std::move(inbound.change));
    std::ranges::move(inbound.others, std::back_inserter(changes));
    return {};
  }

  // Nobody of this team is left whose role we know: those we held have left it.
  void note_emptied(const ResourceCopy& copy, const care::Source& subject) {
    const std::string patient = person(care_id(source_, "Patient", subject.id));
    emptied_[patient].push_back({copy.source, copy.type, copy.id, copy.version, copy.updated});
    changes_.try_emplace(patient);
  }

  // A Task of ours is there to be answered: what somebody over there does with it is news, not an edited copy.
  bool is_for_answers(std::string_view type, const Node& resource) const {
    const std::string value = own_identifier(resource);
    return type == "Task" && (value.starts_with("recommendation/") || value.starts_with("handoff/"));
  }

  // Of our own handoff only its acceptance is the other side's to say.
  Result<void> join_handoff(care::Handoff& handoff) {
    BHI_TRY(const auto stored, store_.entity("Handoff", handoff.id));
    if (!stored) return {};
    BHI_TRY(const auto read, entity_from_json(stored->body));
    care::Handoff held = std::get<care::Handoff>(read);
    if (!held.source.system.empty()) return {};
    if (!handoff.accepted.at.empty() && held.accepted.at.empty()) {
      held.accepted = handoff.accepted;
      held.recorded.at = handoff.recorded.at;
    }
    handoff = std::move(held);
    return {};
  }

  // A plan of the EHR into which we wrote once: the id we gave it comes of the resource itself. It is read although its
  // ledger is gone, with a store begun anew; a plan that we made has another id.
  bool is_theirs(const ResourceCopy& copy, const Node& resource) const {
    return own_identifier(resource) == "care-plan/" + care_id(copy.source, copy.type, copy.id);
  }

  // "<artifact>/<care id>" of an identifier in our system; empty when there is none.
  std::string own_identifier(const Node& resource) const {
    const std::string system = engine_.identifier_system();
    for (const Node& identifier : fhir::each(resource.find("identifier"))) {
      if (identifier.text_of("system") == system) return std::string(identifier.text_of("value"));
    }
    return {};
  }

  Result<std::optional<Ledger>> known_at_ehr(const ResourceCopy& copy, const Node& resource) {
    BHI_TRY(auto ledger, store_.ledger_of(copy.source, copy.type, copy.id));
    if (ledger) return ledger;
    const std::string value = own_identifier(resource);
    const auto slash = value.find('/');
    if (slash == std::string::npos) return std::optional<Ledger>();
    return store_.ledger(copy.source, value.substr(0, slash), value.substr(slash + 1));
  }

  // Somebody changed our Observation, QuestionnaireResponse or Flag over there: noted, never a second Screening.
  Result<void> edited_copy(const ResourceCopy& copy, Slot& slot, std::optional<Ledger> ledger) {
    const bool former = ledger && ledger->id != copy.id;  // a document that a later one of ours has replaced
    if (ledger && !ledger->hash.empty() && !former) {
      slot.outcome.issues.push_back({Severity::Warning, "conflict", copy.type + "/" + copy.id,
                                     "the copy that we wrote was edited at the EHR; our screening is unchanged"});
      ledger->stood = mark_of(ledger);
      ledger->hash = copy.hash;
      ledger->version = copy.version;
      worked_.ledger.push_back(*std::move(ledger));
    }
    return left(slot, "our own write");
  }

  // The plan as the EHR has it now, joined with what the BHI side changed since both were last in step.
  Result<void> join_plan(const ResourceCopy& copy, Slot& slot, const std::optional<Ledger>& ledger,
                         const Surroundings& around, care::CarePlan& plan) {
    Ledger next = ledger.value_or(Ledger{});
    if (ledger) next.stood = mark_of(ledger);  // a delivery may write a newer one while we read
    if (ledger) {
      plan.id = ledger->care_id;
      BHI_TRY(const auto stored, store_.entity("CarePlan", plan.id));
      if (stored && !ledger->held.empty()) {
        BHI_TRY(const auto held, fhir::read_json(ledger->held));
        // A delivery may have read, merged and written a newer version while this one waited in its lane.
        if (is_older(copy, held->root())) return left(slot, "older than what is known of it");
        Inbound base =
            map_inbound(engine_, held->root(), {copy.source, copy.id, ledger->version, ""}, around, now_, arena_);
        BHI_TRY(const auto current, fhir::read_json(stored->body));
        if (base.what == Inbound::What::Change) {
          auto& base_plan = std::get<care::CarePlan>(*base.change);
          base_plan.id = plan.id;
          base_plan.source = plan.source;  // where and when it came from is no edit
          BHI_TRY(const auto current_entity, entity_from(current->root()));
          care::CarePlan current_plan = std::get<care::CarePlan>(current_entity.entity);
          const care::Source newest = plan.source;
          plan.source = base_plan.source = current_plan.source;
          const Node before = to_node(base_plan, arena_);
          const Merged merged = merge(before, to_node(plan, arena_), before, to_node(current_plan, arena_), arena_);
          if (!merged.conflicts.empty()) {
            slot.outcome.state = InboxState::Left;
            slot.outcome.reason = "edited on both sides: " + merged.conflicts.front();
            slot.outcome.issues.push_back({Severity::Warning, "conflict", "CarePlan/" + copy.id, slot.outcome.reason});
            ++summary_.left;
            return {};
          }
          BHI_TRY(auto joined, entity_from(merged.document));
          plan = std::get<care::CarePlan>(std::move(joined.entity));
          plan.source = newest;
        }
      }
    }
    next.destination = copy.source;
    next.artifact = "care-plan";
    next.care_id = plan.id;
    next.type = copy.type;
    next.id = copy.id;
    next.version = copy.version;
    next.hash = copy.hash;
    next.held = copy.body;
    next.rendered.clear();
    slot.ledger = std::move(next);
    return {};
  }

  // Of what was put aside, only a self-harm answer counts: its event is raised, nothing else changes.
  Result<void> raise_safety() {
    for (const auto& [patient, changes] : only_safety_) {
      BHI_TRY(const auto before, load_record(store_, patient));
      care::Applied applied = care::apply(before.record, changes, engine_.policy, now_);
      std::erase_if(applied.touched, [this](const care::Entity& entity) {
        return !std::holds_alternative<care::SafetyEvent>(entity) || is_written(entity);
      });
      std::erase_if(applied.intents,
                    [](const care::Intent& intent) { return intent.artifact != care::Intent::Artifact::SafetyNotice; });
      add_applied(worked_, applied, before, destinations_, source_, now_);
      for (const care::Intent& intent : applied.intents) summary_.urgent |= intent.urgent;
    }
    return {};
  }

  bool is_written(const care::Entity& entity) const {
    return std::ranges::any_of(worked_.entities, [&entity](const StoredEntity& row) {
      return row.kind == care::kind_of(entity) && row.id == id_of(entity);
    });
  }

  Result<void> apply_all() {
    for (auto& [patient, changes] : changes_) {
      BHI_TRY(auto before, load_record(store_, patient));
      if (is_merged_away(changes)) before = only_patient(before);  // the rest goes to the survivor, as it is
      Arrived arrived;
      BHI_CHECK(gather(patient, changes, before, arrived));
      const auto subject = subjects_.find(patient);
      if (subject != subjects_.end() && !before.record.patient)
        changes.insert(changes.begin(), patient_by_reference(subject->second));
      if (subject != subjects_.end() && !before.record.patient) {
        BHI_TRY(const auto held, store_.resource(source_, "Patient", subject->second.id));
        if (!held) summary_.missing.push_back({"Patient/" + subject->second.id, ""});
      }
      end_missing(before.record, emptied_[patient], now_, changes);
      const care::Applied applied = care::apply(before.record, changes, engine_.policy, now_);
      add_applied(worked_, applied, before, destinations_, source_, now_);
      add_arrived(worked_, arrived);
      for (Slot& slot : slots_) {
        if (slot.entity.empty() || slot.patient != patient) continue;
        take_issues(slot, applied);
        if (!slot.ledger) continue;
        // In step with the EHR, unless the plan has edits of ours that it does not have yet: those have an outbox row
        // that must not be taken for settled.
        const std::int64_t stored = before.version_of("CarePlan", slot.entity);
        const bool was_in_step = stored == 0 || slot.ledger->care_version == stored;
        const bool wants_write = std::ranges::any_of(
            applied.intents, [&slot](const care::Intent& intent) { return intent.id == slot.entity; });
        if (was_in_step && !wants_write) slot.ledger->care_version = version_after(before, "CarePlan", slot.entity);
        worked_.ledger.push_back(*slot.ledger);
      }
      for (const care::Intent& intent : applied.intents) summary_.urgent |= intent.urgent;
    }
    return {};
  }

  // What comes to this patient from others: records merged into it; and, once a write met a version that is not its
  // own, resources that were another's before. (In the usual case nothing is looked up.)
  Result<void> gather(const std::string& patient, const std::vector<care::Change>& changes, LoadedRecord& before,
                      Arrived& arrived) {
    for (const std::string& from : arriving_[patient]) BHI_CHECK(absorb(store_, from, patient, before, arrived));
    if (!again_) return {};
    for (const care::Change& change : changes) {
      const auto [kind, id] = entity_of(change);
      if (kind.empty() || before.version_of(kind, id) != 0) continue;
      const auto count = arrived.rows.size();
      BHI_CHECK(adopt(store_, kind, id, patient, before, arrived));
      if (arrived.rows.size() == count) continue;
      worked_.audit.push_back(
          {"move", source_, std::string(kind) + "/" + std::string(id), "to Patient/" + patient, now_});
    }
    return {};
  }

  std::int64_t version_after(const LoadedRecord& before, std::string_view kind, std::string_view id) const {
    for (const StoredEntity& entity : worked_.entities) {
      if (entity.kind == kind && entity.id == id) return entity.version + 1;
    }
    return before.version_of(kind, id);
  }

  static void take_issues(Slot& slot, const care::Applied& applied) {
    for (const Issue& issue : applied.issues) {
      if (issue.path.find(slot.entity) != std::string::npos) slot.outcome.issues.push_back(issue);
    }
    for (const std::string& id : applied.left) {
      if (id != slot.entity) continue;
      slot.outcome.state = InboxState::Left;
      slot.outcome.reason = slot.outcome.issues.empty() ? "not for the care model" : slot.outcome.issues.back().text;
    }
  }

  void finish_outcomes() {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      Slot& slot = slots_[i];
      if (slot.outcome.state == InboxState::Done) ++summary_.done;
      const ResourceCopy& copy = items_[i].resource;
      worked_.audit.push_back({slot.outcome.state == InboxState::Quarantined ? "quarantine" : "map", copy.source,
                               copy.type + "/" + copy.id, std::string(name(slot.outcome.state)), now_});
      worked_.inbox.push_back(std::move(slot.outcome));
    }
  }

  Result<void> left(Slot& slot, std::string reason) {
    slot.outcome.state = InboxState::Left;
    slot.outcome.reason = std::move(reason);
    ++summary_.left;
    return {};
  }

  void quarantine(Slot& slot, Issues issues) {
    slot.outcome.state = InboxState::Quarantined;
    slot.outcome.reason = issues.empty() ? "invalid" : issues.front().path + ": " + issues.front().text;
    slot.outcome.issues = std::move(issues);
    ++summary_.quarantined;
  }

  const Engine& engine_;
  Store& store_;
  const Destinations& destinations_;
  std::vector<InboxItem> items_;
  Instant now_;
  std::string source_;
  bool again_;  // an earlier attempt met a version that was not its own
  Neighbourhood neighbours_;
  Arena arena_;
  Persons persons_;
  std::optional<Error> problem_;                              // of a look at the store from inside a map
  std::map<std::string, std::vector<std::string>> arriving_;  // by care id: patients that were merged into it
  std::vector<Slot> slots_;
  std::map<std::string, std::vector<care::Change>> changes_;  // by care id of the patient
  std::map<std::string, std::vector<care::Source>> emptied_;  // CareTeams, by care id of the patient
  std::map<std::string, std::vector<care::Change>> only_safety_;
  std::map<std::string, care::Source> subjects_;  // the same, as referred to
  Worked worked_{.entities = {}, .outbox = {}, .ledger = {}, .inbox = {}, .audit = {}, .at = now_, .reason = "map"};
  WorkSummary summary_;
};

// A form may arrive after we looked for it and before its response was put down as waiting: then nobody else wakes it.
Result<void> wake_if_arrived(Store& store, std::string_view source, const std::vector<std::string>& wanted) {
  for (const std::string& canonical : wanted) {
    BHI_TRY(const auto form, store.canonical(source, std::string_view(canonical).substr(0, canonical.find('|'))));
    if (form && !form->body.empty()) BHI_CHECK(store.requeue_waiting(canonical));
  }
  return {};
}

}  // namespace

Result<WorkSummary> work_lane(const Engine& engine, Store& store, const Destinations& destinations,
                              std::string_view lane, std::size_t limit, Instant now) {
  for (int attempt_number = 1;; ++attempt_number) {
    BHI_TRY(auto items, store.pending(lane, limit));
    if (items.empty()) return WorkSummary{};
    Attempt attempt(engine, store, destinations, std::move(items), now, attempt_number > 1);
    BHI_CHECK(attempt.prepare());
    auto committed = store.commit(attempt.worked());
    if (committed.ok()) {
      BHI_TRY(attempt.summary().released, release_for(engine, store, attempt.worked().entities, now));
      BHI_CHECK(wake_if_arrived(store, attempt.source(), attempt.summary().wanted));
      return attempt.summary();
    }
    if (committed.error().kind != Kind::Conflict || attempt_number == kConflictTries) return committed.error();
  }
}

}  // namespace bhi::flow
