#include "care/crisis.h"

#include "care/partners.h"
#include "tests/care/work_support.h"

#include <gtest/gtest.h>

namespace bhi::care::test {
namespace {

CrisisProtocol protocol_of(std::string_view version, std::string_view in_force) {
  CrisisProtocol protocol;
  protocol.id = "crisis";
  protocol.version = version;
  protocol.in_force = in_force;
  CrisisTier high;
  high.id = "high";
  high.triggers = {"phq-9.item-9=positive", "c-ssrs.triage=high"};
  high.actions = {{"stay", "stay with the patient", 5, "care-manager", "nurse", ""},
                  {"call", "call the clinician", 15, "care-manager", "pcp", "pcp1"},
                  {"plan", "safety plan", 60, "care-manager", "pcp", ""}};
  high.partners = {"p1"};
  high.follow_up_hours = 24;
  CrisisTier low;
  low.id = "low";
  low.triggers = {"phq-9.item-9"};
  low.actions = {{"ask", "ask again", 1440, "nurse", "care-manager", ""}};
  protocol.tiers = {high, low};
  return protocol;
}

SafetyEvent event_of(std::string_view rule = "phq-9.item-9", std::string_view level = "positive") {
  SafetyEvent event;
  event.id = "ev1";
  event.patient = "pat1";
  event.rule = rule;
  event.level = level;
  event.occurred = "2026-11-22T10:00:00Z";
  event.raised = "2026-11-22T11:00:00.000Z";
  event.state = "open";
  return event;
}

CrisisStep step_of(std::string_view id, std::string_view action, std::string_view outcome = "done") {
  CrisisStep step;
  step.id = id;
  step.patient = "pat1";
  step.event = "ev1";
  step.action = action;
  step.outcome = outcome;
  step.note = outcome == "done" ? "" : "no answer";
  step.recorded = {"cm1", "2026-11-22T11:04:00Z"};
  return step;
}

TEST(Crisis, TasksFollowTheMostSevereTierInOrderOfTheirDeadlines) {
  const std::vector protocols{protocol_of("1", "2026-01-01")};
  const std::vector steps{step_of("s1", "stay"), step_of("s2", "plan", "not-possible")};
  const auto tasks = crisis_tasks(protocols, event_of(), steps, "pcp", kNow);
  ASSERT_EQ(tasks.size(), 4U);
  EXPECT_EQ(tasks[0].action, "stay");
  EXPECT_EQ(tasks[0].state, "done");
  EXPECT_EQ(tasks[0].step, "s1");
  EXPECT_EQ(tasks[1].action, "call");
  EXPECT_EQ(tasks[1].due, "2026-11-22T11:15:00.000Z");
  EXPECT_EQ(tasks[1].state, "overdue");
  EXPECT_EQ(tasks[1].backup_member, "pcp1");
  EXPECT_EQ(tasks[2].state, "not-possible");
  EXPECT_EQ(tasks[3].action, "follow-up");
  EXPECT_EQ(tasks[3].state, "due");
  EXPECT_EQ(tasks[3].role, "pcp");
}

TEST(Crisis, TheVersionInForceWhenItWasRaisedStands) {
  const std::vector protocols{protocol_of("1", "2026-01-01"), protocol_of("3", "2026-11-22T11:30:00Z"),
                              protocol_of("2", "2026-06-01")};
  EXPECT_EQ(crisis_tasks(protocols, event_of(), {}, "pcp", kNow)[0].protocol_version, "2");
}

TEST(Crisis, AnAcknowledgedEventStillOwesItsActions) {
  SafetyEvent event = event_of();
  event.state = "acknowledged";
  EXPECT_EQ(crisis_tasks(std::vector{protocol_of("1", "2026-01-01")}, event, {}, "pcp", kNow).size(), 4U);
}

TEST(Crisis, WithoutAProtocolSomebodyDecidesNow) {
  const auto none = crisis_tasks({}, event_of(), {}, "pcp", kNow);
  ASSERT_EQ(none.size(), 1U);
  EXPECT_EQ(none[0].role, "pcp");
  EXPECT_EQ(none[0].state, "overdue");
  const std::vector protocols{protocol_of("1", "2026-01-01")};
  EXPECT_EQ(crisis_tasks(protocols, event_of("epds.item-10"), {}, "pcp", kNow)[0].action, "no-protocol");
}

TEST(Crisis, AProtocolIsCheckedBeforeItIsPublished) {
  CrisisProtocol protocol = protocol_of("1", "2026-01-01");
  CommunityPartner partner;
  partner.id = "p1";
  EXPECT_TRUE(check(protocol, std::vector{partner}).empty());
  protocol.tiers[0].actions[0].within_minutes = 0;
  protocol.tiers[0].actions[1].backup_role = "";
  protocol.tiers[1].actions.clear();
  const Issues issues = check(protocol, {});
  EXPECT_TRUE(says(issues, "more than 0"));
  EXPECT_TRUE(says(issues, "expected a role"));
  EXPECT_TRUE(says(issues, "at least one"));
  EXPECT_TRUE(says(issues, "partner of the referral list"));
}

// ---- the call list --------------------------------------------------------------------------------------------------

CommunityPartner partner_of(std::string_view id, std::string_view availability, std::string_view verified) {
  CommunityPartner partner;
  partner.id = id;
  partner.capabilities = {"crisis"};
  partner.availability = availability;
  partner.last_verified = verified;
  return partner;
}

TEST(Partners, AreOfferedByAvailabilityThenFreshness) {
  std::vector partners{partner_of("old", "accepting", "2026-01-01"), partner_of("shut", "closed", "2026-11-01"),
                       partner_of("wait", "waiting-list", "2026-11-01"), partner_of("new", "accepting", "2026-11-01"),
                       partner_of("odd", "", "")};
  partners.push_back(partner_of("kids", "accepting", "2026-11-01"));
  partners.back().age_to = 17;
  partners.push_back(partner_of("other", "accepting", "2026-11-01"));
  partners.back().payers = {"plan-b"};
  std::string order;
  for (const PartnerMatch& match : find_partners(partners, {"crisis", "plan-a", 40}, kNow)) {
    order += match.partner->id + (match.stale ? "* " : " ");
  }
  EXPECT_EQ(order, "new old* wait odd* ");
}

TEST(Partners, ARowNeverVerifiedOrTooLongAgoIsStale) {
  EXPECT_FALSE(is_stale(partner_of("a", "accepting", "2026-05-25"), kNow));
  EXPECT_TRUE(is_stale(partner_of("a", "accepting", "2026-05-24"), kNow));
  EXPECT_TRUE(is_stale(partner_of("a", "accepting", ""), kNow));
  const std::vector partners{partner_of("b", "accepting", "2026-01-02"), partner_of("a", "accepting", ""),
                             partner_of("c", "accepting", "2026-11-01")};
  const auto rows = to_verify(partners, kNow);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]->id, "a");
}

}  // namespace
}  // namespace bhi::care::test
