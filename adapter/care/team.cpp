#include "care/team.h"

#include "base/time_zone.h"
#include "care/times.h"

#include <algorithm>
#include <array>

namespace bhi::care {

namespace {

constexpr auto kRoles = std::to_array<Role>({
    {"pcp", "treating clinician, bills"},
    {"nurse", "nurse or medical assistant"},
    {"care-manager", "behavioral health specialist or care manager"},
    {"psychiatric-consultant", "consulting psychiatrist"},
    {"administrative", "administrative staff"},
    {"program-lead", "champion or program lead"},
    {"patient", "patient"},
    {"caregiver", "family or caregiver"},
});

constexpr auto kRights = std::to_array<Right>({
    {"acknowledge-safety", "pcp nurse care-manager psychiatric-consultant"},
    {"answer-recommendation", "pcp"},
    {"bill-month", "pcp administrative"},
    {"change-plan", "pcp care-manager"},
    {"change-workflow", "program-lead"},
    {"decide-enrolment", "pcp care-manager"},
    {"diagnose", "pcp psychiatric-consultant"},
    {"disclose-in-emergency", "pcp nurse care-manager psychiatric-consultant"},
    {"flag-for-review", "pcp nurse care-manager psychiatric-consultant"},
    {"give-feedback", "pcp nurse care-manager psychiatric-consultant administrative program-lead patient caregiver"},
    {"keep-referral-list", "administrative care-manager"},
    {"prescribe", "pcp psychiatric-consultant"},
    {"read-caseload", "pcp nurse care-manager psychiatric-consultant administrative program-lead"},
    {"read-metrics", "pcp care-manager psychiatric-consultant program-lead"},
    {"read-notes", "pcp nurse care-manager psychiatric-consultant"},
    {"read-psychotherapy-notes", "care-manager"},
    {"read-substance-use", "pcp care-manager psychiatric-consultant"},
    {"recommend", "psychiatric-consultant"},
    {"record-consent", "pcp nurse care-manager administrative"},
    {"record-contact", "pcp nurse care-manager psychiatric-consultant"},
    {"record-handoff", "pcp nurse care-manager psychiatric-consultant"},
    {"record-partnership", "pcp nurse care-manager patient"},
    {"record-review", "care-manager psychiatric-consultant"},
    {"record-screening", "pcp nurse care-manager psychiatric-consultant"},
    {"refer", "pcp care-manager"},
    {"schedule", "nurse care-manager administrative"},
    {"train", "program-lead"},
});
static_assert(std::ranges::is_sorted(kRights, {}, &Right::act));

constexpr auto kCareModels = std::to_array<CareModel>({
    // id, psychiatric review, registry, shared plan, billing
    {"coordinated", false, false, false, "none"},
    {"co-located", false, false, false, "general"},
    {"integrated", false, true, true, "general"},
    {"cocm", true, true, true, "cocm"},
});

bool has(std::string_view spaced, std::string_view word) {
  for (std::size_t at = spaced.find(word); at != std::string_view::npos; at = spaced.find(word, at + 1)) {
    const bool begins = at == 0 || spaced[at - 1] == ' ';
    const std::size_t after = at + word.size();
    if (begins && (after == spaced.size() || spaced[after] == ' ')) return true;
  }
  return false;
}

bool works_on(const TeamMember& member, Instant now) {
  if (const auto start = instant_from(member.start); start && *start > now) return false;
  const auto end = latest_moment(member.end);
  return !end || *end >= now;
}

Issue refusal(std::string_view act, std::string text) {
  return {Severity::Error, "forbidden", std::string(act), std::move(text)};
}

void complain(Issues& issues, std::string path, std::string text) {
  issues.push_back({Severity::Error, "value", std::move(path), std::move(text)});
}

}  // namespace

std::span<const Role> roles() { return kRoles; }
bool is_role(std::string_view id) { return std::ranges::find(kRoles, id, &Role::id) != kRoles.end(); }
std::span<const Right> rights() { return kRights; }
std::span<const CareModel> care_models() { return kCareModels; }

const CareModel* find_care_model(std::string_view id) {
  const auto found = std::ranges::find(kCareModels, id, &CareModel::id);
  return found == kCareModels.end() ? nullptr : &*found;
}

std::vector<std::string_view> roles_of(const TeamMember& member, const Practice& practice) {
  std::vector<std::string_view> held;
  const auto hold = [&](std::string_view role) {
    const bool active = std::ranges::find(practice.roles_active, role) != practice.roles_active.end();
    if (active && std::ranges::find(held, role) == held.end()) held.push_back(role);
  };
  for (const std::string& role : member.roles) {
    hold(role);
    for (const RoleMerge& merge : practice.merged_roles) {
      if (merge.role == role) hold(merge.also);
    }
  }
  return held;
}

std::optional<Issue> why_not(std::string_view act, const TeamMember& member, const Practice& practice, Instant now) {
  const auto right = std::ranges::find(kRights, act, &Right::act);
  if (right == kRights.end()) return refusal(act, "expected an act of the rights table");
  if (!works_on(member, now)) return refusal(act, "the team member does not work here at that time");
  const auto held = roles_of(member, practice);
  if (!std::ranges::any_of(held, [&](std::string_view role) { return has(right->roles, role); })) {
    return refusal(act, "expected one of the roles: " + std::string(right->roles));
  }
  if (act == "prescribe" && !member.prescriber) return refusal(act, "expected a licence to prescribe");
  return std::nullopt;
}

Issues check(const PracticeRecord& record, Instant now) {
  const Practice& practice = record.practice;
  Issues issues;
  if (find_care_model(practice.care_model) == nullptr)
    complain(issues, "Practice.care_model", "expected coordinated, co-located, integrated or cocm");
  if (const auto zone = TimeZone::find(practice.time_zone); !zone)
    complain(issues, "Practice.time_zone", zone.error().message);
  for (const RoleMerge& merge : practice.merged_roles) {
    if (!is_role(merge.role) || !is_role(merge.also))
      complain(issues, "Practice.merged_roles", "expected roles of the vocabulary, found another word");
  }
  for (const std::string& role : practice.roles_active) {
    if (!is_role(role)) {
      complain(issues, "Practice.roles_active", "expected roles of the vocabulary, found another word");
      continue;
    }
    if (role == "patient" || role == "caregiver") continue;
    const bool held = std::ranges::any_of(record.members, [&](const TeamMember& member) {
      const auto of_member = roles_of(member, practice);
      return works_on(member, now) && std::ranges::find(of_member, role) != of_member.end();
    });
    if (!held) {
      issues.push_back({Severity::Warning, "business-rule", "Practice.roles_active", "nobody holds the role " + role});
    }
  }
  return issues;
}

std::vector<TrainingRecord> training_due(std::span<const TrainingRecord> training, Instant now) {
  std::vector<TrainingRecord> due;
  for (const TrainingRecord& one : training) {
    // A newer record of the same training replaces the older one's date.
    const bool repeated = std::ranges::any_of(training, [&](const TrainingRecord& other) {
      return other.member == one.member && other.topic == one.topic && earlier(one.completed, other.completed);
    });
    const auto on = instant_from(one.refresh_due);
    if (!repeated && on && *on <= now) due.push_back(one);
  }
  std::ranges::sort(due, [](const TrainingRecord& a, const TrainingRecord& b) {
    return earlier(a.refresh_due, b.refresh_due) || (!earlier(b.refresh_due, a.refresh_due) && a.id < b.id);
  });
  return due;
}

}  // namespace bhi::care
