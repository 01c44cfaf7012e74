// What the store answers when the disk is slow, full, broken or without power.
#include "tests/store/support/faulty_disk.h"
#include "tests/store/support/raw_database.h"
#include "tests/store/support/temp_store.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

namespace bhi::store::test {
namespace {

class Disk : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override { store_.reset(); }

  void open(const SqliteOptions& options = {}) {
    store_.reset();
    store_ = must(open_sqlite(path(), options));
    ASSERT_NE(store_, nullptr);
  }
  std::string path() const { return folder_.file("store.db"); }
  Result<flow::AcceptOutcome> accept(int number) {
    auto batch = batch_of({item_of(copy_of("r" + std::to_string(number), "h"))});
    batch.cursor = flow::Cursor{"clinic", "job", std::to_string(number)};
    batch.audit = {audit_of("accept")};
    return store_->accept(batch);
  }
  std::size_t held() { return must(store_->counts(at(0))).inbox_pending; }

  FaultyDisk disk_;
  TempFolder folder_;
  std::unique_ptr<flow::Store> store_;
};

TEST_F(Disk, SyncsBeforeItAnswers) {
  must(accept(0));
  const auto before = disk_.syncs();
  must(accept(1));
  EXPECT_GE(disk_.syncs(), before + 1);
}

TEST_F(Disk, SaysThatTheDiskIsFullAndGoesOnWhenThereIsRoomAgain) {
  must(accept(1));
  disk_.fill_up();
  const auto refused = accept(2);
  ASSERT_EQ(kind_of(refused), "unavailable");
  EXPECT_NE(refused.error().message.find("disk full"), std::string::npos) << refused.error().message;
  EXPECT_EQ(kind_of(store_->check()), "unavailable");
  EXPECT_EQ(held(), 1u);
  disk_.heal();
  must(store_->check());
  must(accept(2));
  EXPECT_EQ(held(), 2u);
  store_.reset();
  must(verify_sqlite(path()));
}

TEST_F(Disk, IsNotReadyWithoutRoomForTheLogToGrow) {
  open({.checkpoint_pages = 2'000'000'000});  // 8 TB
  must(accept(1));
  const auto refused = store_->check();
  ASSERT_EQ(kind_of(refused), "unavailable");
  EXPECT_NE(refused.error().message.find("disk full"), std::string::npos) << refused.error().message;
}

TEST_F(Disk, StopsForGoodAfterAFailedSync) {
  must(accept(1));
  disk_.fail_syncs("-wal");
  EXPECT_EQ(kind_of(accept(2)), "fault");
  disk_.heal();  // the next sync would report success; that proves nothing of the former
  EXPECT_EQ(kind_of(accept(3)), "fault");
  EXPECT_EQ(kind_of(store_->commit({})), "fault");
  EXPECT_EQ(kind_of(store_->check()), "fault");
  EXPECT_EQ(kind_of(store_->audit(audit_of("read"))), "fault");
  EXPECT_EQ(held(), 1u);  // reading goes on

  open();
  must(store_->check());
  EXPECT_GE(held(), 1u);
  must(accept(4));
  store_.reset();
  must(verify_sqlite(path()));
}

TEST_F(Disk, StopsWhenTheLogCannotBeMovedOver) {
  open({.checkpoint_pages = 1});
  disk_.fail_syncs("store.db");
  must(accept(1));  // safe in the log
  disk_.heal();
  EXPECT_EQ(kind_of(accept(2)), "fault");
  open();
  EXPECT_EQ(held(), 1u);
  store_.reset();
  must(verify_sqlite(path()));
}

TEST_F(Disk, StopsWritingWhenReadingFails) {
  for (int i = 0; i < 100; ++i) must(accept(i));
  open();  // caches are empty
  held();
  disk_.fail_reads("");
  EXPECT_EQ(kind_of(store_->pending("clinic|Patient/1", 100)), "fault");
  disk_.heal();
  EXPECT_EQ(kind_of(accept(100)), "fault");
}

TEST_F(Disk, TellsAWriterThatWaitsTooLongToComeBack) {
  open({.busy_timeout = std::chrono::milliseconds(20)});
  {
    RawDatabase shell(path());
    shell.run("BEGIN IMMEDIATE");
    EXPECT_EQ(kind_of(accept(1)), "unavailable");
    EXPECT_EQ(kind_of(store_->check()), "unavailable");
    shell.run("ROLLBACK");
  }
  must(accept(1));
  EXPECT_EQ(held(), 1u);
}

TEST_F(Disk, CommitsManyWritersWithFewSyncs) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  must(accept(-1));
  disk_.slow_syncs(1);
  const auto before = disk_.syncs();
  std::atomic<int> stored = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto done = accept(t * kEach + i);
        if (done && done->stored == 1) ++stored;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(stored, kThreads * kEach);
  EXPECT_EQ(held(), static_cast<std::size_t>(kThreads * kEach + 1));
  EXPECT_LT(disk_.syncs() - before, static_cast<std::size_t>(kThreads * kEach * 3 / 4));
  store_.reset();
  EXPECT_EQ(must(verify_sqlite(path())).audit_rows, static_cast<std::size_t>(kThreads * kEach + 1));
}

TEST_F(Disk, LetsOneOfAGroupFailAlone) {
  constexpr int kThreads = 8;
  constexpr int kEach = 20;
  flow::Worked first;
  first.entities = {{"Patient", "p", "p", 0, "{}"}};
  must(store_->commit(first));
  disk_.slow_syncs(1);  // so that groups form
  std::atomic<int> conflicts = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        flow::Worked worked;
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        worked.entities = {{"Screening", id, "p", 0, "{}"}};
        worked.audit = {audit_of("map", id)};
        // Every second one states a version that is not there, after it has written a row.
        if (i % 2 == 1) worked.entities.push_back({"Patient", "p", "p", 99, "{}"});
        if (kind_of(store_->commit(worked)) == "conflict") ++conflicts;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(conflicts, kThreads * kEach / 2);
  const auto kept = must(store_->list("Screening", "", 1000)).entities;
  EXPECT_EQ(kept.size(), static_cast<std::size_t>(kThreads * kEach / 2));
  for (const auto& entity : kept) EXPECT_EQ((entity.id.back() - '0') % 2, 0) << entity.id;
  store_.reset();
  EXPECT_EQ(must(verify_sqlite(path())).audit_rows, static_cast<std::size_t>(kThreads * kEach / 2));
}

TEST_F(Disk, CountsOnePatchPerVersionWhenManyWant) {
  constexpr int kThreads = 6;
  constexpr int kEach = 20;
  flow::Worked first;
  first.entities = {{"CarePlan", "c", "p", 0, "0"}};
  must(store_->commit(first));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int done = 0; done < kEach;) {
        auto now = *must(store_->entity("CarePlan", "c"));
        now.body = std::to_string(std::stoi(now.body) + 1);
        flow::Worked worked;
        worked.entities = {now};
        if (store_->commit(worked)) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto plan = must(store_->entity("CarePlan", "c"));
  EXPECT_EQ(plan->body, std::to_string(kThreads * kEach));
  EXPECT_EQ(plan->version, kThreads * kEach + 1);
}

// At many moments of a run (between any two writes or syncs, checkpoints included) the power goes. Whatever had been
// answered by then is there afterwards, whole, in order, and the file is sound.
TEST_F(Disk, KeepsWhatItAnsweredWhenThePowerGoes) {
  store_.reset();
  std::filesystem::remove(path());
  struct Outage {
    std::string folder;
    int answered;
  };
  std::vector<Outage> outages;
  std::mt19937_64 random(20261122);
  std::atomic<int> answered = -1;  // -1: not opened yet
  disk_.watch([&](std::uint64_t moment) {
    if (moment % 7 != 0 || outages.size() >= 150 || answered < 0) return;
    outages.push_back({folder_.file("outage-" + std::to_string(moment)), answered});
    std::filesystem::create_directory(outages.back().folder);
    disk_.lose_power_into(outages.back().folder, random);
  });
  open({.checkpoint_pages = 12});
  answered = 0;
  for (int i = 1; i <= 60; ++i) {
    must(accept(i));
    answered = i;
  }
  store_.reset();
  disk_.watch({});
  ASSERT_GE(outages.size(), 100u);

  for (const Outage& outage : outages) {
    const std::string file = outage.folder + "/store.db";
    const auto store = must(open_sqlite(file));
    ASSERT_NE(store, nullptr) << outage.folder;
    const auto items = must(store->pending("clinic|Patient/1", 1000));
    ASSERT_GE(items.size(), static_cast<std::size_t>(outage.answered)) << outage.folder;
    for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i].resource.id, "r" + std::to_string(i + 1));
    const auto cursor = must(store->cursor("clinic", "job"));
    EXPECT_EQ(cursor.value_or("0"), std::to_string(items.size()));
    EXPECT_EQ(must(verify_sqlite(file)).audit_rows, items.size());
  }
}

}  // namespace
}  // namespace bhi::store::test
