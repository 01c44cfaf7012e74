#include "flow/practice_check.h"

#include "care/crisis.h"
#include "care/team.h"
#include "care/work_check.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

namespace bhi::flow {

namespace {

// Collects what is wrong with one entry.
class Look {
 public:
  Look(std::string_view kind, std::string_view id) : path_(std::string(kind) + "/" + std::string(id)) {}

  void say(std::string_view code, std::string_view element, std::string text) {
    issues_.push_back({Severity::Error, std::string(code), path_ + "." + std::string(element), std::move(text)});
  }
  void stated(std::string_view element, std::string_view value) {
    if (value.empty()) say("required", element, "expected a value, found none");
  }
  void date_if_stated(std::string_view element, std::string_view value) {
    if (!value.empty() && !instant_from(value)) say("value", element, "expected a date or a time");
  }
  void date(std::string_view element, std::string_view value) {
    stated(element, value);
    date_if_stated(element, value);
  }
  void role(std::string_view element, std::string_view value) {
    if (!care::is_role(value)) say("value", element, "expected a role of the vocabulary");
  }
  void word(std::string_view element, std::string_view value, std::initializer_list<std::string_view> allowed) {
    if (std::ranges::find(allowed, value) != allowed.end()) return;
    std::string text = "expected one of";
    for (const auto one : allowed) text += (one == *allowed.begin() ? " " : ", ") + std::string(one);
    say("value", element, text);
  }
  void member(std::string_view element, std::string_view id, const care::PracticeRecord& practice) {
    if (std::ranges::find(practice.members, id, &care::TeamMember::id) == practice.members.end())
      say("not-found", element, "expected the id of a team member");
  }
  void add(const Issues& issues) { issues_.insert(issues_.end(), issues.begin(), issues.end()); }
  Issues done() && { return std::move(issues_); }

 private:
  std::string path_;
  Issues issues_;
};

}  // namespace

bool is_entry_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  };
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, allowed) && id != "." && id != "..";
}

Issues check_entry(const care::Practice& entry, const care::PracticeRecord& practice, Instant now) {
  Look look("Practice", entry.id);
  look.stated("name", entry.name);
  for (const care::PayerRule& payer : entry.payers) {
    look.stated("payers.payer", payer.payer);
    look.word("payers.family", payer.family, {"cocm", "general", "rhc", "apcm"});
  }
  look.add(care::check(practice, now));
  return std::move(look).done();
}

Issues check_entry(const care::TeamMember& entry, const care::PracticeRecord& practice, Instant now) {
  Look look("TeamMember", entry.id);
  look.stated("name", entry.name);
  if (entry.roles.empty()) look.say("required", "roles", "expected at least one role");
  for (const std::string& role : entry.roles) look.role("roles", role);
  if (!entry.qualification.empty())
    look.word("qualification", entry.qualification, {"psychologist", "social-worker", "nurse", "trained"});
  look.date_if_stated("start", entry.start);
  look.date_if_stated("end", entry.end);
  if (!practice.practice.id.empty()) look.add(care::check(practice, now));  // a role that nobody holds any more
  return std::move(look).done();
}

Issues check_entry(const care::TrainingRecord& entry, const care::PracticeRecord& practice, Instant) {
  Look look("TrainingRecord", entry.id);
  look.member("member", entry.member, practice);
  if (!entry.role.empty()) look.role("role", entry.role);
  look.stated("topic", entry.topic);
  look.date("completed", entry.completed);
  look.date_if_stated("refreshDue", entry.refresh_due);
  return std::move(look).done();
}

Issues check_entry(const care::CommunityPartner& entry, const care::PracticeRecord& practice, Instant) {
  Look look("CommunityPartner", entry.id);
  look.stated("name", entry.name);
  if (entry.capabilities.empty()) look.say("required", "capabilities", "expected at least one");
  look.word("availability", entry.availability, {"accepting", "waiting-list", "closed", "unknown"});
  if (!entry.owner.empty()) look.member("owner", entry.owner, practice);
  look.date_if_stated("lastVerified", entry.last_verified);
  if (entry.age_from && entry.age_to && *entry.age_from > *entry.age_to)
    look.say("value", "ageTo", "expected not less than ageFrom");
  return std::move(look).done();
}

Issues check_entry(const care::CrisisProtocol& entry, const care::PracticeRecord& practice, Instant) {
  Look look("CrisisProtocol", entry.id);
  look.stated("version", entry.version);
  if (!entry.version.empty() && !is_entry_id(entry.version))
    look.say("value", "version", "expected letters, digits, '-', '.', '_'");
  look.date("inForce", entry.in_force);
  if (entry.tiers.empty()) look.say("required", "tiers", "expected at least one");
  look.add(care::check(entry, practice.partners));
  return std::move(look).done();
}

Issues check_entry(const care::Baseline& entry, const care::PracticeRecord&, Instant) {
  Look look("Baseline", entry.id);
  look.date("date", entry.date);
  for (const care::SuccessMetric& metric : entry.metrics) {
    look.stated("metrics.id", metric.id);
    look.stated("metrics.measure", metric.measure);
    look.date_if_stated("metrics.due", metric.due);
  }
  return std::move(look).done();
}

Issues check_entry(const care::Feedback& entry, const care::PracticeRecord&, Instant) {
  Look look("Feedback", entry.id);
  look.word("from", entry.from, {"staff"});
  look.add(care::check(entry));
  return std::move(look).done();
}

}  // namespace bhi::flow
