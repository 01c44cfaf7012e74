#include "store/postgres/lease_book.h"

#include "base/fibers.h"
#include "flow/leases.h"

#include <algorithm>
#include <ctime>

namespace bhi::store::postgres {

namespace {

struct Begun {
  const LeaseBook* book;
  const void* strand;
  LeaseMark mark;
};

// What a thread, or a fiber of it, works under goes with it, so that no writing transaction of it can be made without
// its check.
thread_local std::vector<Begun> begun_by_thread;

const Begun* begun(const LeaseBook* book, std::string_view name) {
  const auto found = std::ranges::find_if(begun_by_thread, [&](const Begun& one) {
    return one.book == book && one.strand == Fibers::strand() && one.mark.name == name;
  });
  return found == begun_by_thread.end() ? nullptr : &*found;
}

}  // namespace

LeaseTime lease_clock() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::milliseconds(now.tv_nsec / 1'000'000);
}

void LeaseBook::hold(std::string_view name, std::int64_t token, LeaseTime deadline) {
  const std::lock_guard lock(mutex_);
  auto& held = held_[std::string(name)];
  if (held.token != token) held.giving = retired_;
  held.token = token;
  held.deadline = deadline;
}

void LeaseBook::drop(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = held_.find(name); found != held_.end()) held_.erase(found);
}

void LeaseBook::give_up(const std::set<std::string>& names) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, held] : held_) held.giving = retired_ || names.contains(name);
}

void LeaseBook::retire() {
  const std::lock_guard lock(mutex_);
  retired_ = true;
  for (auto& [name, held] : held_) held.giving = true;
}

bool LeaseBook::retired() const {
  const std::lock_guard lock(mutex_);
  return retired_;
}

std::vector<std::string> LeaseBook::take_idle() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> idle;
  for (const auto& [name, held] : held_) {
    if (held.giving && !users_.contains(name)) idle.push_back(name);
  }
  for (const auto& name : idle) held_.erase(name);
  return idle;
}

std::vector<std::string> LeaseBook::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, held] : held_) names.push_back(name);
  return names;
}

std::vector<int> LeaseBook::partitions(LeaseTime now) const {
  std::vector<int> found;
  for (int partition = 0; partition < flow::kPartitions; ++partition) {
    if (holds(flow::lease_of_partition(partition), now)) found.push_back(partition);
  }
  return found;
}

bool LeaseBook::holds(std::string_view name, LeaseTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(name);
  return found != held_.end() && !found->second.giving && now < found->second.deadline;
}

bool LeaseBook::begin(std::string_view name, LeaseTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(name);
  if (found == held_.end() || found->second.giving || now >= found->second.deadline) return false;
  ++users_[std::string(name)];
  begun_by_thread.push_back({this, Fibers::strand(), {std::string(name), found->second.token}});
  return true;
}

void LeaseBook::end(std::string_view name) {
  const auto* one = begun(this, name);
  if (one == nullptr) return;
  begun_by_thread.erase(begun_by_thread.begin() + (one - begun_by_thread.data()));
  const std::lock_guard lock(mutex_);
  const auto users = users_.find(name);
  if (users != users_.end() && --users->second == 0) users_.erase(users);
}

bool LeaseBook::may_send(std::string_view name, LeaseTime now) const {
  const auto* one = begun(this, name);
  if (one == nullptr) return false;
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(name);
  return found != held_.end() && found->second.token == one->mark.token && now < found->second.deadline;
}

std::vector<LeaseMark> LeaseBook::begun_here() const {
  std::vector<LeaseMark> marks;
  for (const auto& one : begun_by_thread) {
    if (one.book == this && one.strand == Fibers::strand()) marks.push_back(one.mark);
  }
  return marks;
}

}  // namespace bhi::store::postgres
