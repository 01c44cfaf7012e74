#include "fhir/bundle.h"

#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>

namespace bhi::fhir {
namespace {

struct Split {
  DocumentPtr document;
  Arena arena;
  Entries found;

  explicit Split(std::string text) : document(read_json(std::move(text)).value()) {
    auto result = split(document->root(), arena);
    EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message);
    if (result.ok()) found = std::move(result).value();
  }
  std::string resource(std::size_t i) const { return write_json(found.entries.at(i).resource); }
  std::string issue(std::size_t i) const { return found.issues.at(i).path + " " + found.issues.at(i).code; }
};

TEST(Bundle, RewritesUrnReferencesWhereverTheyStand) {
  const Split split(R"({"resourceType":"Bundle","type":"transaction","entry":[
    {"fullUrl":"urn:uuid:AB-1","resource":{"resourceType":"Patient"}},
    {"fullUrl":"urn:oid:1.2.3","resource":{"resourceType":"Practitioner","id":"doc"}},
    {"fullUrl":"https://x.org/fhir/Observation/o7","resource":{"resourceType":"Observation",
     "subject":{"reference":"urn:uuid:ab-1"},"performer":[{"display":"?"},{"reference":"urn:oid:1.2.3"}],
     "extension":[{"url":"x","valueReference":{"reference":"urn:uuid:not-here"}}],"focus":[{"reference":"Patient/9"}]}}]})");
  ASSERT_EQ(split.found.entries.size(), 3u);
  EXPECT_TRUE(split.found.issues.empty());
  EXPECT_EQ(split.resource(0), R"({"resourceType":"Patient","id":"AB-1"})");
  EXPECT_EQ(
      split.resource(2),
      R"({"resourceType":"Observation","subject":{"reference":"Patient/AB-1"},"performer":[{"display":"?"},)"
      R"({"reference":"Practitioner/doc"}],"extension":[{"url":"x","valueReference":{"reference":"urn:uuid:not-here"}}],)"
      R"("focus":[{"reference":"Patient/9"}],"id":"o7"})");
  EXPECT_EQ(patient_reference(split.found.entries[2].resource), "Patient/AB-1");
}

TEST(Bundle, TakesTheGoodEntriesAndNamesTheOthers) {
  const Split split(R"({"resourceType":"Bundle","type":"batch","entry":[
    {"resource":{"resourceType":"Patient","id":"a"}},
    {"resource":{"resourceType":"Patent","id":"a"}},
    {"resource":{"resourceType":"Patient","id":"../x"}},
    {"resource":[]},
    {"fullUrl":"urn:uuid:1"},
    7,
    {"resource":{"resourceType":"Bundle","id":"n"}},
    {"resource":{"id":"n"}},
    {"fullUrl":"urn:uuid:..","resource":{"resourceType":"Goal"}},
    {"fullUrl":"urn:uuid:2","resource":{"resourceType":"Goal","id":"g"}},
    {"fullUrl":"urn:uuid:2","resource":{"resourceType":"Goal","id":"h"}}]})");
  ASSERT_EQ(split.found.entries.size(), 2u);
  EXPECT_EQ(split.found.entries[1].path, "Bundle.entry[9]");
  ASSERT_EQ(split.found.issues.size(), 9u);
  EXPECT_EQ(split.found.issues[0].text, "expected a resourceType of R4, found 'Patent'");
  EXPECT_EQ(split.issue(1), "Bundle.entry[2].resource.id value");
  EXPECT_EQ(split.issue(2), "Bundle.entry[3].resource structure");
  EXPECT_EQ(split.issue(3), "Bundle.entry[4] required");
  EXPECT_EQ(split.issue(4), "Bundle.entry[5] structure");
  EXPECT_EQ(split.issue(5), "Bundle.entry[6].resource not-supported");
  EXPECT_EQ(split.issue(7), "Bundle.entry[8].fullUrl value");
  EXPECT_EQ(split.issue(8), "Bundle.entry[10].fullUrl duplicate");
}

TEST(Bundle, KnowsDeletionsOutcomesAndBareNotifications) {
  const Split history(R"({"resourceType":"Bundle","type":"history","entry":[
    {"request":{"method":"DELETE","url":"Patient/1"}},
    {"fullUrl":"https://x.org/Patient/2"},
    {"fullUrl":"https://x.org/Patient/3","request":{"method":"PUT","url":"Patient/3"}},
    {"resource":{"resourceType":"Patient","id":"4"},"request":{"method":"PUT","url":"Patient/4"}}]})");
  ASSERT_EQ(history.found.entries.size(), 3u);
  EXPECT_TRUE(history.found.entries[0].deleted);
  EXPECT_EQ(history.found.entries[0].full_url, "Patient/1");
  EXPECT_TRUE(history.found.entries[1].deleted);
  EXPECT_FALSE(history.found.entries[2].deleted);
  EXPECT_EQ(history.issue(0), "Bundle.entry[2] incomplete");

  const Split search(R"({"resourceType":"Bundle","type":"searchset","entry":[
    {"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}},
    {"resource":{"resourceType":"Patient","id":"1"},"search":{"mode":"match"}}]})");
  EXPECT_TRUE(search.found.entries[0].outcome);
  EXPECT_FALSE(search.found.entries[1].outcome);
}

TEST(Bundle, TakesAResourceOnceInATransactionOnly) {
  const std::string twice = R"(","entry":[{"resource":{"resourceType":"Goal","id":"g"}},
                                            {"resource":{"resourceType":"Goal","id":"g"}}]})";
  const std::string bundle = R"({"resourceType":"Bundle","type":")";
  EXPECT_EQ(Split(bundle + "transaction" + twice).issue(0), "Bundle.entry[1].resource duplicate");
  EXPECT_EQ(Split(bundle + "searchset" + twice).found.entries.size(), 2u);
}

TEST(Bundle, ListsAThousandProblemsAtMost) {
  std::string text = R"({"resourceType":"Bundle","type":"collection","entry":[0)";
  for (int i = 0; i < 5000; ++i) text += ",0";
  EXPECT_EQ(Split(text + "]}").found.issues.size(), 1001u);
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "x\n";
  EXPECT_EQ(read_ndjson(lines).issues.size(), 1001u);
}

TEST(Bundle, RefusesADocumentWithoutAKnownType) {
  Arena arena;
  for (const char* text : {"{}", R"({"resourceType":"Nope"})", R"({"resourceType":5})"}) {
    const auto document = read_json(text).value();
    const auto result = split(document->root(), arena);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().kind, Kind::Incorrect);
  }
  EXPECT_EQ(Split(R"({"resourceType":"Patient","id":"1"})").found.entries.at(0).path, "Patient");
  EXPECT_EQ(Split(R"({"resourceType":"Patient","id":".."})").issue(0), "Patient.id value");
}

TEST(Reference, IsTakenApart) {
  const auto full = parse_reference("https://ehr.example/fhir/Patient/12.a-B/_history/3");
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->base, "https://ehr.example/fhir");
  EXPECT_EQ(full->type, "Patient");
  EXPECT_EQ(full->id, "12.a-B");
  EXPECT_EQ(full->version, "3");
  EXPECT_EQ(parse_reference("#p1")->contained, "p1");
  EXPECT_EQ(parse_reference("Group/1")->base, "");
  for (const char* other :
       {"", "#", "Patient", "Patient/", "Patient/..", "Patient/a b", "urn:uuid:1", "Practitioner?identifier=1",
        "http://x.org/Questionnaire/phq9|1", "ftp://x/Patient/1", "../Patient/1", "/Patient/1", "https:///Patient/1",
        "https://x/?a=b/Patient/1", "Person/1/_history/", "Nope/1"}) {
    EXPECT_FALSE(parse_reference(other).has_value()) << other;
  }
}

std::string patient_of(std::string text, std::string_view own_base = {}) {
  const auto document = read_json(std::move(text)).value();
  return patient_reference(document->root(), own_base);
}

TEST(Reference, NamesThePatientOnlyWhenThereIsOne) {
  EXPECT_EQ(patient_of(R"({"resourceType":"Task","for":{"reference":"Patient/1"}})"), "Patient/1");
  EXPECT_EQ(patient_of(R"({"resourceType":"Observation","subject":{"reference":"Group/1"}})"), "");
  EXPECT_EQ(patient_of(R"({"resourceType":"Observation","subject":{"display":"x"}})"), "");
  EXPECT_EQ(patient_of(R"({"resourceType":"Account","subject":[{"reference":"Patient/1"},{"reference":"Patient/2"}]})"),
            "");
  EXPECT_EQ(patient_of(R"({"resourceType":"Appointment","participant":[{"actor":{"reference":"Practitioner/1"}},
                          {"actor":{"reference":"Patient/5"}}]})"),
            "Patient/5");
  const char* const elsewhere = R"({"resourceType":"Goal","subject":{"reference":"https://other.org/Patient/1"}})";
  EXPECT_EQ(patient_of(elsewhere), "Patient/1");
  EXPECT_EQ(patient_of(elsewhere, "https://ours.org/"), "");
  EXPECT_EQ(patient_of(elsewhere, "https://other.org/"), "Patient/1");
}

TEST(Bundle, ReadsNdjsonLineByLine) {
  const Lines lines = read_ndjson("{\"resourceType\":\"Patient\"}\r\n\n{broken\n{\"resourceType\":\"Goal\"}");
  ASSERT_EQ(lines.documents.size(), 2u);
  ASSERT_EQ(lines.issues.size(), 1u);
  EXPECT_EQ(lines.issues[0].path, "line 3");
}

TEST(Bundle, ResolvesEveryReferenceOfSyntheaBundles) {
  BHI_NEEDS_FIXTURES("synthea");
  std::size_t resources = 0;
  for (const auto& path : test::files_below(test::fixtures() / "synthea", ".json")) {
    const Split split(test::read_file(path));
    EXPECT_TRUE(split.found.issues.empty()) << path;
    for (const Entry& entry : split.found.entries) {
      EXPECT_EQ(write_json(entry.resource).find("\"reference\":\"urn:"), std::string::npos) << path << entry.path;
    }
    resources += split.found.entries.size();
  }
  EXPECT_GT(resources, 5000u);
}

}  // namespace
}  // namespace bhi::fhir
