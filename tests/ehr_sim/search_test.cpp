// Searches and their pages.
#include "tests/ehr_sim/support/world.h"

#include <tuple>

namespace bhi::sim::testing {
namespace {

std::string observation(std::string_view id, std::string_view patient, std::string_view code,
                        std::string_view effective) {
  return R"({"resourceType":"Observation","id":")" + std::string(id) +
         R"(","status":"final","identifier":[{"system":"urn:t","value":")" + std::string(id) +
         R"("}],"category":[{"coding":[{"system":"c","code":"survey"}]}],"code":{"coding":[{"system":"http://loinc.org","code":")" +
         std::string(code) + R"("}]},"subject":{"reference":"Patient/)" + std::string(patient) +
         R"("},"effectiveDateTime":")" + std::string(effective) +
         R"(","derivedFrom":[{"reference":"QuestionnaireResponse/r)" + std::string(id) + R"("}]})";
}

class Searching : public ::testing::Test {
 protected:
  void SetUp() override {
    int minute = 0;
    for (const auto& [id, patient, code, date] : {std::tuple{"a", "1", "44261-6", "2026-11-03"},
                                                  {"b", "2", "44261-6", "2026-11-01"},
                                                  {"c", "1", "70274-6", "2026-11-02"},
                                                  {"d", "12", "44261-6", "2026-11-04"}}) {
      world.now = at("2026-11-22T09:00:00.500Z") + std::chrono::minutes(minute++);
      ASSERT_EQ(world.put("Observation/" + std::string(id), observation(id, patient, code, date)).status, 201);
    }
  }
  std::string found(std::string_view query) { return ids_of(world.get("Observation?" + std::string(query))); }

  World world;
};

TEST_F(Searching, FindsByEachParameterAndByAllTogether) {
  EXPECT_EQ(found("patient=1"), "a c");
  EXPECT_EQ(found("patient=Patient/12"), "d");
  EXPECT_EQ(found("subject=Patient/2"), "b");
  EXPECT_EQ(found("code=http://loinc.org%7C44261-6"), "a b d");
  EXPECT_EQ(found("code=44261-6,70274-6"), "a b c d");
  EXPECT_EQ(found("patient=1&code=44261-6"), "a");
  EXPECT_EQ(found("identifier=urn:t|c"), "c");
  EXPECT_EQ(found("identifier=|c"), "");
  EXPECT_EQ(found("identifier=urn:t|"), "a b c d");
  EXPECT_EQ(found("_id=a,d"), "a d");
  EXPECT_EQ(found("derived-from=QuestionnaireResponse/rb"), "b");
  EXPECT_EQ(found("category=survey&date=ge2026-11-03"), "a d");
  EXPECT_EQ(found("status:not=final"), "");
  EXPECT_EQ(found("encounter:missing=true"), "a b c d");
  EXPECT_EQ(found("encounter:missing=false"), "");
}

TEST_F(Searching, TakesSeveralLimitsOfLastUpdated) {
  EXPECT_EQ(found("_lastUpdated=ge2026-11-22T09:01:00.500Z&_lastUpdated=lt2026-11-22T09:03:00.500Z"), "b c");
  EXPECT_EQ(found("_lastUpdated=gt2026-11-22T09:01:00.500Z"), "c d");
  EXPECT_EQ(found("_lastUpdated=le2026-11-22T09:00:00.500Z"), "a");
  EXPECT_EQ(found("_lastUpdated=2026-11-22T09:02:00Z"), "c");
}

TEST_F(Searching, SortsAndLeavesWhatHasNoValueToTheEnd) {
  world.now += std::chrono::minutes(1);
  world.put("Observation/b", observation("b", "2", "44261-6", "2026-11-01"));  // now the newest
  EXPECT_EQ(found("_sort=_lastUpdated"), "a c d b");
  EXPECT_EQ(found("_sort=-_lastUpdated"), "b d c a");
  EXPECT_EQ(found("_sort=date"), "b c a d");
  world.put("Observation/e", R"({"resourceType":"Observation","id":"e","status":"final","code":{"text":"x"}})");
  EXPECT_EQ(found("_sort=-date"), "d a c b e");
  EXPECT_EQ(found("_sort=date"), "b c a d e");
}

TEST_F(Searching, CountsWithoutEntries) {
  for (const char* query : {"_summary=count", "_count=0", "_summary=count&_total=none"}) {
    const Response counted = world.get("Observation?patient=1&" + std::string(query));
    EXPECT_EQ(text_at(counted, "total"), "2") << query;
    EXPECT_EQ(ids_of(counted), "");
  }
  EXPECT_EQ(text_at(world.get("Observation?_total=none"), "total"), "");
}

TEST_F(Searching, PagesAreASnapshotWhileOthersWrite) {
  Response page = world.get("Observation?_count=2&_sort=_lastUpdated");
  EXPECT_EQ(ids_of(page), "a b");
  EXPECT_EQ(text_at(page, "total"), "4");
  EXPECT_EQ(link_of(page, "self"), std::string(kBase) + "/Observation?_count=2&_sort=_lastUpdated");
  // A change moves `a` behind the others, a deletion takes `c` away, a new one comes: the pages stay what was found.
  world.put("Observation/a", observation("a", "9", "44261-6", "2026-11-03"));
  world.ask("DELETE", "Observation/c");
  world.put("Observation/z", observation("z", "1", "44261-6", "2026-11-03"));
  const std::string next = link_of(page, "next");
  ASSERT_FALSE(next.empty());
  page = world.get(below_base(next));
  EXPECT_EQ(ids_of(page), "c d");
  EXPECT_EQ(link_of(page, "self"), next);
  EXPECT_EQ(link_of(page, "next"), "");
  EXPECT_EQ(found("_sort=_lastUpdated"), "b d a z");
}

TEST_F(Searching, APageThatIsNotKeptIsGone) {
  EXPECT_EQ(world.get("Observation?_cursor=nonsense").status, 410);
  EXPECT_EQ(world.get("Observation?_cursor=aaaa-2").status, 410);
  const std::string next = below_base(link_of(world.get("Observation?_count=1"), "next"));
  EXPECT_EQ(world.get("Patient" + next.substr(next.find('?'))).status, 410) << "a cursor belongs to its own address";
  for (int i = 0; i < 600; ++i) world.get("Observation?_count=1");
  EXPECT_EQ(world.get(next).status, 410);
}

TEST_F(Searching, AnsweringAFormIsTheSameAsAnsweringALink) {
  const Response form = world.post("Observation/_search?patient=1", "code=44261-6&_count=5",
                                   {{"Content-Type", "application/x-www-form-urlencoded"}});
  EXPECT_EQ(ids_of(form), "a");
  EXPECT_EQ(link_of(form, "self"), std::string(kBase) + "/Observation?patient=1&code=44261-6&_count=5");
  EXPECT_EQ(world.post("Observation/_search", "{}", {{"Content-Type", "application/json"}}).status, 400);
}

TEST_F(Searching, RefusesWhatItDoesNotKnow) {
  const char* kBad[] = {"nonsense=1",  "patient.name=x", "_include=*", "_has:x:y:z=1",  "code:in=x",
                        "_count=-1",   "_count=ten",     "_sort=code", "_summary=true", "_lastUpdated=x",
                        "_format=xml", "_total=all",     "patient=",   "code=a|b|c",    "code:missing=no",
                        "a=%zz",       "a=%00"};
  for (const char* query : kBad) {
    const Response refused = world.get("Observation?" + std::string(query));
    EXPECT_EQ(refused.status, 400) << query;
    EXPECT_EQ(text_at(refused, "resourceType"), "OperationOutcome") << query;
    EXPECT_FALSE(text_at(refused, "issue.0.diagnostics").empty()) << query;
  }
}

TEST_F(Searching, IsLenientWhenAskedAndSaysWhatItUsed) {
  const Response answer = world.get("Observation?nonsense=1&patient=2", {{"Prefer", "handling=lenient"}});
  EXPECT_EQ(ids_of(answer), "b");
  EXPECT_EQ(link_of(answer, "self"), std::string(kBase) + "/Observation?patient=2");
  EXPECT_EQ(world.get("Observation?_count=ten", {{"Prefer", "handling=lenient"}}).status, 400);
}

TEST(SearchByUrl, FindsAFormWithAndWithoutItsVersion) {
  World world;
  world.put("Questionnaire/q1",
            R"({"resourceType":"Questionnaire","id":"q1","url":"http://x/q","version":"1.0","status":"active"})");
  world.put("Questionnaire/q2",
            R"({"resourceType":"Questionnaire","id":"q2","url":"http://x/q","version":"2.0","status":"active"})");
  world.put(
      "QuestionnaireResponse/r",
      R"({"resourceType":"QuestionnaireResponse","id":"r","status":"completed","questionnaire":"http://x/q|1.0"})");
  EXPECT_EQ(ids_of(world.get("Questionnaire?url=http://x/q")), "q1 q2");
  EXPECT_EQ(ids_of(world.get("Questionnaire?url=http://x/q%7C2.0")), "q2");
  EXPECT_EQ(ids_of(world.get("Questionnaire?url=http://x/q&version=1.0")), "q1");
  EXPECT_EQ(ids_of(world.get("QuestionnaireResponse?questionnaire=http://x/q")), "r");
  EXPECT_EQ(ids_of(world.get("QuestionnaireResponse?questionnaire=http://x/q|2.0")), "");
}

TEST(SearchByIdentifier, ForgetsTheIdentifierThatAChangeTookAway) {
  World world;
  world.put("Patient/p", R"({"resourceType":"Patient","id":"p","identifier":[{"system":"s","value":"old"}]})");
  world.put("Patient/p", R"({"resourceType":"Patient","id":"p","identifier":[{"system":"s","value":"new"}]})");
  EXPECT_EQ(ids_of(world.get("Patient?identifier=s|old")), "");
  EXPECT_EQ(ids_of(world.get("Patient?identifier=new")), "p");
  world.ask("DELETE", "Patient/p");
  EXPECT_EQ(ids_of(world.get("Patient?identifier=new")), "");
}

}  // namespace
}  // namespace bhi::sim::testing
