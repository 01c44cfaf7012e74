// A few connections that only read, lent to one thread at a time. Opened when first needed.
#pragma once

#include "base/result.h"
#include "store/sqlite_connection.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bhi::store {

class ReadPool {
 public:
  // The keys are lent.
  ReadPool(std::string path, const Keyring& keys, int size, std::chrono::milliseconds busy_timeout)
      : path_(std::move(path)), keys_(keys), left_to_open_(size), busy_timeout_(busy_timeout) {}

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

  // Waits while all are lent.
  Result<Loan> borrow();

 private:
  void take_back(std::unique_ptr<Connection> connection);

  const std::string path_;
  const Keyring& keys_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int left_to_open_;
  const std::chrono::milliseconds busy_timeout_;
};

}  // namespace bhi::store
