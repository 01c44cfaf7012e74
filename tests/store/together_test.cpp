// Writes of several fibers of one thread: committed together, each with its own answer.
#include "base/fibers.h"

#include "tests/store/support/driver_test.h"

#include <string>
#include <thread>
#include <vector>

namespace bhi::store::test {
namespace {

using namespace std::chrono_literals;

class Together : public DriverTest {
 protected:
  static flow::Worked screening(const std::string& id, std::int64_t version = 0) {
    flow::Worked worked;
    worked.entities = {{"Screening", id, "p1", version, "{}"}};
    worked.audit = {audit_of("map")};
    return worked;
  }
};

TEST_P(Together, EachHasItsOwnAnswerAndTheOthersStay) {
  must(store().commit(screening("s0")));
  std::vector<std::string> answers(5);
  Fibers fibers;
  for (std::size_t n = 0; n < answers.size(); ++n) {
    // s0 is there already: one of the five is refused, in the middle of the group.
    const std::string id = n == 2 ? "s0" : "s" + std::to_string(n + 1);
    fibers.start([this, n, id, &answers] { answers[n] = kind_of(store().commit(screening(id))); });
  }
  while (fibers.open() > 0) fibers.turn(10ms);
  EXPECT_EQ(answers, (std::vector<std::string>{"ok", "ok", "conflict", "ok", "ok"}));
  open();  // what was answered is on disk
  EXPECT_EQ(must(store().list("Screening", "", 10)).entities.size(), 5u);
  EXPECT_EQ(must(full_report()).audit_rows, 5);
}

TEST_P(Together, ThreadsWithAndWithoutFibersShareTheOneThatWrites) {
  constexpr int kEach = 40;
  {
    std::vector<std::jthread> threads;
    for (const char* who : {"a", "b"}) {
      threads.emplace_back([this, who] {
        Fibers fibers;
        for (int n = 0; n < kEach; ++n) {
          fibers.start([this, id = who + std::to_string(n)] {
            for (std::int64_t version = 0; version < 3; ++version) must(store().commit(screening(id, version)));
          });
        }
        while (fibers.open() > 0) fibers.turn(10ms);
      });
      threads.emplace_back([this, who] {
        for (int n = 0; n < kEach; ++n)
          must(store().commit(screening(std::string("alone-") + who + std::to_string(n))));
      });
    }
  }
  EXPECT_EQ(must(store().list("Screening", "", 1000)).entities.size(), 4u * kEach);
  EXPECT_EQ(must(full_report()).audit_rows, 2 * kEach * 3 + 2 * kEach);
}

TEST_P(Together, WhatADeliveryBeginsWithIsReadAtOnce) {
  flow::Worked worked = screening("s1");
  worked.entities.push_back({"Patient", "p1", "p1", 0, R"({"id":"p1"})"});
  worked.entities.push_back({"Consent", "c1", "p1", 0, R"({"id":"c1"})"});
  worked.entities.push_back({"Consent", "c2", "p2", 0, R"({"id":"c2"})"});
  worked.ledger = {{"clinic", "screening-result", "s1", "Observation", "1", "1", 1, "h", "held", "rendered"},
                   {"clinic", "screening-panel", "s1", "Observation", "2", "1", 1, "h", {}, {}},
                   {"elsewhere", "screening-result", "s1", "Observation", "3", "1", 1, "h", {}, {}}};
  must(store().commit(worked));
  const std::vector<std::string> artifacts = {"screening-result", "screening-document"};
  const auto found = must(store().at_hand(intent_of("p1", "s1"), "Screening", artifacts));
  ASSERT_TRUE(found.entity && found.patient);
  EXPECT_EQ(found.entity->id, "s1");
  EXPECT_EQ(found.patient->body, R"({"id":"p1"})");
  ASSERT_EQ(found.consents.size(), 1u);
  EXPECT_EQ(found.consents[0].id, "c1");
  ASSERT_EQ(found.ledgers.size(), 1u);
  EXPECT_EQ(found.ledgers[0].id, "1");
  EXPECT_EQ(found.ledgers[0].rendered, "rendered");
  EXPECT_FALSE(must(store().at_hand(intent_of("p1", "none"), "Screening", artifacts)).entity);
}

BHI_ON_BOTH_DRIVERS(Together);

}  // namespace
}  // namespace bhi::store::test
