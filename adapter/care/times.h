// Times of the care model as texts (model.h): read once, compared by instant.
#pragma once

#include "base/instant.h"
#include "care/model.h"

#include <optional>
#include <string_view>

namespace bhi::care {

// The last moment that the text can mean: "2026-11" ends with November. Empty when the text is no date or time.
std::optional<Instant> latest_moment(std::string_view text);

// Whole days from the last moment the text can mean to `now`; 0 when that lies ahead, empty when the text is no time.
std::optional<int> days_since(std::string_view text, Instant now);

// The same moment, or, when one of them has no time of day, the same date.
bool same_time(std::string_view a, std::string_view b);

// By moment; texts that are no time come first and are alike.
bool earlier(std::string_view a, std::string_view b);

enum class Version { Older, Same, Newer };

// How `incoming` stands to `held`, by lastUpdated, then by version. The BHI side's acts are always newer: the API has
// already checked them against the version that was read.
Version compare(const Source& held, const Source& incoming);

}  // namespace bhi::care
