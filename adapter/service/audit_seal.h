// The hash of the newest audit record goes into the log: once a day, at the start and at the stop. The log leaves this
// machine, the trail does not; so whoever rewrites the whole trail, or cuts its end and makes it fit, is found.
#pragma once

#include "base/result.h"
#include "flow/ports.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace bhi::service {

class AuditSeal {
 public:
  explicit AuditSeal(flow::Store& store) : store_(store) {}

  // Logs {"event":"audit trail sealed", "seq", "hash"}; `when`: start | day | stop.
  void log(std::string_view when);

  // The newest record; empty: there is none. Asks some dozens of times the first time, then only for what is new.
  Result<std::optional<flow::AuditRow>> newest();

 private:
  flow::Store& store_;
  std::int64_t known_ = 0;   // a seq that is there
  std::int64_t logged_ = 0;  // the same is not said twice
};

}  // namespace bhi::service
