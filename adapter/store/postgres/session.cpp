#include "store/postgres/session.h"

#include "store/audit_hash.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <vector>

namespace bhi::store::postgres {

namespace {

using What = Session::End::What;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{50}, kLongestPause{2000};

std::string random_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int i = 0; i < 32; ++i) id += kDigits[random() % kDigits.size()];
  return id;
}

// The ends of feed and trail, as the UPDATE of `tail` gave them: behind what this transaction adds.
struct Tail {
  std::int64_t event, audit;
  std::string hash;
};

void add_events(Pipeline& line, std::span<Job* const> jobs, std::int64_t seq) {
  Numbers seqs, ats, versions;
  Texts patients, kinds, ids, reasons;
  for (const Job* job : jobs) {
    for (const flow::Event& event : job->additions.events) {
      seqs.add(++seq);
      ats.add(event.at);
      patients.add(event.patient);
      kinds.add(event.kind);
      ids.add(event.id);
      versions.add(event.version);
      reasons.add(event.reason);
    }
  }
  if (seqs.empty()) return;
  line.add(
      "INSERT INTO event (seq, at, patient, kind, id, version, reason) "
      "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)",
      seqs, ats, patients, kinds, ids, versions, reasons);
}

void add_audit(Pipeline& line, std::span<Job* const> jobs, std::int64_t seq, std::string hash) {
  Numbers seqs, ats;
  Texts actions, actors, subjects, outcomes, hashes;
  for (const Job* job : jobs) {
    for (const flow::AuditEntry& entry : job->additions.audit) {
      hash = audit_hash(hash, ++seq, entry);
      seqs.add(seq);
      ats.add(entry.at);
      actions.add(entry.action);
      actors.add(entry.actor);
      subjects.add(entry.subject);
      outcomes.add(entry.outcome);
      hashes.add(hash);
    }
  }
  if (seqs.empty()) return;
  line.add(
      "INSERT INTO audit (seq, at, action, actor, subject, outcome, hash) "
      "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)",
      seqs, ats, actions, actors, subjects, outcomes, hashes);
  line.add("UPDATE tail SET audit_hash = $1 WHERE id = 1", hash);
}

}  // namespace

Session::Session(std::string where, const Times& times, Fence* fence)
    : where_(std::move(where)), times_(times), fence_(fence), id_(random_id()) {}

Result<void> Session::connect() {
  if (connection_ && signed_in_ && !connection_->broken()) return {};
  connection_.reset();
  if (latest_failure_ && steady_clock::now() < next_attempt_) return *latest_failure_;
  auto made = Connection::open(where_, times_);
  Result<void> done;
  if (made) {
    connection_ = std::move(made).value();
    done = sign_in();
  } else {
    done = made.error();
  }
  signed_in_ = done.ok();
  if (done) {
    pause_ = milliseconds(0);
    latest_failure_.reset();
    return {};
  }
  connection_.reset();
  pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
  next_attempt_ = steady_clock::now() + pause_;
  latest_failure_ = done.error();
  return done;
}

// Rows of sessions that ended long ago go; nobody will ask for them any more.
Result<void> Session::sign_in() {
  Pipeline line(*connection_);
  line.add(
      "INSERT INTO writer (id, last, seen) VALUES ($1, $2, extract(epoch FROM now())::bigint) ON CONFLICT DO NOTHING",
      id_, number_);
  line.add("DELETE FROM writer WHERE seen < extract(epoch FROM now())::bigint - 604800");
  return line.sync();
}

Session::End Session::run(std::span<Job* const> jobs) {
  if (const auto connected = connect(); !connected) return {What::Lost, connected.error(), 0};
  Pipeline line(*connection_);
  line.add("BEGIN");
  const std::size_t mine =
      line.add("UPDATE writer SET last = $2, seen = extract(epoch FROM now())::bigint WHERE id = $1", id_, ++number_);
  std::vector<std::size_t> marks;  // of the fence, for each job
  for (Job* job : jobs) {
    if (fence_ != nullptr) marks.push_back(fence_->ask(line, job->touched));
  }
  const std::size_t begin = line.next_place();
  std::vector<std::size_t> ends;  // of each job's statements
  for (Job* job : jobs) {
    job->additions = {};
    job->raced = false;
    job->ask(line);
    ends.push_back(line.next_place());
  }
  if (ends.back() > begin) {
    if (const auto asked = line.sync(); !asked) {
      const auto job = std::ranges::upper_bound(ends, line.failed_place()) - ends.begin();
      return undo(line, {What::Refused, asked.error(), static_cast<std::size_t>(job)});
    }
  }
  End end = write(line, jobs, marks);
  if (end.what != What::Kept) return end;
  if (line.rows(mine).changed() != 1) {  // restored from a time before it was there, or an operator cleared it
    signed_in_ = false;
    return undo(line, {What::Lost, Error{Kind::Unavailable, "store: PostgreSQL: this session's row has gone"}, 0});
  }
  return commit(line, jobs, line.next_place() - 1);
}

// The last statement takes the tail: whoever has it is the next to commit.
Session::End Session::write(Pipeline& line, std::span<Job* const> jobs, std::span<const std::size_t> marks) {
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    if (auto written = jobs[at]->write(line); !written) return undo(line, {What::Refused, written.error(), at});
    ends.push_back(line.next_place());
  }
  std::int64_t events = 0, audit = 0;
  for (const Job* job : jobs) {
    events += static_cast<std::int64_t>(job->additions.events.size());
    audit += static_cast<std::int64_t>(job->additions.audit.size());
  }
  if (events + audit > 0) {
    line.add(
        "UPDATE tail SET event_seq = event_seq + $1, audit_seq = audit_seq + $2 WHERE id = 1 "
        "RETURNING event_seq, audit_seq, audit_hash",
        events, audit);
  }
  if (const auto written = line.sync(); !written) {
    const auto job = std::ranges::upper_bound(ends, line.failed_place()) - ends.begin();
    return undo(line, {What::Refused, written.error(), static_cast<std::size_t>(job)});
  }
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    auto fits = jobs[at]->check(line);
    if (fits && fence_ != nullptr) fits = fence_->may(line, marks[at], jobs[at]->touched);
    if (!fits) return undo(line, {jobs[at]->raced ? What::Again : What::Refused, fits.error(), at});
  }
  return {};
}

Session::End Session::commit(Pipeline& line, std::span<Job* const> jobs, std::size_t tail) {
  std::size_t events = 0, audit = 0;
  for (const Job* job : jobs) {
    events += job->additions.events.size();
    audit += job->additions.audit.size();
  }
  if (events + audit > 0) {
    const Rows& end = line.rows(tail);
    if (end.size() != 1)
      return undo(line, {What::Refused, Error{Kind::Fault, "store: the row of table tail is missing"}, 0});
    add_events(line, jobs, end.integer(0, 0) - static_cast<std::int64_t>(events));
    add_audit(line, jobs, end.integer(0, 1) - static_cast<std::int64_t>(audit), end.text(0, 2));
  }
  const std::size_t commit = line.add("COMMIT");
  const auto done = line.sync();
  if (done) return {};
  if (!connection_->broken() && line.failed_place() <= commit)
    return undo(line, {What::Refused, done.error(), jobs.size()});
  return {What::Open, done.error(), 0};
}

// Nothing was committed: COMMIT had not been sent, or the server told that it failed.
Session::End Session::undo(Pipeline& line, End end) {
  const bool repeat = connection_->worth_repeating();
  if (!connection_->broken()) {
    line.add("ROLLBACK");
    static_cast<void>(line.sync());
  }
  if (connection_->broken()) return {What::Lost, std::move(end.error), 0};
  if (repeat) return {What::Again, std::move(end.error), end.job};
  return end;
}

Result<bool> Session::settle() {
  BHI_CHECK(connect());
  Pipeline line(*connection_);
  line.add("BEGIN");
  const std::size_t mine = line.add("SELECT last FROM writer WHERE id = $1 FOR UPDATE", id_);
  line.add("COMMIT");
  if (const auto asked = line.sync(); !asked) {
    if (!connection_->broken()) {
      line.add("ROLLBACK");
      static_cast<void>(line.sync());
    }
    return Error{Kind::Unavailable, asked.error().message};
  }
  const Rows& found = line.rows(mine);
  return found.size() == 1 && found.integer(0, 0) == number_;
}

}  // namespace bhi::store::postgres
