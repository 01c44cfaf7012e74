// The tables of binding.h for the practice (care/model_practice.h); see fields.h.
#pragma once

#include "care/model_practice.h"
#include "flow/fields_work.h"

namespace bhi::flow {

template <>
struct Fields<care::PayerRule> {
  using S = care::PayerRule;
  static constexpr auto table =
      std::make_tuple(field("payer", &S::payer), field("family", &S::family), field("takesG2214", &S::takes_g2214),
                      field("mentalHealthBiller", &S::mental_health_biller));
};

template <>
struct Fields<care::RoleMerge> {
  using S = care::RoleMerge;
  static constexpr auto table = std::make_tuple(field("role", &S::role), field("also", &S::also));
};

template <>
struct Fields<care::Practice> {
  using S = care::Practice;
  static constexpr std::string_view kind = "Practice";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("name", &S::name), field("careModel", &S::care_model),
      field("rolesActive", &S::roles_active), field("mergedRoles", &S::merged_roles), field("timeZone", &S::time_zone),
      field("workflowVersion", &S::workflow_version), field("payers", &S::payers), field("recorded", &S::recorded));
};

template <>
struct Fields<care::TeamMember> {
  using S = care::TeamMember;
  static constexpr std::string_view kind = "TeamMember";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("name", &S::name), field("roles", &S::roles),
                      field("qualification", &S::qualification), field("prescriber", &S::prescriber),
                      field("champion", &S::champion), field("start", &S::start), field("end", &S::end));
};

template <>
struct Fields<care::TrainingRecord> {
  using S = care::TrainingRecord;
  static constexpr std::string_view kind = "TrainingRecord";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("member", &S::member), field("role", &S::role), field("topic", &S::topic),
      field("completed", &S::completed), field("refreshDue", &S::refresh_due));
};

template <>
struct Fields<care::CommunityPartner> {
  using S = care::CommunityPartner;
  static constexpr std::string_view kind = "CommunityPartner";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("name", &S::name), field("capabilities", &S::capabilities),
                      field("availability", &S::availability), field("contact", &S::contact), field("hours", &S::hours),
                      field("payers", &S::payers), field("ageFrom", &S::age_from), field("ageTo", &S::age_to),
                      field("owner", &S::owner), field("lastVerified", &S::last_verified));
};

template <>
struct Fields<care::CrisisAction> {
  using S = care::CrisisAction;
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("text", &S::text), field("withinMinutes", &S::within_minutes), field("role", &S::role),
      field("backupRole", &S::backup_role), field("backupMember", &S::backup_member));
};

template <>
struct Fields<care::CrisisTier> {
  using S = care::CrisisTier;
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("triggers", &S::triggers), field("actions", &S::actions),
                      field("partners", &S::partners), field("followUpHours", &S::follow_up_hours));
};

template <>
struct Fields<care::CrisisProtocol> {
  using S = care::CrisisProtocol;
  static constexpr std::string_view kind = "CrisisProtocol";
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("version", &S::version), field("inForce", &S::in_force),
                      field("owner", &S::owner), field("tiers", &S::tiers));
};

template <>
struct Fields<care::SuccessMetric> {
  using S = care::SuccessMetric;
  static constexpr auto table =
      std::make_tuple(field("id", &S::id), field("measure", &S::measure), field("baseline", &S::baseline),
                      field("target", &S::target), field("due", &S::due));
};

template <>
struct Fields<care::Baseline> {
  using S = care::Baseline;
  static constexpr std::string_view kind = "Baseline";
  static constexpr auto table = std::make_tuple(
      field("id", &S::id), field("date", &S::date), field("patientsSeen", &S::patients_seen),
      field("howCareRuns", &S::how_care_runs), field("metrics", &S::metrics), field("recorded", &S::recorded));
};

}  // namespace bhi::flow
