#include "flow/outbox_acts.h"

#include "base/arena.h"
#include "fhir/json.h"
#include "flow/bases.h"
#include "flow/binding.h"
#include "flow/fate.h"
#include "flow/held.h"
#include "flow/held_ledgers.h"
#include "flow/merge.h"
#include "flow/plan_parts.h"
#include "flow/write_plan.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace bhi::flow {

namespace {

using fhir::Node;

Result<OutboxItem> item_in(Store& store, std::int64_t seq, std::initializer_list<OutboxState> states,
                           std::string_view act) {
  BHI_TRY(auto item, store.outbox_item(seq));
  const std::string where = "outbox item " + std::to_string(seq);
  if (!item) return Error{Kind::NotFound, where + ": there is none"};
  if (std::ranges::find(states, item->state) != states.end()) return *std::move(item);
  std::string expected;
  for (const OutboxState state : states) expected += (expected.empty() ? "" : " or ") + std::string(name(state));
  return Error{Kind::Conflict, where + ": to " + std::string(act) + " it, expected " + expected + ", found " +
                                   std::string(name(item->state))};
}

std::string subject_of(const OutboxItem& item) {
  const Artifact* artifact = find_artifact(item.artifact);
  return std::string(artifact == nullptr ? "outbox" : artifact->kind) + "/" + item.care_id;
}

Result<OutboxItem> settled_as(Store& store, OutboxItem item, std::string_view act, std::string_view by, Instant now) {
  Settled settled;
  settled.audit.push_back(
      {std::string(act), std::string(by), subject_of(item), std::string(name(item.state)) + ": " + item.reason, now});
  settled.item = std::move(item);
  BHI_CHECK(store.settle(settled));
  return std::move(settled.item);
}

class Resolution {
 public:
  Resolution(const Engine& engine, Store& store, const OutboxItem& item, Keep keep, Instant now)
      : engine_(engine), store_(store), item_(item), keep_(keep), now_(now) {}

  // What is to be kept so that the next delivery of this resource does as was decided.
  Result<Worked> of(const Artifact& artifact, Ledger ledger, const Node& theirs) {
    Worked worked;
    worked.at = now_;
    worked.reason = "resolve";
    BHI_TRY(auto entity, store_.entity(artifact.kind, item_.care_id));
    if (!entity) return Error{Kind::NotFound, subject_of(item_) + ": the care model does not hold it"};
    std::string rendered;
    if (artifact.name == "care-plan") {
      BHI_TRY(std::string body, joined_plan(ledger, theirs, *entity));
      if (body != entity->body) {
        entity->body = std::move(body);
        worked.entities.push_back(*entity);
      }
    } else if (keep_ == Keep::Theirs) {
      BHI_TRY(rendered, rendering(artifact, ledger, *entity));
      ledger.care_version = entity->version;
    }
    ledger.held = fhir::write_json(theirs);
    ledger.rendered = std::move(rendered);
    ledger.version = version_of(theirs);
    ledger.hash = fhir::content_hash(theirs);
    worked.ledger.push_back(std::move(ledger));
    return worked;
  }

 private:
  // Our plan with what the EHR's people changed since both were last in step; what both changed as decided.
  Result<std::string> joined_plan(const Ledger& ledger, const Node& theirs, const StoredEntity& entity) {
    Node held = theirs;
    if (!ledger.held.empty()) {
      BHI_TRY(const auto document, fhir::read_json(ledger.held));
      held = fhir::copy(document->root(), arena_);
    }
    BHI_TRY(const auto document, fhir::read_json(entity.body));
    BHI_TRY(const auto current, entity_from(document->root()));
    const auto& plan = std::get<care::CarePlan>(current.entity);
    BHI_TRY(auto then, plan_read(engine_, store_, ledger, held, now_, arena_));
    BHI_TRY(auto there, plan_read(engine_, store_, ledger, theirs, now_, arena_));
    for (care::CarePlan* read : {&then, &there}) {  // where it came from is no edit
      read->source = plan.source;
      read->patient = plan.patient;
    }
    const Node base = to_node(then, arena_), ours = to_node(plan, arena_), edited = to_node(there, arena_);
    const Merged merged = keep_ == Keep::Ours ? merge(base, ours, base, edited, arena_, OnConflict::TakeOurs)
                                              : merge(base, edited, base, ours, arena_, OnConflict::TakeOurs);
    BHI_TRY(const auto joined, entity_from(merged.document));
    return to_json(joined.entity);
  }

  Result<std::string> rendering(const Artifact& artifact, const Ledger& ledger, const StoredEntity& entity) {
    WriteContext context;
    context.destination = ledger.destination;
    BHI_TRY(const auto patient, store_.entity("Patient", entity.patient));
    if (patient) {
      BHI_TRY(const auto home, fhir::read_json(patient->body));
      const Node* source = home->root().find("source");
      if (source != nullptr) context.patient = "Patient/" + std::string(source->text_of("id"));
    }
    if (!ledger.rendered.empty()) {
      BHI_TRY(const auto before, fhir::read_json(ledger.rendered));
      for (const Node& origin : fhir::each(before->root().find("derivedFrom"))) {
        context.derived_from.emplace_back(origin.text_of("reference"));
      }
    }
    std::string body = entity.body;
    if (artifact.each) {  // in the words in which the last delivery knew it
      BHI_TRY(const auto row, store_.ledger(item_.destination, artifact.name, item_.care_id));
      BHI_TRY(const auto roster, roster_from(row ? row->rendered : std::string()));
      for (const PlanPart& part : roster) {
        if (part.said.id != ledger.care_id) continue;
        body = to_json(part.said);
        context.removed = part.removed;
      }
    }
    BHI_TRY(const auto document, fhir::read_json(body));
    BHI_TRY(const Node ours, render(engine_, artifact, document->root(), context, now_, arena_));
    return fhir::write_json(ours);
  }

  const Engine& engine_;
  Store& store_;
  const OutboxItem& item_;
  Keep keep_;
  Instant now_;
  Arena arena_;
};

}  // namespace

Result<OutboxItem> release(Store& store, std::int64_t seq, std::string_view by, Instant now) {
  BHI_TRY(OutboxItem item, item_in(store, seq, {OutboxState::Parked, OutboxState::Dead}, "release"));
  item.state = OutboxState::Planned;
  item.reason = "released by a person";
  item.trouble.clear();
  item.not_before = {};
  return settled_as(store, std::move(item), "release", by, now);
}

Result<OutboxItem> discard(Store& store, std::int64_t seq, std::string_view by, std::string_view reason, Instant now) {
  constexpr std::size_t kLongestReason = 300;
  BHI_TRY(OutboxItem item,
          item_in(store, seq, {OutboxState::Parked, OutboxState::Planned, OutboxState::RetryAt}, "discard"));
  item.state = OutboxState::Dead;
  item.reason = "discarded by a person";
  if (!reason.empty()) item.reason += ": " + std::string(reason.substr(0, kLongestReason));
  return settled_as(store, std::move(item), "discard", by, now);
}

Result<OutboxItem> set_aside(Store& store, OutboxItem item, Instant now) {
  item.state = OutboxState::Parked;
  item.trouble = kContent;
  item.reason = "given up after " + std::to_string(item.attempts) + " tries while others passed: " + item.reason;
  const std::string by = item.destination;
  return settled_as(store, std::move(item), "park", by, now);
}

Result<OutboxItem> resolve_conflict(const Engine& engine, Store& store, Ehr& ehr, std::int64_t seq, Keep keep,
                                    std::string_view by, Instant now) {
  BHI_TRY(OutboxItem item, item_in(store, seq, {OutboxState::Parked}, "resolve"));
  bool moved = false;
  BHI_TRY(const auto ledgers, ledgers_of(store, item.destination, item.artifact, item.care_id));
  for (const Ledger& ledger : ledgers) {
    BHI_TRY(const auto theirs, ehr.read(ledger.type, ledger.id));
    const Artifact& artifact = *find_artifact(ledger.artifact);
    BHI_TRY(Worked worked, Resolution(engine, store, item, keep, now).of(artifact, ledger, theirs->root()));
    BHI_CHECK(store.commit(worked));
    moved = true;
  }
  if (!moved) {
    return Error{Kind::Conflict, "outbox item " + std::to_string(seq) +
                                     ": nothing of it is known to be at the EHR, so there is nothing to resolve"};
  }
  const bool done = keep == Keep::Theirs && item.artifact != "care-plan";
  item.state = done ? OutboxState::Superseded : OutboxState::Planned;
  item.reason = keep == Keep::Ours ? "resolved by a person: ours is kept" : "resolved by a person: theirs is kept";
  item.trouble.clear();
  item.request_hash.clear();
  item.sent.clear();
  item.not_before = {};
  return settled_as(store, std::move(item), "resolve", by, now);
}

}  // namespace bhi::flow
