// The parts of a plan as resources of their own: which are to be made, changed or closed, and each in its turn.
// One item delivers them all, each durable before the next: a try after a failure goes on where the last one ended.
#include "flow/bases.h"
#include "flow/binding.h"
#include "flow/delivery.h"
#include "flow/held.h"
#include "flow/held_back.h"
#include "flow/notices.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace bhi::flow {

using fhir::Node;

namespace {

// Its words, whatever id it got and whatever its plan is called.
bool is_same_part(const LonePart& a, const LonePart& b) {
  return a.activities == b.activities && a.goals == b.goals && a.problems == b.problems;
}

bool is_among(const std::vector<LonePart>& parts, const LonePart& one) {
  return std::ranges::any_of(parts, [&one](const LonePart& other) { return is_same_part(one, other); });
}

template <typename T>
void append(std::vector<T>& to, const std::vector<T>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

bool wants_parts(const WritingWishes& wishes) {
  const auto own = wishes.rungs.find("care-plan");
  return wishes.parts || (own != wishes.rungs.end() && std::ranges::find(own->second, kParts) != own->second.end());
}

std::vector<const Artifact*> kinds_of_parts() {
  std::vector<const Artifact*> kinds;
  for (const Rung& rung : ladder_of("care-plan")) {
    if (rung.name != kParts) continue;
    for (const auto* names : {&rung.parts, &rung.companions}) {
      for (const std::string_view name : *names) kinds.push_back(find_artifact(name));
    }
  }
  return kinds;
}

}  // namespace

Result<std::optional<care::CarePlan>> Delivery::plan_of_theirs() {
  using Theirs = std::optional<care::CarePlan>;
  const auto ledger = std::ranges::find(standing_, "care-plan", &Ledger::artifact);
  if (ledger == standing_.end()) return Theirs(care::CarePlan{});
  if (ledger->held.empty()) return Theirs();
  BHI_TRY(const auto held, fhir::read_json(ledger->held));
  auto plan = plan_read(engine_, store_, *ledger, held->root(), now_, arena_);
  return plan.ok() ? Theirs(*std::move(plan)) : Theirs();
}

Result<void> Delivery::look_at_parts(Standing& standing) {
  parts_.clear();
  if (!wants_parts(terms_.writing)) {  // and has it ever?
    bool told = false;
    for (const Artifact* artifact : kinds_of_parts()) {
      BHI_TRY(const auto roster, store_.ledger(item_.destination, artifact->name, item_.care_id));
      told = told || roster;
    }
    if (!told) return {};
  }
  BHI_TRY(const auto theirs, plan_of_theirs());
  if (!theirs) {
    standing.why_no_parts = "what the EHR's own plan says is not at hand";
    return {};
  }
  standing.parts.emplace();
  for (const Artifact* artifact : kinds_of_parts()) {
    BHI_TRY(PartsAt at, parts_at(*artifact, parts_of(*theirs, artifact->name)));
    standing.parts->push_back(at.needs);
    if (at.needs.there) standing_.push_back(at.roster);
    parts_.push_back(std::move(at));
  }
  return {};
}

Result<Delivery::PartsAt> Delivery::parts_at(const Artifact& artifact, const std::vector<LonePart>& theirs) {
  PartsAt at;
  at.artifact = &artifact;
  at.needs.artifact = artifact.name;
  BHI_TRY(const auto stored, store_.ledger(item_.destination, artifact.name, item_.care_id));
  at.roster = stored ? *stored : blank(artifact);
  BHI_TRY(const auto roster, roster_from(at.roster.rendered));
  const auto& guarded = std::get<care::CarePlan>(verdict_.entity);
  const auto may_leave = parts_of(guarded, artifact.name);
  for (PlanPart& part : follow(roster, *unguarded_, theirs, artifact.name)) {
    PartAt one{std::move(part)};
    one.part.said.title = guarded.title;
    BHI_TRY(one.ledger, store_.ledger(item_.destination, artifact.name, one.part.said.id));
    one.withheld = one.part.removed ? !may_still_leave(artifact, one.part.said) : !is_among(may_leave, one.part.said);
    if (!one.withheld) {
      BHI_TRY(one.changed, says_something_else(artifact, one));
    }
    at.needs.there |= one.ledger.has_value();
    at.needs.update |= one.ledger && (one.changed || one.withheld);
    at.needs.create |= !one.ledger && one.changed;
    at.parts.push_back(std::move(one));
  }
  return at;
}

// Judged as if the plan had it still: what is taken back is sent once more.
bool Delivery::may_still_leave(const Artifact& artifact, const LonePart& removed) const {
  care::CarePlan with_it = *unguarded_;
  append(with_it.activities, removed.activities);
  append(with_it.goals, removed.goals);
  append(with_it.problems, removed.problems);
  const care::Entity entity(with_it);
  const Verdict verdict =
      judge(question_of(entity, look_, item_.destination, terms_.privacy, is_emergency(item_.emergency), now_));
  const auto* left = std::get_if<care::CarePlan>(&verdict.entity);
  return verdict.what == Verdict::What::Send && left != nullptr && is_among(parts_of(*left, artifact.name), removed);
}

bool Delivery::is_in_doubt(const Artifact& artifact, const std::string& id) const {
  if (!uncertain_ || sent_before_.empty()) return false;
  const auto sent = fhir::read_json(sent_before_);
  return sent.ok() && value_in((*sent)->root(), engine_.identifier_system()) == identifier_value(artifact.name, id);
}

Result<bool> Delivery::says_something_else(const Artifact& artifact, const PartAt& at) {
  if (is_in_doubt(artifact, at.part.said.id)) return true;
  if (!at.ledger) return !at.part.removed && !is_over(at.part.said);
  if (at.ledger->rendered.empty()) return true;
  WriteContext context = context_;
  context.id.clear();
  context.removed = at.part.removed;
  const auto ours = render(engine_, artifact, to_node(at.part.said, arena_), context, now_, arena_);
  if (!ours.ok()) return true;  // place() says why
  BHI_TRY(const auto before, fhir::read_json(at.ledger->rendered));
  return !fhir::same(before->root(), with_notices(*ours, verdict_.notices, arena_));
}

Result<Step> Delivery::place_part(const Artifact& artifact, const PartAt& at) {
  BHI_TRY(fhir::DocumentPtr lone, fhir::read_json(to_json(at.part.said)));
  std::swap(entity_, lone);
  part_id_ = at.part.said.id;
  context_.removed = at.part.removed;
  only_if_there_ = !at.ledger && (at.part.removed || is_over(at.part.said));
  auto step = place(artifact);
  std::swap(entity_, lone);
  part_id_.clear();
  context_.removed = only_if_there_ = false;
  return step;
}

Result<Step> Delivery::place_parts(const Artifact& artifact) {
  PartsAt& all = *std::ranges::find(parts_, &artifact, &PartsAt::artifact);
  // Ids and words are durable before anybody is told of them; of new ones that may not leave nothing is noted.
  std::vector<PlanPart> roster;
  for (const PartAt& at : all.parts) {
    const bool known = all.roster.rendered.find(at.part.said.id) != std::string::npos;
    if (known || !at.withheld) roster.push_back(at.part);
  }
  if (std::string text = roster_text(roster); text != all.roster.rendered) {
    all.roster.rendered = std::move(text);
    BHI_CHECK(keep(all.roster));
  }
  std::string note, kept_back;
  std::optional<Fate> for_a_person;
  bool doubtful = uncertain_;  // whether an earlier try has done something else
  for (PartAt& at : all.parts) {
    if (at.withheld && at.ledger) kept_back += (kept_back.empty() ? "" : ", ") + at.ledger->type + "/" + at.ledger->id;
    const bool this_one = is_in_doubt(artifact, at.part.said.id);
    if (at.withheld && this_one) {
      return Step(parked("outcome unknown, and it speaks of what may not leave: a person must decide"));
    }
    if (at.withheld || !at.changed) continue;
    BHI_TRY(Step step, place_part(artifact, at));
    if (const Fate* fate = std::get_if<Fate>(&step)) {
      // One that a person must look at keeps the others of its kind from nothing, unless something is still to be found
      // out: what is sent next would take the place of what is known of it.
      if (fate->state == OutboxState::Parked && fate->refused.empty() && !doubtful) {
        if (!for_a_person) for_a_person = *fate;
        continue;
      }
      if (fate->state != OutboxState::Superseded) return step;
      doubtful = doubtful && !this_one;
      std::erase_if(roster, [&at](const PlanPart& one) { return one.said.id == at.part.said.id; });
      continue;
    }
    doubtful = doubtful && !this_one;
    const Placed& placed = std::get<Placed>(step);
    BHI_CHECK(keep(placed));
    at.ledger = placed.ledger;
    at.changed = false;
    note += (note.empty() ? "" : "; ") + placed.note;
  }
  if (for_a_person) {
    for_a_person->nothing_happened = true;  // and what did is in the ledger
    return Step(*std::move(for_a_person));
  }
  if (!kept_back.empty()) {
    return Step(parked("speaks of what may not leave and stands at the EHR, a person must decide: " + kept_back));
  }
  Placed placed;
  placed.ledger = all.roster;
  placed.ledger.rendered = roster_text(roster);
  placed.ledger.care_version = care_version_;
  placed.note = note.empty() ? all.roster.type + ": nothing to change" : note;
  return Step(std::move(placed));
}

std::string Delivery::not_told() const {
  const auto& plan = std::get<care::CarePlan>(verdict_.entity);
  std::string text;
  const auto add = [&text](bool there, std::string_view what) {
    if (there) text += (text.empty() ? "; not told in parts: " : ", ") + std::string(what);
  };
  add(!plan.description.empty(), "description");
  add(!plan.notes.empty(), "notes");
  add(!plan.self_management.empty(), "self-management");
  add(!plan.relapse_prevention.empty(), "relapse prevention");
  add(!plan.safety_plan.empty(), "safety plan");
  return text;
}

}  // namespace bhi::flow
