// Hours in which an EHR is not asked, by the clock on the wall of its site.
#pragma once

#include "base/instant.h"
#include "base/time_zone.h"

#include <optional>
#include <string_view>

namespace bhi::service {

struct QuietHours {
  int from = 0, to = 0;  // minutes of the day; from == to: none

  // "22:00-06:00"; may go over midnight.
  static std::optional<QuietHours> read(std::string_view text);

  // When the quiet hours that `now` lies in end; empty when it lies in none. On a day of a clock change they end by the
  // wall's clock all the same.
  std::optional<Instant> end_of(Instant now, const TimeZone& zone) const;
};

}  // namespace bhi::service
