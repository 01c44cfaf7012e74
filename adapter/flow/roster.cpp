#include "flow/roster.h"

#include "care/times.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace bhi::flow {

namespace {

using care::TeamAssignment;

bool is_of_ehr(const care::Source& source) { return !source.system.empty() && source.type == "CareTeam"; }

bool same_origin(const care::Source& a, const care::Source& b) {
  return a.system == b.system && a.type == b.type && a.id == b.id;
}

// What one team says, in its newest version at hand.
struct Roster {
  care::Source source;
  care::Recorded recorded;
  std::set<std::string> ids;  // of its assignments
};

}  // namespace

void end_missing(const care::Record& before, std::span<const care::Source> emptied, Instant now,
                 std::vector<care::Change>& changes) {
  const auto is_outdated = [&](const care::Change& change) {
    const auto* one = std::get_if<TeamAssignment>(&change);
    if (one == nullptr || !is_of_ehr(one->source)) return false;
    const auto is_newer = [&](const care::Source& other) {
      return same_origin(other, one->source) && care::compare(other, one->source) == care::Version::Older;
    };
    return std::ranges::any_of(before.assignments, is_newer, &TeamAssignment::source) ||
           std::ranges::any_of(changes, [&](const care::Change& other) {
             const auto* beside = std::get_if<TeamAssignment>(&other);
             return beside != nullptr && is_newer(beside->source);
           });
  };
  std::vector<care::Change> kept;
  for (const care::Change& change : changes) {
    if (!is_outdated(change)) kept.push_back(change);
  }
  changes = std::move(kept);

  std::map<std::pair<std::string, std::string>, Roster> rosters;
  for (const care::Change& change : changes) {
    const auto* one = std::get_if<TeamAssignment>(&change);
    if (one == nullptr || !is_of_ehr(one->source)) continue;
    Roster& roster = rosters[{one->source.system, one->source.id}];
    roster.source = one->source;
    roster.recorded = one->recorded;
    roster.ids.insert(one->id);
  }
  for (const care::Source& source : emptied) {
    const auto stated = source.updated.empty() ? to_text(now) : source.updated;
    rosters.try_emplace({source.system, source.id}, Roster{source, {source.system, stated}, {}});
  }
  for (const auto& [key, roster] : rosters) {
    for (TeamAssignment held : before.assignments) {
      if (held.ended || !same_origin(held.source, roster.source) || roster.ids.contains(held.id)) continue;
      if (care::compare(held.source, roster.source) == care::Version::Older) continue;
      held.ended = true;
      held.source = roster.source;
      held.recorded = roster.recorded;
      changes.emplace_back(std::move(held));
    }
  }
}

}  // namespace bhi::flow
