#include "ehr_sim/clock.h"

#include <charconv>
#include <string>

namespace bhi::sim {

namespace {

using std::chrono::seconds;

constexpr seconds kMost{10 * 365 * 86'400};

Error wrong(std::string_view member, std::string_view expected) {
  return {Kind::Incorrect, "clock." + std::string(member.substr(0, 64)) + ": expected " + std::string(expected)};
}

std::optional<seconds> seconds_of(const fhir::Node& node) {
  long long value = 0;
  const std::string_view digits = node.text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (node.kind() != fhir::NodeKind::Number || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  const seconds found(value);
  return found > kMost || found < -kMost ? std::nullopt : std::optional(found);
}

}  // namespace

Result<void> SimClock::set(const fhir::Node& settings, Instant now) {
  const std::lock_guard lock(mutex_);
  auto ahead = ahead_;
  auto stands = stands_;
  auto date_skew = date_skew_;
  auto stamp_skews = stamp_skews_;
  auto set_back = set_back_;
  const auto jump = [&](std::chrono::milliseconds by) {
    stands ? void(*stands += by) : void(ahead += by);
    if (by.count() < 0) set_back -= by;
  };
  if (!settings.is_object()) return wrong("settings", "an object");
  for (const fhir::Member& member : settings.members()) {
    const std::string_view name = member.name->text;
    if (name == "advance_secs") {
      const auto by = seconds_of(member.value);
      if (!by) return wrong(name, "a whole number of seconds");
      jump(*by);
    } else if (name == "now") {
      const auto wanted = instant_from(member.value.text());
      if (!wanted) return wrong(name, "an instant");
      jump(*wanted - stands.value_or(now + ahead));
    } else if (name == "stand_still") {
      if (member.value.kind() != fhir::NodeKind::Boolean) return wrong(name, "true or false");
      if (member.value.as_boolean() && !stands) stands = now + ahead;
      if (!member.value.as_boolean() && stands) ahead = *stands - now, stands.reset();
    } else if (name == "date_skew_secs") {
      const auto by = seconds_of(member.value);
      if (!by) return wrong(name, "a whole number of seconds");
      date_skew = *by;
    } else if (name == "stamp_skew_secs") {
      stamp_skews.clear();
      for (const fhir::Node& one : fhir::each(&member.value)) {
        const auto by = seconds_of(one);
        if (!by) return wrong(name, "a whole number of seconds, or a list of them");
        stamp_skews.push_back(*by);
      }
    } else {
      return wrong(name, "advance_secs, now, stand_still, date_skew_secs or stamp_skew_secs");
    }
  }
  ahead_ = ahead, set_back_ = set_back, stands_ = stands, date_skew_ = date_skew, stamp_skews_ = stamp_skews;
  return {};
}

Instant SimClock::at(Instant now) const {
  const std::lock_guard lock(mutex_);
  return stands_.value_or(now + ahead_);
}

bool SimClock::changed() const {
  const std::lock_guard lock(mutex_);
  return stands_ || ahead_.count() != 0 || date_skew_.count() != 0;
}

seconds SimClock::date_skew() const {
  const std::lock_guard lock(mutex_);
  return date_skew_;
}

std::chrono::milliseconds SimClock::set_back() const {
  const std::lock_guard lock(mutex_);
  return set_back_;
}

seconds SimClock::next_stamp_skew() {
  const std::lock_guard lock(mutex_);
  return stamp_skews_.empty() ? seconds{0} : stamp_skews_[next_++ % stamp_skews_.size()];
}

void SimClock::reset() {
  const std::lock_guard lock(mutex_);
  ahead_ = set_back_ = {}, stands_.reset(), date_skew_ = {}, stamp_skews_.clear(), next_ = 0;
}

}  // namespace bhi::sim
