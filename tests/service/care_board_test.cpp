#include "service/care_board.h"

#include "flow/binding.h"
#include "service/watched_store.h"
#include "tests/store/support/temp_store.h"

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace bhi::service {
namespace {

using store::test::must;
using store::test::TempFolder;

// Counts how many patients are read from disk.
class CountingStore : public WatchedStore {
 public:
  using WatchedStore::WatchedStore;
  Result<std::vector<flow::StoredEntity>> record(std::string_view patient) override {
    ++records;
    return WatchedStore::record(patient);
  }
  int records = 0;
};

class CareBoards : public ::testing::Test {
 protected:
  CareBoards()
      : store(must(store::open_sqlite(folder.file("store.db"))), metrics, [](const Error&) {}),
        board(store, [this] { return now; }) {}

  template <typename... Entities>
  Result<void> keep(const Entities&... entities) {
    flow::Worked worked;
    worked.at = now;
    const auto add = [&](const care::Entity& entity) {
      const auto kind = std::string(care::kind_of(entity));
      const std::string id(flow::id_of(entity));
      const auto held = must(store.entity(kind, id));
      worked.entities.push_back(
          {kind, id, std::string(flow::patient_of(entity)), held ? held->version : 0, flow::to_json(entity)});
    };
    (add(care::Entity(entities)), ...);
    return store.commit(worked);
  }

  static care::Patient patient(const std::string& id) {
    care::Patient made;
    made.id = id;
    made.name = "Somebody";
    return made;
  }
  static care::Episode episode(const std::string& patient, const std::string& state) {
    care::Episode made;
    made.id = "e-" + patient;
    made.patient = patient;
    made.state = state;
    made.start = "2026-06-01";
    return made;
  }

  std::vector<std::string> listed() {
    std::vector<std::string> patients;
    const auto view = must(board.caseload());
    for (const auto& row : *view.rows) patients.push_back(row.patient);
    return patients;
  }

  Instant now = *instant_from("2026-11-22T12:00:00Z");
  TempFolder folder;
  Metrics metrics;
  CountingStore store;
  CareBoard board;
};

TEST_F(CareBoards, ReadsAPatientAgainOnlyWhenItChanged) {
  for (const std::string id : {"a", "b", "c"}) must(keep(patient(id), episode(id, "active")));
  EXPECT_EQ(listed().size(), 3u);
  const int before = store.records;
  EXPECT_EQ(listed().size(), 3u);
  EXPECT_EQ(store.records, before);
  must(keep(episode("b", "completed")));
  EXPECT_EQ(listed(), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(store.records, before + 1);
}

TEST_F(CareBoards, MakesAllRowsAnewWhenThePracticesDayEnds) {
  must(keep(patient("a"), episode("a", "active")));
  EXPECT_EQ(must(board.caseload()).rows->at(0).weeks, 24);
  now += std::chrono::days(14);
  EXPECT_EQ(must(board.caseload()).rows->at(0).weeks, 26);
}

TEST_F(CareBoards, BeginsAnewWhenEventsItHasNotSeenAreForgotten) {
  must(keep(patient("a"), episode("a", "active")));
  EXPECT_EQ(listed().size(), 1u);
  must(keep(patient("b"), episode("b", "active")));
  must(store.forget_events(now + std::chrono::hours(1)));
  EXPECT_EQ(listed().size(), 2u);
}

TEST_F(CareBoards, KeepsMonthsAndVerdictsTheSameWay) {
  must(keep(patient("a"), episode("a", "active")));
  EXPECT_EQ(must(board.billing(std::chrono::year(2026) / 10)).size(), 1u);
  const care::MeasurePeriod year{"2026-01-01", "2026-12-31"};
  EXPECT_EQ(must(board.verdicts("CMS2", year)).size(), 1u);
  const int before = store.records;
  EXPECT_EQ(must(board.billing(std::chrono::year(2026) / 10)).size(), 1u);
  EXPECT_EQ(must(board.verdicts("CMS2", year)).size(), 1u);
  EXPECT_EQ(store.records, before);
  must(keep(patient("b")));
  EXPECT_EQ(must(board.verdicts("CMS2", year)).size(), 2u);
  EXPECT_EQ(store::test::kind_of(board.verdicts("nonsense", year)), "not-found");
}

TEST_F(CareBoards, PutsAChangedRowWhereAFreshListWouldHaveIt) {
  for (int i = 0; i < 12; ++i) {
    const std::string id = "p" + std::to_string(i);
    must(keep(patient(id), episode(id, "active")));
  }
  listed();
  for (const std::string id : {"p3", "p9", "p11"}) {
    care::CaseFlag flag;
    flag.id = "f-" + id;
    flag.patient = id;
    flag.recorded = {"m1", "2026-11-20T10:00:00Z"};
    must(keep(flag));
    care::CaseReview review;
    review.id = "r-" + id;
    review.patient = id == "p3" ? "p5" : "p6";
    review.date = "2026-11-1" + id.substr(1, 1);
    review.discussed = true;
    review.status = "final";
    review.recorded = {"m1", "2026-11-20T10:00:00Z"};
    must(keep(review));
    const auto followed = listed();
    CareBoard fresh(store, [this] { return now; });
    std::vector<std::string> anew;
    const auto view = must(fresh.caseload());
    for (const auto& row : *view.rows) anew.push_back(row.patient);
    EXPECT_EQ(followed, anew);
  }
}

// BHI_SCALE patients (10,000 for figures): times of the first list, of one without news, of one after a change.
TEST_F(CareBoards, StaysQuickBesideManyPatients) {
  const char* scale = std::getenv("BHI_SCALE");
  const int count = scale == nullptr ? 300 : std::atoi(scale);
  for (int i = 0; i < count; ++i) {
    const std::string id = "p" + std::to_string(i);
    flow::Worked worked;
    worked.at = now;
    const auto add = [&](const care::Entity& entity, const std::string& key) {
      worked.entities.push_back({std::string(care::kind_of(entity)), key, id, 0, flow::to_json(entity)});
    };
    add(patient(id), id);
    add(episode(id, "active"), "e-" + id);
    for (int n = 0; n < 12; ++n) {
      care::Contact contact;
      contact.id = "c" + std::to_string(n) + id;
      contact.patient = id;
      contact.role = "care-manager";
      contact.start = to_text(now - std::chrono::days(n * 14));
      contact.minutes = 20;
      contact.outcome = "reached";
      contact.with = "patient";
      contact.status = "final";
      add(contact, contact.id);
      care::Screening screening;
      screening.id = "s" + std::to_string(n) + id;
      screening.patient = id;
      screening.instrument = "phq-9";
      screening.authored = contact.start;
      screening.status = "completed";
      screening.total = (i + n) % 20;
      add(screening, screening.id);
    }
    must(store.commit(worked));
  }
  const auto timed = [](const char* what, const auto& run) {
    const auto began = std::chrono::steady_clock::now();
    run();
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began).count();
    std::cout << what << ": " << took << " us\n";
  };
  timed("first list", [&] { EXPECT_EQ(listed().size(), static_cast<std::size_t>(count)); });
  const int read = store.records;
  timed("list without news", [&] { EXPECT_EQ(must(board.caseload()).rows->size(), static_cast<std::size_t>(count)); });
  EXPECT_EQ(store.records, read);
  must(keep(episode("p7", "on-hold")));
  timed("list after one change",
        [&] { EXPECT_EQ(must(board.caseload()).rows->size(), static_cast<std::size_t>(count)); });
  EXPECT_EQ(store.records, read + 1);
}

TEST(ChangeBellTest, WakesWhoWaitsWhenItRingsAndWhenItCloses) {
  ChangeBell bell;
  const auto far = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  std::atomic<int> awake{0};
  const auto seen = bell.count();
  std::thread waiting([&] {
    bell.wait(seen, far, 8);
    ++awake;
    bell.wait(bell.count(), far, 8);
    ++awake;
  });
  bell.ring();
  while (awake < 1) std::this_thread::yield();
  bell.close();
  waiting.join();
  EXPECT_EQ(awake, 2);
  bell.wait(bell.count(), far, 0);  // as many wait as may: at once
}

}  // namespace
}  // namespace bhi::service
