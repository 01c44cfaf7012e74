// The practice in the store: its profile, team, training, call list, crisis protocols, baselines and the staff's
// feedback, as entities that belong to no patient. What the practice has not entered is empty; nothing is assumed.
#pragma once

#include "base/arena.h"
#include "base/instant.h"
#include "base/result.h"
#include "care/model_practice.h"
#include "fhir/node.h"
#include "flow/bhi_side.h"
#include "flow/ports.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bhi::flow {

// One practice to a daemon: its profile has this id.
inline constexpr std::string_view kPracticeId = "practice";

using PracticeEntity = std::variant<care::Practice, care::TeamMember, care::TrainingRecord, care::CommunityPartner,
                                    care::CrisisProtocol, care::Baseline, care::Feedback>;

struct LoadedPractice {
  care::PracticeRecord record;
  std::map<std::pair<std::string, std::string>, std::int64_t> versions;  // (kind, id in the store) -> version

  // A profile and at least one member: from then on rights are asked for (service/rights.h).
  bool has_team() const { return !record.practice.id.empty() && !record.members.empty(); }
  const care::TeamMember* member(std::string_view id) const;
};

Result<LoadedPractice> load_practice(Store& store);

bool is_practice_kind(std::string_view kind);

// Under which id the store keeps it. Versions of a crisis protocol stand beside each other: "<id>@<version>".
std::string stored_id(const PracticeEntity& entity);

std::string to_json(const PracticeEntity& entity);

// Bound element paths of a kind, as bound_paths() of binding.h gives them.
std::vector<std::string> bound_practice_paths(std::string_view kind);

struct ReadPracticeEntity {
  PracticeEntity entity;
  Issues issues;
};
Result<ReadPracticeEntity> practice_entity_from(const fhir::Node& node);  // by its "kind"

// Posts (`version` empty) or corrects (`version`: that of If-Match, `id`: as stored) one of them. The body is its
// logical model without `kind` and `recorded`. A repeated post changes nothing. Errors: NotFound, Conflict (stale
// version); what the entry itself has wrong is in Written::refused.
Result<Written> write_practice(Store& store, std::string_view kind, std::string_view id,
                               std::optional<std::int64_t> version, const fhir::Node& body, const Actor& actor,
                               Instant now);

}  // namespace bhi::flow
