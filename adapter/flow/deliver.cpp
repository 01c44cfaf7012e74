#include "flow/deliver.h"

#include "base/hash.h"
#include "fhir/bundle.h"
#include "flow/bases.h"
#include "flow/fate.h"
#include "flow/find_ours.h"
#include "flow/held.h"
#include "flow/merge.h"
#include "flow/receive.h"
#include "flow/write_plan.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace bhi::flow {

namespace {

using fhir::DocumentPtr;
using fhir::Node;

constexpr int kUpdateTries = 3;

// One resource, in place at the EHR.
struct Placed {
  Ledger ledger;
  std::optional<ResourceCopy> copy;  // what the EHR holds, when that is no news for the care model
  DocumentPtr news;                  // what the EHR holds, when somebody else's edit is in it
  std::string note;                  // for people: "Observation/12 version 1"
};

// How far a resource got: in place, or why not. A failing store is an Error around it.
using Step = std::variant<Placed, Fate>;

std::string note_on(const Ledger& ledger) {
  std::string note = ledger.type + "/" + ledger.id;
  if (!ledger.version.empty()) note += " version " + ledger.version;
  return note;
}

std::string first_few(const std::vector<std::string>& paths) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(paths.size(), 3); ++i) text += (i == 0 ? "" : ", ") + paths[i];
  if (paths.size() > 3) text += " and " + std::to_string(paths.size() - 3) + " more";
  return text;
}

class Delivery {
 public:
  Delivery(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities, OutboxItem item, Instant now)
      : engine_(engine),
        store_(store),
        ehr_(ehr),
        capabilities_(capabilities),
        item_(std::move(item)),
        now_(now),
        sent_before_(item_.request_hash),
        uncertain_(!sent_before_.empty() || item_.state == OutboxState::Unknown) {}

  Result<OutboxItem> run() {
    BHI_TRY(auto fate, prepare());
    if (fate) return settle(*fate);
    BHI_TRY(const Step step, item_.artifact == "screening-result" ? screening() : place(*artifact_));
    if (const Fate* open = std::get_if<Fate>(&step)) return settle(*open);
    return settle(std::get<Placed>(step));
  }

 private:
  // Reads what is to be delivered. A fate when there is nothing to deliver, or nobody to deliver it for.
  Result<std::optional<Fate>> prepare() {
    artifact_ = find_artifact(item_.artifact);
    if (artifact_ == nullptr) return std::optional<Fate>({OutboxState::Dead, "no such artifact", std::nullopt, true});
    BHI_TRY(const auto stored, store_.entity(artifact_->kind, item_.care_id));
    if (!stored) return std::optional<Fate>({OutboxState::Dead, "the care model does not hold it", std::nullopt, true});
    care_version_ = stored->version;
    BHI_TRY(entity_, fhir::read_json(stored->body));
    // Checked at the moment of sending, whatever was decided when it was queued.
    if (is_substance_use(entity())) {
      return std::optional(parked("substance-use data waits for a consent that covers it"));
    }
    BHI_TRY(const auto ledger, store_.ledger(item_.destination, item_.artifact, item_.care_id));
    if (ledger && !ledger->id.empty() && item_.care_version <= ledger->care_version && !uncertain_) {
      return std::optional<Fate>(
          {OutboxState::Superseded, "the EHR has this state or a newer one", std::nullopt, true});
    }
    BHI_TRY(const auto patient, store_.entity("Patient", stored->patient));
    DocumentPtr home;
    if (patient) {
      BHI_TRY(home, fhir::read_json(patient->body));
    }
    const Node* source = home ? home->root().find("source") : nullptr;
    if (source == nullptr || source->text_of("system") != item_.destination ||
        !fhir::is_safe_id(source->text_of("id"))) {
      return std::optional(parked("the patient is not known at this destination"));
    }
    context_.patient = "Patient/" + std::string(source->text_of("id"));
    return std::optional<Fate>();
  }

  const Node& entity() const { return entity_->root(); }

  // The score as an Observation; for a screening of the BHI side the answers first, so that the Observation can name
  // them.
  Result<Step> screening() {
    if (!made_here(entity())) {
      const Node* source = entity().find("source");
      if (source != nullptr && source->text_of("type") == "Observation") {
        return Step(Fate{OutboxState::Superseded, "the score came from the EHR", std::nullopt, true});
      }
      context_.derived_from = origins_at(entity(), item_.destination);
      return place(*artifact_);
    }
    std::string remark;
    const TypeCapability* answers = capabilities_.of("QuestionnaireResponse");
    if (answers == nullptr || !answers->create) {
      remark = "; QuestionnaireResponse create is not declared by the EHR, the score stands alone";
    } else {
      BHI_TRY(Step step, place(*find_artifact("questionnaire-response")));
      Placed* response = std::get_if<Placed>(&step);
      if (response == nullptr) return step;
      BHI_CHECK(keep(*response));
      context_.derived_from = {response->ledger.type + "/" + response->ledger.id};
    }
    BHI_TRY(Step step, place(*artifact_));
    if (Placed* placed = std::get_if<Placed>(&step)) placed->note += remark;
    return step;
  }

  Result<Step> place(const Artifact& artifact) {
    auto rendered = render(engine_, artifact, entity(), context_, now_, arena_);
    if (!rendered) return Step(parked("not rendered: " + rendered.error().message));
    BHI_TRY(auto ledger, store_.ledger(item_.destination, artifact.name, item_.care_id));
    if (ledger && ledger->id.empty()) ledger.reset();
    if (!ledger) {
      BHI_TRY(ledger, of_origin(artifact));
    }
    return ledger ? update(artifact, *rendered, *std::move(ledger)) : create(artifact, *rendered);
  }

  // An entity that was read from the destination is there, whether or not anybody noted it.
  Result<std::optional<Ledger>> of_origin(const Artifact& artifact) {
    const Node* source = entity().find("source");
    if (source == nullptr || source->text_of("system") != item_.destination ||
        source->text_of("type") != artifact.type) {
      return std::optional<Ledger>();
    }
    Ledger ledger = blank(artifact);
    ledger.id = source->text_of("id");
    BHI_TRY(const auto copy, store_.resource(item_.destination, artifact.type, ledger.id));
    if (copy && copy->version == source->text_of("version")) {
      ledger.version = copy->version;
      ledger.held = copy->body;
      ledger.hash = copy->hash;
    }
    return std::optional(std::move(ledger));
  }

  Ledger blank(const Artifact& artifact) const {
    Ledger ledger;
    ledger.destination = item_.destination;
    ledger.artifact = artifact.name;
    ledger.care_id = item_.care_id;
    ledger.type = artifact.type;
    return ledger;
  }

  // ---- create -------------------------------------------------------------------------------------------------------

  Result<Step> create(const Artifact& artifact, const Node& ours) {
    const std::string type(artifact.type);
    const TypeCapability* capability = capabilities_.of(type);
    if (capability == nullptr || !capability->create) return Step(parked(type + " create is not declared by the EHR"));
    const std::string system = engine_.identifier_system();
    const std::string value = identifier_value(artifact.name, item_.care_id);
    const std::string condition = capability->conditional_create ? "identifier=" + system + "|" + value : "";
    const std::string body = fhir::write_json(ours);
    const std::string hash = to_hex(sha256("POST " + type + "\n" + body));

    if (can_find(*capability) && (uncertain_ || condition.empty())) {
      auto found = find_ours(ehr_, type, system, value);
      read_audit(type, found.ok());
      if (!found) return Step(fate_of(found.error(), uncertain_));
      switch (found->what) {
        case Found::What::None: break;
        case Found::What::One: return adopt(artifact, ours, *found->resource, sent_before_ == hash);
        case Found::What::Several: return Step(parked("several " + type + " at the EHR carry our identifier"));
        case Found::What::NotHonoured:
          if (uncertain_ && condition.empty()) {
            return Step(parked("outcome unknown, and the EHR ignores a search of " + type + " by identifier"));
          }
      }
    } else if (uncertain_ && condition.empty()) {
      return Step(parked("outcome unknown, and the EHR cannot search " + type + " by identifier"));
    }

    if (entity().text_of("status") == "entered-in-error") {
      return Step(Fate{OutboxState::Superseded, "entered in error before it was written", std::nullopt, true});
    }
    const std::string rung = type + " create";
    BHI_CHECK(announce(hash, rung));
    const Answer answer = ehr_.create(type, body, condition);
    if (answer.what != Answer::What::Done) return Step(fate_of(answer, rung));
    DocumentPtr there = answer.body;
    if (!there) {
      BHI_TRY(there, read_back(*capability, type, answer.id));
    }
    // 200 instead of 201: the condition found one that was there before. https://hl7.org/fhir/R4/http.html#ccreate
    if (answer.status == 200 && !condition.empty() && there)
      return adopt(artifact, ours, there->root(), sent_before_ == hash);
    return in_place(artifact, ours, answer, there, with_id(ours, answer.id));
  }

  // One of ours is there already. `as_sent`: it was made from exactly this rendering, so what differs is the EHR's
  // doing.
  Result<Step> adopt(const Artifact& artifact, const Node& ours, const Node& resource, bool as_sent) {
    Ledger ledger = blank(artifact);
    ledger.id = resource.text_of("id");
    if (!fhir::is_safe_id(ledger.id)) return Step(parked(ledger.type + " at the EHR has no usable id"));
    ledger.version = version_of(resource);
    ledger.held = fhir::write_json(resource);
    ledger.rendered = fhir::write_json(ours);
    ledger.hash = fhir::content_hash(resource);
    ledger.care_version = care_version_;
    const std::vector<std::string> differing = not_kept(ours, resource);
    if (!differing.empty() && !as_sent) {
      // It was made from an older state of the entity. Of what we render, the EHR's values are the base of the change.
      ledger.rendered = fhir::write_json(projection(resource, ours, arena_));
      return update(artifact, ours, std::move(ledger));
    }
    Placed placed;
    placed.note = note_on(ledger) + ", found at the EHR by our identifier";
    if (!differing.empty() && artifact.name == "care-plan") {
      // Somebody has edited it since, or the EHR words it differently: let the care model look at it.
      ledger.held = fhir::write_json(with_id(ours, ledger.id));
      ledger.hash.clear();
      BHI_TRY(placed.news, fhir::read_json(fhir::write_json(resource)));
    } else {
      placed.copy = copy_of(resource, item_.destination);
    }
    placed.ledger = std::move(ledger);
    return Step(std::move(placed));
  }

  // ---- update -------------------------------------------------------------------------------------------------------

  Result<Step> update(const Artifact& artifact, const Node& ours, Ledger ledger) {
    if (!uncertain_ && !ledger.held.empty()) {
      const auto bases = bases_of(engine_, store_, artifact, ledger, context_, ours, ours, now_, arena_);
      if (!bases) return unreadable(bases.error());
      if (fhir::same(bases->before, ours)) return nothing_to_change(std::move(ledger));
    }
    const std::string rung = ledger.type + " update";
    const TypeCapability* capability = capabilities_.of(ledger.type);
    for (int attempt = 0; attempt < kUpdateTries; ++attempt) {
      BHI_TRY(auto current, current_of(ledger, capability));
      if (const Fate* fate = std::get_if<Fate>(&current)) return Step(*fate);
      const DocumentPtr theirs = std::get<DocumentPtr>(current);
      const auto bases = bases_of(engine_, store_, artifact, ledger, context_, ours, theirs->root(), now_, arena_);
      if (!bases) return unreadable(bases.error());
      const Merged merged = merge(bases->before, ours, bases->held, theirs->root(), arena_);
      if (!merged.conflicts.empty()) {
        BHI_CHECK(hand_over(theirs->root()));
        return Step(parked("edited at the EHR: " + first_few(merged.conflicts)));
      }
      const bool edited_there = fhir::content_hash(theirs->root()) != fhir::content_hash(bases->held);
      if (!merged.changed) return already_there(ours, std::move(ledger), theirs, edited_there);
      if (capability == nullptr || !capability->update) return Step(parked(rung + " is not declared by the EHR"));

      Node document = with_identifier(merged.document, engine_.identifier_system(),
                                      identifier_value(artifact.name, item_.care_id), arena_);
      document = without_stale_narrative(document, arena_);
      const std::string body = fhir::write_json(document);
      std::string version(version_of(theirs->root()));
      if (version.empty() && ledger.hash == fhir::content_hash(theirs->root())) version = ledger.version;
      BHI_CHECK(announce(to_hex(sha256("PUT " + ledger.type + "/" + ledger.id + " " + version + "\n" + body)), rung));
      const Answer answer = ehr_.update(ledger.type, ledger.id, body, version);
      if (answer.what == Answer::What::Conflict) continue;
      if (answer.what != Answer::What::Done) return Step(fate_of(answer, rung));
      DocumentPtr there = answer.body;
      if (!there) {
        BHI_TRY(there, read_back(*capability, ledger.type, ledger.id));
      }
      BHI_TRY(Step step, in_place(artifact, ours, answer, there, document));
      if (edited_there && artifact.name == "care-plan") keep_bases(std::get<Placed>(step), ledger, there);
      return step;
    }
    return Step(Fate{OutboxState::RetryAt, rung + ": changed at the EHR again and again", std::nullopt, true});
  }

  // The EHR's resource as it is now; as last seen where it cannot be read.
  Result<std::variant<DocumentPtr, Fate>> current_of(const Ledger& ledger, const TypeCapability* capability) {
    using Current = std::variant<DocumentPtr, Fate>;
    if (capability != nullptr && capability->read) {
      auto read = ehr_.read(ledger.type, ledger.id);
      read_audit(ledger.type + "/" + ledger.id, read.ok());
      if (read) return Current(*std::move(read));
      if (read.error().kind == Kind::NotFound)
        return Current(parked(ledger.type + " is gone at the EHR: " + read.error().message));
      return Current(fate_of(read.error(), uncertain_));
    }
    if (ledger.held.empty())
      return Current(parked(ledger.type + " read is not declared by the EHR, and no copy is at hand"));
    BHI_TRY(auto held, fhir::read_json(ledger.held));
    return Current(std::move(held));
  }

  static Result<Step> unreadable(const Error& error) {
    if (error.kind == Kind::Incorrect) return Step(parked(error.message));
    return error;
  }

  // The entity changed in something that is not written.
  Result<Step> nothing_to_change(Ledger ledger) {
    Placed placed;
    ledger.care_version = care_version_;
    placed.note = note_on(ledger) + ", nothing to change";
    placed.ledger = std::move(ledger);
    return Step(std::move(placed));
  }

  Result<Step> already_there(const Node& ours, Ledger ledger, const DocumentPtr& theirs, bool edited_there) {
    Placed placed;
    ledger.care_version = care_version_;
    ledger.version = version_of(theirs->root());
    placed.note = note_on(ledger) + ", as it was there";
    if (edited_there && ledger.artifact == "care-plan") {
      ledger.hash.clear();
      placed.news = theirs;
    } else {
      ledger.held = fhir::write_json(theirs->root());
      ledger.rendered = fhir::write_json(ours);
      ledger.hash = fhir::content_hash(theirs->root());
      placed.copy = copy_of(theirs->root(), item_.destination);
    }
    placed.ledger = std::move(ledger);
    return Step(std::move(placed));
  }

  // ---- after a success ----------------------------------------------------------------------------------------------

  // `there`: what the EHR answered or reads back; null when it does neither, then what was sent counts.
  Result<Step> in_place(const Artifact& artifact, const Node& ours, const Answer& answer, const DocumentPtr& there,
                        const Node& sent) {
    const Node& held = there ? there->root() : sent;
    Placed placed;
    placed.ledger = blank(artifact);
    placed.ledger.id = answer.id;
    placed.ledger.version = answer.version.empty() ? std::string(version_of(held)) : answer.version;
    placed.ledger.care_version = care_version_;
    placed.ledger.held = fhir::write_json(held);
    placed.ledger.rendered = fhir::write_json(ours);
    placed.ledger.hash = fhir::content_hash(held);
    placed.note = note_on(placed.ledger);
    if (!there) {
      placed.note += ", not read back";
      return Step(std::move(placed));
    }
    if (const auto missing = not_kept(sent, held); !missing.empty()) {
      placed.note += "; the EHR did not keep as written: " + first_few(missing);
    }
    placed.copy = copy_of(held, item_.destination);
    if (placed.copy->version.empty()) placed.copy->version = placed.ledger.version;
    return Step(std::move(placed));
  }

  // Somebody's edit went into what we have just written. The care model does not know of it yet; so the old bases stay,
  // and the result is handed over as news.
  static void keep_bases(Placed& placed, const Ledger& old, const DocumentPtr& there) {
    placed.ledger.held = old.held;
    placed.ledger.rendered = old.rendered;
    placed.ledger.hash.clear();
    placed.copy.reset();
    placed.news = there;
  }

  Result<DocumentPtr> read_back(const TypeCapability& capability, const std::string& type, const std::string& id) {
    if (!capability.read) return DocumentPtr();
    auto read = ehr_.read(type, id);
    read_audit(type + "/" + id, read.ok());
    return read ? *std::move(read) : DocumentPtr();  // it is done; that it cannot be read now changes nothing
  }

  Node with_id(const Node& resource, std::string_view id) {
    return fhir::with(resource, fhir::intern("id"), Node::string(arena_.copy(id)), arena_);
  }

  // ---- records ------------------------------------------------------------------------------------------------------

  std::string subject() const { return std::string(artifact_ ? artifact_->kind : "outbox") + "/" + item_.care_id; }

  void read_audit(std::string what, bool ok) {
    audit_.push_back({"read", item_.destination, std::move(what), ok ? "ok" : "failed", now_});
  }

  // Durable before the request leaves.
  Result<void> announce(std::string request_hash, const std::string& rung) {
    item_.state = OutboxState::Sent;
    ++item_.attempts;
    item_.request_hash = std::move(request_hash);
    item_.reason = rung;
    return store_.mark_sent(item_, {"send", item_.destination, subject(), rung, now_});
  }

  // The first of two resources of one item.
  Result<void> keep(const Placed& placed) {
    if (placed.copy) BHI_CHECK(store_.keep_copy(*placed.copy));
    Worked worked;
    worked.ledger.push_back(placed.ledger);
    worked.audit.push_back({"settle", item_.destination, subject(), placed.note, now_});
    return store_.commit(worked);
  }

  // The EHR's resource goes the way of anything received.
  Result<void> hand_over(const Node& resource) {
    BHI_TRY(Received received, receive(resource, item_.destination, "poll", now_));
    Accepted batch;
    batch.items = std::move(received.items);
    if (batch.items.empty()) return {};
    BHI_TRY(const AcceptOutcome outcome, store_.accept(batch));
    static_cast<void>(outcome);
    return {};
  }

  Result<OutboxItem> settle(const Fate& fate) {
    item_.state = fate.state;
    item_.reason = fate.reason;
    if (fate.nothing_happened) item_.request_hash.clear();
    if (fate.state == OutboxState::RetryAt || fate.state == OutboxState::Unknown) {
      const auto own = retry_delay(item_.attempts, item_.destination + "|" + std::to_string(item_.seq));
      item_.not_before = now_ + std::max(own, std::chrono::milliseconds(fate.wait_ms.value_or(0)));
    }
    Settled settled;
    settled.item = item_;
    settled.audit = std::move(audit_);
    settled.audit.push_back({fate.state == OutboxState::Parked ? "park" : "settle", item_.destination, subject(),
                             std::string(name(item_.state)) + ": " + item_.reason, now_});
    BHI_CHECK(store_.settle(settled));
    return item_;
  }

  Result<OutboxItem> settle(const Placed& placed) {
    item_.state = OutboxState::Verified;
    item_.reason = placed.note;
    Settled settled;
    settled.item = item_;
    settled.ledger = placed.ledger;
    settled.copy = placed.copy;
    settled.audit = std::move(audit_);
    settled.audit.push_back({"settle", item_.destination, subject(), "verified: " + placed.note, now_});
    BHI_CHECK(store_.settle(settled));
    // After the ledger, so that the lane finds the bases it must join with. If we die in between, the next poll brings
    // it.
    if (placed.news) BHI_CHECK(hand_over(placed.news->root()));
    return item_;
  }

  const Engine& engine_;
  Store& store_;
  Ehr& ehr_;
  const Capabilities& capabilities_;
  OutboxItem item_;
  Instant now_;
  std::string sent_before_;  // hash of what an earlier delivery put on the wire
  bool uncertain_;           // and may have been done
  const Artifact* artifact_ = nullptr;
  DocumentPtr entity_;
  std::int64_t care_version_ = 0;
  WriteContext context_;
  Arena arena_;
  std::vector<AuditEntry> audit_;
};

}  // namespace

Result<OutboxItem> deliver(const Engine& engine, Store& store, Ehr& ehr, const Capabilities& capabilities,
                           OutboxItem item, Instant now) {
  return Delivery(engine, store, ehr, capabilities, std::move(item), now).run();
}

}  // namespace bhi::flow
