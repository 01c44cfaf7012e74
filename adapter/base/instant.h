// Points in time as the adapter keeps them: UTC, milliseconds. Pure rooms never ask for the time; it is passed in.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace bhi {

using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

// "2026-11-22T09:30:00.000Z"
std::string to_text(Instant instant);

// Reads an RFC 3339 / FHIR instant or dateTime. A value without a time means its first moment in UTC
// ("2026-11" is 2026-11-01T00:00:00Z). Empty when the text is not such a value.
std::optional<Instant> instant_from(std::string_view text);

// Calendar date of a FHIR date or dateTime text in the zone the text itself states ("2026-11-22T23:30:00-05:00" is the
// 22nd).
std::optional<std::chrono::year_month_day> date_from(std::string_view text);

// "2026-11-22"
std::string to_text(std::chrono::year_month_day date);

}  // namespace bhi
