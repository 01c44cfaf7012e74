// The daily look at all patients: what is due comes into their plans, and deliveries hear of it.
#include "service/tick_work.h"

#include "flow/binding.h"
#include "tests/service/support/daemon.h"

namespace bhi::service::test {
namespace {

class TickWorkTest : public DaemonTest {
 protected:
  TickWorkTest() : store(*store::open_sqlite((folder / "tick.db").string())) {}

  template <typename Entity>
  static flow::StoredEntity row(const std::string& kind, Entity entity, const std::string& patient) {
    return {kind, entity.id, patient, 0, flow::to_json(entity)};
  }

  // Treated since June with a PHQ-9 of 20.
  void treat(const std::string& id) {
    care::Patient patient;
    patient.id = id;
    patient.source = {"main", "Patient", id, "", ""};
    care::Episode episode{"e-" + id, id, {"main", "EpisodeOfCare", "e", "", ""}, "active", "2026-06-01", "", ""};
    care::Screening screening;
    screening.id = "s-" + id;
    screening.patient = id;
    screening.instrument = "phq-9";
    screening.authored = "2026-06-01";
    screening.status = "completed";
    screening.stated_total = 20;
    flow::Worked worked;
    worked.entities = {row("Patient", patient, id), row("Episode", episode, id), row("Screening", screening, id)};
    ASSERT_TRUE(store->commit(worked).ok());
  }

  std::size_t plans() { return store->list("CarePlan", "", 1000)->entities.size(); }

  std::unique_ptr<flow::Store> store;
  Metrics metrics;
};

TEST_F(TickWorkTest, GoesThroughEveryPageAndWakesDeliveriesOnlyForChanges) {
  for (int i = 0; i < 120; ++i) treat("p" + std::to_string(i));
  LiveEngine live(engine());
  const Common common{*store, metrics, live, {{"main"}}, [] { return *instant_from("2026-07-28T12:00:00Z"); }};
  int woken = 0;
  TickWork ticks(common, std::chrono::hours(6), [&woken] { ++woken; });
  ticks.round({});
  EXPECT_EQ(plans(), 120u);
  EXPECT_EQ(woken, 3) << "one a page";
  EXPECT_EQ(store->outbox("", 1000)->size(), 120u);
  ticks.round({});
  EXPECT_EQ(woken, 3) << "nothing changed";
  EXPECT_EQ(store->outbox("", 1000)->size(), 120u);
}

TEST_F(TickWorkTest, StopsBetweenTwoPages) {
  for (int i = 0; i < 120; ++i) treat("p" + std::to_string(i));
  LiveEngine live(engine());
  const Common common{*store, metrics, live, {{"main"}}, [] { return *instant_from("2026-07-28T12:00:00Z"); }};
  std::stop_source stop;
  TickWork ticks(common, std::chrono::hours(6), [&stop] { stop.request_stop(); });
  ticks.round(stop.get_token());
  EXPECT_EQ(plans(), 50u);
}

}  // namespace
}  // namespace bhi::service::test
