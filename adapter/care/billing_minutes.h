// Which minutes of a patient's contacts count for a calendar month. Part of care/billing.h.
#pragma once

#include "care/billing.h"

#include <optional>
#include <vector>

namespace bhi::care {

// The episode that a month belongs to: of those enrolled by its end the one enrolled last. nullptr: none.
const Episode* episode_of_month(const Record& record, std::chrono::year_month month, const TimeZone& zone);

// cocm | general | none: what the care model and the payer ask for.
std::string_view billing_track(const BillingContext& context);

std::vector<MinutePiece> pieces_of(const Record& record, const Episode& episode, std::chrono::year_month month,
                                   const BillingContext& context);

// Month of the first contact of the episode that counts at all. Empty: none.
std::optional<std::chrono::year_month> first_counted_month(const Record& record, const Episode& episode,
                                                           const BillingContext& context);

}  // namespace bhi::care
