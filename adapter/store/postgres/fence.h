// The place where a writing transaction can be asked whether its writer still may: leases with fencing tokens stand
// behind it when several replicas share a database. Without a fence everybody may.
#pragma once

#include "base/result.h"
#include "store/postgres/job.h"

namespace bhi::store::postgres {

class Fence {
 public:
  virtual ~Fence() = default;
  // On the thread that wants to write, before its job waits for its turn: notes what may() is to be judged by.
  virtual void sign(Touched& touched) = 0;
  // Adds its statements in front of all the jobs' own: who takes a lease over takes its row first, too, so that the two
  // never wait for each other. What it reads must be locked (FOR SHARE), so that it holds until the commit. Answers a
  // mark that may() gets back.
  virtual std::size_t ask(Pipeline& line, const Touched& touched) = 0;
  // Before the commit. An error undoes this job alone and is what its caller gets.
  virtual Result<void> may(const Pipeline& line, std::size_t mark, const Touched& touched) = 0;
};

}  // namespace bhi::store::postgres
