// The real store on a file of its own, gone after the test.
#pragma once

#include "flow/ports.h"

#include <filesystem>
#include <memory>

namespace bhi::test {

class TempStore {
 public:
  TempStore();
  ~TempStore();
  TempStore(const TempStore&) = delete;
  TempStore& operator=(const TempStore&) = delete;

  flow::Store& operator*() { return *store_; }
  flow::Store* operator->() { return store_.get(); }
  void reopen();  // as after a crash: what was not durable is gone

 private:
  std::filesystem::path folder_;
  std::unique_ptr<flow::Store> store_;
};

}  // namespace bhi::test
