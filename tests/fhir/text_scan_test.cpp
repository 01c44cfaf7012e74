#include "fhir/text_scan.h"

#include <gtest/gtest.h>

namespace bhi::fhir {
namespace {

// The scan of a text, which needs room behind it.
TextScan scan(std::string text) {
  const std::size_t size = text.size();
  text.append(kScanPadding, '\0');
  return TextScan({text.data(), size});
}

TEST(TextScan, FindsBadBytesAtEveryPlaceInABlock) {
  for (std::size_t at = 0; at < 40; ++at) {
    for (const char* bad : {"\xff", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8", "\x80",
                            "\x01", "\x1f", "\xe2\x82"}) {
      std::string text(at, 'a');
      text.append(bad).append("bbb");
      const TextScan found = scan(text);
      EXPECT_FALSE(found.ok()) << at << bad;
      EXPECT_EQ(found.fault_offset(), at);
      EXPECT_FALSE(is_utf8(text) && static_cast<unsigned char>(bad[0]) >= 0x80);
    }
    const std::string good = std::string(at, 'a') + "\u00e9\u20ac\U0001F600\t\r\n" + "\x7f";
    EXPECT_TRUE(scan(good).ok()) << at;
    EXPECT_TRUE(is_utf8(good));
    EXPECT_FALSE(scan(std::string(at, 'a') + "\xe2\x82").ok());  // cut at the end
  }
}

TEST(TextScan, KnowsLinesAndColumns) {
  const TextScan found = scan("ab\n\n" + std::string(20, 'x') + "\nyz");
  const auto at = [&](std::size_t offset) {
    const LineColumn place = found.line_column(offset);
    return std::to_string(place.line) + ":" + std::to_string(place.column);
  };
  EXPECT_EQ(at(0), "1:1");
  EXPECT_EQ(at(2), "1:3");
  EXPECT_EQ(at(3), "2:1");
  EXPECT_EQ(at(4), "3:1");
  EXPECT_EQ(at(24), "3:21");
  EXPECT_EQ(at(25), "4:1");
  EXPECT_EQ(at(27), "4:3");
}

TEST(TextScan, SuspectsOnlyEscapesOfNulAndSurrogates) {
  EXPECT_FALSE(scan(R"("\u0041\n\\ \u0001 \ud7ff \ue000")").has_suspicious_escape());
  EXPECT_TRUE(scan(R"("\u0000")").has_suspicious_escape());
  EXPECT_TRUE(scan(std::string(13, ' ') + R"("\uD800")").has_suspicious_escape());
  EXPECT_TRUE(scan(R"("\udFFF")").has_suspicious_escape());
}

}  // namespace
}  // namespace bhi::fhir
