#include "store/postgres/lease_book.h"

#include "base/fibers.h"
#include "flow/leases.h"

#include <gtest/gtest.h>

#include <thread>

namespace bhi::store::postgres {

namespace {

constexpr LeaseTime at(int ms) { return LeaseTime(ms); }

}  // namespace

TEST(LeaseBook, HoldsALeaseUntilItsTime) {
  LeaseBook book;
  EXPECT_FALSE(book.holds("tick", at(0)));
  book.hold("tick", 4, at(100));
  EXPECT_TRUE(book.holds("tick", at(99)));
  EXPECT_FALSE(book.holds("tick", at(100)));
  book.drop("tick");
  EXPECT_FALSE(book.holds("tick", at(1)));
}

TEST(LeaseBook, OneThatSleptOnItsLeaseMayNotSend) {
  LeaseBook book;
  book.hold("lane/01", 1, at(100));
  ASSERT_TRUE(book.begin("lane/01", at(10)));
  EXPECT_TRUE(book.may_send("lane/01", at(99)));
  EXPECT_FALSE(book.may_send("lane/01", at(100)));
  book.end("lane/01");
}

TEST(LeaseBook, WorkBegunBeforeALeaseWasLostStaysRefusedWhenItComesBack) {
  LeaseBook book;
  book.hold("lane/01", 1, at(100));
  ASSERT_TRUE(book.begin("lane/01", at(10)));
  book.drop("lane/01");
  EXPECT_FALSE(book.may_send("lane/01", at(20)));
  book.hold("lane/01", 3, at(200));
  EXPECT_FALSE(book.may_send("lane/01", at(110)));
  const auto marks = book.begun_here();
  ASSERT_EQ(marks.size(), 1u);
  EXPECT_EQ(marks.front().token, 1);  // what its transactions are checked by
  book.end("lane/01");
  ASSERT_TRUE(book.begin("lane/01", at(110)));
  EXPECT_TRUE(book.may_send("lane/01", at(110)));
  book.end("lane/01");
}

TEST(LeaseBook, FibersOfOneThreadWorkEachUnderItsOwn) {
  LeaseBook book;
  book.hold("lane/01", 1, at(100));
  book.hold("lane/02", 7, at(100));
  Fibers fibers;
  int seen = 0;
  for (const char* lease : {"lane/01", "lane/02"}) {
    fibers.start([&, lease] {
      ASSERT_TRUE(book.begin(lease, at(10)));
      Fibers::here()->sleep(std::chrono::milliseconds(5));  // the other has begun by now
      const auto marks = book.begun_here();
      ASSERT_EQ(marks.size(), 1u);
      EXPECT_EQ(marks.front().name, lease);
      book.end(lease);
      ++seen;
    });
  }
  while (fibers.open() > 0) fibers.turn(std::chrono::milliseconds(10));
  EXPECT_EQ(seen, 2);
  EXPECT_TRUE(book.begun_here().empty());
}

TEST(LeaseBook, WhatIsGivenUpIsNotBegunAndGoesWhenNobodyWorksUnderIt) {
  LeaseBook book;
  book.hold("lane/01", 1, at(100));
  book.hold("lane/02", 1, at(100));
  ASSERT_TRUE(book.begin("lane/01", at(10)));
  book.give_up({"lane/01", "lane/02"});
  EXPECT_FALSE(book.begin("lane/01", at(10)));
  EXPECT_FALSE(book.holds("lane/01", at(10)));
  EXPECT_TRUE(book.may_send("lane/01", at(10)));  // what was begun may go on
  EXPECT_EQ(book.take_idle(), std::vector<std::string>{"lane/02"});
  book.hold("lane/01", 1, at(150));  // renewed meanwhile
  EXPECT_FALSE(book.holds("lane/01", at(10)));
  book.end("lane/01");
  EXPECT_EQ(book.take_idle(), std::vector<std::string>{"lane/01"});
  EXPECT_TRUE(book.names().empty());
}

TEST(LeaseBook, WhatIsNoLongerToBeGivenUpStays) {
  LeaseBook book;
  book.hold("lane/01", 1, at(100));
  ASSERT_TRUE(book.begin("lane/01", at(10)));
  book.give_up({"lane/01"});
  book.give_up({});
  EXPECT_TRUE(book.holds("lane/01", at(10)));
  book.end("lane/01");
  EXPECT_TRUE(book.take_idle().empty());
}

TEST(LeaseBook, WhoLeavesBeginsNothingMore) {
  LeaseBook book;
  book.hold("lane/01", 1, at(100));
  book.retire();
  EXPECT_FALSE(book.begin("lane/01", at(10)));
  book.hold("lane/02", 1, at(100));
  EXPECT_FALSE(book.begin("lane/02", at(10)));
  EXPECT_EQ(book.take_idle().size(), 2u);
}

TEST(LeaseBook, EachThreadSeesWhatItHasBegunItself) {
  LeaseBook book;
  book.hold("lane/01", 1, at(100));
  book.hold("lane/02", 1, at(100));
  ASSERT_TRUE(book.begin("lane/01", at(10)));
  ASSERT_TRUE(book.begin("lane/02", at(10)));
  EXPECT_EQ(book.begun_here().size(), 2u);
  std::thread([&book] {
    EXPECT_TRUE(book.begun_here().empty());
    EXPECT_FALSE(book.may_send("lane/01", at(10)));
  }).join();
  book.end("lane/01");
  book.end("lane/02");
  EXPECT_TRUE(book.begun_here().empty());
}

TEST(LeaseBook, TellsThePartitionsWhoseLanesMayBeBegun) {
  LeaseBook book;
  book.hold(flow::lease_of_partition(3), 1, at(100));
  book.hold(flow::lease_of_partition(63), 1, at(50));
  book.hold("tick", 1, at(100));
  EXPECT_EQ(book.partitions(at(10)), (std::vector<int>{3, 63}));
  EXPECT_EQ(book.partitions(at(60)), std::vector<int>{3});
}

}  // namespace bhi::store::postgres
