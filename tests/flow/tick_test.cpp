#include "flow/tick.h"

#include "flow/binding.h"
#include "flow/care_steps.h"
#include "flow/inbound.h"
#include "flow/receive.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::flow {
namespace {

const Destinations kWritable{{"main"}};

Instant at(std::string_view text) { return *instant_from(text); }
const Instant kStart = at("2026-06-02T12:00:00Z");

class Tick : public ::testing::Test {
 protected:
  void accept(std::string json, Instant now = kStart) {
    auto received = receive(std::move(json), "main", "post", now, {});
    ASSERT_TRUE(received.ok());
    ASSERT_TRUE(store_->accept({std::move(received->items), std::nullopt, {}}).ok());
    const auto lanes = store_->pending_lanes(100);
    for (const std::string& lane : *lanes)
      ASSERT_TRUE(work_lane(test::engine(), *store_, kWritable, lane, 100, now).ok());
  }

  // Treated since June with a PHQ-9 of 20.
  void treat(const std::string& id) {
    const std::string subject = R"("subject":{"reference":"Patient/)" + id + R"("})";
    accept(R"({"resourceType":"Patient","id":")" + id + R"("})");
    accept(R"({"resourceType":"EpisodeOfCare","id":"e-)" + id +
           R"(","status":"active","patient":{"reference":"Patient/)" + id + R"("},"period":{"start":"2026-06-01"}})");
    accept(R"({"resourceType":"Observation","id":"o-)" + id +
           R"(","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]},)" + subject +
           R"(,"effectiveDateTime":"2026-06-01","valueInteger":20})");
  }

  void plan(const std::string& id) {
    accept(R"({"resourceType":"CarePlan","id":"c-)" + id +
           R"(","status":"active","intent":"plan","title":"Plan","subject":{"reference":"Patient/)" + id +
           R"("},"category":[{"coding":[{"system":"http://snomed.info/sct","code":"768835002"}]}]})");
  }

  std::vector<care::CarePlan> plans(const std::string& id) {
    std::vector<care::CarePlan> found;
    const auto record = store_->record(care_id("main", "Patient", id));
    for (const StoredEntity& row : *record) {
      if (row.kind == "CarePlan") found.push_back(std::get<care::CarePlan>(*entity_from_json(row.body)));
    }
    return found;
  }

  static bool asks_for(const care::CarePlan& plan, std::string_view kind) {
    return std::ranges::find(plan.activities, kind, &care::Activity::kind) != plan.activities.end();
  }

  bool tick(const std::string& id, std::string_view now) {
    const auto changed = tick_patient(test::engine(), *store_, kWritable, care_id("main", "Patient", id), at(now));
    EXPECT_TRUE(changed.ok()) << changed.error().message;
    return changed.ok() && *changed;
  }

  test::TempStore store_;
};

TEST_F(Tick, BringsTheConsultationOfWeekEightIntoThePlanAndAsksToWriteIt) {
  plan("p");
  treat("p");
  const std::size_t before = store_->outbox("", 100)->size();
  EXPECT_TRUE(tick("p", "2026-07-28T12:00:00Z"));
  ASSERT_EQ(plans("p").size(), 1u);
  EXPECT_TRUE(asks_for(plans("p")[0], "psychiatric-consultation"));
  const auto outbox = *store_->outbox("", 100);
  ASSERT_EQ(outbox.size(), before + 1);
  EXPECT_EQ(outbox.front().artifact, "care-plan");
  EXPECT_EQ(outbox.front().reason, "treat to target: consult, remeasure, set-target");
  EXPECT_EQ(outbox.front().destination, "main");
}

TEST_F(Tick, WhatTheRulesPutIntoAPlanIsExplainedByThemAndAPersonsWordsAreNot) {
  plan("p");
  treat("p");
  care::CarePlan plan = plans("p").at(0);
  const auto rule = [&](std::string_view path) { return care_step(plan, plan, path).rule; };
  EXPECT_EQ(rule("CarePlan.goals[0].description"), "treat to target, targets of 2026-11");
  plan.goals[0].description = "In her own words";
  EXPECT_EQ(rule("CarePlan.goals[0].description"), "");
  EXPECT_EQ(rule("CarePlan.goals[9].description"), "");
}

TEST_F(Tick, WritesNothingWhenNothingChanged) {
  treat("p");
  plan("p");
  EXPECT_FALSE(tick("p", "2026-06-02T13:00:00Z"));
  EXPECT_TRUE(tick("p", "2026-07-28T12:00:00Z"));
  const auto versions = [&] {
    std::int64_t sum = 0;
    const auto rows = store_->record(care_id("main", "Patient", "p"));
    for (const StoredEntity& row : *rows) sum += row.version;
    return sum;
  };
  const auto stored = versions();
  const std::size_t outbox = store_->outbox("", 100)->size();
  EXPECT_FALSE(tick("p", "2026-07-28T18:00:00Z"));
  EXPECT_FALSE(tick("p", "2026-09-28T12:00:00Z")) << "overdue by now, and in the plan already";
  EXPECT_EQ(versions(), stored);
  EXPECT_EQ(store_->outbox("", 100)->size(), outbox);
}

TEST_F(Tick, GoesThroughAllPatientsInPages) {
  for (const char* id : {"a", "b", "c", "d", "e"}) treat(id);
  plan("c");
  std::string after;
  std::size_t patients = 0;
  std::size_t changed = 0;
  int pages = 0;
  do {
    const auto page = tick_page(test::engine(), *store_, kWritable, after, 2, at("2026-07-28T12:00:00Z"));
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->failed, 0u);
    patients += page->patients;
    changed += page->changed;
    after = page->next;
    ++pages;
  } while (!after.empty() && pages < 10);
  EXPECT_EQ(patients, 5u);
  EXPECT_EQ(changed, 5u);
  EXPECT_LE(pages, 4);
}

TEST_F(Tick, AProposedPlanIsTakenBackInTheStoreAndComesBackUnderItsId) {
  treat("p");
  ASSERT_EQ(plans("p").size(), 1u);
  EXPECT_EQ(plans("p")[0].status, "draft");
  const std::string draft = plans("p")[0].id;

  plan("p");
  ASSERT_EQ(plans("p").size(), 2u);
  for (const care::CarePlan& one : plans("p")) {
    EXPECT_EQ(one.status, one.id == draft ? "revoked" : "active");
    EXPECT_EQ(one.goals.empty(), one.id == draft);
  }
  EXPECT_FALSE(tick("p", "2026-06-02T13:00:00Z")) << "a plan taken back stays so";

  accept(R"({"resourceType":"CarePlan","id":"c-p","meta":{"versionId":"2","lastUpdated":"2026-06-02T13:00:00Z"},
    "status":"revoked","intent":"plan","title":"Plan","subject":{"reference":"Patient/p"},
    "category":[{"coding":[{"system":"http://snomed.info/sct","code":"768835002"}]}]})");
  for (const care::CarePlan& one : plans("p")) EXPECT_EQ(one.status, one.id == draft ? "draft" : "revoked");
}

TEST_F(Tick, AGoalThatTheEhrGivesBackAsWordsStaysOurs) {
  plan("p");
  treat("p");
  accept(R"({"resourceType":"CarePlan","id":"c-p","meta":{"versionId":"2","lastUpdated":"2026-06-02T13:00:00Z"},
    "status":"active","intent":"plan","title":"New title","subject":{"reference":"Patient/p"},
    "category":[{"coding":[{"system":"http://snomed.info/sct","code":"768835002"}]}],
    "goal":[{"display":"Sleep better"}]})");
  ASSERT_EQ(plans("p").size(), 1u);
  const care::CarePlan plan = plans("p")[0];
  EXPECT_EQ(plan.title, "New title");
  ASSERT_EQ(plan.goals.size(), 2u);
  accept(R"({"resourceType":"Observation","id":"o2","status":"final",
    "code":{"coding":[{"system":"http://loinc.org","code":"44261-6"}]},"subject":{"reference":"Patient/p"},
    "effectiveDateTime":"2026-06-02","valueInteger":4})");
  const auto goals = plans("p")[0].goals;
  ASSERT_EQ(goals.size(), 2u);
  EXPECT_TRUE(std::ranges::any_of(goals, [](const care::Goal& goal) { return goal.achievement == "achieved"; }));
}

// ---- a site's own forms ---------------------------------------------------------------------------------------------

TEST_F(Tick, AFormThatTheSiteNamedIsUnderstoodWithoutItsQuestionnaire) {
  Engine engine = test::engine();
  engine.policy.forms = {{"http://site/form", "a", "phq-2", 1}, {"http://site/form", "b", "phq-2", 2}};
  auto received = receive(
      R"({"resourceType":"QuestionnaireResponse","id":"r","status":"completed","questionnaire":"http://site/form|2",
    "subject":{"reference":"Patient/p"},"authored":"2026-06-01T10:00:00Z",
    "item":[{"linkId":"a","answer":[{"valueInteger":1}]},{"linkId":"b","answer":[{"valueInteger":2}]}]})",
      "main", "post", kStart, {});
  ASSERT_TRUE(store_->accept({std::move(received->items), std::nullopt, {}}).ok());
  const auto lanes = *store_->pending_lanes(100);
  ASSERT_EQ(lanes.size(), 1u);
  const auto done = work_lane(engine, *store_, kWritable, lanes[0], 100, kStart);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->done, 1u);
  EXPECT_TRUE(done->wanted.empty()) << "nobody waits for the form";
  const auto record = store_->record(care_id("main", "Patient", "p"));
  const auto row = std::ranges::find(*record, "Screening", &StoredEntity::kind);
  ASSERT_NE(row, record->end());
  const auto screening = std::get<care::Screening>(*entity_from_json(row->body));
  EXPECT_EQ(screening.instrument, "phq-2");
  EXPECT_EQ(screening.total, 3);
}

}  // namespace
}  // namespace bhi::flow
