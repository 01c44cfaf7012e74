// Several stores on one PostgreSQL database: who works on what, what a former holder can still do (nothing), and that
// work stays in its order when it changes hands.
#include "flow/leases.h"
#include "store/postgres_store.h"

#include "tests/store/support/postgres.h"
#include "tests/store/support/temp_store.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

namespace bhi::store::test {
namespace {

using flow::OutboxState;
using std::chrono::milliseconds;

constexpr int kMostRounds = 400;

// One that renews when the test says so.
class Replica {
 public:
  Replica(const std::string& url, const std::string& name, milliseconds lease) {
    PostgresOptions options;
    options.replicas = {name, lease};
    store_ = must(open_postgres(url, options));
    leases().offer({"source/epic", "tick"});
  }

  flow::Store& store() { return *store_; }
  flow::Leases& leases() { return *store_->leases(); }
  flow::RenewalNews round() { return must(leases().round()); }
  int held() {
    int count = 0;
    for (int part = 0; part < flow::kPartitions; ++part) count += leases().holds(flow::lease_of_partition(part));
    return count;
  }
  bool holds(std::string_view key) { return leases().holds(flow::lease_of_partition(flow::partition_of(key))); }

 private:
  std::unique_ptr<flow::Store> store_;
};

std::string lease_of(std::string_view key) { return flow::lease_of_partition(flow::partition_of(key)); }

class Replicas : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_postgres()) GTEST_SKIP() << "PostgreSQL's server is not installed (postgresql-15)";
    database_.emplace();
  }
  std::unique_ptr<Replica> join(const std::string& name, milliseconds lease = std::chrono::minutes(5)) {
    return std::make_unique<Replica>(database_->url(), name, lease);
  }
  // All of them renew until each holds so many.
  static void settle(const std::vector<Replica*>& all, int each) {
    for (int i = 0; i < kMostRounds; ++i) {
      for (auto* one : all) one->round();
      if (std::ranges::all_of(all, [each](auto* one) { return one->held() == each; })) return;
    }
    FAIL() << "the work was not shared: " << all.front()->held();
  }
  // Renews until it holds everything: the leases of the others run out by the database's clock.
  static void take_all(Replica& one) {
    for (int i = 0; i < kMostRounds && one.held() < flow::kPartitions; ++i) {
      one.round();
      std::this_thread::sleep_for(milliseconds(20));
    }
    ASSERT_EQ(one.held(), flow::kPartitions);
  }
  std::string ask(const std::string& sql) { return RawPostgres(database_->url()).ask(sql); }

  std::optional<TempSchema> database_;
};

flow::Worked planned(const std::string& patient, const std::string& care_id, bool urgent = false) {
  flow::Worked worked;
  worked.outbox = {intent_of(patient, care_id, urgent)};
  return worked;
}

Result<void> mark(flow::Store& store, flow::OutboxItem item) {
  ++item.attempts;
  item.request_hash = "hash";
  return store.mark_sent(item, audit_of("send"));
}

Result<void> verify(flow::Store& store, flow::OutboxItem item) {
  item.state = OutboxState::Verified;
  return store.settle({item, {}, {}, {}});
}

TEST_F(Replicas, ShareTheWorkWhenTheyComeAndGo) {
  const auto a = join("a");
  a->round();
  EXPECT_EQ(a->held(), 64);
  const auto b = join("b");
  settle({a.get(), b.get()}, 32);
  const auto c = join("c"), d = join("d");
  settle({a.get(), b.get(), c.get(), d.get()}, 16);
  std::set<std::string> held;
  for (const auto& row : c->leases().replicas()) held.insert(row.leases.begin(), row.leases.end());
  for (auto* leaving : {a.get(), b.get(), d.get()}) {
    while (!leaving->leases().retire()) leaving->round();
    leaving->round();
    EXPECT_EQ(leaving->held(), 0);
  }
  c->round();
  EXPECT_EQ(c->held(), 64);  // at once, without waiting for a lease to run out
  EXPECT_TRUE(c->leases().holds("tick"));
  EXPECT_TRUE(c->leases().holds("source/epic"));
  EXPECT_EQ(c->leases().replicas().size(), 1u);
}

TEST_F(Replicas, EveryJobIsOneReplicasOnly) {
  const auto a = join("a"), b = join("b");
  settle({a.get(), b.get()}, 32);
  for (const char* job : {"tick", "source/epic"}) {
    EXPECT_NE(a->leases().holds(job), b->leases().holds(job)) << job;
  }
}

TEST_F(Replicas, AnswerForTheLanesTheyHoldAndTogetherForAll) {
  const auto a = join("a"), b = join("b");
  settle({a.get(), b.get()}, 32);
  std::vector<flow::InboxItem> items;
  for (int i = 0; i < 100; ++i) {
    const auto name = std::to_string(i);
    items.push_back(item_of(copy_of(name, "h"), "clinic|Patient/" + name));
    must(a->store().commit(planned("p" + name, "s" + name)));
  }
  must(a->store().accept(batch_of(items)));
  std::set<std::string> lanes, patients;
  for (auto* one : {a.get(), b.get()}) {
    for (const auto& lane : must(one->store().pending_lanes(1000))) {
      EXPECT_TRUE(one->holds(lane));
      EXPECT_TRUE(lanes.insert(lane).second) << "a lane that two would work on";
    }
    for (const auto& item : must(one->store().due(at(10'000), 1000))) {
      EXPECT_TRUE(one->holds(flow::outbox_key(item.destination, item.patient)));
      EXPECT_TRUE(patients.insert(item.patient).second);
    }
  }
  EXPECT_EQ(lanes.size(), 100u);
  EXPECT_EQ(patients.size(), 100u);
}

TEST_F(Replicas, TheUrgentItemsOfAPatientAreInThePartitionOfThePatient) {
  const auto a = join("a"), b = join("b");
  settle({a.get(), b.get()}, 32);
  for (int i = 0; i < 20; ++i) {
    const auto patient = "p" + std::to_string(i);
    must(a->store().commit(planned(patient, "urgent" + patient, true)));
    auto& holder = a->holds("clinic|" + patient) ? *a : *b;
    const auto due = must(holder.store().due(at(10'000), 1000));
    EXPECT_TRUE(std::ranges::any_of(due, [&](const auto& item) { return item.care_id == "urgent" + patient; }));
  }
}

TEST_F(Replicas, WhatADeadOneHeldIsTakenOverWhenItsLeaseHasRunOut) {
  const auto dead = join("dead", milliseconds(400));
  dead->round();
  must(dead->store().commit(planned("p1", "s1")));
  must(dead->store().commit(planned("p1", "s2")));
  const auto item = must(dead->store().due(at(10'000), 10)).at(0);
  {
    const flow::Underway ours(&dead->leases(), lease_of("clinic|p1"));
    ASSERT_TRUE(static_cast<bool>(ours));
    must(mark(dead->store(), item));
  }
  const auto heir = join("heir");
  heir->round();
  EXPECT_EQ(heir->held(), 0);  // it lives, as far as anybody knows
  take_all(*heir);
  // What it was sending is looked up before anything else of the lane goes.
  const auto found = must(heir->store().outbox_item(item.seq));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->state, OutboxState::Unknown);
  const auto due = must(heir->store().due(at(4'000'000'000'000), 10));
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].care_id, "s1");
  EXPECT_TRUE(must(dead->store().due(at(4'000'000'000'000), 10)).empty());
  EXPECT_EQ(dead->held(), 0);
}

TEST_F(Replicas, ZombiesWritesAreRefusedAndKeepNothing) {
  const auto zombie = join("zombie", milliseconds(400));
  zombie->round();
  must(zombie->store().accept(batch_of({item_of(copy_of("q1", "h"), "clinic|Patient/1")})));
  must(zombie->store().commit(planned("p1", "s1")));
  must(zombie->store().commit(planned("p2", "s2")));
  const auto pending = must(zombie->store().pending("clinic|Patient/1", 10)).at(0);
  const auto due = must(zombie->store().due(at(10'000), 10));
  ASSERT_EQ(due.size(), 2u);
  const auto heir = join("heir");
  {
    const flow::Underway of_inbox(&zombie->leases(), lease_of(pending.lane));
    const flow::Underway of_first(&zombie->leases(), lease_of("clinic|" + due[0].patient));
    const flow::Underway job(&zombie->leases(), "source/epic");
    ASSERT_TRUE(of_inbox && of_first && job);
    must(mark(zombie->store(), due[0]));
    EXPECT_TRUE(of_first.may_send());

    take_all(*heir);  // meanwhile the zombie slept
    EXPECT_FALSE(of_first.may_send());
    const auto audit = ask("SELECT count(*) FROM audit");

    flow::Worked worked;
    worked.entities = {{"Screening", "x", "p1", 0, "{}"}};
    worked.inbox = {{pending.seq, flow::InboxState::Done, {}, {}}};
    const auto committed = zombie->store().commit(worked);
    EXPECT_EQ(kind_of(committed), "conflict");
    EXPECT_NE(committed.error().message.find("taken over"), std::string::npos) << committed.error().message;
    EXPECT_EQ(kind_of(mark(zombie->store(), due[1])), "conflict");
    EXPECT_EQ(kind_of(verify(zombie->store(), due[0])), "conflict");
    flow::Accepted page = batch_of({item_of(copy_of("q2", "h"))});
    page.cursor = flow::Cursor{"epic", "Observation", "too late"};
    EXPECT_EQ(kind_of(zombie->store().accept(page)), "conflict");
    EXPECT_EQ(kind_of(zombie->store().audit(audit_of("late"))), "conflict");

    EXPECT_EQ(ask("SELECT count(*) FROM audit"), audit);
    EXPECT_FALSE(must(heir->store().entity("Screening", "x")).has_value());
    EXPECT_FALSE(must(heir->store().cursor("epic", "Observation")).has_value());
    EXPECT_EQ(must(heir->store().pending(pending.lane, 10)).size(), 1u);
    EXPECT_EQ(must(heir->store().outbox_item(due[0].seq))->state, OutboxState::Unknown);
    EXPECT_EQ(must(heir->store().outbox_item(due[1].seq))->state, OutboxState::Planned);
  }
  // What it takes in itself, and what people do at it, needs no lease.
  must(zombie->store().accept(batch_of({item_of(copy_of("q3", "h"))})));
  // It comes back as somebody new.
  const auto before = zombie->leases().me();
  EXPECT_EQ(zombie->round().lost.size(), static_cast<std::size_t>(flow::kPartitions) + 2);
  zombie->round();
  EXPECT_NE(zombie->leases().me(), before);
  EXPECT_EQ(zombie->held(), 0);
}

TEST_F(Replicas, WorkOnALaneIsBegunOrRefused) {
  const auto a = join("a");
  a->round();
  must(a->store().commit(planned("p1", "s1")));
  const auto item = must(a->store().due(at(10'000), 10)).at(0);
  EXPECT_EQ(kind_of(mark(a->store(), item)), "conflict");
  const flow::Underway ours(&a->leases(), lease_of("clinic|p1"));
  EXPECT_EQ(kind_of(mark(a->store(), item)), "ok");
}

TEST_F(Replicas, OneThatWasNotTakenOverGoesOnAfterItsLeaseHasRunOut) {
  const auto a = join("a", milliseconds(300));
  a->round();
  must(a->store().commit(planned("p1", "s1")));
  const auto item = must(a->store().due(at(10'000), 10)).at(0);
  {
    const flow::Underway ours(&a->leases(), lease_of("clinic|p1"));
    must(mark(a->store(), item));
    while (a->held() > 0) std::this_thread::sleep_for(milliseconds(10));
    EXPECT_FALSE(ours.may_send());
    EXPECT_TRUE(must(a->store().due(at(10'000), 10)).empty());
    EXPECT_TRUE(a->round().lost.empty());
    EXPECT_EQ(a->held(), 64);
    EXPECT_TRUE(ours.may_send());  // nobody had it in between
    must(verify(a->store(), item));
  }
}

TEST_F(Replicas, WhatIsWorkedOnIsNotGivenUpUntilItIsDone) {
  const auto a = join("a");
  a->round();
  std::vector<std::unique_ptr<flow::Underway>> work;
  for (int part = 0; part < flow::kPartitions; ++part) {
    work.push_back(std::make_unique<flow::Underway>(&a->leases(), flow::lease_of_partition(part)));
  }
  const auto b = join("b");
  for (int i = 0; i < 3; ++i) {
    b->round();
    a->round();
  }
  EXPECT_EQ(b->held(), 0);
  EXPECT_EQ(a->held(), 32);  // the others begin nothing more
  EXPECT_TRUE(std::ranges::all_of(work, [](const auto& one) { return one->may_send(); }));
  work.clear();
  settle({a.get(), b.get()}, 32);
}

// A job that a renewal gives to one thread of one replica at a time, whatever the replicas do.
TEST_F(Replicas, AJobRunsOnceUnderEightThreads) {
  constexpr int kReplicas = 4;
  std::vector<std::unique_ptr<Replica>> all;
  for (int i = 0; i < kReplicas; ++i)
    all.push_back(join(std::string(1, static_cast<char>('a' + i)), milliseconds(500)));
  std::atomic<bool> over{false};
  std::atomic<int> together{0}, most{0}, runs{0};
  std::vector<std::thread> threads;
  for (auto& one : all) {
    threads.emplace_back([&, replica = one.get()] {  // renews, and leaves and comes back now and then
      for (int i = 0; !over; ++i) {
        static_cast<void>(replica->leases().round());
        std::this_thread::sleep_for(milliseconds(i % 17 == 16 ? 700 : 20));
      }
    });
    threads.emplace_back([&, replica = one.get()] {
      for (std::int64_t n = 0; !over; ++n) {
        const flow::Underway job(&replica->leases(), "tick");
        if (!job) {
          std::this_thread::sleep_for(milliseconds(1));
          continue;
        }
        // The cursor counts what was done: a run that was taken over is refused, so no number is given twice.
        const auto before = replica->store().cursor("job", "tick");
        if (!before.ok()) continue;
        const int now = ++together;
        int seen = most;
        while (now > seen && job.may_send() && !most.compare_exchange_weak(seen, now)) {
        }
        flow::Accepted note;
        note.cursor = flow::Cursor{"job", "tick", std::to_string(std::stoll(before->value_or("0")) + 1)};
        if (replica->store().accept(note).ok()) ++runs;
        --together;
      }
    });
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (runs < 300 && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(milliseconds(20));
  over = true;
  for (auto& thread : threads) thread.join();
  EXPECT_GE(runs, 50);
  EXPECT_EQ(ask("SELECT value FROM cursor WHERE source = 'job'"), std::to_string(runs.load()));
}

// Two work, one of them dies in the middle, again and again: every item is done once, in the order of its lane.
TEST_F(Replicas, OrderIsKeptWhenLanesChangeHands) {
  constexpr int kLanes = 12, kItems = 25;
  {
    const auto first = join("first", milliseconds(300));
    for (int n = 0; n < kItems; ++n) {
      for (int lane = 0; lane < kLanes; ++lane) {
        must(first->store().commit(planned("p" + std::to_string(lane), std::to_string(n))));
      }
    }
  }
  std::vector<std::vector<std::string>> sent(kLanes);  // what the EHR got, lane by lane
  int changes = 0;
  std::unique_ptr<Replica> other;
  for (int generation = 0; generation < 12; ++generation) {
    const auto one = join("g" + std::to_string(generation), milliseconds(300));
    bool took = false;
    for (int i = 0; i < kMostRounds && !took; ++i) {
      took = !one->round().taken.empty();
      if (!took) std::this_thread::sleep_for(milliseconds(10));
    }
    changes += took;
    int left = 40;
    const auto due = must(one->store().due(at(4'000'000'000'000), 1000));
    for (const auto& item : due) {
      if (left-- == 0) break;
      const flow::Underway ours(&one->leases(), lease_of("clinic|" + item.patient));
      if (!ours) continue;
      auto& lane = sent[static_cast<std::size_t>(std::stoi(item.patient.substr(1)))];
      if (item.state == OutboxState::Unknown) {  // looked up: it is there when it was sent
        if (!lane.empty() && lane.back() == item.care_id) {
          if (verify(one->store(), item).ok()) continue;
        }
      }
      if (!mark(one->store(), item).ok() || !ours.may_send()) continue;
      lane.push_back(item.care_id);
      if (left % 7 == 3) continue;  // the answer is lost with the process
      static_cast<void>(verify(one->store(), item));
    }
    if (generation % 2 == 0) {  // half of them leave as they should, the others just die
      for (int i = 0; i < 5 && !one->leases().retire(); ++i) one->round();
    }
  }
  const auto last = join("last");
  take_all(*last);
  for (int round = 0; round < kItems * 2; ++round) {
    const auto due = must(last->store().due(at(4'000'000'000'000), 1000));
    if (due.empty()) break;
    for (const auto& item : due) {
      const flow::Underway ours(&last->leases(), lease_of("clinic|" + item.patient));
      auto& lane = sent[static_cast<std::size_t>(std::stoi(item.patient.substr(1)))];
      if (item.state != OutboxState::Unknown || lane.empty() || lane.back() != item.care_id) {
        must(mark(last->store(), item));
        lane.push_back(item.care_id);
      }
      must(verify(last->store(), item));
    }
  }
  std::vector<std::string> expected;
  for (int n = 0; n < kItems; ++n) expected.push_back(std::to_string(n));
  for (const auto& lane : sent) EXPECT_EQ(lane, expected);
  EXPECT_GE(changes, 6);
}

}  // namespace
}  // namespace bhi::store::test
