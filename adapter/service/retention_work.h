// Once an hour the store lets go of what is settled and old; when it has grown too large, of what is settled at all.
// The file shrinks after it.
#pragma once

#include "service/board.h"
#include "service/common.h"

#include <chrono>
#include <cstdint>
#include <stop_token>

namespace bhi::service {

class RetentionWork {
 public:
  struct Wishes {
    std::chrono::days keep{};
    std::uint64_t max_bytes = 0;  // 0: as large as it gets
  };
  RetentionWork(const Common& common, const Wishes& wishes) : common_(common), wishes_(wishes) {}

  void run(std::stop_token stop);    // body of one thread
  void round(std::stop_token stop);  // once

 private:
  // Rows forgotten; stops when there is nothing left from before that moment.
  Result<std::size_t> forget(Instant before, std::stop_token stop);
  Result<void> keep_small(std::stop_token stop);
  // What the forgotten rows leave goes back to the file system, in steps that others need not notice.
  Result<void> give_back(std::stop_token stop);

  const Common& common_;
  Wishes wishes_;
  Bell bell_;
};

}  // namespace bhi::service
