// Outbox to one EHR: one thread looks what is due, some threads send, one item per patient at a time, urgent ones
// first. Every destination has its own threads, so that one that does not answer holds up no other.
#pragma once

#include "service/board.h"
#include "service/common.h"
#include "service/delays.h"
#include "service/ehr_link.h"

#include <stop_token>
#include <string>

namespace bhi::service {

class DeliveryWork {
 public:
  DeliveryWork(const Common& common, EhrLink& link) : common_(common), link_(link) {}

  void wake() { bell_.ring(); }
  void dispatch(std::stop_token stop);
  void work(std::stop_token stop);

 private:
  void look();
  bool paused_now() const;
  void send(const std::string& key, const flow::OutboxItem& item);

  const Common& common_;
  EhrLink& link_;
  Board<flow::OutboxItem> board_;
  Bell bell_;
  Delays delays_{std::chrono::seconds(5), std::chrono::seconds(300)};
  StateLine line_;
};

// Items for destinations that may not be written to (any more) are parked: at start, before anything is sent.
Result<std::size_t> park_strays(const Common& common);

}  // namespace bhi::service
