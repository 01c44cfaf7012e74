// A dry run: the exact requests, and nothing goes out or is kept.
#include "flow/preview.h"

#include "tests/flow/support/delivery_fixture.h"

namespace bhi::flow {
namespace {

class DryRun : public Deliver {
 protected:
  OutboxItem next() {
    clock_ += 10min;
    const auto due = store_->due(clock_, 10).value();
    EXPECT_FALSE(due.empty());
    return due.empty() ? OutboxItem{} : due.front();
  }
  void change_the_plan_of_the_ehr() {
    read_in(kEhrPlan);
    care::CarePlan changed = stored_plan();
    changed.activities.at(0).status = "completed";
    keep({changed}, "care-plan");
  }
  Preview previewed() {
    auto seen = preview(test::engine(), *store_, ehr_, ehr_.declared, next(), clock_);
    EXPECT_TRUE(seen.ok()) << seen.error().message;
    return seen.ok() ? *std::move(seen) : Preview{};
  }
  std::vector<std::string> writes_on_the_wire() const {
    std::vector<std::string> writes;
    for (const auto& request : ehr_.requests) {
      if (!request.starts_with("GET ")) writes.push_back(request);
    }
    return writes;
  }
  std::size_t audited(std::string_view action) {
    std::size_t count = 0;
    const auto rows = store_->audit_trail(0, 1000).value();
    for (const auto& row : rows) count += row.entry.action == action ? 1 : 0;
    return count;
  }
};

TEST_F(DryRun, D5_05_PrintsTheExactRequestsWithoutSending) {
  keep({phq9()}, "screening-result");
  const auto seen = previewed();
  EXPECT_TRUE(writes_on_the_wire().empty());
  ASSERT_GE(seen.requests.size(), 2u);
  EXPECT_EQ(seen.item.state, OutboxState::Verified) << seen.item.reason;

  // What a real delivery then sends is what was shown, but for the ids that the EHR gave.
  EXPECT_EQ(deliver_next().state, OutboxState::Verified);
  const auto sent = writes_on_the_wire();
  ASSERT_EQ(sent.size(), seen.requests.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto& shown = seen.requests[i];
    EXPECT_TRUE(sent[i].starts_with(shown.method + " " + shown.url)) << sent[i];
    const auto stored = ehr_.all(shown.url);
    ASSERT_FALSE(stored.empty()) << shown.url;
    const auto shown_body = document(shown.body);
    const auto stored_body = document(stored.front().body);
    for (const auto& member : shown_body->root().members()) {
      if (member.name->text == "derivedFrom" || member.name->text == "meta") continue;
      const auto* there = stored_body->root().find(*member.name);
      ASSERT_NE(there, nullptr) << member.name->text;
      EXPECT_TRUE(fhir::same(member.value, *there)) << shown.url << "." << member.name->text;
    }
  }
}

TEST_F(DryRun, KeepsNothing) {
  keep({phq9()}, "screening-result");
  const auto before = next();
  const auto rows = store_->audit_trail(0, 1000).value().size();
  previewed();
  const auto after = store_->outbox_item(before.seq).value();
  ASSERT_TRUE(after);
  EXPECT_EQ(after->state, OutboxState::Planned);
  EXPECT_EQ(after->attempts, 0);
  EXPECT_TRUE(after->sent.empty());
  EXPECT_FALSE(store_->ledger("main", "screening-result", "s1").value());
  EXPECT_FALSE(store_->ledger("main", "questionnaire-response", "s1").value());
  EXPECT_EQ(store_->audit_trail(0, 1000).value().size(), rows);
}

TEST_F(DryRun, ShowsWhatAnUpdateChangesAndTheVersionItStates) {
  change_the_plan_of_the_ehr();
  const auto seen = previewed();
  ASSERT_EQ(seen.requests.size(), 1u) << seen.item.reason;
  EXPECT_EQ(seen.requests[0].method, "PUT");
  EXPECT_EQ(seen.requests[0].url, "CarePlan/7");
  EXPECT_EQ(seen.requests[0].if_match, "1");
  EXPECT_NE(seen.requests[0].body.find("completed"), std::string::npos);
  EXPECT_NE(seen.requests[0].body.find("started well"), std::string::npos) << "what is theirs stays";
  EXPECT_TRUE(writes_on_the_wire().empty());
  EXPECT_FALSE(seen.reads.empty()) << "the plan was read";
}

TEST_F(DryRun, ParksWhatItWouldHaveSentAndSaysWhat) {
  keep({phq9()}, "screening-result");
  const auto settled = rehearse(test::engine(), *store_, ehr_, ehr_.declared, next(), clock_);
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_EQ(settled->state, OutboxState::Parked);
  EXPECT_EQ(settled->trouble, kDryRun);
  EXPECT_TRUE(settled->reason.starts_with("dry run: POST ")) << settled->reason;
  EXPECT_EQ(settled->attempts, 0);
  EXPECT_TRUE(settled->request_hash.empty());
  EXPECT_TRUE(writes_on_the_wire().empty());
  EXPECT_EQ(audited("dry-run"), 1u);
  EXPECT_EQ(audited("send"), 0u);
}

TEST_F(DryRun, SettlesWhatWouldNotGoOutAnywayAsItIs) {
  keep({phq9()}, "screening-result");
  ehr_.declared.types.clear();
  const auto settled = rehearse(test::engine(), *store_, ehr_, ehr_.declared, next(), clock_);
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_EQ(settled->state, OutboxState::Parked);
  EXPECT_NE(settled->trouble, kDryRun);
  EXPECT_NE(settled->reason.find("not declared"), std::string::npos) << settled->reason;
}

TEST_F(DryRun, AReadThatFailsIsTriedAgain) {
  change_the_plan_of_the_ehr();
  ehr_.read_errors.push_back({Kind::Unavailable, "down"});
  const auto settled = rehearse(test::engine(), *store_, ehr_, ehr_.declared, next(), clock_);
  ASSERT_TRUE(settled.ok()) << settled.error().message;
  EXPECT_EQ(settled->state, OutboxState::RetryAt) << settled->reason;
  EXPECT_GT(settled->not_before, clock_);
}

}  // namespace
}  // namespace bhi::flow
