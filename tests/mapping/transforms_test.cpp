// Each transform on small values.
#include "mapping/date_format.h"
#include "mapping/escape.h"
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

namespace bhi::mapping {
namespace {

const std::string kResponse =
    R"({"resourceType":"QuestionnaireResponse","id":"r1","status":"completed","authored":"2026-11-22T09:30:00Z","language":"grün"})";

std::string made(const std::string& target, const std::string& type = "Observation") {
  const test::Ran ran =
      test::run_map(test::map_of("src.id as id, src.language as l -> " + target + ";", type), {kResponse});
  const std::string start = R"({"resourceType":")" + type + "\"";
  if (!ran.error.empty()) return ran.error;
  return ran.json.substr(std::min(start.size() + 1, ran.json.size() - 1));
}

TEST(Transforms, BuildDatatypes) {
  EXPECT_EQ(made("tgt.code = cc('s', 'c', 'd')"), R"("code":{"coding":[{"system":"s","code":"c","display":"d"}]}})");
  EXPECT_EQ(made("tgt.code = cc('only text')"), R"("code":{"text":"only text"}})");
  EXPECT_EQ(made("tgt.code = c('s', id)"), R"("code":{"coding":[{"system":"s","code":"r1"}]}})");
  EXPECT_EQ(made("tgt.value = qty(5.50, 'mg', 'u', 'mg')"),
            R"("valueQuantity":{"value":5.50,"unit":"mg","system":"u","code":"mg"}})");
  EXPECT_EQ(made("tgt.value = qty('<= 12.5 mg/dL')"),
            R"("valueQuantity":{"value":12.5,"comparator":"<=","unit":"mg/dL"}})");
  EXPECT_EQ(
      made("tgt.identifier = id('sys', id, 'MR')"),
      R"("identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"sys","value":"r1"}]})");
  EXPECT_EQ(
      made("tgt.telecom = cp('a@b.c'), tgt.telecom = cp('+1 (2) 3'), tgt.telecom = cp('fax', '9')", "Patient"),
      R"("telecom":[{"system":"email","value":"a@b.c"},{"system":"phone","value":"+1 (2) 3"},{"system":"fax","value":"9"}]})");
}

TEST(Transforms, WorkOnText) {
  EXPECT_EQ(made("tgt.value = truncate(l, 3)"), R"("valueString":"grü"})");
  EXPECT_EQ(made("tgt.value = append(id, ' ', l, 5)"), R"("valueString":"r1 grün5"})");
  EXPECT_EQ(made("tgt.value = cast('7', 'integer')"), R"("valueInteger":7})");
  EXPECT_EQ(made("tgt.value = cast(id, 'string')"), R"("valueString":"r1"})");
  EXPECT_EQ(made("tgt.id = uuid()"), R"("id":"00000000-0000-4000-8000-000000000001"})");
  EXPECT_NE(made("tgt.value = cast(id, 'integer')").find("expected integer, a whole number, found id of 2 characters"),
            std::string::npos);
}

TEST(Transforms, ReadDatesInOtherFormats) {
  EXPECT_EQ(made("tgt.birthDate = toDate('22/11/2026', 'dd/MM/yyyy')", "Patient"), R"("birthDate":"2026-11-22"})");
  EXPECT_EQ(parse_date("20261122093015", "yyyyMMddHHmmss", DateKind::DateTime).value(), "2026-11-22T09:30:15Z");
  EXPECT_EQ(parse_date("22.11.2026 12:05 AM +0200", "dd.MM.yyyy hh:mm a Z", DateKind::DateTime).value(),
            "2026-11-22T00:05:00+02:00");
  EXPECT_EQ(parse_date("09:30:15.250", "HH:mm:ss.SSS", DateKind::Time).value(), "09:30:15.250");
  EXPECT_EQ(parse_date("2026-11", "yyyy-MM", DateKind::Date).value(), "2026-11");
  EXPECT_FALSE(parse_date("2026-02-30", "yyyy-MM-dd", DateKind::Date).ok());
  EXPECT_FALSE(parse_date("2026-2-3", "yyyy-MM-dd", DateKind::Date).ok());
  EXPECT_FALSE(parse_date("2026-02-03x", "yyyy-MM-dd", DateKind::Date).ok());
  EXPECT_FALSE(parse_date("25:00", "HH:mm", DateKind::Time).ok());
  EXPECT_EQ(parse_date("3 NOV 2026", "d MMM yyyy", DateKind::Date).value(), "2026-11-03");
  EXPECT_EQ(parse_date("May 9, 2026", "MMMM d, yyyy", DateKind::Date).value(), "2026-05-09");
  EXPECT_FALSE(parse_date("3 Nox 2026", "d MMM yyyy", DateKind::Date).ok());
  EXPECT_EQ(parse_date("9:00 PST", "H:mm z", DateKind::Time).error().kind, Kind::Unsupported);
  EXPECT_EQ(made("tgt.birthDate = toDate(src.authored)", "Patient"), R"("birthDate":"2026-11-22"})");
  EXPECT_NE(made("tgt.value = toDate('22.11.2026')").find("expected date"), std::string::npos);
}

TEST(Transforms, EscapeFromOneFormatToAnother) {
  const auto escaped = [](std::string_view text, std::string_view from, std::string_view to) {
    return escape_text(text, from, to).value();
  };
  EXPECT_EQ(escaped("a<b & \"c'", "plain", "xml"), "a&lt;b &amp; &quot;c&apos;");
  EXPECT_EQ(escaped("a<b'", "plain", "html"), "a&lt;b&#39;");
  EXPECT_EQ(escaped("a&lt;b &#228;&#xe4;&quot;", "xml", "plain"), "a<b \u00e4\u00e4\"");
  EXPECT_EQ(escaped("R&D &nbsp;&amp;", "html", "plain"), "R&D \u00a0&");
  EXPECT_EQ(escaped("a\"b\n\x01\u00e4", "plain", "json"), R"(a\"b\n\u0001)"
                                                          "\u00e4");
  EXPECT_EQ(escaped(R"(a\"\/\u00e4\ud83d\ude00)", "json", "plain"), "a\"/\u00e4\U0001F600");
  EXPECT_EQ(escaped("\u00e4\U0001F600\t", "text", "java"), R"(\u00e4\ud83d\ude00\t)");
  EXPECT_EQ(escaped(R"(\'\101\s)", "java", "plain"), "'A ");
  EXPECT_EQ(escaped(R"(\u003c)", "json", "xml"), "&lt;");
  for (const auto& [text, format] : {std::pair{"R&D", "xml"},
                                     {"&bad;", "xml"},
                                     {"&#0;", "xml"},
                                     {"a\\", "json"},
                                     {R"(\u00)", "json"},
                                     {R"(\udc00)", "json"},
                                     {R"(\q)", "java"},
                                     {R"(\u0000)", "json"}}) {
    EXPECT_FALSE(escape_text(text, format, "plain").ok()) << text;
  }
  EXPECT_EQ(made("tgt.value = escape('a &amp; b', 'html', 'json')"), R"("valueString":"a & b"})");
  EXPECT_EQ(made("tgt.value = escape('a & b', 'xml')"), R"("valueString":"a &amp; b"})");
  EXPECT_NE(made("tgt.value = escape(id, 'sgml', 'xml')").find("found 'sgml'"), std::string::npos);
}

TEST(Transforms, OperateOnDates) {
  EXPECT_EQ(made("tgt.effective = dateOp('2026-11-22', 'date')", "Observation"),
            R"("effectiveDateTime":"2026-11-22"})");
  EXPECT_EQ(made("tgt.birthDate = dateOp(src.authored, 'date')", "Patient"), R"("birthDate":"2026-11-22"})");
  EXPECT_EQ(made("tgt.birthDate = dateOp('22.11.2026', 'date', 'dd.MM.yyyy')", "Patient"),
            R"("birthDate":"2026-11-22"})");
  EXPECT_EQ(made("tgt.birthDate = dateOp('2026-01-31', '1 month')", "Patient"), R"("birthDate":"2026-02-28"})");
  EXPECT_EQ(made("tgt.birthDate = dateOp('2026-01-31', '-5 days')", "Patient"), R"("birthDate":"2026-01-26"})");
  EXPECT_EQ(made("tgt.issued = dateOp(src.authored, 2 hours)"), R"("issued":"2026-11-22T11:30:00Z"})");
  EXPECT_NE(made("tgt.birthDate = dateOp('2026-01-31', 'soon')", "Patient").find("second parameter of dateOp()"),
            std::string::npos);
}

TEST(Transforms, ReadSecondsSince1970) {
  EXPECT_EQ(date_from_unix("0", "", DateKind::DateTime).value(), "1970-01-01T00:00:00Z");
  EXPECT_EQ(date_from_unix("1795253400", "-05:00", DateKind::DateTime).value(), "2026-11-21T04:30:00-05:00");
  EXPECT_EQ(date_from_unix("-1", "", DateKind::Date).value(), "1969-12-31");
  EXPECT_FALSE(date_from_unix("99999999999999999", "", DateKind::Date).ok());
  EXPECT_FALSE(date_from_unix("1", "Mars", DateKind::Date).ok());
}

TEST(Transforms, GiveNothingForNothing) {
  EXPECT_EQ(
      made("tgt.value = append((src.text)), tgt.code = cc('s', (src.author.display)), tgt.id = (src.basedOn.display)"),
      R"(})");
}

}  // namespace
}  // namespace bhi::mapping
