#include "fhir/bundle.h"
#include "flow/delivery.h"
#include "flow/find_ours.h"
#include "flow/held.h"
#include "flow/outbox_file.h"

#include <algorithm>
#include <utility>

namespace bhi::flow {

using fhir::Node;

namespace {

constexpr std::string_view kAnswers = "questionnaire-response";
constexpr std::string_view kScore = "screening-result";
constexpr std::string_view kPanel = "screening-panel";

bool contains(const auto& list, std::string_view one) { return std::ranges::find(list, one) != list.end(); }

std::string reference_of(const Ledger& ledger) { return ledger.type + "/" + ledger.id; }

const Ledger* find(const std::vector<Ledger>& standing, std::string_view artifact) {
  const auto found = std::ranges::find(standing, artifact, &Ledger::artifact);
  return found == standing.end() ? nullptr : &*found;
}

void put(std::vector<Ledger>& standing, const Ledger& ledger) {
  std::erase_if(standing, [&](const Ledger& one) { return one.artifact == ledger.artifact; });
  standing.push_back(ledger);
}

// Only what we rendered was written by us; a plan that was read is there as well.
bool nothing_written(const std::vector<Ledger>& standing) {
  return std::ranges::all_of(standing, [](const Ledger& one) { return one.rendered.empty(); });
}

}  // namespace

const TypeCapability* Delivery::capability_of(std::string_view type) const {
  return narrowed_ ? narrowed_->of(type) : capabilities_.of(type);
}

Result<void> Delivery::look_at_standing() {
  standing_.clear();
  const bool ours = made_here(entity());
  const auto look = [&](std::string_view name) -> Result<void> {
    const Artifact& artifact = *find_artifact(name);
    if (find(standing_, name) != nullptr || (name == kAnswers && !ours) || artifact.each) return {};
    BHI_TRY(auto ledger, held_of(artifact));
    if (ledger) standing_.push_back(*std::move(ledger));
    return {};
  };
  for (const Rung& rung : ladder_of(item_.artifact)) {
    for (const std::string_view name : rung.parts) BHI_CHECK(look(name));
    for (const std::string_view name : rung.companions) BHI_CHECK(look(name));
  }
  if (const Ledger* filed = ledger_at_hand(file_artifact(item_.artifact))) standing_.push_back(*filed);
  return {};
}

Result<Step> Delivery::climb() {
  const Node* source = entity().find("source");
  if (artifact_->kind == "Screening" && !made_here(entity()) && source != nullptr &&
      source->text_of("type") == "Observation") {
    return Step(Fate{OutboxState::Superseded, "the score came from the EHR", std::nullopt, true});
  }
  for (;;) {  // each turn closes an interaction or an open question, so it ends
    BHI_CHECK(look_at_standing());
    Standing standing;
    if (unguarded_) BHI_CHECK(look_at_parts(standing));
    for (const Ledger& one : standing_) {
      standing.there.push_back(one.artifact);
      if (item_.care_version <= one.care_version) standing.in_step.push_back(one.artifact);
    }
    standing.answers_there = artifact_->kind == "Screening" && !made_here(entity());
    standing.taken_back = taken_back() && !nothing_written(standing_);
    const WritePlan plan = plan_write(item_.artifact, standing, narrowed_ ? *narrowed_ : capabilities_, terms_.writing);
    const auto rung = choice(plan);
    const bool open = uncertain_;
    BHI_TRY(const auto unsettled, settle_abandoned(plan, rung));
    if (unsettled) return *unsettled;
    if (open && !uncertain_) continue;
    if (!rung) return Step(not_placed(plan));
    const Judged& judged = plan.ladder[*rung];
    if (in_step(judged)) {
      return Step(Fate{OutboxState::Superseded, "the EHR has this state or a newer one", std::nullopt, true});
    }
    note_change_of_rung(plan, judged);
    BHI_TRY(Step step, take(judged, plan.beside ? &plan.ladder[*plan.beside] : nullptr));
    const Fate* fate = std::get_if<Fate>(&step);
    if (fate == nullptr || fate->refused.empty()) return step;
    refuse(*fate);
  }
}

std::optional<std::size_t> Delivery::choice(const WritePlan& plan) const {
  if (!plan.chosen || !tried_before_ || rung_before_.empty()) return plan.chosen;
  std::optional<std::size_t> floor;
  for (std::size_t i = 0; i < plan.ladder.size(); ++i) {
    if (plan.ladder[i].rung->name == rung_before_) floor = i;
    if (floor && plan.ladder[i].fits) return i;
  }
  return plan.chosen;
}

Result<std::optional<Step>> Delivery::settle_abandoned(const WritePlan& plan, std::optional<std::size_t> rung) {
  using Open = std::optional<Step>;
  if (!uncertain_ || sent_before_.empty()) return Open();
  BHI_TRY(const auto sent, fhir::read_json(sent_before_));
  const std::string value = value_in(sent->root(), engine_.identifier_system());
  const Artifact* artifact = find_artifact(std::string_view(value).substr(0, value.find('/')));
  if (artifact == nullptr || (rung && contains(plan.ladder[*rung].parts, artifact->name))) return Open();
  if (plan.beside && contains(plan.ladder[*plan.beside].parts, artifact->name)) return Open();
  if (artifact->each) part_id_ = value.substr(value.find('/') + 1);
  const struct Over {  // with this part, whatever is found
    std::string& id;
    ~Over() { id.clear(); }
  } over{part_id_};
  BHI_TRY(const Sought sought, seek(*artifact, sent->root()));
  if (sought.open) return Open(Step(*sought.open));
  if (!sought.resource && !looked_before_) return Open(Step(look_again(std::string(artifact->type))));
  if (sought.resource) {
    Ledger ledger = blank(*artifact);
    ledger.id = sought.resource->text_of("id");
    ledger.version = version_of(*sought.resource);
    BHI_TRY(const Node origin, made_from(sent->root(), *sought.resource));
    ledger.rendered = fhir::write_json(origin);
    ledger.held = fhir::write_json(with_meta_of(with_id(origin, ledger.id), *sought.resource, arena_));
    // It may say all that is to be said, though by a rung that would not be taken now.
    give_context(*artifact);
    const auto ours = rendered(*artifact, context_, now_);
    const auto whole = std::ranges::find_if(plan.ladder, [artifact](const Judged& one) {
      return one.rung->parts.size() == 1 && one.rung->parts[0] == artifact->name && one.rung->companions.empty();
    });
    if (ours.ok() && fhir::same(*ours, origin) && whole != plan.ladder.end()) {
      item_.rung = whole->rung->name;
      return Open(nothing_to_change(std::move(ledger)));
    }
    BHI_CHECK(keep(ledger));
  }
  uncertain_ = false;
  sent_before_.clear();
  formers_.clear();
  return Open();
}

Fate Delivery::look_again(const std::string& type) const {
  return {OutboxState::RetryAt, type + ": not found at the EHR; looked for once more before it is sent again",
          (item_.urgent ? kLookAgainUrgent : kLookAgain).count(), false, kTransient};
}

bool Delivery::in_step(const Judged& judged) const {
  if (uncertain_) return false;
  const auto has = [this](std::string_view name) {
    const Ledger* ledger = find(standing_, name);
    return ledger != nullptr && item_.care_version <= ledger->care_version;
  };
  if (judged.rung->name == kOutboxFile) return has(file_artifact(item_.artifact));
  return std::ranges::all_of(judged.parts, has);
}

Result<Step> Delivery::take(const Judged& judged, const Judged* beside) {
  item_.rung = judged.rung->name;
  if (judged.rung->name == kOutboxFile) return file(judged);
  std::vector<std::string_view> parts = judged.parts;
  if (beside != nullptr) parts.insert(parts.end(), beside->parts.begin(), beside->parts.end());
  std::optional<Placed> last;
  std::string note, remarks = judged.why.empty() ? "" : "; " + judged.why;
  for (const std::string_view name : parts) {
    const Artifact& artifact = *find_artifact(name);
    give_context(artifact);
    if (name == kPanel && context_.members.empty()) continue;
    if (last) {  // durable before the next request leaves
      BHI_CHECK(keep(*last));
      last->news.reset();
    }
    BHI_TRY(Step step, artifact.each ? place_parts(artifact) : place(artifact));
    if (const Fate* fate = std::get_if<Fate>(&step)) {
      if (fate->refused.empty() || contains(judged.rung->parts, name)) return step;
      audit_.push_back({"refused", item_.destination, subject(), fate->reason, now_});
      remarks += "; without " + fate->reason;
      continue;
    }
    last = std::get<Placed>(std::move(step));
    put(standing_, last->ledger);
    note += (note.empty() ? "" : "; ") + last->note;
  }
  if (judged.rung->name == kParts && beside == nullptr) remarks += not_told();
  last->note = note + remarks + left_as_it_was(&judged);
  return Step(*std::move(last));
}

// Answers come first, so that the score can name them, and the score before the panel that holds it.
void Delivery::give_context(const Artifact& artifact) {
  context_.derived_from.clear();
  context_.members.clear();
  if (artifact.kind != "Screening" || artifact.name == kAnswers) return;
  if (!made_here(entity())) {
    context_.derived_from = origins_at(entity(), item_.destination);
  } else if (const Ledger* answers = find(standing_, kAnswers)) {
    context_.derived_from = {reference_of(*answers)};
  }
  const Ledger* score = find(standing_, kScore);
  if (artifact.name == kPanel && score != nullptr) context_.members = {reference_of(*score)};
}

void Delivery::refuse(const Fate& fate) {
  const std::string start = fate.refused + ": ";
  const std::string why = fate.reason.starts_with(start) ? "refused: " + fate.reason.substr(start.size()) : fate.reason;
  refusals_.push_back(fate.reason.starts_with(start) ? fate.refused + " " + why : fate.reason);
  audit_.push_back({"refused", item_.destination, subject(), fate.reason, now_});
  if (!narrowed_) narrowed_ = capabilities_;
  const std::string type = fate.refused.substr(0, fate.refused.find(' '));
  const auto found = std::ranges::find(narrowed_->types, type, &TypeCapability::type);
  if (found != narrowed_->types.end()) {
    const bool update = fate.refused.ends_with(" update");
    (update ? found->update : found->create) = false;
    (update ? found->update_withheld : found->create_withheld) = why;
  }
  // Nothing happened, and nothing of it is to be looked for.
  item_.request_hash.clear();
  item_.sent.clear();
  sent_before_.clear();
  formers_.clear();
  uncertain_ = false;
}

void Delivery::note_change_of_rung(const WritePlan& plan, const Judged& judged) {
  std::string before = rung_before_;
  std::string why;
  for (const Judged& one : plan.ladder) {
    const auto written = [this](std::string_view name) {
      const Ledger* ledger = find(standing_, name);
      return ledger != nullptr && !ledger->rendered.empty();
    };
    if (before.empty() && std::ranges::any_of(one.rung->parts, written)) before = one.rung->name;
    if (one.rung->name == before && why.empty()) why = one.why;
  }
  if (before.empty() || before == judged.rung->name) return;
  audit_.push_back({"rung", item_.destination, subject(),
                    std::string(judged.rung->name) + " instead of " + before + (why.empty() ? "" : ": " + why), now_});
}

std::string Delivery::left_as_it_was(const Judged* taken) const {
  std::string text;
  const auto add = [&text](const Ledger& one) {
    text += (text.empty() ? "; still as it was at the EHR, to be corrected there: " : ", ") + reference_of(one);
  };
  for (const Ledger& one : standing_) {
    const Artifact* artifact = find_artifact(one.artifact);
    if (artifact == nullptr || artifact->follow == Follow::Tell || one.rendered.empty()) continue;
    if (one.care_version >= care_version_) continue;
    if (taken != nullptr && contains(taken->parts, one.artifact)) continue;
    if (!artifact->each) add(one);
    for (const PartsAt& of : parts_) {
      if (of.artifact != artifact) continue;
      for (const PartAt& at : of.parts) {
        if (at.ledger && at.changed) add(*at.ledger);
      }
    }
  }
  return text;
}

Fate Delivery::not_placed(const WritePlan& plan) {
  refusals_.clear();  // each stands among the reasons
  Fate fate = parked(plan.why_not() + left_as_it_was(nullptr));
  fate.nothing_happened = !uncertain_;
  fate.trouble = kPolicy;
  return fate;
}

}  // namespace bhi::flow
