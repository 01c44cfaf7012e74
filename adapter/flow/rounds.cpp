#include "flow/rounds.h"

#include <algorithm>
#include <set>
#include <utility>

namespace bhi::flow {

void Rounds::begin(const std::vector<std::string>& patients) {
  order_ = patients;
  at_ = 0;
  const std::set<std::string> wanted(patients.begin(), patients.end());
  std::erase_if(asked_, [&](const auto& one) { return !wanted.contains(one.first); });
  std::ranges::stable_sort(order_, {}, [this](const std::string& patient) {
    const auto found = asked_.find(patient);
    return found == asked_.end() ? Instant::min() : found->second;
  });
}

void Rounds::done(std::optional<Instant> asked) {
  if (asked) asked_.insert_or_assign(order_[at_], *asked);
  ++at_;
}

std::optional<Instant> Rounds::complete_until() const {
  if (asked_.size() < order_.size()) return std::nullopt;
  std::optional<Instant> oldest;
  for (const auto& [patient, asked] : asked_) oldest = oldest ? std::min(*oldest, asked) : asked;
  return oldest;
}

}  // namespace bhi::flow
