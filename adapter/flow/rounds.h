// The patients of a sweep, one after the other and round after round, and how old our picture may be.
#pragma once

#include "base/instant.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bhi::flow {

class Rounds {
 public:
  // A new round; who was asked longest ago (or never) comes first, others in the given order.
  void begin(const std::vector<std::string>& patients);
  bool under_way() const { return at_ < order_.size(); }
  // The next patient to ask about; only while a round is under way.
  const std::string& next() const { return order_[at_]; }
  // `asked`: when; empty: it failed, and what is known of the patient stays as old as it was.
  void done(std::optional<Instant> asked);

  std::size_t size() const { return order_.size(); }
  // The moment behind which nothing is missing: of the patient asked longest ago. Empty: somebody was never asked.
  std::optional<Instant> complete_until() const;

 private:
  std::vector<std::string> order_;
  std::size_t at_ = 0;
  std::map<std::string, Instant> asked_;
};

}  // namespace bhi::flow
