// A few connections that only read, lent to one thread at a time. Opened when first needed, and anew when lost.
#pragma once

#include "base/result.h"
#include "store/postgres/connection.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bhi::store::postgres {

class ReadPool {
 public:
  ReadPool(std::string where, const Times& times, int size)
      : where_(std::move(where)), times_(times), left_to_lend_(size) {}

  // A connection on loan; goes back to the pool, which must outlive it.
  class Loan {
   public:
    Loan(ReadPool& pool, std::unique_ptr<Connection> connection) : pool_(&pool), connection_(std::move(connection)) {}
    Loan(Loan&&) noexcept = default;
    Loan& operator=(Loan&&) = delete;
    ~Loan() {
      if (connection_) pool_->take_back(std::move(connection_));
    }
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    ReadPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits while all are lent. Error: the server is not there; repeated for a moment without asking it again.
  Result<Loan> borrow();
  // A lost connection rarely comes alone: the idle ones are given up too.
  void forget_idle();

 private:
  void take_back(std::unique_ptr<Connection> connection);

  const std::string where_;
  const Times times_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int left_to_lend_;
  std::optional<Error> latest_failure_;
  std::chrono::steady_clock::time_point next_attempt_{};
};

}  // namespace bhi::store::postgres
