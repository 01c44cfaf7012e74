// The place where a writing transaction can be asked whether its writers still may: leases with fencing tokens stand
// behind it when several replicas share a database. Without a fence everybody may.
#pragma once

#include "base/result.h"
#include "store/postgres/job.h"

#include <span>
#include <vector>

namespace bhi::store::postgres {

class Fence {
 public:
  virtual ~Fence() = default;
  // On the thread that wants to write, before its job waits for its turn: notes what it is to be judged by. An error is
  // what its caller gets.
  virtual Result<void> sign(Touched& touched) = 0;
  // Adds a guard (pipeline.h) for all jobs in front of their own statements: who takes a lease over takes its row
  // first, too, so that the two never wait for each other. What it reads must be locked (FOR SHARE), so that it holds
  // until the commit.
  virtual void ask(Pipeline& line, std::span<Job* const> jobs) = 0;
  // That guard failed and the transaction is undone: reads how things stand, one round trip.
  virtual Result<std::vector<LeaseMark>> look(Pipeline& line, std::span<Job* const> jobs) = 0;
  // By what look() found. An error undoes this job alone and is what its caller gets.
  virtual Result<void> may(std::span<const LeaseMark> standing, const Touched& touched) const = 0;
};

}  // namespace bhi::store::postgres
