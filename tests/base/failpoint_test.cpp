// The table of failpoints, and that one of them ends a process where the environment says so.
#include "base/failpoint.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <set>
#include <string>

namespace bhi {
namespace {

TEST(Failpoint, HasAtLeastTwentyFiveNamesEachOnce) {
  std::set<std::string_view> names;
  for (const auto& row : kFailpoints) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(row.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-."), row.name.npos) << row.name;
    EXPECT_FALSE(row.where.empty()) << row.name;
  }
  EXPECT_GE(names.size(), 25u);
}

void reach(const char* wish, int times) {
  setenv("BHI_FAILPOINT", wish, 1);
  for (int i = 0; i < times; ++i) failpoint("settle.after");
  failpoint("settle.before");
  std::_Exit(7);
}

TEST(FailpointDeathTest, EndsTheProcessAtTheWishedTime) {
  if (!kHasFailpoints) GTEST_SKIP() << "built without BHI_FAILPOINTS";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(reach("settle.after:kill:3", 3), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(reach("settle.after:kill:3", 2), testing::ExitedWithCode(7), "");
  EXPECT_EXIT(reach("settle.after", 1), testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(reach("settle.later:kill:1", 1), testing::ExitedWithCode(2), "expected NAME:kill");
  EXPECT_EXIT(reach("settle.after:jump:1", 1), testing::ExitedWithCode(2), "expected NAME:kill");
}

}  // namespace
}  // namespace bhi
