#include "store/postgres/tail.h"

#include "store/audit_hash.h"

#include <algorithm>

namespace bhi::store::postgres {

namespace {

// Behind the end as it is now: we hold the row.
void add_events(Pipeline& line, std::span<Job* const> jobs) {
  Numbers ats, versions;
  Texts patients, kinds, ids, reasons;
  for (const Job* job : jobs) {
    for (const flow::Event& event : job->additions.events) {
      ats.add(event.at);
      patients.add(event.patient);
      kinds.add(event.kind);
      ids.add(event.id);
      versions.add(event.version);
      reasons.add(event.reason);
    }
  }
  if (ats.empty()) return;
  line.add(R"sql(
      WITH w AS (
        INSERT INTO event (seq, at, patient, kind, id, version, reason)
        SELECT t.event_seq + n.place, n.at, n.patient, n.kind, n.id, n.version, n.reason
        FROM tail t, unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY
             AS n (at, patient, kind, id, version, reason, place)
        WHERE t.id = 1 RETURNING 1)
      UPDATE tail SET event_seq = event_seq + $7 WHERE id = 1)sql",
           ats, patients, kinds, ids, versions, reasons, ats.size());
}

// Each hash as audit_hash() makes it: over the former hash and the number, each with its length before it, and
// audit_content().
void add_audit(Pipeline& line, std::span<Job* const> jobs) {
  Numbers ats;
  Texts actions, actors, subjects, outcomes;
  Blobs contents;
  for (const Job* job : jobs) {
    for (const flow::AuditEntry& entry : job->additions.audit) {
      ats.add(entry.at);
      actions.add(entry.action);
      actors.add(entry.actor);
      subjects.add(entry.subject);
      outcomes.add(entry.outcome);
      contents.add(audit_content(entry));
    }
  }
  if (ats.empty()) return;
  line.add(R"sql(
      WITH RECURSIVE chain (place, seq, hash) AS (
        SELECT 0, audit_seq, audit_hash FROM tail WHERE id = 1
        UNION ALL
        SELECT place + 1, seq + 1,
               encode(sha256(convert_to(octet_length(hash)::text || ':' || hash || length((seq + 1)::text)::text || ':' ||
                                        (seq + 1)::text, 'UTF8') || ($6)[place + 1]), 'hex')
        FROM chain WHERE place < $7),
      w AS (
        INSERT INTO audit (seq, at, action, actor, subject, outcome, hash)
        SELECT seq, ($1)[place], ($2)[place], ($3)[place], ($4)[place], ($5)[place], hash FROM chain WHERE place > 0
        RETURNING 1)
      UPDATE tail SET audit_seq = c.seq, audit_hash = c.hash FROM chain c WHERE tail.id = 1 AND c.place = $7)sql",
           ats, actions, actors, subjects, outcomes, contents, ats.size());
}

}  // namespace

void add_to_tail(Pipeline& line, std::span<Job* const> jobs) {
  const bool nothing = std::ranges::all_of(
      jobs, [](const Job* job) { return job->additions.events.empty() && job->additions.audit.empty(); });
  if (nothing) return;
  line.add("WITH held AS (SELECT 1 FROM tail WHERE id = 1 FOR UPDATE) SELECT 1 / count(*) FROM held");
  add_events(line, jobs);
  add_audit(line, jobs);
}

}  // namespace bhi::store::postgres
