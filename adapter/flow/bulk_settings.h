// What an operator decides about loading by Bulk Data export.
#pragma once

#include "base/instant.h"
#include "fhir/json.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bhi::flow {

enum class BulkLevel : std::uint8_t { System, Patient, Group };
enum class BulkForm : std::uint8_t { Auto, Get, GetRepeated, Post };

struct BulkSettings {
  std::string source;
  BulkLevel level = BulkLevel::Group;
  std::string group;  // id of the Group
  BulkForm form = BulkForm::Auto;
  std::vector<std::string> types;    // asked for; what else comes is passed over
  std::vector<std::string> filters;  // "Observation?category=survey", sent as _typeFilter
  std::optional<Instant> since;      // of the first export; empty: everything
  std::chrono::seconds overlap{150};
  std::chrono::seconds interval{0};  // from one export to the next; 0: one is all
  std::chrono::seconds longest_poll{300};
  std::chrono::hours give_up{30 * 24};  // an export that takes longer is given up
  bool begin_windows = false;           // polling goes on where the first export began
  fhir::ReadLimits line_limits{};
};

}  // namespace bhi::flow
