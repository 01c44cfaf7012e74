// The rows that speak for a lane: `lane` for the inbox, `turn` for the outbox.
//
// Who adds to a lane or takes from it first makes the lane's row its own and, when all is written, sets it by what the
// lane then holds. Two writers of one lane thus go one after the other, and the second sees what the first did: under
// READ COMMITTED each statement looks anew, so the order "take the row, then look" overlooks nothing.
#pragma once

#include "store/postgres/pipeline.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bhi::store::postgres {

// The partitions whose lanes are asked for; of a store that no other replica shares, all.
struct Parts {
  bool all = true;
  std::vector<int> held{};

  Numbers column() const {
    Numbers numbers;
    for (const int part : held) numbers.add(std::int64_t{part});
    return numbers;
  }
  // So many of each are enough to find the oldest of all, unless most of the old work lies in few partitions; that
  // comes with the next look.
  std::size_t of_each(std::size_t limit) const {
    return std::min(limit, 2 * limit / std::max<std::size_t>(1, held.size()) + 16);
  }
};

// ---- inbox ----

// Rows were added to these lanes, the first of each at `heads`. Takes and sets in one.
// `parts`: of each lane (flow::partition_of).
void add_to_lanes(Pipeline& line, const Texts& lanes, const Numbers& parts, const Numbers& heads);
// Takes the lanes of these inbox rows; before their state changes.
void take_lanes_of(Pipeline& line, const Numbers& rows);
// Sets them; after.
void set_lanes_of(Pipeline& line, const Numbers& rows);

// ---- outbox ----

void take_turns(Pipeline& line, const Texts& lanes, const Numbers& parts, const Flags& urgent);
void set_turns(Pipeline& line, const Texts& lanes);
void take_turns_of(Pipeline& line, const Numbers& rows);
void set_turns_of(Pipeline& line, const Numbers& rows);

}  // namespace bhi::store::postgres
