// The two doors to the outside: a store that keeps what we promised to keep, and an EHR. Implemented by `store` and
// `ehr`, which never meet. All calls are synchronous; every failure is an Error whose Kind says what the caller can do.
#pragma once

#include "base/instant.h"
#include "base/issue.h"
#include "base/result.h"
#include "fhir/json.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

// ---- store ----------------------------------------------------------------------------------------------------------

// A received resource, as kept: also our picture of what the EHR holds.
struct ResourceCopy {
  std::string source;  // name of the source in the configuration
  std::string type;
  std::string id;
  std::string version;  // meta.versionId or ETag; may be empty
  std::string updated;  // meta.lastUpdated as given; may be empty
  std::string hash;     // fhir::content_hash
  std::string url;      // canonical, of conformance resources (Questionnaire)
  std::string body;     // JSON; empty: deleted there
};

struct InboxItem {
  std::int64_t seq = 0;  // order of receipt
  std::string lane;      // "source|Patient/1", or "source|Type/id" when it concerns no patient
  std::string channel;   // post | poll | replay
  Instant received{};
  ResourceCopy resource;
};

enum class InboxState { Pending, Waiting, Done, Left, Quarantined };
// Waiting: for something to arrive (a Questionnaire), named in `reason`. Left: understood, not for the care model.

struct Cursor {
  std::string source;
  std::string name;   // resource type, or a job's name
  std::string value;  // its meaning belongs to the poller
};

struct AuditEntry {
  std::string action;   // accept, map, quarantine, send, settle, park, read, refuse, acknowledge, ...
  std::string actor;    // token name or source name
  std::string subject;  // Type/id or Kind/id
  std::string outcome;  // ok, or a short reason without PHI
  Instant at{};
};

// Something that came and is no resource that can be worked on: kept for people, with what is wrong with it.
struct PutAside {
  InboxItem item;  // resource.id is made from its content: the same again is not kept twice
  std::string reason;
  Issues issues;
};

struct Accepted {
  std::vector<InboxItem> items;  // seq is given by the store
  std::optional<Cursor> cursor;  // moves in the same transaction
  std::vector<AuditEntry> audit;
  std::vector<PutAside> aside{};       // quarantined at once
  std::vector<Cursor> more_cursors{};  // these too; an empty value forgets the cursor
};

struct AcceptOutcome {
  std::size_t stored = 0;
  std::size_t unchanged = 0;  // same source, type, id and hash as the copy at hand: counted, not queued again
};

struct StoredEntity {
  std::string kind;  // "Screening"
  std::string id;
  std::string patient;       // care id, may be empty
  std::int64_t version = 0;  // from 1; the ETag of /care. 0: not stored yet
  std::string body;          // JSON of the logical model
};

// What the EHR holds of one of our entities.
struct Ledger {
  std::string destination;
  std::string artifact;  // screening-result | questionnaire-response | care-plan | safety
  std::string care_id;
  std::string type;  // at the EHR
  std::string id;
  std::string version;
  std::int64_t care_version = 0;  // of the entity when it was last written or read there
  std::string hash;               // content_hash of what the EHR holds
  // The two bases of the next three-way merge (flow/merge.h), as JSON:
  std::string held{};      // the EHR's resource when we were last in step (read or written); `hash` is of this
  std::string rendered{};  // our rendering at that moment; empty when it was only read
  // In Worked: mark_of the row from which this was made. Conflict when another one stands there by then. None: whatever
  // stands there is replaced.
  std::optional<std::string> stood{};
};
std::string mark_of(const std::optional<Ledger>& row);

enum class OutboxState { Planned, Sent, Verified, Unknown, RetryAt, Parked, Dead, Superseded };
// Sent: the request is about to go or has gone; its answer is not recorded. After a restart it is Unknown.
std::string_view name(InboxState state);
std::string_view name(OutboxState state);
std::optional<InboxState> inbox_state_from(std::string_view text);
std::optional<OutboxState> outbox_state_from(std::string_view text);

struct OutboxItem {
  std::int64_t seq = 0;
  std::string destination;  // name of a source with write-back allowed
  std::string patient;      // care id: with the destination, the lane
  std::string artifact;
  std::string care_id;
  std::int64_t care_version = 0;
  bool urgent = false;
  OutboxState state = OutboxState::Planned;
  int attempts = 0;
  Instant not_before{};      // of RetryAt, and of Unknown: a look-up right after a lost answer may be too early
  std::string reason;        // why it is where it is, no PHI
  std::string request_hash;  // content_hash of what was last put on the wire; empty when that surely changed nothing
  Instant created{};
  // Our rendering in it, as JSON: the base of a merge should the answer be lost; else empty. While earlier requests may
  // still arrive, theirs behind it, the newest first, a line each (deliver_sent.cpp).
  std::string sent{};
  std::string rung{};  // of its ladder (flow/ladder.h), chosen when it was last worked on
  // What kind of trouble holds it up: transient, auth, policy, content, person (somebody must decide). Empty: none.
  std::string trouble{};
  // An emergency disclosure (42 CFR 2.51) lets it pass the consent guard: JSON {recipient, nature, by, at}. Empty:
  // none.
  std::string emergency{};
};

struct AuditRow {
  std::int64_t seq = 0;
  AuditEntry entry;
  std::string hash;  // over this row and the hash of the row before it
};

struct InboxOutcome {
  std::int64_t seq = 0;
  InboxState state = InboxState::Done;
  std::string reason;
  Issues issues;
};

// One committed change of an entity, for whoever follows the care model.
struct Event {
  std::int64_t seq = 0;  // from 1, without gaps, in the order in which changes become visible
  Instant at{};
  std::string patient;  // care id, may be empty
  std::string kind;
  std::string id;
  std::int64_t version = 0;
  std::string reason;  // what was done: "map", "post-screening"; may be empty
};

struct EventSpan {         // what is still kept
  std::int64_t first = 0;  // seq of the oldest; last + 1 when none is kept
  std::int64_t last = 0;   // seq of the newest ever given; 0: none yet
};

// The result of working on one lane, kept as one transaction.
struct Worked {
  std::vector<StoredEntity> entities;  // version = the one they replace; a mismatch is Conflict and nothing is kept
  std::vector<OutboxItem> outbox;      // new ones
  std::vector<Ledger> ledger;
  std::vector<InboxOutcome> inbox;
  std::vector<AuditEntry> audit;
  Instant at{};          // of the events that tell of the entities
  std::string reason{};  // the same
};

struct Settled {
  OutboxItem item;  // with its new state, reason, attempts, not_before
  std::optional<Ledger> ledger;
  std::optional<ResourceCopy> copy;  // what the EHR holds now
  std::vector<AuditEntry> audit;
};

// What the delivery of an item begins with, read at one moment.
struct AtHand {
  std::optional<StoredEntity> entity;
  std::optional<StoredEntity> patient;  // whom the entity belongs to
  std::vector<StoredEntity> consents;   // of that patient
  std::vector<Ledger> ledgers;          // of the entity at the destination, one for each artifact that has one
};

struct Forgotten {  // rows that went by age
  std::size_t inbox = 0, outbox = 0;
};

class Leases;

struct Listing {  // a page of stored entities
  std::vector<StoredEntity> entities;
  std::string next;  // id to continue after; empty at the end
};

class Store {
 public:
  virtual ~Store() = default;

  // Durable when it returns. Row, copy of the resource and cursor in one transaction.
  virtual Result<AcceptOutcome> accept(const Accepted& batch) = 0;
  virtual Result<std::optional<std::string>> cursor(std::string_view source, std::string_view name) = 0;
  // Those of a source whose names begin so, in the order of their names.
  virtual Result<std::vector<Cursor>> cursors(std::string_view source, std::string_view name_prefix) = 0;

  // Lanes with pending items, oldest first.
  virtual Result<std::vector<std::string>> pending_lanes(std::size_t limit) = 0;
  virtual Result<std::vector<InboxItem>> pending(std::string_view lane, std::size_t limit) = 0;
  virtual Result<void> commit(const Worked& worked) = 0;
  // Items in a state, newest first (quarantine, waiting), of those older than the seq `before` (0: from the newest):
  // for people and for replay. Bodies included.
  struct InboxRow {
    InboxItem item;
    InboxState state = InboxState::Pending;
    std::string reason;
    Issues issues;
  };
  virtual Result<std::vector<InboxRow>> inbox(InboxState state, std::size_t limit, std::int64_t before = 0) = 0;
  // Puts items back to pending: one by seq, or all that wait for `reason`. Number of items moved.
  virtual Result<std::size_t> requeue(std::int64_t seq) = 0;
  virtual Result<std::size_t> requeue_waiting(std::string_view reason) = 0;
  // A Consent of this lane that the care model does not know as it stands at its source: received, and neither taken in
  // nor left. Quarantined or Waiting when a person or another resource is needed, Pending when its turn has not come.
  virtual Result<std::optional<InboxState>> unread_consent(std::string_view lane) = 0;

  virtual Result<std::optional<ResourceCopy>> resource(std::string_view source, std::string_view type,
                                                       std::string_view id) = 0;
  virtual Result<std::optional<ResourceCopy>> canonical(std::string_view source, std::string_view url) = 0;
  // The EHR answered or sent something that is no news for the care model (our own write, a fetched form).
  virtual Result<void> keep_copy(const ResourceCopy& copy) = 0;

  // All entities of a patient.
  virtual Result<std::vector<StoredEntity>> record(std::string_view patient) = 0;
  virtual Result<std::optional<StoredEntity>> entity(std::string_view kind, std::string_view id) = 0;
  virtual Result<Listing> list(std::string_view kind, std::string_view after, std::size_t limit) = 0;
  // Those of a patient ("": of nobody) of one kind, by id.
  virtual Result<std::vector<StoredEntity>> entities_of(std::string_view patient, std::string_view kind) = 0;

  // Every entity of a commit() gives one event in the same transaction. Those after `after`, oldest first. An event
  // never becomes visible behind one that was already handed out.
  virtual Result<std::vector<Event>> events(std::int64_t after, std::size_t limit) = 0;
  virtual Result<EventSpan> event_span() = 0;
  // Events are kept for a while only. Number of events forgotten.
  virtual Result<std::size_t> forget_events(Instant before) = 0;

  // Settled rows of inbox and outbox from before that moment, at most `limit` of each; what is not settled stays.
  virtual Result<Forgotten> forget_settled(Instant before, std::size_t limit) = 0;
  virtual Result<std::uint64_t> bytes_in_use() = 0;
  // Gives the file system some of the room that nothing uses any more, at most so many bytes. 0: nothing (more) to
  // give.
  virtual Result<std::uint64_t> give_back([[maybe_unused]] std::uint64_t at_most) { return std::uint64_t{0}; }

  virtual Result<std::optional<Ledger>> ledger(std::string_view destination, std::string_view artifact,
                                               std::string_view care_id) = 0;
  virtual Result<std::optional<Ledger>> ledger_of(std::string_view destination, std::string_view type,
                                                  std::string_view id) = 0;

  // `kind`: of the entity; `artifacts`: whose ledgers are asked for. The same as by single calls, but of one moment.
  virtual Result<AtHand> at_hand(const OutboxItem& item, std::string_view kind, std::span<const std::string> artifacts);

  // Due items (Planned; Unknown and RetryAt whose time has come), in order, at most one per lane unless urgent. An item
  // is due only when every earlier one of its lane is settled or parked.
  virtual Result<std::vector<OutboxItem>> due(Instant now, std::size_t limit) = 0;
  virtual Result<std::vector<OutboxItem>> outbox(std::string_view patient,
                                                 std::size_t limit) = 0;  // "" = all, newest first
  virtual Result<std::optional<OutboxItem>> outbox_item(std::int64_t seq) = 0;
  // Those in these states with a seq below `before` (0: from the newest), newest first.
  virtual Result<std::vector<OutboxItem>> outbox_in(const std::vector<OutboxState>& states, std::int64_t before,
                                                    std::size_t limit) = 0;
  // Durable before the request goes out: state Sent, request_hash, attempts.
  virtual Result<void> mark_sent(const OutboxItem& item, const AuditEntry& audit) = 0;
  virtual Result<void> settle(const Settled& settled) = 0;
  // At start: every Sent item becomes Unknown. Number of items.
  virtual Result<std::size_t> recover() = 0;

  struct Counts {
    std::size_t inbox_pending = 0, inbox_waiting = 0, inbox_quarantined = 0;
    std::size_t outbox_open = 0, outbox_unknown = 0, outbox_parked = 0, outbox_dead = 0;
    std::int64_t oldest_pending_ms = 0;  // age of the oldest pending inbox item, by `now`
  };
  virtual Result<Counts> counts(Instant now) = 0;
  virtual Result<void> audit(const AuditEntry& entry) = 0;
  // The audit trail after a seq, oldest first.
  virtual Result<std::vector<AuditRow>> audit_trail(std::int64_t after, std::size_t limit) = 0;
  // Can we write at this moment? (readiness)
  virtual Result<void> check() = 0;

  // How several replicas divide the work of this store (leases.h); null: it has one user, who does everything.
  virtual Leases* leases() { return nullptr; }
};

// ---- ehr ------------------------------------------------------------------------------------------------------------

// What a CapabilityStatement says of one type. https://hl7.org/fhir/R4/capabilitystatement.html
struct TypeCapability {
  std::string type;
  bool read = false, search = false, create = false, update = false;
  bool conditional_create = false;
  std::vector<std::string> search_params;
  std::vector<std::string> operations{};  // names, without '$': "status"
  // Why we may not what the EHR declares: "the scope system/CarePlan.read was not granted". Empty: nothing is withheld.
  std::string read_withheld{}, create_withheld{}, update_withheld{};
};

struct Capabilities {
  std::string fhir_version;
  std::string software;
  std::vector<TypeCapability> types;
  std::vector<std::string> exports{};  // levels at which Bulk Data $export is declared: "system", "patient", "group"

  const TypeCapability* of(std::string_view type) const;
};

struct Page {
  fhir::DocumentPtr bundle;
  std::string next;                    // link to follow, verbatim; empty at the end
  std::optional<Instant> server_time;  // of the Date header
};

// The answer to a write, as far as we know it.
struct Answer {
  enum class What {
    Done,       // 2xx; resource, id and version as far as told
    Conflict,   // 409 or 412: somebody was faster
    Refused,    // 400, 404, 405, 410, 422, ...: repeating is no use
    Forbidden,  // 401 (after one renewal), 403
    Later,      // 429, 503 and other 5xx: not done; retry_after when told
    Unknown,    // sent, but the answer was lost: it may have happened
    NotSent,    // no connection was made: it has not happened
  };
  What what = What::Unknown;
  int status = 0;
  std::string id;
  std::string version;  // from ETag, else meta.versionId
  std::string updated;
  fhir::DocumentPtr body;  // null when there was none
  std::optional<std::int64_t> retry_after_ms;
  std::string reason;  // status and issue codes; no PHI
};

class BulkExport;

class Ehr {
 public:
  virtual ~Ehr() = default;

  virtual Result<Capabilities> capabilities() = 0;
  // query: already encoded "a=b&c=d".
  virtual Result<Page> search(std::string_view type, std::string_view query) = 0;
  virtual Result<Page> next(std::string_view link) = 0;
  // NotFound: 404; the error's message says 410 when it is gone for good.
  virtual Result<fhir::DocumentPtr> read(std::string_view type, std::string_view id) = 0;
  // if_none_exist: search query ("identifier=system|value"), empty for a plain create.
  virtual Answer create(std::string_view type, std::string_view body, std::string_view if_none_exist) = 0;
  // if_match: version; empty only when the server gives none.
  virtual Answer update(std::string_view type, std::string_view id, std::string_view body,
                        std::string_view if_match) = 0;

  // Its Bulk Data export (bulk_port.h); null when this connection has none.
  virtual BulkExport* bulk() { return nullptr; }
  // The same EHR for what must not wait for quiet hours.
  virtual Ehr& urgent() { return *this; }
  // The same EHR for one piece of work: create() and update() ask `may_send` as the last thing before the request
  // leaves and answer NotSent when it says no. Null: this connection cannot.
  virtual std::unique_ptr<Ehr> permitted(std::function<bool()>) { return nullptr; }
  // From now on no call waits for its turn; those that would fail.
  virtual void stop_waiting() {}
};

}  // namespace bhi::flow
