#include "store/postgres/leases.h"

#include "store/postgres/lanes.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <random>
#include <set>
#include <utility>

namespace bhi::store::postgres {

namespace {

using std::chrono::milliseconds;

// The part of a lease that we count on: the rest is for clocks that do not run alike, and for the way to the wire.
constexpr int kUsableTenths = 9;
// A request of the former holder may still be on its way in when its lease has run out.
constexpr milliseconds kOnItsWay{1'500};
constexpr milliseconds kLeastAnswer{1'000};
constexpr std::int64_t kSoonMs = 100;  // somebody still works under what is to be given up
constexpr std::int64_t kAfterMs = 20;  // what is about to run out

constexpr std::string_view kLane = "lane/";

std::string start_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string id;
  for (int i = 0; i < 12; ++i) id += kDigits[random() % kDigits.size()];
  return id;
}

std::vector<std::string> names_of_partitions() {
  std::vector<std::string> names;
  for (int partition = 0; partition < flow::kPartitions; ++partition) {
    names.push_back(flow::lease_of_partition(partition));
  }
  return names;
}

std::string shown(std::string_view lease) {
  const bool lane = lease.starts_with(kLane);
  return (lane ? "partition " : "job ") + std::string(lane ? lease.substr(kLane.size()) : lease);
}

int partition_from(std::string_view lease) {
  int partition = 0;
  const auto digits = lease.substr(kLane.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), partition);
  return partition;
}

// Silence of the server counts as a loss before the lease has run out, so that there is time for another try.
Times times_for(milliseconds lease) {
  return {std::max(kLeastAnswer, lease / 3), std::max(kLeastAnswer, lease / 2), lease};
}

}  // namespace

DatabaseLeases::DatabaseLeases(std::string where, LeaseOptions options)
    : where_(std::move(where)),
      options_(std::move(options)),
      partitions_(names_of_partitions()),
      me_(options_.replica + "-" + start_id()) {}

std::string DatabaseLeases::me() const {
  const std::lock_guard lock(mutex_);
  return me_;
}

void DatabaseLeases::set_me(std::string name) {
  const std::lock_guard lock(mutex_);
  me_ = std::move(name);
}

Result<void> DatabaseLeases::connect() {
  if (connection_ && !connection_->broken()) return {};
  connection_.reset();
  BHI_TRY(connection_, Connection::open(where_, times_for(options_.lease)));
  return {};
}

Result<flow::RenewalNews> DatabaseLeases::round() {
  BHI_CHECK(connect());
  flow::RenewalNews news;
  BHI_TRY(const Look look, renew(news));
  if (!joined_) {
    news.again_ms = kAfterMs;
    return news;
  }
  std::set<std::string> give;
  std::vector<std::string> wanted;
  for (const auto* names : {&partitions_, &jobs_}) {
    auto share = flow::share(*names, look.rows, look.staying, me_);
    give.insert(share.give.begin(), share.give.end());
    wanted.insert(wanted.end(), share.take.begin(), share.take.end());
  }
  book_.give_up(give);
  news.again_ms = options_.lease.count();
  for (const auto& row : look.rows) {
    if (!row.free() && row.holder != me_) news.again_ms = std::min(news.again_ms, row.left_ms + kAfterMs);
  }
  if (!give.empty()) news.again_ms = std::min(news.again_ms, kSoonMs);
  BHI_CHECK(release(news));
  if (!book_.retired() && !wanted.empty()) BHI_CHECK(take(wanted, look, news));
  const std::lock_guard lock(mutex_);
  replicas_ = look.members;
  return news;
}

// All in one implicit transaction and one round trip.
Result<DatabaseLeases::Look> DatabaseLeases::renew(flow::RenewalNews& news) {
  const std::int64_t lease = options_.lease.count();
  const bool leaving = book_.retired();
  const bool gone = leaving && book_.names().empty();
  const bool was_member = joined_;
  Look look;
  look.deadline = options_.clock() + options_.lease * kUsableTenths / 10;
  Pipeline line(*connection_);
  const std::size_t alive = line.next_place();
  if (gone) {
    line.add("DELETE FROM member WHERE name = $1", me_);
  } else if (was_member) {
    line.add(R"sql(
        UPDATE member SET expires = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $2, leaving = $3
        WHERE name = $1)sql",
             me_, lease, leaving);
  } else {
    line.add(R"sql(
        INSERT INTO member (name, expires, leaving)
        VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $2, $3))sql",
             me_, lease, leaving);
  }
  const auto members = line.add(R"sql(
      SELECT name, expires - (extract(epoch FROM clock_timestamp()) * 1000)::bigint, leaving FROM member
      ORDER BY name)sql");
  const auto leases = line.add("SELECT name, holder, token FROM lease ORDER BY name");
  BHI_CHECK(line.sync());
  joined_ = !gone;
  if (was_member && !gone && line.rows(alive).changed() == 0) {
    for (const auto& name : book_.names()) news.lost.push_back(name);
    begin_anew();
    return Look{};
  }

  std::map<std::string, std::size_t> places;
  std::map<std::string, std::int64_t> left;
  const Rows& living = line.rows(members);
  for (std::size_t i = 0; i < living.size(); ++i) {
    const std::string name = living.text(i, 0);
    left[name] = living.integer(i, 1);
    if (left[name] <= 0) continue;
    places[name] = look.members.size();
    look.members.push_back({name, lease - left[name], {}});
    if (!living.flag(i, 2)) look.staying.push_back(name);
  }
  const Rows& all = line.rows(leases);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string holder = all.text(i, 1);
    look.rows.push_back({all.text(i, 0), holder, all.integer(i, 2), left.contains(holder) ? left[holder] : 0});
    const auto place = places.find(holder);
    if (place != places.end()) look.members[place->second].leases.push_back(all.text(i, 0));
  }
  compare(look, news);
  return look;
}

// Others have taken us out: what we held may be theirs. We come back as somebody new.
void DatabaseLeases::begin_anew() {
  for (const auto& name : book_.names()) book_.drop(name);
  set_me(options_.replica + "-" + start_id());
  joined_ = false;
}

void DatabaseLeases::compare(const Look& look, flow::RenewalNews& news) {
  std::set<std::string> before;
  for (auto& name : book_.names()) before.insert(std::move(name));
  for (const auto& row : look.rows) {
    if (row.holder != me_ || !joined_) continue;
    // Not in the book when the answer to its COMMIT was lost: what goes with taking it was done there, too.
    if (before.erase(row.name) == 0) news.taken.push_back(row.name);
    book_.hold(row.name, row.token, look.deadline);
  }
  for (const auto& name : before) {
    book_.drop(name);
    news.lost.push_back(name);
  }
}

// Dropped from the book before the database hears of it: whoever takes one meets nobody of ours.
Result<void> DatabaseLeases::release(flow::RenewalNews& news) {
  const auto idle = book_.take_idle();
  if (idle.empty()) return {};
  Pipeline line(*connection_);
  line.add("UPDATE lease SET holder = '', token = token + 1 WHERE name = ANY ($2) AND holder = $1", me_, Texts(idle));
  BHI_CHECK(line.sync());
  news.released = idle;
  return {};
}

Result<void> DatabaseLeases::take(const std::vector<std::string>& wanted, const Look& look, flow::RenewalNews& news) {
  std::map<std::string_view, const flow::LeaseRow*> seen;
  for (const auto& row : look.rows) seen[row.name] = &row;
  std::vector<flow::LeaseRow> rows;
  for (const auto& name : wanted) {
    const auto found = seen.find(name);
    rows.push_back(found == seen.end() ? flow::LeaseRow{name, "", 0, 0} : *found->second);
  }
  std::ranges::sort(rows, {}, &flow::LeaseRow::name);
  std::vector<LeaseMark> taken;
  flow::RenewalNews found;
  Pipeline line(*connection_);
  auto done = take_in_transaction(line, rows, found, taken);
  if (done) {
    line.add("COMMIT");
    done = line.sync();
  } else if (!connection_->broken()) {
    line.add("ROLLBACK");
    static_cast<void>(line.sync());
  }
  BHI_CHECK(done);
  for (const auto& [name, token] : taken) {
    book_.hold(name, token, look.deadline);
    news.taken.push_back(name);
  }
  news.unknown += found.unknown;
  return {};
}

// Each only if it is as it was seen. Its holder is taken out first: from then on it cannot renew; one that has renewed
// in the meantime stays, and so does what it holds.
Result<void> DatabaseLeases::take_in_transaction(Pipeline& line, const std::vector<flow::LeaseRow>& wanted,
                                                 flow::RenewalNews& news, std::vector<LeaseMark>& taken) {
  Texts names, holders;
  Numbers tokens;
  for (const auto& row : wanted) {
    names.add(row.name);
    holders.add(row.holder);
    tokens.add(row.token);
  }
  line.add("BEGIN");
  line.add(R"sql(
      DELETE FROM member WHERE name = ANY ($1)
        AND expires <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint)sql",
           holders);
  line.add(
      "INSERT INTO lease (name, holder, token) SELECT n.name, '', 0 FROM unnest($1) AS n (name) ORDER BY n.name "
      "ON CONFLICT DO NOTHING",
      names);
  const auto got = line.add(R"sql(
      UPDATE lease SET holder = $1, token = lease.token + 1
      FROM (SELECT u.name, u.holder, u.token FROM unnest($2, $3, $4) AS u (name, holder, token) ORDER BY u.name) n
      WHERE lease.name = n.name AND lease.holder = n.holder AND lease.token = n.token
        AND NOT EXISTS (SELECT 1 FROM member m WHERE m.name = n.holder)
        AND EXISTS (SELECT 1 FROM member m WHERE m.name = $1)
      RETURNING lease.name, lease.token)sql",
                            me_, names, holders, tokens);
  BHI_CHECK(line.sync());
  Numbers partitions;
  const Rows& rows = line.rows(got);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    taken.push_back({rows.text(i, 0), rows.integer(i, 1)});
    if (taken.back().name.starts_with(kLane)) {
      partitions.add(std::int64_t{partition_from(taken.back().name)});
    }
  }
  if (partitions.empty()) return {};
  // What the former holder was sending: it may have arrived or not. The turns are taken before the rows, as by
  // everybody.
  const auto sent =
      line.add("SELECT seq FROM outbox WHERE state = 'sent' AND part = ANY ($1) ORDER BY seq", partitions);
  BHI_CHECK(line.sync());
  Numbers items;
  for (std::size_t i = 0; i < line.rows(sent).size(); ++i) items.add(line.rows(sent).integer(i, 0));
  if (items.empty()) return {};
  take_turns_of(line, items);
  line.add(R"sql(
      UPDATE outbox SET state = 'unknown', reason = 'its replica lost the lease before the answer was recorded',
             not_before = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + $2
      WHERE seq = ANY ($1) AND state = 'sent')sql",
           items, std::int64_t{kOnItsWay.count()});
  set_turns_of(line, items);
  BHI_CHECK(line.sync());
  news.unknown = items.size();
  return {};
}

bool DatabaseLeases::retire() {
  book_.retire();
  return book_.names().empty();
}

std::vector<flow::ReplicaRow> DatabaseLeases::replicas() const {
  const std::lock_guard lock(mutex_);
  return replicas_;
}

Result<void> DatabaseLeases::sign(Touched& touched) {
  touched.leases = book_.begun_here();
  const bool of_a_lane = touched.act == Act::MarkSent || (touched.act == Act::Commit && !touched.inbox_rows.empty());
  if (!of_a_lane || !touched.leases.empty()) return {};
  return Error{Kind::Conflict, "store: expected work on a lane to be begun under its lease, found none"};
}

void DatabaseLeases::ask(Pipeline& line, std::span<Job* const> jobs) {
  std::set<std::pair<std::string_view, std::int64_t>> marks;
  for (const Job* job : jobs) {
    for (const LeaseMark& mark : job->touched.leases) marks.emplace(mark.name, mark.token);
  }
  if (marks.empty()) return;
  Texts names;
  Numbers tokens;
  for (const auto& [name, token] : marks) {
    names.add(name);
    tokens.add(token);
  }
  line.add(R"sql(
      WITH held AS (SELECT 1 FROM unnest($1, $2) AS n (name, token)
                    JOIN lease l ON l.name = n.name AND l.token = n.token ORDER BY l.name FOR SHARE OF l)
      SELECT 1 / CASE WHEN count(*) = $3 THEN 1 ELSE 0 END FROM held)sql",
           names, tokens, marks.size());
}

Result<std::vector<LeaseMark>> DatabaseLeases::look(Pipeline& line, std::span<Job* const> jobs) {
  std::set<std::string_view> names;
  for (const Job* job : jobs) {
    for (const LeaseMark& mark : job->touched.leases) names.insert(mark.name);
  }
  const auto found = line.add("SELECT name, token FROM lease WHERE name = ANY ($1)", Texts(names));
  BHI_CHECK(line.sync());
  std::vector<LeaseMark> standing;
  const Rows& rows = line.rows(found);
  for (std::size_t i = 0; i < rows.size(); ++i) standing.push_back({rows.text(i, 0), rows.integer(i, 1)});
  return standing;
}

Result<void> DatabaseLeases::may(std::span<const LeaseMark> standing, const Touched& touched) const {
  for (const auto& [name, token] : touched.leases) {
    const auto found = std::ranges::find(standing, name, &LeaseMark::name);
    if (found != standing.end() && found->token == token) continue;
    return Error{Kind::Conflict, "store: the lease of " + shown(name) + " was taken over"};
  }
  return {};
}

}  // namespace bhi::store::postgres
