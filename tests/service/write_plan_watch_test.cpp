// The plan is kept and compared: what changed is told once, and what was parked for want of a way is taken up again.
#include "service/write_plan_watch.h"

#include "flow/fate.h"
#include "tests/service/support/daemon.h"

namespace bhi::service::test {
namespace {

flow::TypeCapability creates(std::string name) {
  flow::TypeCapability type;
  type.type = std::move(name);
  type.read = type.search = type.create = type.update = true;
  return type;
}

// Says what it can do, and nothing else.
class SayingEhr final : public flow::Ehr {
 public:
  std::vector<std::string> types = {"CarePlan", "Observation", "Flag"};
  int asked = 0;

  Result<flow::Capabilities> capabilities() override {
    ++asked;
    flow::Capabilities all;
    for (const auto& type : types) all.types.push_back(creates(type));
    return all;
  }
  Result<flow::Page> search(std::string_view, std::string_view) override { return unsupported(); }
  Result<flow::Page> next(std::string_view) override { return unsupported(); }
  Result<fhir::DocumentPtr> read(std::string_view, std::string_view) override { return unsupported(); }
  flow::Answer create(std::string_view, std::string_view, std::string_view) override { return {}; }
  flow::Answer update(std::string_view, std::string_view, std::string_view, std::string_view) override { return {}; }

 private:
  static Error unsupported() { return {Kind::Unsupported, "not asked for"}; }
};

class PlanWatch : public DaemonTest {
 protected:
  PlanWatch() : store_(*store::open_sqlite((folder / "plans.db").string())) {
    settings.sources[0].write_back = true;
    link_ = make_link();
  }

  std::unique_ptr<EhrLink> make_link(std::function<std::string()> granted = {}) {
    return std::make_unique<EhrLink>(settings.sources[0], ehr_, nullptr, std::move(granted));
  }
  void look(WritePlanWatch& watch) {
    link_->ask_again();
    const auto looked = watch.look();
    ASSERT_TRUE(looked.ok()) << looked.error().message;
  }
  void park(const std::string& artifact, std::string_view trouble, const std::string& rung) {
    flow::Worked worked;
    flow::OutboxItem item;
    item.destination = "main";
    item.patient = "p" + std::to_string(++parked_);
    item.artifact = artifact;
    item.care_id = "c" + std::to_string(parked_);
    item.care_version = 1;
    worked.outbox.push_back(item);
    ASSERT_TRUE(store_->commit(worked).ok());
    auto kept = *store_->outbox_item(parked_);
    ASSERT_TRUE(kept);
    flow::Settled settled;
    settled.item = *kept;
    settled.item.state = flow::OutboxState::Parked;
    settled.item.trouble = trouble;
    settled.item.rung = rung;
    ASSERT_TRUE(store_->settle(settled).ok());
  }
  flow::OutboxState state_of(std::int64_t seq) { return (*store_->outbox_item(seq))->state; }
  std::vector<std::string> audited(const std::string& action) {
    std::vector<std::string> outcomes;
    const auto rows = *store_->audit_trail(0, 1000);
    for (const auto& row : rows) {
      if (row.entry.action == action) outcomes.push_back(row.entry.subject + ": " + row.entry.outcome);
    }
    return outcomes;
  }

  std::unique_ptr<flow::Store> store_;
  Metrics metrics_;
  LiveEngine live_{engine()};
  const Common common_{*store_, metrics_, live_, {{"main"}}, [this] { return clock_ += std::chrono::seconds(30); }};
  Instant clock_ = *instant_from("2026-07-28T12:00:00Z");
  std::shared_ptr<SayingEhr> ehr_ = std::make_shared<SayingEhr>();
  std::unique_ptr<EhrLink> link_;
  std::int64_t parked_ = 0;
};

TEST_F(PlanWatch, TellsOnceOfAWayThatIsGoneAndOfOneThatIsBack) {
  WritePlanWatch watch(common_, *link_);
  look(watch);
  EXPECT_TRUE(audited("plan-changed").empty());
  ehr_->types = {"CarePlan", "Observation"};
  look(watch);
  look(watch);
  EXPECT_EQ(audited("plan-changed"),
            (std::vector<std::string>{"safety new: Flag -> none: Flag is not declared by the EHR",
                                      "safety changed: Flag -> none"}));
  EXPECT_NE(metrics_.text().find(R"(bhi_write_plan_no_way{artifact="safety",destination="main"} 1)"),
            std::string::npos);
  ehr_->types = {"CarePlan", "Observation", "Flag"};
  look(watch);
  EXPECT_EQ(audited("plan-changed").size(), 4u);
  EXPECT_NE(watch.status().find(R"("before":"none","after":"Flag")"), std::string::npos) << watch.status();
}

TEST_F(PlanWatch, ARestartNoticesWhatChangedMeanwhile) {
  {
    WritePlanWatch watch(common_, *link_);
    look(watch);
  }
  ehr_->types = {"CarePlan", "DocumentReference", "Flag"};
  WritePlanWatch watch(common_, *link_);
  look(watch);
  const auto told = audited("plan-changed");
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0], "screening-result new: Observation -> DocumentReference: Observation is not declared by the EHR");
  EXPECT_EQ(audited("plan").size(), 1u) << "the plan is not the first one";
}

TEST_F(PlanWatch, ChangedWishesAreAChangeToo) {
  {
    WritePlanWatch watch(common_, *link_);
    look(watch);
  }
  ehr_->types.push_back("Communication");
  settings.sources[0].writing.rungs["care-plan"] = {"Communication"};
  link_ = make_link();
  WritePlanWatch watch(common_, *link_);
  look(watch);
  ASSERT_FALSE(audited("plan-changed").empty());
  EXPECT_EQ(audited("plan-changed")[0], "care-plan new: CarePlan -> Communication");
}

TEST_F(PlanWatch, TakesUpAgainWhatPolicyHadParkedOnAnotherRung) {
  ehr_->types = {"CarePlan", "Observation"};
  WritePlanWatch watch(common_, *link_);
  look(watch);
  park("safety", flow::kPolicy, "");
  park("safety", flow::kPerson, "");
  park("screening-result", flow::kPolicy, "Observation");
  ehr_->types = {"CarePlan", "Observation", "Flag"};
  look(watch);
  EXPECT_EQ(state_of(1), flow::OutboxState::Planned);
  EXPECT_EQ(state_of(2), flow::OutboxState::Parked) << "a person has to decide";
  EXPECT_EQ(state_of(3), flow::OutboxState::Parked) << "its way is the same as before";
  EXPECT_EQ(audited("release"), (std::vector<std::string>{"safety/c1: write plan changed"}));
}

TEST_F(PlanWatch, AnotherGrantAsksForTheCapabilitiesAnew) {
  std::string granted = "system/*.*";
  link_ = make_link([&granted] { return granted; });
  WritePlanWatch watch(common_, *link_);
  ASSERT_TRUE(watch.look().ok());
  ASSERT_TRUE(watch.look().ok());
  EXPECT_EQ(ehr_->asked, 1);
  granted = "system/Observation.*";
  ASSERT_TRUE(watch.look().ok());
  ASSERT_TRUE(watch.look().ok());
  EXPECT_EQ(ehr_->asked, 2);
  granted.clear();  // between two tokens
  ASSERT_TRUE(watch.look().ok());
  EXPECT_EQ(ehr_->asked, 2);
}

TEST(KeptPlan, IsReadBackAsItWasKept) {
  const auto now = *instant_from("2026-07-28T12:00:00Z");
  const KeptPlan plan{now, {{"safety new", "Flag"}}, {{now, "safety", "new", "none", "Flag", "because"}}};
  const auto read = kept_plan_from(to_json(plan));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->ways, plan.ways);
  EXPECT_EQ(read->since, now);
  ASSERT_EQ(read->changes.size(), 1u);
  EXPECT_EQ(read->changes[0].why, "because");
  EXPECT_FALSE(kept_plan_from("{}").ok());
  EXPECT_FALSE(kept_plan_from("[").ok());
}

}  // namespace
}  // namespace bhi::service::test
