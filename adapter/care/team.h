// Roles of the team, what each may do, and what a care model asks for. Rights are a table: role by act.
// Sources: the workflow facts of the seeds (roles of an integrated team); "must not" of a role is that its row lacks
// it.
#pragma once

#include "base/instant.h"
#include "base/issue.h"
#include "care/model_practice.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::care {

struct Role {
  std::string_view id;
  std::string_view title;
};
// pcp, nurse, care-manager, psychiatric-consultant, administrative, program-lead, patient, caregiver
std::span<const Role> roles();
bool is_role(std::string_view id);

struct Right {
  std::string_view act;    // "record-contact", "prescribe", "read-substance-use", ...
  std::string_view roles;  // ids, separated by spaces
};
std::span<const Right> rights();

// The member's roles in this practice, with those that small-practice mode merges in; only active ones.
std::vector<std::string_view> roles_of(const TeamMember& member, const Practice& practice);

// Nothing: the member may do the act on that day. Else why not. Prescribing also needs a licence, which no role gives.
std::optional<Issue> why_not(std::string_view act, const TeamMember& member, const Practice& practice, Instant now);

// What a care model asks of the daily work.
struct CareModel {
  std::string_view id;  // coordinated | co-located | integrated | cocm
  bool psychiatric_review = false;
  bool registry = false;
  bool shared_plan = false;
  std::string_view billing;  // cocm | general | none: the month's family of codes when the payer allows it
};
std::span<const CareModel> care_models();
const CareModel* find_care_model(std::string_view id);

// Problems of the practice's own profile: unknown words, a role that nobody holds, a merge of unknown roles.
Issues check(const PracticeRecord& record, Instant now);

// Training whose refresh is due, soonest first.
std::vector<TrainingRecord> training_due(std::span<const TrainingRecord> training, Instant now);

}  // namespace bhi::care
