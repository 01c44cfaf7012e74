// How several replicas that share one store divide the work. Implemented by `store` (PostgreSQL); a store with one user
// has none, and everything is that user's.
//
// Lanes fall into kPartitions partitions; a partition, and each job that must run only once ("poll/epic", "tick"), is
// held by one replica for a limited time. Each change of holder gives the lease a higher token (a fencing token), and
// every transaction that acts under a lease checks in itself that the lease still has the token under which the work
// was begun; otherwise it is refused with Conflict and nothing is kept. The limit in the database runs by the
// database's clock alone. Ours runs by our own monotonic clock from before the renewal was asked for: it has passed
// earlier, so a replica that slept on its lease knows without asking.
#pragma once

#include "base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::flow {

struct InboxItem;
struct OutboxItem;

// Never changed: it stands in the rows of stores.
inline constexpr int kPartitions = 64;

// Of a lane of the inbox ("source|Patient/1") or of outbox_key(); from 0, always the same for the same key.
int partition_of(std::string_view key);
std::string outbox_key(std::string_view destination, std::string_view patient);

// The name of the lease of a partition: "lane/07".
std::string lease_of_partition(int partition);

// ---- who takes what -------------------------------------------------------------------------------------------------

// One lease as the database has it.
struct LeaseRow {
  std::string name;
  std::string holder;        // empty: nobody
  std::int64_t token = 0;    // of its latest holder
  std::int64_t left_ms = 0;  // by the database's clock; 0 or less: anybody may take it

  bool free() const { return holder.empty() || left_ms <= 0; }
};

struct Share {
  std::vector<std::string> take;  // free ones that are to be ours
  std::vector<std::string> give;  // of ours, those that another should have
};

// What replica `me` should take and give up. `members`: the replicas alive, `me` among them or not. `names`: of all
// partitions, or of all jobs `me` could do. Everybody aims at an equal share (those first by name at one more, where it
// does not come out even); who has more gives up the surplus and takes nothing. A lease without a row is free.
Share share(std::span<const std::string> names, std::span<const LeaseRow> rows, std::span<const std::string> members,
            std::string_view me);

// ---- the port -------------------------------------------------------------------------------------------------------

struct RenewalNews {
  std::vector<std::string> taken;     // since the last one
  std::vector<std::string> lost;      // somebody else has them, or nobody
  std::vector<std::string> released;  // given up by us
  std::int64_t again_ms = 0;          // come again after so long at the latest
  std::size_t unknown = 0;            // sends of the former holders whose outcome is now to be looked up
};

struct ReplicaRow {  // one of those that share the store
  std::string name;
  std::int64_t seen_ms = 0;  // ago
  std::vector<std::string> leases;
};

class Leases {
 public:
  virtual ~Leases() = default;

  // Our name among the replicas, of this start of the process; another one after we were taken for dead.
  virtual std::string me() const = 0;
  virtual std::int64_t lease_ms() const = 0;
  // Jobs that we could do; before the first round().
  virtual void offer(std::vector<std::string> jobs) = 0;

  // One round, by one thread: says that we live, renews what we hold, takes what is free and ours to take, releases
  // what we should give up and nobody here works under any more. Before a partition is taken its Sent items become
  // Unknown, in the same transaction. Errors: those of the database; leases then run out.
  virtual Result<RenewalNews> round() = 0;
  // From now on everything is given up, as soon as the work under it has ended; further rounds release it. True:
  // nothing is held any more.
  virtual bool retire() = 0;

  // Ours, by our own clock, and not about to be given up. Asks nobody.
  virtual bool holds(std::string_view lease) const = 0;

  // The calling thread works under this lease from now on, until end(): each of its transactions in the store checks
  // that the lease has still the token of this moment. False: it is not ours, nothing was begun.
  virtual bool begin(std::string_view lease) = 0;
  virtual void end(std::string_view lease) = 0;
  // Of a lease that the calling thread has begun: still ours by our own clock, without a break. It may be about to be
  // given up; what was begun may be sent.
  virtual bool may_send(std::string_view lease) const = 0;

  // Of the latest round().
  virtual std::vector<ReplicaRow> replicas() const = 0;
};

// begin() and end() by scope. `leases` null: one user has everything, so it is always begun.
class Underway {
 public:
  Underway(Leases* leases, std::string lease)
      : leases_(leases), lease_(std::move(lease)), begun_(leases == nullptr || leases->begin(lease_)) {}
  ~Underway() {
    if (begun_ && leases_ != nullptr) leases_->end(lease_);
  }
  Underway(const Underway&) = delete;
  Underway& operator=(const Underway&) = delete;

  explicit operator bool() const { return begun_; }
  // May a request leave? Asked as late as can be.
  bool may_send() const { return begun_ && (leases_ == nullptr || leases_->may_send(lease_)); }

 private:
  Leases* leases_;
  std::string lease_;
  bool begun_;
};

inline bool holds(const Leases* leases, std::string_view lease) { return leases == nullptr || leases->holds(lease); }

}  // namespace bhi::flow
