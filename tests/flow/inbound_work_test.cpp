// What an EHR says of the team's work, through a real store: what becomes an entry, what is left and why.
#include "care/billing.h"
#include "care/consent.h"
#include "flow/binding.h"
#include "flow/inbound.h"
#include "flow/receive.h"
#include "flow/record.h"
#include "flow/roster.h"
#include "flow/work.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::flow {
namespace {

constexpr std::string_view kSource = "main";
const Destinations kNowhere{{}};
const Instant kNow = *instant_from("2026-11-22T12:00:00Z");

constexpr std::string_view kWorker =
    R"({"resourceType":"PractitionerRole","id":"role-1","practitioner":{"reference":"Practitioner/7"},
  "code":[{"coding":[{"system":"http://nucc.org/provider-taxonomy","code":"104100000X"}]}]})";

std::string meta(int version) {
  return R"("meta":{"versionId":")" + std::to_string(version) + R"(","lastUpdated":"2026-03-0)" +
         std::to_string(version) + R"(T08:00:00Z"},)";
}

std::string visit(int version, std::string_view status = "finished") {
  return R"({"resourceType":"Encounter","id":"e",)" + meta(version) + R"("status":")" + std::string(status) +
         R"(","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},
    "subject":{"reference":"Patient/p"},"participant":[{"individual":{"reference":"PractitionerRole/role-1"}}],
    "period":{"start":"2026-03-05T14:30:00-05:00"},
    "length":{"value":45,"unit":"min","system":"http://unitsofmeasure.org","code":"min"}})";
}

std::string team(int version, const std::vector<std::pair<std::string, std::string>>& members,
                 std::string_view status = "active") {
  std::string json = R"({"resourceType":"CareTeam","id":"t",)" + meta(version) + R"("status":")" + std::string(status) +
                     R"(","subject":{"reference":"Patient/p"},"participant":[)";
  for (const auto& [role, member] : members) {
    json += (json.ends_with('[') ? "" : ",") + (R"({"role":[{"coding":[{"system":"http://snomed.info/sct","code":")" +
                                                role + R"("}]}],"member":{"reference":")" + member + R"("}})");
  }
  return json + "]}";
}

std::string task(std::string_view kind, std::string_view value, std::string_view status, std::string_view rest) {
  return R"({"resourceType":"Task","id":"k",)" + meta(3) +
         R"("identifier":[{"system":"urn:bhi-adapter:test","value":")" + std::string(value) + R"("}],"status":")" +
         std::string(status) + R"(","intent":"order","for":{"reference":"Patient/p"},)" +
         R"("code":{"coding":[{"system":"http://bhi-adapter.org/fhir/CodeSystem/)" + std::string(kind) + "\"," +
         std::string(rest) + "}";
}

class InboundWork : public ::testing::Test {
 protected:
  void accept(std::string json) {
    auto received = receive(std::move(json), kSource, "post", kNow, {});
    ASSERT_TRUE(received.ok()) << received.error().message;
    ASSERT_TRUE(store_->accept({std::move(received->items), std::nullopt, {}}).ok());
    for (;;) {
      const auto lanes = store_->pending_lanes(100);
      ASSERT_TRUE(lanes.ok());
      if (lanes->empty()) return;
      for (const std::string& lane : *lanes) {
        const auto done = work_lane(test::engine(), *store_, kNowhere, lane, 100, kNow);
        ASSERT_TRUE(done.ok()) << done.error().message;
      }
    }
  }

  care::Record record() {
    auto loaded = load_record(*store_, patient_);
    EXPECT_TRUE(loaded.ok());
    return loaded.ok() ? loaded->record : care::Record{};
  }

  // Of the resource that was left last.
  std::string reason() {
    const auto rows = store_->inbox(InboxState::Left, 1);
    return rows.ok() && !rows->empty() ? rows->front().reason : "nothing was left";
  }

  void keep(const care::Entity& entity) {
    Worked worked;
    StoredEntity row;
    row.kind = std::string(care::kind_of(entity));
    row.id = std::string(id_of(entity));
    row.patient = patient_;
    row.body = to_json(entity);
    worked.entities.push_back(std::move(row));
    ASSERT_TRUE(store_->commit(worked).ok());
  }

  test::TempStore store_;
  const std::string patient_ = care_id(kSource, "Patient", "p");
};

TEST_F(InboundWork, AVisitToTheSocialWorkerIsAContactWhoseMinutesDoNotCount) {
  accept(std::string(kWorker));
  accept(visit(1));
  care::Record held = record();
  ASSERT_EQ(held.contacts.size(), 1u);
  const care::Contact& contact = held.contacts[0];
  EXPECT_EQ(contact.role, "care-manager");
  EXPECT_EQ(contact.member, care_id(kSource, "Practitioner", "7")) << "a role is somebody's";
  EXPECT_EQ(contact.minutes, 45);
  EXPECT_EQ(contact.source, (care::Source{"main", "Encounter", "e", "1", "2026-03-01T08:00:00Z"}));
  EXPECT_EQ(contact.recorded, (care::Recorded{"main", "2026-03-01T08:00:00Z"}));

  // Enrolled and consented: all that is missing is the activity, and an EHR's Encounter does not say it.
  care::Consent consent;
  consent.id = "c";
  consent.kind = "service";
  consent.decision = "given";
  consent.method = "verbal";
  consent.starts = "2026-01-01";
  consent.recorded = {"m", "2026-01-01T00:00:00Z"};
  held.consents = {consent};
  care::Episode episode;
  episode.id = "ep";
  episode.state = "active";
  episode.start = "2026-01-01";
  held.episodes = {episode};
  care::EpisodeAct act;
  act.id = "a";
  act.episode = "ep";
  act.act = "enrol";
  act.at = "2026-01-01";
  act.to = "enrolled";
  act.effective = true;
  held.acts = {act};
  care::Practice practice;
  practice.care_model = "cocm";
  practice.time_zone = "America/New_York";
  const auto zone = TimeZone::find(practice.time_zone);
  ASSERT_TRUE(zone.ok());
  const care::PayerRule payer = care::payer_rule(practice, "");
  const auto month = care::billing_month(held, std::chrono::year{2026} / 3, {practice, *zone, payer, {}, {}});
  ASSERT_EQ(month.pieces.size(), 1u);
  EXPECT_EQ(month.pieces[0].counted, 0);
  EXPECT_EQ(month.pieces[0].why, "no activity documented");
  EXPECT_EQ(month.minutes, 0);
}

TEST_F(InboundWork, ANewerVersionReplacesTheContactAndAnOlderDoesNot) {
  accept(std::string(kWorker));
  accept(visit(2, "entered-in-error"));
  ASSERT_EQ(record().contacts.size(), 1u);
  EXPECT_EQ(record().contacts[0].status, "entered-in-error");
  accept(visit(1));
  ASSERT_EQ(record().contacts.size(), 1u);
  EXPECT_EQ(record().contacts[0].status, "entered-in-error");
}

TEST_F(InboundWork, WhatLacksSomethingIsLeftWithThePreciseReason) {
  accept(visit(1));
  EXPECT_EQ(reason(), "no participant with a role of the behavioral health team") << "the role is not at hand";
  accept(std::string(kWorker));
  accept(visit(2, "planned"));
  EXPECT_EQ(reason(), "not over yet");
  EXPECT_TRUE(record().contacts.empty());
  accept(
      R"({"resourceType":"Consent","id":"c","status":"active","patient":{"reference":"Patient/p"},"dateTime":"2026-01-01",
    "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"research"}]},
    "category":[{"text":"x"}],"policyRule":{"text":"x"},"provision":{"type":"permit"}})");
  EXPECT_NE(reason().find("neither consent to disclose"), std::string::npos) << reason();
  accept(R"({"resourceType":"Task","id":"k","status":"requested","intent":"order","for":{"reference":"Patient/p"}})");
  EXPECT_EQ(reason(), "neither a handoff nor the answer to a recommendation of ours");
}

TEST_F(InboundWork, WhoIsNoLongerInTheCareTeamHasLeftIt) {
  accept(team(1, {{"453231000124104", "Practitioner/1"}, {"310190000", "Practitioner/2"}}));
  ASSERT_EQ(record().assignments.size(), 2u);
  accept(team(3, {{"453231000124104", "Practitioner/1"}, {"310190000", "Practitioner/5"}}));
  std::vector<std::string> current;
  for (const care::TeamAssignment& one : record().assignments) {
    if (!one.ended) current.push_back(one.member);
  }
  std::ranges::sort(current);
  std::vector<std::string> expected = {care_id(kSource, "Practitioner", "1"), care_id(kSource, "Practitioner", "5")};
  std::ranges::sort(expected);
  EXPECT_EQ(current, expected);
  EXPECT_EQ(record().assignments.size(), 3u);
  // Version 2 comes late: it must not bring anybody back.
  accept(team(2, {{"310190000", "Practitioner/2"}, {"310190000", "Practitioner/6"}}));
  EXPECT_EQ(record().assignments.size(), 3u);
  EXPECT_EQ(std::ranges::count(record().assignments, false, &care::TeamAssignment::ended), 2);
}

TEST_F(InboundWork, AnInactiveTeamAndOneWithNobodyWeKnowEndTheAssignments) {
  accept(team(1, {{"310190000", "Practitioner/2"}}));
  accept(team(2, {{"310190000", "Practitioner/2"}}, "inactive"));
  ASSERT_EQ(record().assignments.size(), 1u);
  EXPECT_TRUE(record().assignments[0].ended);
  accept(team(3, {{"310190000", "Practitioner/2"}}));
  EXPECT_FALSE(record().assignments[0].ended) << "back again";
  accept(team(4, {{"224891009", "Practitioner/2"}}));
  ASSERT_EQ(record().assignments.size(), 1u);
  EXPECT_TRUE(record().assignments[0].ended);
  EXPECT_EQ(record().assignments[0].source.version, "4");
}

TEST_F(InboundWork, OurTaskComesBackAsTheClinicianSAnswer) {
  const auto answered = [](std::string_view status, std::string_view rest) {
    return task(
        "recommendation-kind", "recommendation/r1/1", status,
        R"("code":"medication"}]},"owner":{"reference":"Practitioner/9"},"lastModified":"2026-03-11T12:00:00Z",)" +
            std::string(rest) +
            R"("input":[{"type":{"coding":[{"system":"http://bhi-adapter.org/fhir/CodeSystem/task-input","code":"review"}]},"valueString":"r1"},
      {"type":{"coding":[{"system":"http://bhi-adapter.org/fhir/CodeSystem/task-input","code":"recommendation"}]},"valueString":"1"}])");
  };
  accept(answered("requested", ""));
  EXPECT_EQ(reason(), "not answered yet");
  accept(answered("rejected", R"("statusReason":{"text":"Side effects"},)"));
  const care::Record held = record();
  ASSERT_EQ(held.answers.size(), 1u);
  EXPECT_EQ(held.answers[0].review, "r1");
  EXPECT_EQ(held.answers[0].recommendation, "1");
  EXPECT_EQ(held.answers[0].answer, "declined");
  EXPECT_EQ(held.answers[0].reason, "Side effects");
  EXPECT_EQ(held.answers[0].recorded, (care::Recorded{care_id(kSource, "Practitioner", "9"), "2026-03-11T12:00:00Z"}));
}

TEST_F(InboundWork, OfOurOwnHandoffOnlyTheAcceptanceIsTheOtherSides) {
  care::Handoff ours;
  ours.id = "h1";
  ours.patient = patient_;
  ours.kind = "warm";
  ours.from = "m-pcp";
  ours.to_role = "care-manager";
  ours.at = "2026-03-01T14:00:00Z";
  ours.covered = {"risk"};
  ours.recorded = {"m-pcp", "2026-03-01T14:00:00Z"};
  keep(ours);
  accept(task("handoff-kind", "handoff/h1", "accepted",
              R"("code":"discharge"}]},"authoredOn":"2026-02-02","lastModified":"2026-03-01T14:10:00Z",
      "owner":{"reference":"Practitioner/7"},
      "performerType":[{"coding":[{"system":"http://bhi-adapter.org/fhir/CodeSystem/team-role","code":"nurse"}]}])"));
  const care::Record held = record();
  ASSERT_EQ(held.handoffs.size(), 1u);
  EXPECT_EQ(held.handoffs[0].kind, "warm");
  EXPECT_EQ(held.handoffs[0].to_role, "care-manager");
  EXPECT_EQ(held.handoffs[0].at, "2026-03-01T14:00:00Z");
  EXPECT_EQ(held.handoffs[0].accepted, (care::Recorded{care_id(kSource, "Practitioner", "7"), "2026-03-01T14:10:00Z"}));
}

TEST_F(InboundWork, OurOtherEntriesAreNoNewsWhenTheyComeBack) {
  accept(
      R"({"resourceType":"Flag","id":"f","identifier":[{"system":"urn:bhi-adapter:test","value":"case-flag/f1"}],"status":"active",
    "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/flag-category","code":"behavioral"}]}],
    "code":{"text":"x"},"subject":{"reference":"Patient/p"}})");
  EXPECT_TRUE(record().flags.empty());
  EXPECT_EQ(reason(), "our own write");
}

TEST_F(InboundWork, APermitCoversWhatItsLabelsNameUntilItIsNoLongerInForce) {
  const auto consent = [](int version, std::string_view status) {
    return R"({"resourceType":"Consent","id":"c",)" + meta(version) + R"("status":")" + std::string(status) +
           R"(","patient":{"reference":"Patient/p"},"dateTime":"2026-01-01",
      "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
      "category":[{"text":"x"}],"sourceReference":{"reference":"DocumentReference/1"},"policyRule":{"text":"x"},
      "provision":{"type":"permit","securityLabel":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"SUD"}]}})";
  };
  accept(consent(1, "active"));
  EXPECT_EQ(care::consent_state(record().consents, "privacy", "substance-use", kNow), "given");
  EXPECT_EQ(care::consent_state(record().consents, "privacy", "psychotherapy-notes", kNow), "missing");
  EXPECT_EQ(care::consent_state(record().consents, "service", "", kNow), "missing") << "the two are never mixed";
  accept(consent(2, "inactive"));
  EXPECT_EQ(care::consent_state(record().consents, "privacy", "substance-use", kNow), "revoked");
  accept(consent(3, "active"));
  EXPECT_EQ(care::consent_state(record().consents, "privacy", "substance-use", kNow), "revoked")
      << "what was taken back stays taken back; it needs a new Consent";
}

TEST_F(InboundWork, AReferralAndAFlagBecomeEntriesOfTheirPatient) {
  accept(R"({"resourceType":"ServiceRequest","id":"s",)" + meta(1) +
         R"("status":"active","intent":"order","priority":"stat",
    "code":{"coding":[{"system":"http://snomed.info/sct","code":"306226009"}],"text":"Counseling"},
    "subject":{"reference":"Patient/p"},"authoredOn":"2026-03-01"})");
  accept(R"({"resourceType":"Flag","id":"f",)" + meta(1) + R"("status":"active",
    "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/flag-category","code":"behavioral"}]}],
    "code":{"text":"Talk about this patient"},"subject":{"reference":"Patient/p"}})");
  const care::Record held = record();
  ASSERT_EQ(held.referrals.size(), 1u);
  EXPECT_EQ(held.referrals[0].urgency, "emergency");
  EXPECT_EQ(held.referrals[0].capability, "Counseling");
  EXPECT_EQ(held.referrals[0].status, "requested");
  ASSERT_EQ(held.flags.size(), 1u);
  EXPECT_TRUE(held.flags[0].raised);
  EXPECT_EQ(held.flags[0].source.system, "main");
}

TEST(Roster, LeavesOtherTeamsAndWhatTheTeamEnteredAlone) {
  care::Record before;
  care::TeamAssignment ours;
  ours.id = "ours";
  care::TeamAssignment other;
  other.id = "other";
  other.source = {"main", "CareTeam", "t2", "1", ""};
  before.assignments = {other, ours};
  care::TeamAssignment now = other;
  now.id = "now";
  now.source = {"main", "CareTeam", "t1", "1", ""};
  std::vector<care::Change> changes = {now};
  end_missing(before, {}, kNow, changes);
  EXPECT_EQ(changes.size(), 1u);
}

}  // namespace
}  // namespace bhi::flow
