// Versions, dates and waiting times out of headers.
#include "ehr/headers.h"

#include <gtest/gtest.h>

namespace bhi::ehr {

TEST(Headers, ReadAWeakOrStrongEntityTag) {
  EXPECT_EQ(version_of_etag("W/\"12\""), "12");
  EXPECT_EQ(version_of_etag("\"a-b\""), "a-b");
  EXPECT_EQ(version_of_etag("W/12"), "");
  EXPECT_EQ(version_of_etag("\""), "");
  EXPECT_EQ(version_of_etag(""), "");
}

TEST(Headers, QuoteTheVersionForIfMatch) { EXPECT_EQ(etag_of_version("12"), "W/\"12\""); }

TEST(Headers, ReadTheDateOfAServer) {
  const auto date = http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(date);
  EXPECT_EQ(to_text(*date), "1994-11-06T08:49:37.000Z");
  for (const char* text :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 31 Feb 2026 08:49:37 GMT", "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
    EXPECT_FALSE(http_date(text)) << text;
  }
}

TEST(Headers, TellHowLongToWaitInEveryFormSeenInTheWild) {
  const auto now = *http_date("Sun, 22 Nov 2026 08:00:00 GMT");
  EXPECT_EQ(wait_ms("5", "", now), 5000);
  EXPECT_EQ(wait_ms("Sun, 22 Nov 2026 08:00:30 GMT", "", now), 30'000);
  EXPECT_EQ(wait_ms("Sun, 22 Nov 2026 07:00:00 GMT", "", now), 0);
  const std::int64_t ms = now.time_since_epoch().count();
  EXPECT_EQ(wait_ms(std::to_string(ms + 7000), "", now), 7000);
  EXPECT_EQ(wait_ms(std::to_string(ms / 1000 + 8), "", now), 8000);
  EXPECT_EQ(wait_ms("", "\"fhirInteractions\";r=0;t=60", now), 60'000);
}

TEST(Headers, NeverWaitLongerThanAnHourAndIgnoreWhatIsNoTime) {
  const auto now = *http_date("Sun, 22 Nov 2026 08:00:00 GMT");
  EXPECT_EQ(wait_ms("999999", "", now), 3'600'000);
  EXPECT_EQ(wait_ms("Sun, 22 Nov 2037 08:00:30 GMT", "", now), 3'600'000);
  EXPECT_EQ(wait_ms("", "x;r=0;t=9223372036854775807", now), 3'600'000);
  EXPECT_FALSE(wait_ms("soon", "", now));
  EXPECT_FALSE(wait_ms("-5", "", now));
  EXPECT_FALSE(wait_ms("99999999999999999999", "", now));
  EXPECT_FALSE(wait_ms("", "x;r=3;t=60", now));
  EXPECT_FALSE(wait_ms("Sun, 22 Nov 2026 08:00:30 GMT", "", std::nullopt));
}

}  // namespace bhi::ehr
