// What a safety event asks for by the practice's crisis protocol: who does what by when, and what is still open.
#pragma once

#include "base/instant.h"
#include "care/model.h"
#include "care/model_practice.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

struct CrisisTask {
  std::string event;
  std::string protocol;
  std::string protocol_version;
  std::string tier;
  std::string action;  // id in the protocol; "follow-up" for the visit after
  std::string text;
  std::string role;
  std::string backup_role;
  std::string backup_member;
  std::string due;    // instant
  std::string state;  // done | not-possible | due | overdue
  std::string step;   // id of the step that settles it
  bool operator==(const CrisisTask&) const = default;
};

// The version in force when the event was raised: the last one that was in force by then. A later version does not
// change what an open event asks for. nullptr: none.
const CrisisProtocol* protocol_at(std::span<const CrisisProtocol> protocols, std::string_view raised);

// The most severe tier with a trigger for this event; nullptr: none.
const CrisisTier* tier_for(const CrisisProtocol& protocol, const SafetyEvent& event);

// All tasks of the event, in order of their deadline. An event that no protocol covers gives one task for the role
// `fallback_role` that is due at once: silence is no answer to a crisis. Deadlines run from the moment it was raised;
// how old the data were then stands in the event's note.
std::vector<CrisisTask> crisis_tasks(std::span<const CrisisProtocol> protocols, const SafetyEvent& event,
                                     std::span<const CrisisStep> steps, std::string_view fallback_role, Instant now);

// What is wrong with a protocol: no action, a deadline of no length, an unknown role, no backup, an unknown partner.
Issues check(const CrisisProtocol& protocol, std::span<const CommunityPartner> partners);

}  // namespace bhi::care
