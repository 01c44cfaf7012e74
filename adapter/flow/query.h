// Search queries as they stand in an address. https://hl7.org/fhir/R4/search.html
#pragma once

#include <string>
#include <string_view>

namespace bhi::flow {

// Percent-encodes everything but letters, digits and -._~
std::string encoded(std::string_view value);

// "identifier=<system>|<value>", encoded.
std::string by_identifier(std::string_view system, std::string_view value);

}  // namespace bhi::flow
