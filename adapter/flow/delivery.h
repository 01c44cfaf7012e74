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
#include "flow/ports.h"
#include "flow/terms.h"
#include "flow/write_plan.h"

#include <cstdint>
#include <optional>
#include <string>
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
        sent_before_(item_.sent),
        uncertain_(!item_.request_hash.empty() || item_.state == OutboxState::Unknown) {}

  Result<OutboxItem> run();

 private:
  // ---- what is to be done (deliver.cpp)

  // Reads what is to be delivered. A fate when there is nothing to deliver, or nobody to deliver it for.
  Result<std::optional<Fate>> prepare();
  // The score as an Observation; for a screening of the BHI side the answers first, so that the Observation can name
  // them.
  Result<Step> screening();
  Result<Step> place(const Artifact& artifact);
  // An entity that was read from the destination is there, whether or not anybody noted it.
  Result<std::optional<Ledger>> of_origin(const Artifact& artifact);

  // ---- a resource that is not there yet (deliver_create.cpp)

  Result<Step> create(const Artifact& artifact, const fhir::Node& ours);
  // What a look-up says before a create; empty when the way is free.
  Result<std::optional<Step>> look_up(const Artifact& artifact, const fhir::Node& ours,
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

  // `there`: what the EHR answered or reads back; null when it does neither, then what was sent counts.
  Placed in_place(const Artifact& artifact, const fhir::Node& ours, const Answer& answer,
                  const fhir::DocumentPtr& there, const fhir::Node& sent) const;
  // Null when it cannot be read, or is no longer the version that was answered.
  fhir::DocumentPtr read_back(const TypeCapability& capability, const std::string& type, const Answer& answer);
  fhir::Node with_id(const fhir::Node& resource, std::string_view id);
  Ledger blank(const Artifact& artifact) const;

  // ---- records (delivery.cpp)

  std::string subject() const;
  void read_audit(std::string what, bool ok);
  // Durable before the request leaves.
  Result<void> announce(const fhir::Node& document, const fhir::Node& ours, const std::string& rung);
  // Our rendering that an earlier delivery sent, if it was of this artifact and may have been done.
  Result<std::optional<fhir::Node>> sent_of(const Artifact& artifact);
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
  std::string sent_before_;  // what an earlier delivery put on the wire
  bool uncertain_;           // and it may have been done
  const Artifact* artifact_ = nullptr;
  fhir::DocumentPtr entity_;
  std::int64_t care_version_ = 0;
  WriteContext context_;
  Arena arena_;
  std::vector<AuditEntry> audit_;
};

// For people: "CarePlan/7 version 2".
std::string note_on(const Ledger& ledger);
// "a, b, c and 4 more"
std::string first_few(const std::vector<std::string>& paths);

}  // namespace bhi::flow
