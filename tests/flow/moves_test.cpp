// Records that go to another patient because the EHR says so: merged people, and resources given to somebody else.
#include "flow/moves.h"

#include "flow/binding.h"
#include "flow/inbound.h"
#include "flow/receive.h"
#include "flow/work.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/temp_store.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bhi::flow {
namespace {

const Destinations kWritable{{"main"}};
const Instant kNow = *instant_from("2026-11-22T12:00:00Z");

std::string person(const std::string& id, const std::string& more = "") {
  return R"({"resourceType":"Patient","id":")" + id + "\"" + more + "}";
}
std::string link(const std::string& type, const std::string& other) {
  return R"({"other":{"reference":")" + other + R"("},"type":")" + type + "\"}";
}
std::string links(const std::string& list) { return ",\"link\":[" + list + "]"; }
std::string replaced_by(const std::string& id) { return links(link("replaced-by", "Patient/" + id)); }
std::string replaces(const std::string& id) { return links(link("replaces", "Patient/" + id)); }

std::string score(const std::string& id, const std::string& subject, int value = 12) {
  return R"({"resourceType":"Observation","id":")" + id +
         R"(","status":"final","code":{"coding":[{"system":)"
         R"("http://loinc.org","code":"44261-6"}]},"subject":{"reference":"Patient/)" +
         subject + R"("},"effectiveDateTime":"2026-11-20T10:00:00Z","valueInteger":)" + std::to_string(value) + "}";
}

// PHQ-9 with an answer about self-harm.
std::string alarming(const std::string& id, const std::string& subject) {
  return R"({"resourceType":"QuestionnaireResponse","id":")" + id +
         R"(","status":"completed","subject":{"reference":"Patient/)" + subject +
         R"("},"authored":"2026-11-21T10:00:00Z","item":[{"linkId":"/44260-8","answer":[{"valueCoding":)"
         R"({"system":"http://loinc.org","code":"LA6571-9"}}]}]})";
}

class Moves : public ::testing::Test {
 protected:
  void take(const std::string& json, const std::string& source = "main") {
    auto received = receive(json, source, "post", kNow, {});
    ASSERT_TRUE(received.ok()) << received.error().message;
    ASSERT_TRUE(store_->accept({std::move(received->items), std::nullopt, {}}).ok());
  }
  void work() {
    for (int round = 0; round < 20; ++round) {
      const auto lanes = store_->pending_lanes(100);
      if (!lanes.ok() || lanes->empty()) return;
      for (const std::string& lane : *lanes) {
        const auto done = work_lane(test::engine(), *store_, kWritable, lane, 100, kNow);
        ASSERT_TRUE(done.ok()) << done.error().message;
      }
    }
    FAIL() << "a lane never comes to its end";
  }
  void arrive(const std::string& json, const std::string& source = "main") {
    take(json, source);
    work();
  }
  static std::string id(const std::string& patient, const std::string& source = "main") {
    return care_id(source, "Patient", patient);
  }
  std::size_t count(const std::string& patient, const std::string& kind, const std::string& source = "main") {
    const auto rows = store_->entities_of(id(patient, source), kind);
    return rows->size();
  }
  care::Patient patient(const std::string& name) {
    const auto row = store_->entity("Patient", id(name));
    const auto read = entity_from_json((*row)->body);
    return std::get<care::Patient>(*read);
  }
  std::vector<Store::InboxRow> aside() { return *store_->inbox(InboxState::Quarantined, 100); }

  test::TempStore store_;
};

TEST_F(Moves, AMergedPatientsRecordsGoToTheSurvivor) {
  arrive(person("old"));
  arrive(person("new"));
  arrive(score("s1", "old"));
  arrive(alarming("r1", "old"));
  arrive(score("s2", "new", 3));
  const auto alarms = count("old", "SafetyEvent");
  ASSERT_GE(alarms, 1u);
  arrive(person("old", R"(,"active":false)" + replaced_by("new")));
  EXPECT_EQ(count("old", "Screening"), 0u);
  EXPECT_EQ(count("old", "SafetyEvent"), 0u);
  EXPECT_EQ(count("new", "Screening"), 3u);
  EXPECT_EQ(count("new", "SafetyEvent"), alarms + 1) << "with that of its own score";
  EXPECT_EQ(patient("old").replaced_by, id("new"));
  EXPECT_FALSE(patient("old").active);
  EXPECT_TRUE(patient("new").replaced_by.empty());
  const auto events = store_->events(0, 1000);
  EXPECT_TRUE(std::ranges::any_of(
      *events, [](const Event& event) { return event.kind == "Screening" && event.patient == id("new"); }));
  const auto rows = store_->entities_of(id("new"), "Screening");
  for (const StoredEntity& row : *rows) {
    EXPECT_NE(row.body.find(id("new")), std::string::npos) << "the entity itself names its patient";
    EXPECT_EQ(row.body.find(id("old")), std::string::npos);
  }
}

TEST_F(Moves, AMergeThatChangesWhatScoresMeanIsOneTransactionAllTheSame) {
  arrive(person("new", R"(,"gender":"male")"));
  arrive(person("old", R"(,"gender":"male")"));
  for (int i = 0; i < 4; ++i) arrive(alarming("r" + std::to_string(i), "old"));
  arrive(person("old", R"(,"gender":"female")" + replaced_by("new")));
  EXPECT_EQ(count("new", "Screening"), 4u);
  EXPECT_EQ(count("old", "Screening"), 0u);
  take(person("third", replaced_by("new")));
  take(alarming("r9", "third"));
  take(alarming("r8", "new"));
  work();
  EXPECT_EQ(count("new", "Screening"), 6u);
}

TEST_F(Moves, WhatComesLaterForTheOldIdIsTheSurvivors) {
  arrive(person("new"));
  arrive(person("old", replaced_by("new")));
  arrive(score("s1", "old"));
  EXPECT_EQ(count("old", "Screening"), 0u);
  EXPECT_EQ(count("new", "Screening"), 1u);
  EXPECT_TRUE(aside().empty());
  take(person("older", replaced_by("old")));
  take(score("s2", "older"));
  work();
  EXPECT_EQ(count("new", "Screening"), 2u) << "merged twice, one after the other";
}

TEST_F(Moves, TheSurvivorsWordIsEnough) {
  arrive(person("old"));
  arrive(score("s1", "old"));
  arrive(person("new", replaces("old")));
  EXPECT_EQ(count("new", "Screening"), 1u);
  EXPECT_EQ(patient("old").replaced_by, id("new"));
  arrive(person("old", R"(,"gender":"female")"));
  EXPECT_EQ(patient("old").replaced_by, id("new")) << "the old one need not say it: its survivor does";
  EXPECT_TRUE(aside().empty());
  arrive(score("s2", "old"));
  EXPECT_EQ(count("new", "Screening"), 2u);
}

TEST_F(Moves, TheSurvivorNeedNotBeKnownYet) {
  arrive(score("s1", "old"));
  arrive(person("old", replaced_by("new")));
  EXPECT_EQ(count("new", "Screening"), 1u);
  EXPECT_EQ(patient("new").source.id, "new");
  arrive(person("new", R"(,"gender":"female")"));
  EXPECT_EQ(patient("new").gender, "female");
}

TEST_F(Moves, TheSameAgainChangesNothing) {
  arrive(person("new"));
  arrive(score("s1", "old"));
  arrive(person("old", replaced_by("new")));
  const auto before = store_->event_span()->last;
  arrive(person("old", R"(,"active":false)" + replaced_by("new")));
  arrive(person("new"));
  EXPECT_LE(store_->event_span()->last, before + 1);
  EXPECT_EQ(count("new", "Screening"), 1u);
}

TEST_F(Moves, AMergeUndoneIsRaisedAndNewRecordsAreThePatientsOwnAgain) {
  arrive(person("new"));
  arrive(score("s1", "old"));
  arrive(person("old", replaced_by("new")));
  arrive(person("old", R"(,"active":true)"));
  ASSERT_EQ(aside().size(), 1u);
  EXPECT_NE(aside()[0].reason.find("no longer merged"), std::string::npos) << aside()[0].reason;
  EXPECT_TRUE(patient("old").replaced_by.empty());
  arrive(score("s2", "old"));
  EXPECT_EQ(count("old", "Screening"), 1u);
  EXPECT_EQ(count("new", "Screening"), 1u) << "what was moved waits for the EHR's word or a person";
  arrive(score("s1", "old", 13));
  EXPECT_EQ(count("old", "Screening"), 2u) << "the EHR sent it anew, under its own patient";
  EXPECT_EQ(count("new", "Screening"), 0u);
}

TEST_F(Moves, AnInactiveRecordIsNoMergeUndone) {
  arrive(person("new"));
  arrive(person("old", replaced_by("new")));
  arrive(person("old", R"(,"active":false)"));
  EXPECT_EQ(patient("old").replaced_by, id("new"));
  EXPECT_TRUE(aside().empty());
}

TEST_F(Moves, AnOlderVersionSaysNothingOfToday) {
  const std::string early = R"(,"meta":{"lastUpdated":"2026-01-01T00:00:00Z"})";
  const std::string late = R"(,"meta":{"lastUpdated":"2026-02-01T00:00:00Z"})";
  arrive(person("new"));
  arrive(person("old", late + replaced_by("new")));
  arrive(person("old", early + R"(,"active":true)"));
  EXPECT_EQ(patient("old").replaced_by, id("new"));
  EXPECT_TRUE(aside().empty());
}

TEST_F(Moves, ContradictionsAreLeftToAPerson) {
  arrive(person("a"));
  arrive(score("s1", "a"));
  arrive(person("a", links(link("replaced-by", "Patient/b") + "," + link("replaced-by", "Patient/c"))));
  ASSERT_EQ(aside().size(), 1u);
  EXPECT_EQ(count("a", "Screening"), 1u);
  arrive(person("x", replaced_by("y")));
  arrive(score("s2", "x"));
  arrive(person("y", replaced_by("x")));
  EXPECT_EQ(aside().size(), 2u);
  EXPECT_EQ(count("y", "Screening"), 1u) << "the first word stands";
}

TEST_F(Moves, LinksToOthersAndOfOtherKindsMoveNothing) {
  arrive(score("s1", "a"));
  for (const std::string& one :
       {link("seealso", "Patient/b"), link("refer", "Patient/b"), link("replaced-by", "http://elsewhere/Patient/b"),
        link("replaced-by", "Patient/a"), link("replaced-by", "RelatedPerson/b"), link("replaced-by", "")}) {
    arrive(person("a", links(one)));
    EXPECT_EQ(count("a", "Screening"), 1u) << one;
    EXPECT_TRUE(patient("a").replaced_by.empty()) << one;
  }
}

TEST_F(Moves, TheSameIdInAnotherSourceIsAnotherPerson) {
  arrive(person("old"), "other");
  arrive(score("s1", "old"), "other");
  arrive(person("old", replaced_by("new")));
  EXPECT_EQ(count("old", "Screening", "other"), 1u);
  EXPECT_EQ(count("new", "Screening"), 0u);
}

TEST_F(Moves, AResourceGivenToAnotherPatientGoesThereWithItsSafetyEvents) {
  arrive(person("a"));
  arrive(person("b"));
  arrive(alarming("r1", "a"));
  arrive(score("s1", "a"));
  arrive(alarming("r1", "b"));
  EXPECT_EQ(count("a", "Screening"), 1u);
  EXPECT_EQ(count("a", "SafetyEvent"), 1u) << "that of the score alone";
  EXPECT_EQ(count("b", "Screening"), 1u);
  EXPECT_EQ(count("b", "SafetyEvent"), 1u);
}

}  // namespace
}  // namespace bhi::flow
