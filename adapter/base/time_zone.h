// The clock on the practice's wall: which calendar day and month a moment falls on there. By IANA name
// ("America/Denver"), daylight saving included, from the machine's own tzdata. (gcc 12 has no std::chrono time zones;
// Debian's libhowardhinnant-date, from which the standard's were made, stands in.)
#pragma once

#include "base/instant.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace date {
class time_zone;
}

namespace bhi {

class TimeZone {
 public:
  // Incorrect when tzdata does not know the name. The zone lives as long as the process.
  static Result<TimeZone> find(std::string_view name);

  std::string name() const;

  // The date there at that moment.
  std::chrono::year_month_day date_of(Instant moment) const;

  // The first moment of that day there. A day whose midnight is skipped by a clock change begins when the clock jumps.
  Instant start_of(std::chrono::year_month_day date) const;

 private:
  explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}
  const date::time_zone* zone_;
};

}  // namespace bhi
