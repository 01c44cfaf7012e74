#include "fhir/decimal.h"

#include <gtest/gtest.h>

namespace bhi::fhir {
namespace {

Decimal d(std::string_view text) {
  const auto value = Decimal::parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value.value_or(Decimal());
}

std::string text(const std::optional<Decimal>& value) { return value ? value->to_text() : "none"; }

TEST(Decimal, KeepsItsDigits) {
  for (const char* kept :
       {"0", "1.50", "-0.007", "100", "0.00", "99999999999999999999999999999999999999", "-12.3450"}) {
    EXPECT_EQ(d(kept).to_text(), kept);
  }
  EXPECT_EQ(d("1.5e3").to_text(), "1500");
  EXPECT_EQ(d("1.50E-2").to_text(), "0.0150");
  EXPECT_EQ(d("007").to_text(), "7");
}

TEST(Decimal, RefusesWhatIsNone) {
  for (const char* wrong : {"", "-", ".5", "5.", "1e", "1e-", "1e+-2", "1 ", "0x1", "NaN", "1.2.3", "1e41", "--1",
                            "999999999999999999999999999999999999999"}) {
    EXPECT_FALSE(Decimal::parse(wrong).has_value()) << wrong;
  }
}

TEST(Decimal, ComparesByValueWhateverTheScale) {
  EXPECT_EQ(d("1.0"), d("1.00"));
  EXPECT_LT(d("-2"), d("-1.999"));
  EXPECT_GT(d("99999999999999999999999999999999999999"), d("0.000000000000000000000000000001"));
  EXPECT_LT(d("-99999999999999999999999999999999999999"), d("0.000000000000000000000000000001"));
}

TEST(Decimal, AddsAndMultipliesExactly) {
  EXPECT_EQ(text(add(d("0.1"), d("0.2"))), "0.3");
  EXPECT_EQ(text(add(d("1.50"), d("-1.5"))), "0.00");
  EXPECT_EQ(text(subtract(d("1"), d("0.0000000000000000000000000001"))), "0.9999999999999999999999999999");
  EXPECT_EQ(text(multiply(d("1.2"), d("1.30"))), "1.560");
  EXPECT_EQ(text(multiply(d("1234567890123456789.5"), d("-1234567890123456789"))),
            "-1524157875323883675636335943811918915.5");
  EXPECT_EQ(text(multiply(d("1e30"), d("1e30"))), "none");
  EXPECT_EQ(text(add(d("99999999999999999999999999999999999999"), d("1"))), "none");
  EXPECT_EQ(text(add(d("99999999999999999999999999999999999999"), d("0.3"))), "99999999999999999999999999999999999999");
}

TEST(Decimal, RoundsASumThatNeedsMoreThanThirtyEightDigits) {
  EXPECT_EQ(text(add(d("-0.89236429435772785388297383395547677889"), d("-0.8367643480412945316"))),
            "-1.7291286423990223854829738339554767789");
  EXPECT_EQ(text(add(d("99999999999999999999999999999999999999"), d("99999999999999999999999999999999999999"))),
            "none");
}

TEST(Decimal, DividesToTwentyEightDigits) {
  EXPECT_EQ(text(divide(d("1"), d("3"))), "0.3333333333333333333333333333");
  EXPECT_EQ(text(divide(d("2"), d("3"))), "0.6666666666666666666666666667");
  EXPECT_EQ(text(divide(d("10"), d("4.0"))), "2.5");
  EXPECT_EQ(text(divide(d("-6"), d("2"))), "-3");
  EXPECT_EQ(text(divide(d("1"), d("0.00"))), "none");
  EXPECT_EQ(text(divide(d("99999999999999999999999999999999999999"), d("1"))),
            "99999999999999999999999999999999999999");
  EXPECT_EQ(text(divide(d("1"), d("99999999999999999999999999999999999999"))),
            "0.00000000000000000000000000000000000001");
  EXPECT_EQ(text(divide(d("99999999999999999999999999999999999999"), d("0.1"))), "none");
}

TEST(Decimal, DividesWholeAndKeepsTheRemaindersSign) {
  EXPECT_EQ(text(divide_whole(d("-7.5"), d("2"))), "-3");
  EXPECT_EQ(text(remainder(d("-7.5"), d("2"))), "-1.5");
  EXPECT_EQ(text(remainder(d("5.5"), d("0.7"))), "0.6");
  EXPECT_EQ(text(divide_whole(d("5"), d("0"))), "none");
  EXPECT_EQ(text(remainder(d("5"), d("0"))), "none");
}

TEST(Decimal, RoundsAndCuts) {
  EXPECT_EQ(d("3.14159").round(3).to_text(), "3.142");
  EXPECT_EQ(d("1.5").round(0).to_text(), "2");
  EXPECT_EQ(d("-1.5").round(0).to_text(), "-2");
  EXPECT_EQ(d("1.4").round(5).to_text(), "1.4");
  EXPECT_EQ(d("-1.1").floor().to_text(), "-2");
  EXPECT_EQ(d("-1.1").ceiling().to_text(), "-1");
  EXPECT_EQ(d("2.000").floor().to_text(), "2");
  EXPECT_EQ(d("101.99999").truncate().to_text(), "101");
  EXPECT_EQ(d("3.0").to_int64(), 3);
  EXPECT_EQ(d("3.1").to_int64(), std::nullopt);
  EXPECT_EQ(d("9223372036854775808").to_int64(), std::nullopt);
  EXPECT_TRUE(d("3.00").is_whole());
  EXPECT_EQ(text(Decimal::from_double(0.1)), "0.1");
  EXPECT_EQ(text(Decimal::from_double(1e300)), "none");
  EXPECT_DOUBLE_EQ(d("-2.25").to_double(), -2.25);
}

}  // namespace
}  // namespace bhi::fhir
