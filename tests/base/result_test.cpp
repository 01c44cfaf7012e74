#include "base/result.h"

#include "base/issue.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace bhi {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Kind::Incorrect, "expected an even number"};
  return number / 2;
}

Result<int> quarter(int number) {
  BHI_TRY(const int once, half(number));
  BHI_TRY(const int twice, half(once));
  return twice;
}

Result<void> must_be_even(int number) {
  if (number % 2 != 0) return Error{Kind::Conflict, "odd"};
  return {};
}

Result<void> check(int number) {
  BHI_CHECK(must_be_even(number));
  return {};
}

TEST(Result, IsAValueOrAnError) {
  EXPECT_TRUE(half(4).ok());
  EXPECT_EQ(*half(4), 2);
  ASSERT_FALSE(half(3));
  EXPECT_EQ(half(3).error().kind, Kind::Incorrect);
  EXPECT_EQ(half(3).error().message, "expected an even number");
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_FALSE(quarter(6).ok());
  EXPECT_FALSE(quarter(7).ok());
}

TEST(Result, OfNothingIsFineOrAnError) {
  EXPECT_TRUE(check(2).ok());
  EXPECT_EQ(check(3).error().kind, Kind::Conflict);
}

TEST(Result, HoldsWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(result).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Kind, EachHasItsNameAndStatus) {
  const std::vector<std::pair<Kind, int>> kStatus{
      {Kind::Incorrect, 400}, {Kind::Forbidden, 403}, {Kind::NotFound, 404},    {Kind::Conflict, 409},
      {Kind::Busy, 429},      {Kind::Fault, 500},     {Kind::Unsupported, 501}, {Kind::Unavailable, 503}};
  std::set<std::string_view> names;
  for (const auto& [kind, status] : kStatus) {
    EXPECT_EQ(http_status(kind), status);
    names.insert(name(kind));
  }
  EXPECT_EQ(names.size(), kStatus.size());
}

TEST(Issues, OnlyFatalAndErrorAreErrors) {
  EXPECT_FALSE(has_errors({}));
  EXPECT_FALSE(has_errors({{Severity::Warning, "value", "", ""}, {Severity::Information, "value", "", ""}}));
  EXPECT_TRUE(has_errors({{Severity::Warning, "value", "", ""}, {Severity::Error, "value", "", ""}}));
  EXPECT_TRUE(has_errors({{Severity::Fatal, "value", "", ""}}));
  EXPECT_EQ(name(Severity::Information), "information");
}

}  // namespace
}  // namespace bhi
