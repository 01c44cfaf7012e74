// The shapes of the API's JSON as JSON Schema (https://json-schema.org/draft/2020-12), made from the binding tables
// that also write and read it; so a schema cannot differ from what is served.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bhi::flow {

// "Screening.items.score" -> what it is, in words of the logical model.
using Meanings = std::map<std::string, std::string, std::less<>>;

// Those of the definitions' elements (StructureDefinition JSON); what cannot be read is left out.
Meanings meanings_of(const std::vector<std::string>& definitions);

// Name and schema of every entity, of a patient or of the practice, and of everything computed ("CaseloadRow").
std::vector<std::pair<std::string, std::string>> json_schemas(const Meanings& meanings);

}  // namespace bhi::flow
