#include "store/postgres/writer.h"

#include "store/company.h"

#include <algorithm>
#include <exception>
#include <set>
#include <thread>
#include <utility>

namespace bhi::store::postgres {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxGroup = 256;  // so that the first of a group does not wait for ever
constexpr int kMostRaces = 8;
constexpr milliseconds kPatience{5}, kLongest{100};
constexpr int kGathering = 8;  // a part of the usual time

void tell_all(const std::vector<Result<void>*>& results, const Error& error) {
  for (Result<void>* result : results) *result = error;
}

}  // namespace

Writer::Writer(const std::string& where, const Times& times, Fence* fence, std::chrono::milliseconds settle_for,
               int sessions)
    : fence_(fence), settle_for_(settle_for) {
  for (int i = 0; i < std::max(1, sessions); ++i) {
    sessions_.push_back(std::make_unique<Session>(where, times, fence));
    idle_.push_back(sessions_.back().get());
  }
  std::ranges::reverse(idle_);  // the first is taken first
}

Result<void> Writer::run(Job& job) {
  if (fence_ != nullptr) BHI_CHECK(fence_->sign(job.touched));
  Waiting mine{&job, job.decides_by()};
  wait_in(*this, mine);
  return std::move(mine.result);
}

void Writer::wait_for_all(std::span<Waiting* const> all) {
  std::unique_lock lock(mutex_);
  if (settling_ > 0) {
    for (Waiting* mine : all) {
      mine->result = Error{Kind::Unavailable, "store: PostgreSQL: the connection was lost and is being made anew"};
    }
    return;
  }
  const auto now = steady_clock::now();
  for (Waiting* mine : all) mine->since = now;
  queue_.insert(queue_.end(), all.begin(), all.end());
  if (queue_.size() >= expected_) queue_.front()->turn.notify_one();
  for (Waiting* mine : all) {
    while (!mine->done) {
      if (idle_.empty() || queue_.front() != mine) {
        mine->turn.wait(lock);
      } else if (const auto begin = begin_at(*mine); steady_clock::now() < begin) {
        mine->turn.wait_until(lock, begin);
      } else {
        lead(lock);
      }
    }
  }
}

// When the first of the queue is to begin, with an idle session at hand.
steady_clock::time_point Writer::begin_at(const Waiting& first) const {
  if (queue_.size() >= kMaxGroup) return {};
  if (idle_.size() < sessions_.size()) return first.since + std::max<steady_clock::duration>(kPatience, 2 * usual_);
  if (queue_.size() >= expected_) return {};
  return ended_ + usual_ / kGathering;
}

// In the order of their coming; one that decides by what another of the group (or one passed over) may change waits.
Writer::Group Writer::take_group() {
  Group group;
  std::set<std::string> taken;
  std::deque<Waiting*> left;
  for (Waiting* waiting : queue_) {
    const bool free = std::ranges::none_of(waiting->decides_by, [&](const auto& key) { return taken.contains(key); });
    taken.insert(waiting->decides_by.begin(), waiting->decides_by.end());
    if (free && group.size() < kMaxGroup)
      group.push_back(waiting);
    else
      left.push_back(waiting);
  }
  queue_ = std::move(left);
  return group;
}

void Writer::lead(std::unique_lock<std::mutex>& lock) {
  const Group group = take_group();
  Session* session = idle_.back();
  idle_.pop_back();
  if (!queue_.empty() && !idle_.empty()) queue_.front()->turn.notify_one();
  lock.unlock();
  const auto begun = steady_clock::now();
  work(*session, group);
  lock.lock();
  ended_ = steady_clock::now();
  usual_ = (7 * usual_ + std::min<steady_clock::duration>(ended_ - begun, kLongest)) / 8;
  expected_ = std::min(kMaxGroup, group.size() + queue_.size());
  for (Waiting* waiting : group) {
    waiting->done = true;
    waiting->turn.notify_one();  // under the lock: the other's stack frame stays until we let go
  }
  idle_.push_back(session);
  if (!queue_.empty()) queue_.front()->turn.notify_one();
}

void Writer::work(Session& session, Group group) {
  Group alone;
  while (!group.empty()) {
    std::size_t refused = 0;
    if (run_group(session, group, refused)) break;
    if (refused == group.size()) {  // not known which
      alone = group;
      break;
    }
    // After the second refusal everybody goes alone: a group in which many are refused costs more than it saves.
    alone.push_back(group[refused]);
    group.erase(group.begin() + static_cast<std::ptrdiff_t>(refused));
    if (alone.size() < 2) continue;
    alone.insert(alone.end(), group.begin(), group.end());
    break;
  }
  for (Waiting* waiting : alone) {
    std::size_t refused = 0;
    run_group(session, {waiting}, refused);
  }
}

bool Writer::run_group(Session& session, const Group& group, std::size_t& refused) {
  std::vector<Job*> jobs;
  std::vector<Result<void>*> results;
  for (Waiting* waiting : group) {
    jobs.push_back(waiting->job);
    results.push_back(&waiting->result);
  }
  bool reconnected = false;
  for (int races = 0;;) {
    Session::End end;
    try {
      end = session.run(jobs);
    } catch (const std::exception&) {  // memory, most likely; its text could hold anything
      session.drop();
      end = {Session::End::What::Refused, Error{Kind::Fault, "store: an exception ended a write"}, jobs.size()};
    }
    if (end.what == Session::End::What::Open) {
      const auto kept = settle(session);
      if (!kept) {
        tell_all(results, {Kind::Fault,
                           "store: PostgreSQL: the connection was lost while committing and did not come "
                           "back: it may be kept or not; restart to go on"});
        return true;
      }
      if (!*kept) continue;
      end.what = Session::End::What::Kept;
    }
    note(end);
    if (end.what == Session::End::What::Kept) return true;
    if (end.what == Session::End::What::Lost && !reconnected) {
      // Found out only now, perhaps long after: nothing of this was kept, so a new connection may try.
      reconnected = true;
      continue;
    }
    if (end.what == Session::End::What::Again && ++races < kMostRaces) {
      std::this_thread::sleep_for(milliseconds(races * races));
      continue;
    }
    if (end.what != Session::End::What::Refused) end.error->kind = Kind::Unavailable;
    const bool one_of_many =
        end.what == Session::End::What::Refused && (end.apart || end.job < group.size()) && group.size() > 1;
    if (one_of_many) {
      refused = end.job;
      return false;
    }
    tell_all(results, *end.error);
    return true;
  }
}

void Writer::note(const Session::End& end) {
  const std::unique_lock lock(mutex_);
  if (end.what == Session::End::What::Kept) {
    wrote_at_ = steady_clock::now();
  } else if (end.what == Session::End::What::Lost || end.error->kind == Kind::Unavailable) {
    wrote_at_.reset();
  }
}

// None: not known, and the time is over.
std::optional<bool> Writer::settle(Session& session) {
  {
    const std::unique_lock lock(mutex_);
    ++settling_;
    wrote_at_.reset();
  }
  const auto end = steady_clock::now() + settle_for_;
  std::optional<bool> kept;
  for (;;) {
    auto answer = session.settle();
    if (answer) {
      kept = *answer;
      break;
    }
    const auto now = steady_clock::now();
    if (now >= end) break;
    std::this_thread::sleep_until(std::clamp(session.next_attempt(), now + milliseconds(10), end));
  }
  const std::unique_lock lock(mutex_);
  --settling_;
  return kept;
}

bool Writer::wrote_lately() const {
  const std::unique_lock lock(mutex_);
  return wrote_at_ && steady_clock::now() - *wrote_at_ < std::chrono::seconds(1);
}

}  // namespace bhi::store::postgres
