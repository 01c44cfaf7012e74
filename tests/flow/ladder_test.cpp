// The ladder as it stands for each EHR that we know: by the profiles of the simulator, and by the statements captured
// from the vendors' sandboxes. The table is printed, so that a person can read it.
#include "flow/ladder.h"

#include "tests/ehr/support/sim_ehr.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace bhi::flow {
namespace {

using Names = std::vector<std::string>;

Capabilities simulated(const char* profile) {
  sim::Settings settings;
  settings.rules.profile = *sim::profile_named(profile);
  sim::Simulator simulator(settings);
  test::SimEhr ehr(simulator, *instant_from("2026-11-22T09:00:00Z"), 0);
  auto capabilities = ehr.capabilities();
  EXPECT_TRUE(capabilities.ok()) << profile;
  return capabilities.ok() ? *capabilities : Capabilities{};
}

std::optional<Capabilities> captured(const std::string& name) {
  const char* given = std::getenv("BHI_FIXTURES");
  const std::string folder = given != nullptr ? given : std::string(BHI_SOURCE_DIR) + "/../shared/fixtures";
  std::ifstream in(folder + "/capability_statements/" + name + ".json", std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (text.empty()) return std::nullopt;
  auto read = fhir::read_json(std::move(text));
  if (!read.ok()) return std::nullopt;
  auto capabilities = ehr::capabilities_from((*read)->root());
  if (!capabilities.ok()) return std::nullopt;
  return *capabilities;
}

std::string chosen(const WritePlan& plan) {
  return plan.chosen ? std::string(plan.ladder[*plan.chosen].rung->name) : "none";
}

std::string interactions(const WritePlan& plan) {
  if (!plan.chosen) return plan.why_not();
  std::string text;
  for (const std::string& one : plan.ladder[*plan.chosen].interactions) text += (text.empty() ? "" : ", ") + one;
  return text;
}

// What is there once the chosen rung was written.
Standing after(const WritePlan& plan) {
  Standing standing;
  if (!plan.chosen) return standing;
  for (const std::string_view part : plan.ladder[*plan.chosen].parts) standing.there.emplace_back(part);
  return standing;
}

struct Row {
  const char* profile;
  const char* statement;  // captured; null: none
  const char* artifact;
  const char* fresh;  // rung of a new one
  const char* there;  // of its next state, when the first rung was written
};
constexpr Row kRows[] = {
    {"epic", "epic", "care-plan", "DocumentReference", "DocumentReference"},
    {"epic", "epic", "screening-result", "QuestionnaireResponse", "Observation"},
    {"epic", "epic", "safety", "Communication", "Communication"},
    {"oracle", "oracle_health", "care-plan", "DocumentReference", "DocumentReference"},
    {"oracle", "oracle_health", "screening-result", "Observation", "Observation"},
    {"oracle", "oracle_health", "safety", "Communication", "Communication"},
    {"athenahealth", "athenahealth", "care-plan", "none", "none"},
    {"athenahealth", "athenahealth", "screening-result", "QuestionnaireResponse", "none"},
    {"athenahealth", "athenahealth", "safety", "none", "none"},
    {"eclinicalworks", "eclinicalworks", "care-plan", "none", "none"},
    {"eclinicalworks", "eclinicalworks", "screening-result", "QuestionnaireResponse", "none"},
    {"eclinicalworks", "eclinicalworks", "safety", "none", "none"},
    {"medplum", nullptr, "care-plan", "CarePlan", "CarePlan"},
    {"medplum", nullptr, "screening-result", "QuestionnaireResponse", "QuestionnaireResponse"},
    {"medplum", nullptr, "safety", "Flag", "Flag"},
    {"hapi", nullptr, "care-plan", "CarePlan", "CarePlan"},
    {"hapi", nullptr, "screening-result", "QuestionnaireResponse", "QuestionnaireResponse"},
    {"hapi", nullptr, "safety", "Flag", "Flag"},
};

TEST(Ladder, GivesTheRightRungForEveryProfileAndArtifact) {
  std::cout << std::left << std::setw(15) << "EHR" << std::setw(18) << "artifact" << std::setw(23) << "new"
            << std::setw(23) << "next state"
            << "interactions of a new one, or why none\n";
  for (const Row& row : kRows) {
    const Capabilities capabilities = simulated(row.profile);
    const WritePlan fresh = plan_write(row.artifact, {}, capabilities, {});
    const WritePlan there = plan_write(row.artifact, after(fresh), capabilities, {});
    std::cout << std::setw(15) << row.profile << std::setw(18) << row.artifact << std::setw(23) << chosen(fresh)
              << std::setw(23) << chosen(there) << interactions(fresh) << "\n";
    EXPECT_EQ(chosen(fresh), row.fresh) << row.profile << " " << row.artifact;
    EXPECT_EQ(chosen(there), row.there) << row.profile << " " << row.artifact << ": " << interactions(there);
    WritingWishes folder;
    folder.outbox_files = true;
    const bool safety = row.artifact == std::string_view("safety");
    if (!fresh.chosen) {
      EXPECT_EQ(chosen(plan_write(row.artifact, {}, capabilities, folder)), safety ? "none" : kOutboxFile);
    }
  }
}

TEST(Ladder, TheCapturedStatementsGiveTheSameRungsAsTheProfiles) {
  if (!captured("epic")) GTEST_SKIP() << "capability_statements: not at hand";
  for (const Row& row : kRows) {
    if (row.statement == nullptr) continue;
    const auto capabilities = captured(row.statement);
    ASSERT_TRUE(capabilities) << row.statement;
    const WritePlan fresh = plan_write(row.artifact, {}, *capabilities, {});
    EXPECT_EQ(chosen(fresh), row.fresh) << row.statement << " " << row.artifact << ": " << interactions(fresh);
    const WritePlan there = plan_write(row.artifact, after(fresh), *capabilities, {});
    EXPECT_EQ(chosen(there), row.there) << row.statement << " " << row.artifact << ": " << interactions(there);
  }
}

// A site that opted in to discrete parts; and one that wishes nothing else.
struct PartsRow {
  const char* profile;
  const char* statement;
  const char* fresh;
  const char* there;
  const char* alone;  // parts and nothing else
};
constexpr PartsRow kPartsRows[] = {
    {"epic", "epic", "parts", "DocumentReference", "parts"},  // a Condition cannot be changed there
    {"oracle", "oracle_health", "DocumentReference", "DocumentReference", "none"},
    {"athenahealth", "athenahealth", "none", "none", "none"},
    {"eclinicalworks", "eclinicalworks", "none", "none", "none"},
    {"medplum", nullptr, "CarePlan", "CarePlan", "parts"},
    {"hapi", nullptr, "CarePlan", "CarePlan", "parts"},
};

TEST(Ladder, OfASiteThatOptedInToPartsHasThemBelowTheCarePlan) {
  WritingWishes opted, alone;
  opted.parts = true;
  alone.rungs["care-plan"] = {std::string(kParts)};
  for (const PartsRow& row : kPartsRows) {
    for (const bool statement : {false, true}) {
      if (statement && (row.statement == nullptr || !captured("epic"))) continue;
      const Capabilities capabilities = statement ? *captured(row.statement) : simulated(row.profile);
      const WritePlan fresh = plan_write("care-plan", {}, capabilities, opted);
      const WritePlan there = plan_write("care-plan", after(fresh), capabilities, opted);
      const WritePlan only = plan_write("care-plan", {}, capabilities, alone);
      if (!statement) {
        std::cout << std::left << std::setw(15) << row.profile << std::setw(18) << "care-plan, parts" << std::setw(23)
                  << chosen(fresh) << std::setw(23) << chosen(there) << interactions(only) << "\n";
      }
      EXPECT_EQ(chosen(fresh), row.fresh) << row.profile << statement;
      EXPECT_EQ(chosen(there), row.there) << row.profile << statement;
      EXPECT_EQ(chosen(only), row.alone) << row.profile << statement;
    }
  }
}

// ---- one question each, on an EHR that declares everything ---------------------------------------------------------

class OpenLadder : public testing::Test {
 protected:
  OpenLadder() {
    for (const std::string_view type : written_types()) {
      capabilities_.types.push_back({std::string(type), true, true, true, true, false, {"identifier"}});
    }
  }
  TypeCapability& type(std::string_view name) {
    return *std::ranges::find(capabilities_.types, name, &TypeCapability::type);
  }
  void without(std::string_view name) { type(name).create = type(name).update = false; }
  WritePlan plan(std::string_view artifact, const Standing& standing = {}, const WritingWishes& wishes = {}) {
    return plan_write(artifact, standing, capabilities_, wishes);
  }
  Names parts(const WritePlan& plan) {
    return plan.chosen ? Names(plan.ladder[*plan.chosen].parts.begin(), plan.ladder[*plan.chosen].parts.end())
                       : Names{};
  }
  Capabilities capabilities_;
};

TEST_F(OpenLadder, EachRungFollowsTheOneAboveItWhenThatIsTakenAway) {
  const std::vector<std::pair<const char*, Names>> ladders = {
      {"care-plan", {"CarePlan", "DocumentReference", "Communication", "Task", "none"}},
      {"safety", {"Flag", "Communication", "CommunicationRequest", "Task", "DocumentReference", "none"}},
      {"screening-result", {"QuestionnaireResponse", "Observation", "DocumentReference", "none"}}};
  const Capabilities all = capabilities_;
  for (const auto& [artifact, rungs] : ladders) {
    capabilities_ = all;
    for (const std::string& rung : rungs) {
      EXPECT_EQ(chosen(plan(artifact)), rung) << artifact;
      if (rung != "none") without(rung);
    }
  }
}

TEST_F(OpenLadder, SaysOfEachRungWhyItDoesNotFit) {
  without("CarePlan");
  type("DocumentReference").create = false;
  type("DocumentReference").update = false;
  type("DocumentReference").create_withheld = "the scope system/DocumentReference.c was not granted";
  std::erase_if(capabilities_.types, [](const auto& one) { return one.type == "Communication" || one.type == "Task"; });
  EXPECT_EQ(
      plan("care-plan").why_not(),
      "no rung: CarePlan create is not declared by the EHR; discrete parts: not opted in to; DocumentReference create: "
      "the scope "
      "system/DocumentReference.c was not granted; Communication is not declared by the EHR; Task is not declared "
      "by the EHR; no folder for outbox files is configured");
}

TEST_F(OpenLadder, AnswersComeBeforeTheScoreAndThePanelOnlyWhereItIsWished) {
  EXPECT_EQ(parts(plan("screening-result")), (Names{"questionnaire-response", "screening-result"}));
  WritingWishes wishes;
  wishes.panel = true;
  EXPECT_EQ(parts(plan("screening-result", {}, wishes)),
            (Names{"questionnaire-response", "screening-result", "screening-panel"}));
  without("Observation");
  EXPECT_EQ(parts(plan("screening-result", {}, wishes)), Names{"questionnaire-response"});
  EXPECT_EQ(plan("screening-result", {}, wishes).ladder[0].why,
            "without the companion: Observation create is not declared by the EHR");
}

TEST_F(OpenLadder, WithoutTheAnswersThePanelGoesWithItsScore) {
  without("QuestionnaireResponse");
  EXPECT_EQ(parts(plan("screening-result")), (Names{"screening-result", "screening-panel"}));
}

TEST_F(OpenLadder, WhatIsThereAsItShouldBeNeedsNoChange) {
  type("QuestionnaireResponse").update = false;
  Standing standing;
  standing.there = {"questionnaire-response"};  // and the answer to the score was lost
  EXPECT_EQ(plan("screening-result", standing).ladder[*plan("screening-result", standing).chosen].rung->name,
            "Observation");
  EXPECT_EQ(parts(plan("screening-result", standing)), Names{"screening-result"});  // the answers are there: no panel
  standing.in_step = standing.there;
  EXPECT_EQ(parts(plan("screening-result", standing)), (Names{"questionnaire-response", "screening-result"}));
  EXPECT_EQ(interactions(plan("screening-result", standing)), "Observation create");
}

TEST_F(OpenLadder, AnswersFromTheEhrAreNotToldToIt) {
  Standing standing;
  standing.answers_there = true;
  EXPECT_EQ(parts(plan("screening-result", standing)), Names{"screening-result"});
}

TEST_F(OpenLadder, ADocumentIsReplacedWhereItCannotBeChanged) {
  without("CarePlan");
  Standing standing;
  standing.there = {"care-plan-document"};
  EXPECT_EQ(interactions(plan("care-plan", standing)), "DocumentReference update");
  type("DocumentReference").update = false;
  EXPECT_EQ(interactions(plan("care-plan", standing)), "DocumentReference create");
}

TEST_F(OpenLadder, WhatCannotBeTakenBackInPlaceIsToldInADocument) {
  Standing standing;
  standing.there = {"questionnaire-response"};
  standing.taken_back = true;
  EXPECT_EQ(interactions(plan("screening-result", standing)), "QuestionnaireResponse update");
  type("QuestionnaireResponse").update = false;
  const WritePlan told = plan("screening-result", standing);
  EXPECT_EQ(chosen(told), "DocumentReference");
  EXPECT_EQ(told.ladder[1].why, "no Observation of it is there to be taken back");
  without("DocumentReference");
  EXPECT_EQ(chosen(plan("screening-result", standing)), "none");
  // Of something that was never written nothing is left to say; the plan is that of a new one.
  standing.there.clear();
  EXPECT_EQ(chosen(plan("screening-result", standing)), "QuestionnaireResponse");
}

TEST_F(OpenLadder, TheSiteNamesItsRungsAndTheirOrder) {
  WritingWishes wishes;
  wishes.rungs["care-plan"] = {"Task", "DocumentReference"};
  EXPECT_EQ(chosen(plan("care-plan", {}, wishes)), "Task");
  EXPECT_EQ(plan("care-plan", {}, wishes).ladder.size(), 2u);
  without("Task");
  EXPECT_EQ(chosen(plan("care-plan", {}, wishes)), "DocumentReference");
  EXPECT_EQ(chosen(plan("safety", {}, wishes)), "Flag");
}

TEST_F(OpenLadder, PartsAreSaidAndNotTakenWithoutOptingInAndAskForNoScopes) {
  without("CarePlan");
  const WritePlan none = plan("care-plan");
  EXPECT_EQ(none.ladder[1].rung->name, kParts);
  EXPECT_EQ(none.ladder[1].why, "discrete parts: not opted in to");
  EXPECT_EQ(chosen(none), "DocumentReference");
  const auto types = written_types(WritingWishes{});
  EXPECT_EQ(std::ranges::count(types, "ServiceRequest") + std::ranges::count(types, "Condition"), 0);
  WritingWishes wishes;
  wishes.parts = true;
  const auto more = written_types(wishes);
  EXPECT_EQ(std::ranges::count(more, "ServiceRequest") + std::ranges::count(more, "Condition"), 2);
  EXPECT_EQ(chosen(plan("care-plan", {}, wishes)), kParts);
}

TEST_F(OpenLadder, OfThePartsOfAPlanAtHandOnlyWhatTheyAskForMustBeDeclared) {
  without("CarePlan");
  WritingWishes wishes;
  wishes.parts = true;
  Standing standing;
  standing.parts = {{"care-plan-activity", true, true, true}, {"care-plan-problem", true, false, false}};
  type("Condition").create = type("Condition").update = false;
  EXPECT_EQ(interactions(plan("care-plan", standing, wishes)), "ServiceRequest create, ServiceRequest update");
  standing.parts->back().update = true;
  EXPECT_EQ(plan("care-plan", standing, wishes).ladder[1].why, "Condition update is not declared by the EHR");
  standing.parts = std::vector<PartNeeds>{};
  EXPECT_EQ(plan("care-plan", standing, wishes).ladder[1].why,
            "the plan has no open part of its own that could be told so");
}

TEST_F(OpenLadder, WritesTwiceOnlyWhereTheDocumentIsAnotherRung) {
  WritingWishes wishes;
  wishes.twice = {"care-plan"};
  const WritePlan both = plan("care-plan", {}, wishes);
  ASSERT_TRUE(both.beside);
  EXPECT_EQ(both.ladder[*both.beside].rung->name, "DocumentReference");
  without("CarePlan");
  EXPECT_FALSE(plan("care-plan", {}, wishes).beside);
  EXPECT_FALSE(plan("screening-result", {}, wishes).beside);
}

}  // namespace
}  // namespace bhi::flow
