// Provenances of what was written to one EHR, behind the writes and never in their way. Which items are still to be
// told of lies in the store: noted before the write leaves, so that a kill in between forgets none.
#pragma once

#include "service/board.h"
#include "service/common.h"
#include "service/ehr_link.h"

#include <cstdint>
#include <set>
#include <stop_token>
#include <string>

namespace bhi::service {

class ProvenanceWork {
 public:
  ProvenanceWork(const Common& common, EhrLink& link) : common_(common), link_(link) {}

  // Before an item is delivered. Error: of the store; the write waits then.
  Result<void> expect(std::int64_t seq);
  void wake() { bell_.ring(); }

  void run(std::stop_token stop);  // body of one thread

  // Everything that is to be told now. Error: of the store.
  Result<void> round(std::stop_token stop = {});

 private:
  Result<void> round_if_ours(std::stop_token stop);  // another replica does it else
  std::string cursor() const { return "provenance-of-" + link_.settings().name; }
  Result<void> tell(const std::string& name, int tries);
  Result<void> set(const std::string& name, const std::string& value);

  const Common& common_;
  EhrLink& link_;
  Bell bell_;
};

}  // namespace bhi::service
