// Entities and lists as the API answers with them.
#pragma once

#include "flow/bhi_side.h"
#include "flow/ports.h"
#include "service/http/message.h"
#include "service/rights.h"

#include <string>
#include <string_view>
#include <vector>

namespace bhi::service {

inline constexpr std::size_t kMaxPage = 500;

// Its JSON with `version`.
std::string shown(const flow::StoredEntity& entity);

// With the ETag.
http::Response entity_answer(int status, const flow::StoredEntity& entity);

// {"<member>": [...], "next": "<after>" | null}
http::Response page(std::string_view member, const std::vector<std::string>& elements, std::string_view next);

// When it happened, as a text that sorts: lists of a patient are in the order of time, what has no time first.
std::string time_of(const flow::StoredEntity& entity);

// The same as `who` may see it (flow/redact.h).
http::Response entity_for(const Who& who, int status, flow::StoredEntity entity);

// 201 made, 200 changed or a repeat; 409 the id is taken, 422 refused by the rules, each with the issues. A stale
// version is 412 when the caller sent If-Match. Warnings stand in `issues` of the answer.
http::Response written_answer(const Who& who, const Result<flow::Written>& written, bool is_post);

}  // namespace bhi::service
