// Dates and times from texts in other formats, and from seconds since 1970.
// https://build.fhir.org/ig/HL7/mapping-language-ig/transforms.html#date-op-details
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace bhi::mapping {

enum class DateKind : std::uint8_t { Date, DateTime, Time };

// `format`: yyyy yy MMMM MMM MM M dd d HH H hh h mm m ss s S.. a Z; any other character stands for itself. Names of
// months are English. Without a format the text stays as it is. A dateTime with a time and no zone counts as UTC. Names
// of zones (z) are Unsupported. Error (Incorrect): the text does not match, or there is no such day or time.
Result<std::string> parse_date(std::string_view text, std::string_view format, DateKind kind);

// `zone`: "+10:00"; empty: UTC.
Result<std::string> date_from_unix(std::string_view seconds, std::string_view zone, DateKind kind);

}  // namespace bhi::mapping
