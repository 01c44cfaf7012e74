// What people do with items that do not go on by themselves, and what asks for them.
#include "flow/outbox_acts.h"

#include "flow/safety_fields.h"
#include "tests/flow/support/delivery_fixture.h"

namespace bhi::flow {
namespace {

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  return text.replace(text.find(what), what.size(), by);
}

class Resolving : public DeliverEhrPlan {
 protected:
  // We complete the activity and add a note; they cancel the activity and change the title.
  void park() {
    care::CarePlan changed = stored_plan();
    changed.activities[0].status = "completed";
    changed.notes.push_back("called");
    keep({changed}, "care-plan");
    ehr_.put(replaced(replaced(kEhrPlan, "not-started", "cancelled"), "Depression care", "Mood and energy"));
    const OutboxItem item = deliver_next();
    ASSERT_EQ(item.state, OutboxState::Parked);
    ASSERT_EQ(item.trouble, "person");
    seq_ = item.seq;
  }
  std::string status_there() {
    return std::string(there()->root().find("activity")->elements()[0].find("detail")->text_of("status"));
  }
  std::vector<std::string> acts() {
    std::vector<std::string> found;
    const auto trail = store_->audit_trail(0, 1000);
    for (const AuditRow& row : *trail) {
      if (row.entry.actor == "ann") found.push_back(row.entry.action + " " + row.entry.subject);
    }
    return found;
  }
  std::int64_t seq_ = 0;
};

TEST_F(Resolving, D5_03_OursGoesOnTopOfWhatTheyHoldAndNothingElseIsLost) {
  park();
  const auto resolved = resolve_conflict(test::engine(), *store_, ehr_, seq_, Keep::Ours, "ann", kNow);
  ASSERT_TRUE(resolved.ok()) << resolved.error().message;
  EXPECT_EQ(resolved->state, OutboxState::Planned);
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  work();  // what was handed over when it was parked
  EXPECT_EQ(status_there(), "completed");
  EXPECT_EQ(there()->root().text_of("title"), "Mood and energy");
  EXPECT_EQ(fhir::each(there()->root().find("note")).size(), 1u);
  EXPECT_EQ(stored_plan().activities[0].status, "completed");
  EXPECT_EQ(stored_plan().title, "Mood and energy");
  EXPECT_EQ(acts(), std::vector<std::string>{"resolve CarePlan/" + stored_plan().id});
  accept_and_work();
  EXPECT_TRUE(store_->due(clock_ + 24h, 10)->empty());
}

TEST_F(Resolving, D5_03_TheirsIsTakenOverAndTheRestOfOursIsStillWritten) {
  park();
  const auto resolved = resolve_conflict(test::engine(), *store_, ehr_, seq_, Keep::Theirs, "ann", kNow);
  ASSERT_TRUE(resolved.ok()) << resolved.error().message;
  EXPECT_EQ(stored_plan().activities[0].status, "cancelled");
  EXPECT_EQ(stored_plan().notes, std::vector<std::string>{"called"});
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(status_there(), "cancelled");
  EXPECT_EQ(fhir::each(there()->root().find("note")).size(), 1u);
  EXPECT_EQ(there()->root().text_of("title"), "Mood and energy");
  EXPECT_EQ(stored_plan().title, "Mood and energy");
}

TEST_F(Resolving, AnEditAfterTheDecisionIsSeenAgain) {
  park();
  ASSERT_TRUE(resolve_conflict(test::engine(), *store_, ehr_, seq_, Keep::Ours, "ann", kNow).ok());
  ehr_.put(replaced(kEhrPlan, "not-started", "stopped"));
  const OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.reason, "edited at the EHR: CarePlan.activity[0].detail.status");
  EXPECT_EQ(count("PUT"), 0u);
}

TEST_F(Resolving, WhatTheyTookAwayComesBackWhenOursIsKept) {
  care::CarePlan changed = stored_plan();
  changed.activities[0].status = "completed";
  keep({changed}, "care-plan");
  std::string without = kEhrPlan;
  without.resize(without.find(",\n  \"activity\""));
  ehr_.put(without + "}");
  OutboxItem item = deliver_next();
  ASSERT_EQ(item.state, OutboxState::Parked) << item.reason;
  ASSERT_TRUE(resolve_conflict(test::engine(), *store_, ehr_, item.seq, Keep::Ours, "ann", kNow).ok());
  item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(status_there(), "completed");
}

TEST_F(Resolving, OnlyAParkedItemWithACopyThereCanBeResolved) {
  EXPECT_EQ(resolve_conflict(test::engine(), *store_, ehr_, 99, Keep::Ours, "ann", kNow).error().kind, Kind::NotFound);
  complete();
  const auto due = store_->due(kNow, 1).value().at(0);
  const auto planned = resolve_conflict(test::engine(), *store_, ehr_, due.seq, Keep::Ours, "ann", kNow);
  EXPECT_EQ(planned.error().message,
            "outbox item " + std::to_string(due.seq) + ": to resolve it, expected parked, found planned");
  EXPECT_TRUE(acts().empty());
}

TEST_F(Deliver, AnEditedScreeningCopyIsOverwrittenOrLeftAsDecided) {
  for (const Keep keep_side : {Keep::Ours, Keep::Theirs}) {
    SCOPED_TRACE(keep_side == Keep::Ours ? "ours" : "theirs");
    care::Screening screening = phq9();
    screening.id = keep_side == Keep::Ours ? "s1" : "s2";
    keep({screening}, "screening-result");
    ASSERT_EQ(deliver_next().state, OutboxState::Verified);
    const auto ledger = store_->ledger("main", "screening-result", screening.id).value().value();
    ehr_.put(replaced(ehr_.find("Observation", ledger.id)->body, "\"value\":9", "\"value\":7"));
    screening.items[0].score = 3;
    screening.total = 11;
    screening.status = "amended";
    keep({screening}, "screening-result");
    const OutboxItem item = deliver_next();
    ASSERT_EQ(item.state, OutboxState::Parked) << item.reason;
    const auto resolved = resolve_conflict(test::engine(), *store_, ehr_, item.seq, keep_side, "ann", kNow);
    ASSERT_TRUE(resolved.ok()) << resolved.error().message;
    if (keep_side == Keep::Ours) {
      EXPECT_EQ(deliver_next().state, OutboxState::Verified);
    } else {
      EXPECT_EQ(resolved->state, OutboxState::Superseded);
    }
    const auto there = document(ehr_.find("Observation", ledger.id)->body);
    EXPECT_EQ(there->root().find("valueQuantity")->find("value")->text(), keep_side == Keep::Ours ? "11" : "7");
    EXPECT_TRUE(store_->due(clock_ + 24h, 10)->empty());
  }
}

TEST_F(DeliverEhrPlan, D5_03_AnEditOfTheSafetyPlanThereAlwaysAsks) {
  complete();
  std::string edited = kEhrPlan;
  edited.insert(edited.find("\"activity\":[") + 12,
                R"({"detail":{"status":"in-progress","description":"Safety plan: call the line, then Sam"}},)");
  ehr_.put(edited);
  OutboxItem item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.trouble, "person");
  EXPECT_EQ(item.reason, "the safety plan was edited at the EHR: CarePlan.activity[0]");
  EXPECT_EQ(count("PUT"), 0u);
  ASSERT_TRUE(resolve_conflict(test::engine(), *store_, ehr_, item.seq, Keep::Ours, "ann", kNow).ok());
  item = deliver_next();
  EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
  const auto after = there();
  ASSERT_EQ(after->root().find("activity")->elements().size(), 2u);
  EXPECT_NE(fhir::write_json(after->root()).find("then Sam"), std::string::npos);
  EXPECT_NE(fhir::write_json(after->root()).find("\"completed\""), std::string::npos);
}

TEST(SafetyFields, AreToldByWordsWhereverTheyStand) {
  const auto then = document(R"({"resourceType":"CarePlan","title":"Depression","note":[{"text":"Walk"}],
    "activity":[{"reference":{"display":"Safety plan"}},{"detail":{"description":"Sleep"}}]})");
  const auto now = document(R"({"resourceType":"CarePlan","title":"Mood","note":[{"text":"Asked about SELF-HARM"}],
    "activity":[{"detail":{"description":"Sleep well"}}]})");
  EXPECT_EQ(safety_edits(then->root(), now->root()),
            (std::vector<std::string>{"CarePlan.note[0]", "CarePlan.activity[0]"}));
  EXPECT_TRUE(safety_edits(then->root(), then->root()).empty());
  const auto whole = document(R"({"resourceType":"CarePlan","title":"Suicide prevention","status":"active"})");
  const auto ended = document(R"({"resourceType":"CarePlan","title":"Suicide prevention","status":"revoked"})");
  EXPECT_EQ(safety_edits(whole->root(), ended->root()), std::vector<std::string>{"CarePlan.status"});
}

TEST_F(Deliver, ParkedAndDeadItemsAreReleasedAndDiscardedUnderANameOfAPerson) {
  keep({phq9()}, "screening-result");
  ehr_.rude = {{What::Refused, 422}};
  OutboxItem item = deliver_next();
  ASSERT_EQ(item.state, OutboxState::Dead);
  EXPECT_EQ(item.trouble, "content");
  ASSERT_TRUE(release(*store_, item.seq, "ann", kNow).ok());
  EXPECT_EQ(store_->outbox_item(item.seq).value()->state, OutboxState::Planned);
  ehr_.rude = {{What::Forbidden, 403}, {What::Forbidden, 403}};  // the answers, and the score in their place
  item = deliver_next();
  ASSERT_EQ(item.state, OutboxState::Parked);
  EXPECT_EQ(item.trouble, "policy");
  const auto gone = discard(*store_, item.seq, "bob", "entered twice", kNow);
  ASSERT_TRUE(gone.ok()) << gone.error().message;
  EXPECT_EQ(gone->state, OutboxState::Dead);
  EXPECT_EQ(gone->reason, "discarded by a person: entered twice");
  EXPECT_EQ(discard(*store_, item.seq, "bob", "", kNow).error().kind, Kind::Conflict);
  ASSERT_TRUE(release(*store_, item.seq, "ann", kNow).ok());
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  EXPECT_EQ(release(*store_, item.seq, "ann", kNow).error().kind, Kind::Conflict);
}

}  // namespace
}  // namespace bhi::flow
