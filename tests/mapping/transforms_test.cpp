// Each transform on small values.
#include "mapping/date_format.h"
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
  EXPECT_EQ(parse_date("3 Nov 2026", "d MMM yyyy", DateKind::Date).error().kind, Kind::Unsupported);
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
