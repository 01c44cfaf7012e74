// One delivery in progress: what is known of the item, and the steps it may take. Inside of `flow` only; the act is
// deliver().
#pragma once

#include "base/arena.h"
#include "base/instant.h"
#include "base/result.h"
#include "fhir/json.h"
#include "flow/bases.h"
#include "flow/engine.h"
#include "flow/fate.h"
#include "flow/guard.h"
#include "flow/guard_look.h"
#include "flow/ladder.h"
#include "flow/plan_parts.h"
#include "flow/ports.h"
#include "flow/terms.h"
#include "flow/write_plan.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bhi::flow {

// One resource, in place at the EHR.
struct Placed {
  Ledger ledger;
  std::optional<ResourceCopy> copy;  // what the EHR holds, when that is no news for the care model
  fhir::DocumentPtr news;            // what the EHR holds, when somebody else's edit is in it
  std::string note;                  // for people: "Observation/12 version 1"
};

// How far a resource got: in place, or why not. A failing store is an Error around it.
using Step = std::variant<Placed, Fate>;

// Of OutboxItem::sent: JSON documents, the newest first.
std::vector<std::string> lines_of_sent(std::string_view sent);

class Delivery {
 public:
  // All references are lent for the time of one call of run().
  Delivery(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities, OutboxItem item, Instant now,
           const Terms& terms)
      : engine_(engine),
        store_(store),
        ehr_(ehr),
        capabilities_(capabilities),
        item_(std::move(item)),
        now_(now),
        terms_(terms),
        rung_before_(item_.rung),
        tried_before_(item_.state == OutboxState::RetryAt || item_.state == OutboxState::Unknown),
        uncertain_(!item_.request_hash.empty() || item_.state == OutboxState::Unknown),
        looked_before_(item_.state != OutboxState::Unknown) {
    formers_ = lines_of_sent(item_.sent);
    if (formers_.empty()) return;
    sent_before_ = std::move(formers_.front());
    formers_.erase(formers_.begin());
  }

  Result<OutboxItem> run();

 private:
  // ---- what is to be done (deliver.cpp)

  // Reads what is to be delivered. A fate when there is nothing to deliver, or nobody to deliver it for.
  Result<std::optional<Fate>> prepare();
  // Asks the consent guard (guard.h); from here on entity() is what may leave. A fate when nothing may.
  // (deliver_guard.cpp)
  Result<std::optional<Fate>> guard();
  const Ledger* ledger_at_hand(std::string_view artifact) const;
  void put_at_hand(const Ledger& ledger);
  Result<Step> place(const Artifact& artifact);
  // What the EHR holds of it: of the ledger, else by its origin.
  Result<std::optional<Ledger>> held_of(const Artifact& artifact);
  // An entity that was read from the destination is there, whether or not anybody noted it.
  Result<std::optional<Ledger>> of_origin(const Artifact& artifact);
  // Entered in error, or a plan that was revoked.
  bool taken_back() const;

  // ---- by which rung (deliver_rungs.cpp, deliver_file.cpp)

  // Down the ladder: the first rung that fits, the next one when the EHR's policy refuses it.
  Result<Step> climb();
  Result<void> look_at_standing();
  // The rung to take, or none. Where an earlier try got to, no rung above is tried again.
  std::optional<std::size_t> choice(const WritePlan& plan) const;
  // An earlier try whose outcome is not known went by a rung that is not to be taken now: it is looked for first.
  // Empty: nothing is open any more; else it is there as it should be, or it cannot be told.
  Result<std::optional<Step>> settle_abandoned(const WritePlan& plan, std::optional<std::size_t> rung);
  // An EHR may show what it has taken only after a while.
  Fate look_again(const std::string& type) const;
  bool in_step(const Judged& judged) const;
  // Its parts in order, and those that are written twice.
  Result<Step> take(const Judged& judged, const Judged* beside);
  void give_context(const Artifact& artifact);
  // The interaction is closed for the rest of this delivery.
  void refuse(const Fate& fate);
  void note_change_of_rung(const WritePlan& plan, const Judged& judged);
  Fate not_placed(const WritePlan& plan);
  Result<Step> file(const Judged& judged);
  // Resources at the EHR that say what is no longer so, for a person: "QuestionnaireResponse/12".
  std::string left_as_it_was(const Judged* taken) const;
  const TypeCapability* capability_of(std::string_view type) const;

  // ---- the parts of a plan, each a resource of its own (deliver_parts.cpp)

  struct PartAt {
    PlanPart part;
    std::optional<Ledger> ledger{};
    bool changed = false;   // it is to be created, or says something else than the EHR holds
    bool withheld = false;  // the guard does not let it go
  };
  struct PartsAt {
    const Artifact* artifact = nullptr;
    Ledger roster{};  // as it is stored; `rendered` holds it
    std::vector<PartAt> parts{};
    PartNeeds needs{};
  };
  Result<void> look_at_parts(Standing& standing);
  Result<PartsAt> parts_at(const Artifact& artifact, const std::vector<LonePart>& theirs);
  // What the EHR's own plan says of them. None: there is a plan, and what it says is not known.
  Result<std::optional<care::CarePlan>> plan_of_theirs();
  // May the words of these parts leave, though the plan has them no longer?
  bool may_still_leave(const Artifact& artifact, const LonePart& removed) const;
  bool is_in_doubt(const Artifact& artifact, const std::string& id) const;
  Result<bool> says_something_else(const Artifact& artifact, const PartAt& at);
  Result<Step> place_parts(const Artifact& artifact);
  Result<Step> place_part(const Artifact& artifact, const PartAt& at);
  // What of the plan is no part: "; not told in parts: notes".
  std::string not_told() const;

  // ---- a document or a notice that was written before (deliver_again.cpp)

  Result<Step> again(const Artifact& artifact, Ledger ledger);
  // What the ledger may have missed: a later one whose answer was lost. A fate when that cannot be told.
  Result<std::optional<Fate>> find_later(const Artifact& artifact, Ledger& ledger);
  // Which resource at the EHR is the one that was sent and whose answer was lost: by our identifier, else by what it
  // says (deliver_alike.cpp). None: it did not arrive.
  struct Sought {
    std::optional<fhir::Node> resource;  // in the arena
    std::optional<Fate> open;            // cannot be told, or not yet
  };
  Result<Sought> seek(const Artifact& artifact, const fhir::Node& sent);
  Result<Sought> alike_of(const Artifact& artifact, const fhir::Node& wanted, const std::string& value,
                          const std::vector<std::string>& searches);
  // Of the newest that was sent, or one before it.
  Result<Sought> alike_of_any(const Artifact& artifact, const fhir::Node& newest, const std::string& value,
                              const TypeCapability& capability);
  // Would the former one (its JSON as we rendered it), written for the entity as it is now, say the same?
  Result<bool> says_the_same(const Artifact& artifact, const std::string& former);
  Result<fhir::Node> rendered(const Artifact& artifact, const WriteContext& context, Instant written);

  // ---- a resource that is not there yet (deliver_create.cpp)

  Result<Step> create(const Artifact& artifact, const fhir::Node& ours);
  // What a look-up says before a create; empty when the way is free.
  Result<std::optional<Step>> look_up(const Artifact& artifact, const fhir::Node& ours,
                                      const TypeCapability& capability);
  // The same where no identifier tells: by what the resource says (alike.h). Empty: no such thing is there.
  Result<std::optional<Step>> look_for_alike(const Artifact& artifact, const fhir::Node& ours,
                                             const TypeCapability& capability);
  // One of ours is there already.
  Result<Step> adopt(const Artifact& artifact, const fhir::Node& ours, const fhir::Node& resource);

  // ---- a resource that is there (deliver_update.cpp)

  Result<Step> update(const Artifact& artifact, const fhir::Node& ours, Ledger ledger);
  // `theirs`: as it is now; null: to be read.
  Result<Step> bring_up_to_date(const Artifact& artifact, const fhir::Node& ours, Ledger ledger,
                                fhir::DocumentPtr theirs);
  // The bases moved on, if what an earlier delivery sent is there: what it changed is then no edit of somebody else.
  Result<Bases> after_lost_answer(Bases bases, const Artifact& artifact, const fhir::Node& theirs, Ledger& ledger);
  // The EHR's resource as it is now; as last seen where it cannot be read.
  Result<std::variant<fhir::DocumentPtr, Fate>> current_of(const Ledger& ledger, const TypeCapability* capability);
  // The entity changed in something that is not written.
  Placed nothing_to_change(Ledger ledger) const;
  Placed already_there(const fhir::Node& ours, Ledger ledger, const fhir::DocumentPtr& theirs) const;

  // ---- after a success (delivery.cpp)

  // Of what was announced last. `there`: what the EHR answered or reads back; null when it does neither, then what was
  // sent counts.
  Placed in_place(const Artifact& artifact, const Answer& answer, const fhir::DocumentPtr& there,
                  const fhir::Node& sent) const;
  // Null when it cannot be read, or is no longer the version that was answered.
  fhir::DocumentPtr read_back(const TypeCapability& capability, const std::string& type, const Answer& answer);
  fhir::Node with_id(const fhir::Node& resource, std::string_view id);
  Ledger blank(const Artifact& artifact) const;
  // In our identifier: "care-plan-document/c1@3" of a later one, else as of the entity.
  std::string identifier_of(const Artifact& artifact) const;

  // ---- records (delivery.cpp)

  // Of the entity, or of the part of it that is being written.
  const std::string& care_id() const { return part_id_.empty() ? item_.care_id : part_id_; }
  std::string subject() const;
  void read_audit(std::string what, bool ok);
  // Durable before the request leaves.
  Result<void> announce(const fhir::Node& document, const fhir::Node& ours, const std::string& rung);

  // ---- what was sent and may have been done (deliver_sent.cpp)

  // Our rendering that an earlier delivery sent last, if it was of this artifact.
  Result<std::optional<fhir::Node>> sent_of(const Artifact& artifact);
  // That one, and those sent before it whose outcome is not known either, the newest first.
  Result<std::vector<fhir::Node>> all_sent(const fhir::Node& newest);
  // The one of them that the EHR's resource was made from, by what it says.
  Result<fhir::Node> made_from(const fhir::Node& newest, const fhir::Node& resource);
  // As OutboxItem::sent: this one, and what may still arrive of those before it.
  std::string sent_and_before(const fhir::Node& ours) const;
  // What was found out on the way, before the item is settled.
  Result<void> keep(const Ledger& ledger);
  // The first of two resources of one item.
  Result<void> keep(const Placed& placed);
  // The EHR's resource goes the way of anything received.
  Result<void> hand_over(const fhir::Node& resource);
  Result<OutboxItem> settle(const Fate& fate);
  Result<OutboxItem> settle(const Placed& placed);
  Result<void> record(const Settled& settled);

  const fhir::Node& entity() const { return entity_->root(); }

  const Engine& engine_;
  Store& store_;
  Ehr& ehr_;
  const Capabilities& capabilities_;
  OutboxItem item_;
  Instant now_;
  const Terms& terms_;
  std::string sent_before_;           // what an earlier delivery put on the wire, the last of it
  std::vector<std::string> formers_;  // what was put there before that, the newest first
  std::string rung_before_;
  bool tried_before_;   // and it was not ended by a person
  bool uncertain_;      // and it may have been done
  bool looked_before_;  // it was looked for once and not found (or there is nothing to look for)
  const Artifact* artifact_ = nullptr;
  AtHand at_hand_;
  fhir::DocumentPtr entity_;
  std::int64_t care_version_ = 0;
  WriteContext context_;
  Verdict verdict_;
  GuardLook look_;                           // what the guard was told
  std::optional<care::CarePlan> unguarded_;  // of a plan: as the care model holds it
  std::vector<PartsAt> parts_;
  std::string part_id_;         // while a part of a plan is written: its id
  bool only_if_there_ = false;  // it is over: looked for, and not made anew
  Arena arena_;
  std::vector<AuditEntry> audit_;
  std::vector<fhir::DocumentPtr> news_;   // handed over once the item is settled
  std::vector<Ledger> standing_;          // what the EHR holds of this entity
  std::optional<Capabilities> narrowed_;  // without what was refused in this delivery
  std::vector<std::string> refusals_;     // "CarePlan create refused: 405 not-supported"
};

// For people: "CarePlan/7 version 2".
std::string note_on(const Ledger& ledger);
// "a, b, c and 4 more"
std::string first_few(const std::vector<std::string>& paths);

}  // namespace bhi::flow
