#include "care/team.h"

#include "tests/care/work_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace bhi::care::test {
namespace {

bool may(std::string_view act, const TeamMember& member, const Practice& practice = cocm_practice()) {
  return !why_not(act, member, practice, kNow).has_value();
}

TEST(Team, EveryRightNamesKnownRoles) {
  for (const Right& right : rights()) {
    std::istringstream words{std::string(right.roles)};
    for (std::string word; words >> word;) EXPECT_TRUE(is_role(word)) << right.act << ": " << word;
  }
}

TEST(Team, WhatARoleMustNotDoItMayNot) {
  const TeamMember manager = member_of("cm1", {"care-manager"});
  EXPECT_TRUE(may("record-contact", manager));
  EXPECT_TRUE(may("record-review", manager));
  EXPECT_FALSE(may("prescribe", manager));
  EXPECT_FALSE(may("answer-recommendation", manager));
  const TeamMember nurse = member_of("ma1", {"nurse"});
  EXPECT_TRUE(may("record-screening", nurse));
  EXPECT_TRUE(may("record-handoff", nurse));
  EXPECT_FALSE(may("change-plan", nurse));
  const TeamMember psychiatrist = member_of("psy1", {"psychiatric-consultant"});
  EXPECT_TRUE(may("recommend", psychiatrist));
  EXPECT_FALSE(may("bill-month", psychiatrist));
  const TeamMember desk = member_of("adm1", {"administrative"});
  EXPECT_TRUE(may("keep-referral-list", desk));
  for (const std::string_view act :
       {"read-notes", "read-substance-use", "read-psychotherapy-notes", "record-contact"}) {
    EXPECT_FALSE(may(act, desk)) << act;
  }
  EXPECT_TRUE(may("give-feedback", desk));
}

TEST(Team, ALicenceIsNeededToPrescribeBesidesTheRole) {
  TeamMember clinician = member_of("pcp1", {"pcp"});
  EXPECT_FALSE(may("prescribe", clinician));
  clinician.prescriber = true;
  EXPECT_TRUE(may("prescribe", clinician));
}

TEST(Team, TheSpecialistMayHaveAnyTraining) {
  for (const char* trained : {"psychologist", "social-worker", "nurse", "trained"}) {
    TeamMember manager = member_of("cm1", {"care-manager"});
    manager.qualification = trained;
    EXPECT_TRUE(may("record-contact", manager)) << trained;
    EXPECT_FALSE(may("prescribe", manager)) << trained;
  }
}

TEST(Team, ASmallPracticeMergesRoles) {
  Practice practice = cocm_practice();
  const TeamMember nurse = member_of("rn1", {"nurse"});
  EXPECT_FALSE(may("record-review", nurse, practice));
  practice.merged_roles = {{"nurse", "care-manager"}};
  EXPECT_TRUE(may("record-review", nurse, practice));
  EXPECT_FALSE(may("prescribe", nurse, practice)) << "merging gives no licence";
  std::erase(practice.roles_active, "care-manager");
  EXPECT_FALSE(may("record-review", nurse, practice)) << "a role that the practice does not have";
}

TEST(Team, WhoHasLeftOrNotYetComeMayNothing) {
  TeamMember manager = member_of("cm1", {"care-manager"});
  manager.end = "2026-11-21";
  EXPECT_FALSE(may("record-contact", manager));
  manager.end = "2026-11-22";
  EXPECT_TRUE(may("record-contact", manager)) << "the last day";
  manager.start = "2026-12-01";
  EXPECT_FALSE(may("record-contact", manager));
}

TEST(Team, AnActOutsideTheTableIsRefused) { EXPECT_FALSE(may("delete-everything", member_of("x", {"pcp"}))); }

TEST(Practice, CareModelsDifferInWhatTheyAskFor) {
  EXPECT_TRUE(find_care_model("cocm")->psychiatric_review);
  EXPECT_FALSE(find_care_model("integrated")->psychiatric_review);
  EXPECT_EQ(find_care_model("co-located")->billing, "general");
  EXPECT_EQ(find_care_model("coordinated")->billing, "none");
  EXPECT_EQ(find_care_model("other"), nullptr);
}

TEST(Practice, ItsProfileIsChecked) {
  PracticeRecord record;
  record.practice = cocm_practice();
  record.practice.time_zone = "Mars/Olympus";
  record.practice.care_model = "solo";
  record.practice.roles_active = {"pcp", "wizard"};
  const Issues issues = check(record, kNow);
  EXPECT_TRUE(says(issues, "expected coordinated"));
  EXPECT_TRUE(says(issues, "IANA"));
  EXPECT_TRUE(says(issues, "expected roles"));
  EXPECT_TRUE(says(issues, "nobody holds the role pcp"));
  record.practice = cocm_practice();
  record.practice.roles_active = {"pcp"};
  record.members = {member_of("p", {"pcp"})};
  EXPECT_TRUE(check(record, kNow).empty());
}

TEST(Practice, TrainingIsDueUntilItIsRepeated) {
  const std::vector<TrainingRecord> training{
      {"t1", "cm1", "care-manager", "safety", "2025-11-01", "2026-11-01"},
      {"t2", "ma1", "nurse", "safety", "2025-10-01", "2026-10-01"},
      {"t3", "ma1", "nurse", "safety", "2026-10-02", "2027-10-02"},
      {"t4", "psy1", "psychiatric-consultant", "registry", "2026-01-01", "2027-01-01"},
      {"t5", "adm1", "administrative", "stigma", "2025-09-01", "2026-09-01"}};
  std::vector<std::string> ids;
  for (const TrainingRecord& one : training_due(training, kNow)) ids.push_back(one.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"t5", "t1"}));
}

}  // namespace
}  // namespace bhi::care::test
