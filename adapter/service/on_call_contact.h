// How a notice reaches a person: by a webhook, by a command, or both.
#pragma once

#include "base/result.h"
#include "service/on_call_settings.h"

#include <chrono>
#include <string>
#include <string_view>

namespace bhi::service {

// What went wrong, each way named: "webhook: 500". Told: at least one way worked.
struct Telling {
  bool told = false;
  std::string problems;  // empty: every way worked
};

// Blocks until every way of the contact worked or failed, at most `timeout_secs` for each. A webhook worked when it
// answered 2xx.
Telling tell(const OnCallContact& contact, const OnCallSettings& settings, std::string_view notice,
             std::string_view version);

}  // namespace bhi::service
