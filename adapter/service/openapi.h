// The API as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0), from the route table, the tables of
// collections and the shapes of flow/schema.h. What is not in those is not in the document.
#pragma once

#include "flow/schema.h"
#include "service/router.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

std::string openapi(const std::vector<Route>& routes, const flow::Meanings& meanings, std::string_view version);

// A body that is posted, as in the document, by kind ("StaffFeedback": of the practice); empty when there is none.
std::string_view example_of(std::string_view kind);

}  // namespace bhi::service
