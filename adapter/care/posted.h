// A screening that the BHI side enters by its numbers, as a report like any other.
#pragma once

#include "base/result.h"
#include "care/model.h"

#include <optional>
#include <span>
#include <string_view>

namespace bhi::care {

struct PostedItem {
  int n = 0;                 // number in the instrument
  std::optional<int> score;  // empty: asked, not answered
};

// Without id and patient, which the caller gives. Errors: Incorrect, with everything that is wrong in one message
// (instrument not known or known by its total only, item not known or twice, score out of range).
Result<ScreeningReport> report_of_posted(std::string_view instrument, std::string_view authored,
                                         std::span<const PostedItem> items);

}  // namespace bhi::care
