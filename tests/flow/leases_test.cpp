#include "flow/leases.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace bhi::flow {

namespace {

std::vector<std::string> partitions() {
  std::vector<std::string> names;
  for (int i = 0; i < kPartitions; ++i) names.push_back(lease_of_partition(i));
  return names;
}

// A table of leases, and replicas that look at it one after the other.
struct Table {
  std::vector<std::string> names = partitions();
  std::map<std::string, LeaseRow> rows;

  std::vector<LeaseRow> look() const {
    std::vector<LeaseRow> found;
    for (const auto& [name, row] : rows) found.push_back(row);
    return found;
  }
  Share round(const std::vector<std::string>& alive, const std::string& me) {
    const auto share = flow::share(names, look(), alive, me);
    for (const auto& name : share.give) rows[name].holder.clear();
    for (const auto& name : share.take) {
      auto& row = rows[name];
      EXPECT_TRUE(row.free()) << name;
      row = {name, me, row.token + 1, 1000};
    }
    return share;
  }
  std::map<std::string, int> held() const {
    std::map<std::string, int> count;
    for (const auto& [name, row] : rows) {
      if (!row.free()) ++count[row.holder];
    }
    return count;
  }
  // Until nobody takes or gives.
  int settle(const std::vector<std::string>& alive) {
    for (int rounds = 1; rounds < 20; ++rounds) {
      bool quiet = true;
      for (const auto& me : alive) {
        const auto share = round(alive, me);
        quiet = quiet && share.take.empty() && share.give.empty();
      }
      if (quiet) return rounds;
    }
    return 20;
  }
};

}  // namespace

TEST(Leases, PartitionOfAKeyNeverChanges) {
  // They stand in the rows of stores: another value here would leave lanes where nobody looks.
  EXPECT_EQ(partition_of("epic|Patient/1"), 19);
  EXPECT_EQ(partition_of("epic|Patient/2"), 48);
  EXPECT_EQ(partition_of(outbox_key("main", "abc")), partition_of("main|abc"));
  EXPECT_EQ(lease_of_partition(7), "lane/07");
  EXPECT_EQ(lease_of_partition(63), "lane/63");
}

TEST(Leases, KeysThatDifferInTheirEndFallEverywhere) {
  std::map<int, int> count;
  for (int i = 0; i < 64'000; ++i) ++count[partition_of("epic|Patient/" + std::to_string(i))];
  ASSERT_EQ(count.size(), 64u);
  for (const auto& [partition, found] : count) {
    EXPECT_GE(partition, 0);
    EXPECT_LT(partition, kPartitions);
    EXPECT_GT(found, 800) << partition;
    EXPECT_LT(found, 1200) << partition;
  }
}

TEST(Leases, OneTakesEverything) {
  Table table;
  table.settle({"a"});
  EXPECT_EQ(table.held(), (std::map<std::string, int>{{"a", 64}}));
}

TEST(Leases, FromOneToTwoToFourToOneTheWorkIsShared) {
  Table table;
  table.settle({"a"});
  EXPECT_LE(table.settle({"a", "b"}), 3);
  EXPECT_EQ(table.held(), (std::map<std::string, int>{{"a", 32}, {"b", 32}}));
  EXPECT_LE(table.settle({"a", "b", "c", "d"}), 3);
  EXPECT_EQ(table.held(), (std::map<std::string, int>{{"a", 16}, {"b", 16}, {"c", 16}, {"d", 16}}));
  for (auto& [name, row] : table.rows) {
    if (row.holder != "c") row.left_ms = 0;  // the others died
  }
  table.settle({"c"});
  EXPECT_EQ(table.held(), (std::map<std::string, int>{{"c", 64}}));
}

TEST(Leases, WhatDoesNotComeOutEvenIsSharedAsEvenlyAsItCanBe) {
  Table table;
  table.settle({"a", "b", "c"});
  EXPECT_EQ(table.held(), (std::map<std::string, int>{{"a", 22}, {"b", 21}, {"c", 21}}));
  Table jobs;
  jobs.names = {"source/epic"};
  jobs.settle({"a", "b"});
  EXPECT_EQ(jobs.held(), (std::map<std::string, int>{{"a", 1}}));
}

TEST(Leases, NobodyTakesWhatAnotherStillHolds) {
  const std::vector<std::string> names{"x", "y"};
  const std::vector<LeaseRow> rows{{"x", "dead", 3, 1}, {"y", "dead", 3, 0}};
  const auto found = share(names, rows, std::vector<std::string>{"me"}, "me");
  EXPECT_EQ(found.take, std::vector<std::string>{"y"});
}

TEST(Leases, WithoutReplicasEverythingIsBegun) {
  const Underway ours(nullptr, "source/epic");
  EXPECT_TRUE(static_cast<bool>(ours));
  EXPECT_TRUE(ours.may_send());
  EXPECT_TRUE(holds(nullptr, "tick"));
}

}  // namespace bhi::flow
