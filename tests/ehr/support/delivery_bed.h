// Deliveries over real connections to the simulator in this process: tokens that expire, faults by rate, a clock that
// only requests and the test move.
#pragma once

#include "ehr/fhir_ehr.h"
#include "ehr_sim/server.h"
#include "flow/deliver.h"
#include "tests/flow/support/delivery_fixture.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace bhi::test {

class DeliveryBed {
 public:
  // `profile`: of the simulator, "open" for one that can everything.
  explicit DeliveryBed(const std::string& profile);
  ~DeliveryBed();
  DeliveryBed(const DeliveryBed&) = delete;
  DeliveryBed& operator=(const DeliveryBed&) = delete;

  Instant now() const { return Instant(std::chrono::milliseconds(now_ms_.load())); }
  void pass(std::chrono::milliseconds time) { now_ms_ += time.count(); }

  // Patients "1" to "n" of the destination "main".
  void add_patients(int count);
  void add_screening(int number, int patient);  // "s<number>", authored at a minute of its own
  void add(const care::Entity& entity, const std::string& patient, const std::string& artifact = {});

  void faults(const std::string& settings);
  void token_life(int seconds);  // from now on every request needs a token
  int tokens_given() const { return tokens_given_.load(); }

  // Delivers what is due, `workers` at a time.
  void deliver_due(int workers);
  // Until nothing is open any more; how many were settled in which state, and every reason of what was parked.
  void work_off(int workers);
  flow::OutboxItem item(std::int64_t seq) { return store_->outbox_item(seq).value().value(); }
  std::map<flow::OutboxState, int> states;
  std::map<std::string, int> parked_for;

  // Straight to the data, past interface and faults.
  sim::Response inside(std::string_view method, std::string_view url, std::string body = {},
                       const std::string& if_match = {});
  std::vector<fhir::DocumentPtr> all(std::string_view type);

  TempStore& store() { return store_; }
  flow::Ehr& ehr() { return *ehr_; }
  const flow::Capabilities& capabilities() const { return capabilities_; }
  std::atomic<int> requests{0};

 private:
  void count(const flow::OutboxItem& settled);
  Result<std::string> token();

  std::atomic<std::int64_t> now_ms_;
  TempStore store_;
  std::unique_ptr<sim::Simulator> simulator_;
  sim::Pause pause_;
  std::unique_ptr<sim::Front> front_;
  std::unique_ptr<sim::Server> server_;
  std::unique_ptr<flow::Ehr> ehr_;
  flow::Capabilities capabilities_;
  std::mutex mutex_;
  std::string token_;
  std::atomic<int> tokens_given_{0};
};

}  // namespace bhi::test
