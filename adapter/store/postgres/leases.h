// The leases of the replicas that share a database (flow/leases.h): two tables, a round that renews and takes, and the
// check in each writing transaction.
//
//   member(name, expires, leaving)   the replicas; who does not say in time that it lives is taken out by others
//   lease(name, holder, token)       one row for each partition and job; free when its holder is no member
//
// A replica renews one row, its own of `member`; rows of `lease` change with their holder only. So renewing never waits
// for those who write: a writing transaction reads its lease's row FOR SHARE, and a taker, who updates it, waits until
// that transaction has ended; who comes after the taker finds another token. A member taken out never comes back under
// its name. READ COMMITTED is enough for all that.
#pragma once

#include "flow/leases.h"
#include "store/postgres/connection.h"
#include "store/postgres/fence.h"
#include "store/postgres/lease_book.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::store::postgres {

struct LeaseOptions {
  std::string replica;  // name among the replicas; the start of this process is added to it
  std::chrono::milliseconds lease{15'000};
  std::function<LeaseTime()> clock = lease_clock;
};

class DatabaseLeases final : public flow::Leases, public Fence {
 public:
  // Opens its own connection with the first round.
  DatabaseLeases(std::string where, LeaseOptions options);

  std::string me() const override;
  std::int64_t lease_ms() const override { return options_.lease.count(); }
  void offer(std::vector<std::string> jobs) override { jobs_ = std::move(jobs); }
  Result<flow::RenewalNews> round() override;
  bool retire() override;
  bool holds(std::string_view lease) const override { return book_.holds(lease, options_.clock()); }
  bool begin(std::string_view lease) override { return book_.begin(lease, options_.clock()); }
  void end(std::string_view lease) override { book_.end(lease); }
  bool may_send(std::string_view lease) const override { return book_.may_send(lease, options_.clock()); }
  std::vector<flow::ReplicaRow> replicas() const override;

  // Whose lanes may be worked on here; the store answers for no others.
  std::vector<int> partitions() const { return book_.partitions(options_.clock()); }

  Result<void> sign(Touched& touched) override;
  void ask(Pipeline& line, std::span<Job* const> jobs) override;
  Result<std::vector<LeaseMark>> look(Pipeline& line, std::span<Job* const> jobs) override;
  Result<void> may(std::span<const LeaseMark> found, const Touched& touched) const override;

 private:
  struct Look {  // at the tables
    std::vector<flow::LeaseRow> rows;
    std::vector<flow::ReplicaRow> members;
    std::vector<std::string> staying;  // those that are not about to leave
    LeaseTime deadline{};              // of all that we hold
  };
  Result<void> connect();
  Result<Look> renew(flow::RenewalNews& news);
  void compare(const Look& look, flow::RenewalNews& news);
  Result<void> release(flow::RenewalNews& news);
  Result<void> take(const std::vector<std::string>& wanted, const Look& look, flow::RenewalNews& news);
  Result<void> take_in_transaction(Pipeline& line, const std::vector<flow::LeaseRow>& wanted, flow::RenewalNews& news,
                                   std::vector<LeaseMark>& taken);
  void begin_anew();
  void set_me(std::string name);

  const std::string where_;
  const LeaseOptions options_;
  std::vector<std::string> partitions_;  // their names
  std::vector<std::string> jobs_;
  LeaseBook book_;
  std::unique_ptr<Connection> connection_;  // of the thread that calls round()
  bool joined_ = false;
  mutable std::mutex mutex_;
  std::string me_;                          // guarded by mutex_; changed by the same thread
  std::vector<flow::ReplicaRow> replicas_;  // guarded by mutex_
};

}  // namespace bhi::store::postgres
