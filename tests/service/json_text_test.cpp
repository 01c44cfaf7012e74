// JSON texts made by hand: whatever goes in, one well-formed value on one line comes out.
#include "service/json_text.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

namespace bhi::service {
namespace {

TEST(Quote, EscapesWhatWouldBreakALineOrATerminal) {
  EXPECT_EQ(quote("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(quote("a\r\nb\x1b[31m\x7f"), R"("a\u000d\u000ab\u001b[31m\u007f")");
  EXPECT_EQ(quote("\xC2\x85"), R"("\u0085")");
  EXPECT_EQ(quote("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\"");
  EXPECT_EQ(quote("\xC0\xAE\xFF\xED\xA0\x80"), R"("\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd")");
}

TEST(JsonObject, JoinsMembers) {
  EXPECT_EQ(JsonObject().text("a", "x").number("b", -3).flag("c", true).raw("d", "[1]").text_if("e", "").str(),
            R"({"a":"x","b":-3,"c":true,"d":[1]})");
  EXPECT_EQ(JsonObject().str(), "{}");
  EXPECT_EQ(json_array({"1", "{}"}), "[1,{}]");
}

TEST(WithMember, AddsToTheEndOfAnObject) {
  EXPECT_EQ(with_member(R"({"kind":"Patient"})", "version", 3), R"({"kind":"Patient","version":3})");
  EXPECT_EQ(with_member("{ }", "version", 3), R"({ "version":3})");
}

}  // namespace
}  // namespace bhi::service
