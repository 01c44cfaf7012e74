#include "base/time_zone.h"

#include <date/tz.h>

#include <exception>

namespace bhi {

Result<TimeZone> TimeZone::find(std::string_view name) {
  try {
    return TimeZone(date::locate_zone(std::string(name)));
  } catch (const std::exception&) {
    return Error{Kind::Incorrect, "time zone: expected an IANA name such as America/Denver that tzdata knows"};
  }
}

std::string TimeZone::name() const { return zone_->name(); }

std::chrono::year_month_day TimeZone::date_of(Instant moment) const {
  const auto local = zone_->to_local(moment);
  const auto day = std::chrono::floor<date::days>(local.time_since_epoch());
  return std::chrono::sys_days{std::chrono::days{day.count()}};
}

Instant TimeZone::start_of(std::chrono::year_month_day date) const {
  const auto days = std::chrono::sys_days{date}.time_since_epoch();
  const auto midnight = date::local_days{date::days{days.count()}};
  // Twice midnight: the first; no midnight: the moment of the jump.
  return std::chrono::time_point_cast<std::chrono::milliseconds>(zone_->to_sys(midnight, date::choose::earliest));
}

}  // namespace bhi
