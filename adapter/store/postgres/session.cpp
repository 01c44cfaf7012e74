#include "store/postgres/session.h"

#include "store/postgres/tail.h"

#include <algorithm>
#include <map>
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

// A server that went without a word is found out before COMMIT is on its way: then nothing is in doubt.
constexpr milliseconds kWarm{1000};

// Those of which many come at once say together what they say.
bool together(Act act) { return act == Act::MarkSent || act == Act::Settle; }

// Places among the answers of every transaction.
constexpr std::size_t kOurRow = 1;

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
      id_, std::int64_t{0});
  line.add("DELETE FROM writer WHERE seen < extract(epoch FROM now())::bigint - 604800");
  return line.sync();
}

Session::End Session::run(std::span<Job* const> jobs) {
  if (connection_) connection_->hung_up();
  if (const auto connected = connect(); !connected) return {What::Lost, connected.error()};
  Pipeline line(*connection_);
  line.add("BEGIN");
  line.add(R"sql(
      WITH w AS (UPDATE writer SET last = $2, seen = extract(epoch FROM now())::bigint WHERE id = $1 AND last < $2
                 RETURNING 1)
      SELECT 1 / count(*) FROM w)sql",
           id_, ++number_);
  std::vector<Part> parts = {{{}, line.next_place()}};
  if (fence_ != nullptr) fence_->ask(line, jobs);
  parts.push_back({{}, line.next_place()});
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    jobs[at]->additions = {};
    jobs[at]->ask(line);
    parts.push_back({{at}, line.next_place()});
  }
  const bool asks = parts.back().end > parts[1].end;
  if (asks || steady_clock::now() - used_ > kWarm) {
    if (const auto asked = line.sync(); !asked) return undo(line, jobs, parts, asked.error());
  }
  for (Part& part : write(line, jobs)) parts.push_back(std::move(part));
  add_to_tail(line, jobs);
  const std::size_t commit = line.add("COMMIT");
  const auto done = line.sync();
  if (done) {
    used_ = steady_clock::now();
    for (Job* job : jobs) job->hear(line);
    return {};
  }
  const bool in_doubt = connection_->broken() && !(connection_->answered() && line.failed_place() < commit);
  if (in_doubt) return {What::Open, done.error()};
  return undo(line, jobs, parts, done.error());
}

std::vector<Session::Part> Session::write(Pipeline& line, std::span<Job* const> jobs) {
  std::vector<Part> parts;
  std::map<Act, std::vector<std::size_t>> alike;
  for (std::size_t at = 0; at < jobs.size(); ++at) {
    if (together(jobs[at]->touched.act)) {
      alike[jobs[at]->touched.act].push_back(at);
      continue;
    }
    jobs[at]->write(line);
    parts.push_back({{at}, line.next_place()});
  }
  for (auto& [act, places] : alike) {
    std::vector<Job*> them;
    for (const std::size_t at : places) them.push_back(jobs[at]);
    them.front()->write_all(line, them);
    parts.push_back({std::move(places), line.next_place()});
  }
  return parts;
}

// Nothing was committed: COMMIT had not been sent, or the server told that it failed.
Session::End Session::undo(Pipeline& line, std::span<Job* const> jobs, std::span<const Part> parts, Error error) {
  const bool repeat = connection_->worth_repeating(), guard = line.guard_failed();
  const std::size_t place = line.failed_place();
  if (!connection_->broken()) {
    line.add("ROLLBACK");
    static_cast<void>(line.sync());
  }
  if (connection_->broken()) return {What::Lost, std::move(error)};
  if (guard && place == kOurRow) {  // restored from a time before it was there, or an operator cleared it
    signed_in_ = false;
    return {What::Lost, Error{Kind::Unavailable, "store: PostgreSQL: this session's row has gone"}};
  }
  if (repeat) return {What::Again, std::move(error)};
  if (guard) return judge(line, jobs, parts, place);
  const auto part = std::ranges::find_if(parts, [&](const Part& one) { return place < one.end; });
  if (part == parts.end() || part->jobs.empty()) return {What::Refused, std::move(error), jobs.size()};
  if (part->jobs.size() > 1) return {What::Refused, std::move(error), jobs.size(), true};
  return {What::Refused, std::move(error), part->jobs.front()};
}

// Whose guard was it, and what does it find when it looks again?
Session::End Session::judge(Pipeline& line, std::span<Job* const> jobs, std::span<const Part> parts,
                            std::size_t place) {
  const auto part = std::ranges::find_if(parts, [&](const Part& one) { return place < one.end; });
  if (part == parts.end()) {
    return {What::Refused, Error{Kind::Fault, "store: the row of table tail is missing"}, jobs.size()};
  }
  Result<void> looked;
  if (part->jobs.empty()) {
    auto standing = fence_->look(line, jobs);
    for (std::size_t at = 0; standing && at < jobs.size(); ++at) {
      if (auto may = fence_->may(*standing, jobs[at]->touched); !may) return {What::Refused, may.error(), at};
    }
    if (!standing) looked = standing.error();
  } else {
    for (const std::size_t at : part->jobs) jobs[at]->look(line);
    looked = line.sync();
    for (const std::size_t at : part->jobs) {
      if (!looked) break;
      if (auto error = jobs[at]->verdict(line)) return {What::Refused, std::move(error), at};
    }
  }
  if (looked) {
    Error others{Kind::Unavailable, "store: others wrote the same rows at the same moment"};
    if (jobs.size() == 1 || part->jobs.empty()) return {What::Again, std::move(others)};
    // It may have been another of the group, undone by now; alone it will be seen.
    if (part->jobs.size() > 1) return {What::Refused, std::move(others), jobs.size(), true};
    return {What::Refused, std::move(others), part->jobs.front()};
  }
  if (connection_->broken()) return {What::Lost, looked.error()};
  return {What::Refused, looked.error(), jobs.size()};
}

// Once it was found not to be kept, it never will be.
Result<bool> Session::settle() {
  BHI_CHECK(connect());
  Pipeline line(*connection_);
  line.add("BEGIN");
  const std::size_t mine =
      line.add("UPDATE writer SET last = CASE WHEN last = $2 THEN last ELSE $2 + 1 END WHERE id = $1 RETURNING last",
               id_, number_);
  line.add("COMMIT");
  if (const auto asked = line.sync(); !asked) {
    if (!connection_->broken()) {
      line.add("ROLLBACK");
      static_cast<void>(line.sync());
    }
    return Error{Kind::Unavailable, asked.error().message};
  }
  const Rows& found = line.rows(mine);
  const bool kept = found.size() == 1 && found.integer(0, 0) == number_;
  if (!kept) ++number_;
  return kept;
}

}  // namespace bhi::store::postgres
