// Provenance of a write: one for each version, whatever answers are lost, and never in the way of the write.
#include "flow/provenance.h"

#include "fhir/types.h"
#include "flow/structure.h"
#include "tests/flow/support/crashing_store.h"
#include "tests/flow/support/delivery_fixture.h"

namespace bhi::flow {
namespace {

class WriteProvenance : public DeliverEhrPlan {
 protected:
  WriteProvenance() {
    TypeCapability type;
    type.type = "Provenance";
    type.create = type.search = type.read = true;
    type.search_params = {"target"};
    ehr_.declared.types.push_back(type);
  }

  OutboxItem written(const std::string& id = "s1") {
    care::Screening screening = phq9();
    screening.id = id;
    keep({screening}, "screening-result");
    const auto item = deliver_next();
    EXPECT_EQ(item.state, OutboxState::Verified) << item.reason;
    return item;
  }
  ProvenanceOutcome tell(const OutboxItem& item) {
    auto outcome = write_provenance(test::engine(), *store_, ehr_, ehr_.declared, item, clock_);
    EXPECT_TRUE(outcome.ok()) << (outcome.ok() ? "" : outcome.error().message);
    return outcome.ok() ? *outcome : ProvenanceOutcome{};
  }
  // The fake answers a search by target with what stands here.
  void let_find(const std::string& target) {
    std::vector<std::string> bodies;
    for (const auto& resource : ehr_.all("Provenance")) bodies.push_back(resource.body);
    Page page;
    page.bundle = test::searchset(bodies);
    ehr_.pages["target=" + target] = page;
  }
  std::size_t there() const { return ehr_.all("Provenance").size(); }
  std::string target_at_the_ehr() {
    const auto versions = versions_written(*store_, store_->outbox("", 1).value().front()).value();
    return versions.empty() ? "" : versions.back().type + "%2F" + versions.back().id;
  }
};

TEST_F(WriteProvenance, EachResourceOfAWriteHasOneAndNoSecond) {
  const auto item = written();
  const auto versions = versions_written(*store_, item).value();
  ASSERT_GE(versions.size(), 1u);
  const auto outcome = tell(item);
  EXPECT_EQ(outcome.what, ProvenanceOutcome::What::Done) << outcome.reason;
  EXPECT_EQ(outcome.written, versions.size());
  EXPECT_EQ(there(), versions.size());
  for (const auto& resource : ehr_.all("Provenance")) {
    const auto read = document(resource.body);
    EXPECT_TRUE(check_structure(read->root(), fhir::Types::r4()).empty());
    const auto& activity = fhir::each(read->root().find("activity")->find("coding")).front();
    EXPECT_EQ(activity.text_of("code"), "CREATE");
    const auto target = fhir::each(read->root().find("target")).front().text_of("reference");
    EXPECT_TRUE(target.ends_with("/_history/1")) << target;
  }
  EXPECT_EQ(tell(item).written, 0u);
  EXPECT_EQ(there(), versions.size());
}

TEST_F(WriteProvenance, AnUpdateOfTheEhrsPlanSaysSo) {
  complete();
  const auto item = deliver_next();
  ASSERT_EQ(item.state, OutboxState::Verified) << item.reason;
  EXPECT_EQ(tell(item).written, 1u);
  const auto read = document(ehr_.all("Provenance").front().body);
  EXPECT_EQ(fhir::each(read->root().find("activity")->find("coding")).front().text_of("code"), "UPDATE");
  EXPECT_EQ(fhir::each(read->root().find("target")).front().text_of("reference"), "CarePlan/7/_history/2");
}

TEST_F(WriteProvenance, ALostAnswerIsLookedUpAndNotRepeated) {
  complete();
  const auto item = deliver_next();
  ehr_.rude.push_back({What::Unknown, 0, true});
  EXPECT_EQ(tell(item).what, ProvenanceOutcome::What::Later);
  EXPECT_EQ(there(), 1u);
  let_find(target_at_the_ehr());
  EXPECT_EQ(tell(item).what, ProvenanceOutcome::What::Done);
  EXPECT_EQ(there(), 1u) << "it was there";
  EXPECT_EQ(tell(item).written, 0u);
}

TEST_F(WriteProvenance, ALostRequestIsLookedUpAndMadeThen) {
  complete();
  const auto item = deliver_next();
  ehr_.rude.push_back({What::Unknown, 0, false});
  EXPECT_EQ(tell(item).what, ProvenanceOutcome::What::Later);
  let_find(target_at_the_ehr());
  EXPECT_EQ(tell(item).written, 1u);
  EXPECT_EQ(there(), 1u);
}

TEST_F(WriteProvenance, WithoutASearchALostAnswerIsNeverRepeated) {
  complete();
  const auto item = deliver_next();
  ehr_.declared.types.back().search = false;
  ehr_.rude.push_back({What::Unknown, 0, true});
  EXPECT_EQ(tell(item).what, ProvenanceOutcome::What::Later);
  EXPECT_EQ(tell(item).what, ProvenanceOutcome::What::GivenUp);
  EXPECT_EQ(there(), 1u);
  // An answer that says "not done" leaves no doubt.
  care::CarePlan changed = stored_plan();
  changed.activities[0].status = "on-hold";
  keep({changed}, "care-plan");
  const auto next = deliver_next();
  ehr_.rude.push_back({What::Later, 503, false});
  EXPECT_EQ(tell(next).what, ProvenanceOutcome::What::Later);
  EXPECT_EQ(tell(next).written, 1u);
}

TEST_F(WriteProvenance, AKillAtAnyMomentLeavesOneOfThem) {
  using Moment = test::CrashingStore::Moment;
  complete();
  const auto item = deliver_next();
  for (const auto moment : {Moment::Before, Moment::After}) {
    for (int write = 1; write <= 2; ++write) {
      test::CrashingStore store(*store_);
      store.crash_at(write, moment);
      static_cast<void>(write_provenance(test::engine(), store, ehr_, ehr_.declared, item, clock_));
      restart();
      let_find(target_at_the_ehr());
    }
  }
  static_cast<void>(tell(item));
  EXPECT_EQ(there(), 1u);
}

TEST_F(WriteProvenance, WhereTheEhrTakesNoneNothingIsSentAndTheWriteStands) {
  ehr_.declared.types.pop_back();
  const auto item = written();
  EXPECT_EQ(tell(item).what, ProvenanceOutcome::What::Done);
  EXPECT_EQ(there(), 0u);
  const auto bundle = document(provenances_of(test::engine(), *store_, item, clock_).value());
  EXPECT_EQ(fhir::each(bundle->root().find("entry")).size(), versions_written(*store_, item)->size());
  EXPECT_TRUE(check_structure(bundle->root(), fhir::Types::r4()).empty());
}

TEST_F(WriteProvenance, ARefusalChangesNothingOfTheWrite) {
  complete();
  const auto item = deliver_next();
  ehr_.rude.push_back({What::Refused, 422});
  EXPECT_EQ(tell(item).what, ProvenanceOutcome::What::GivenUp);
  EXPECT_EQ(store_->outbox_item(item.seq).value()->state, OutboxState::Verified);
}

TEST_F(WriteProvenance, EveryTryHasAnAuditRecordThatWasKeptBeforeIt) {
  complete();
  const auto item = deliver_next();
  ehr_.rude.push_back({What::Later, 503, false});
  tell(item);
  tell(item);
  const auto trail = store_->audit_trail(0, 1000).value();
  EXPECT_EQ(std::ranges::count_if(trail, [](const AuditRow& row) { return row.entry.action == "provenance"; }), 2);
}

}  // namespace
}  // namespace bhi::flow
