// The options of `sources[].subscriptions[]`, and which of them fit together.
#pragma once

#include "service/options.h"

#include <cstddef>
#include <string>
#include <vector>

namespace bhi::service {

std::vector<Option> subscription_options();  // rows of the table

struct SubscriptionMistake {
  std::size_t source = 0;  // places in their lists
  std::size_t subscription = 0;
  std::string text;  // "payload: ..."
};

// What no single option can be blamed for.
std::vector<SubscriptionMistake> check_subscriptions(const Settings& settings);

}  // namespace bhi::service
