// Matching of one search value against one element.
#include "ehr_sim/search_value.h"

#include "fhir/json.h"

#include <gtest/gtest.h>

namespace bhi::sim {
namespace {

bool matches(ParameterKind kind, std::string_view value, std::string element, std::string_view modifier = {},
             std::string_view target = {}) {
  const auto document = fhir::read_json("{\"x\":" + std::move(element) + "}");
  EXPECT_TRUE(document.ok());
  const SearchParameter parameter{"Observation", "p", kind, "x", target};
  const auto match = matcher(parameter, value, {"http://ehr.example/fhir", modifier});
  EXPECT_TRUE(match.ok()) << value;
  return match.ok() && any_at((*document)->root(), "x", *match);
}

struct DateCase {
  const char* asked;
  const char* found;
  bool match;
};

TEST(SearchDate, ComparesTheWholeStretchOfTimeThatATextCovers) {
  const DateCase kCases[] = {
      {"2026-11-22", "2026-11-22T09:30:00Z", true},
      {"2026-11", "2026-11-22", true},
      {"2026-11-22", "2026-11", false},
      {"2026-11-22T09:30:00Z", "2026-11-22T09:30:00.999Z", true},
      {"2026-11-22T09:30:00.000Z", "2026-11-22T09:30:00.001Z", false},
      {"gt2026-11-22T09:30:00.123Z", "2026-11-22T09:30:00.123Z", false},
      {"gt2026-11-22T09:30:00.123Z", "2026-11-22T09:30:00.124Z", true},
      {"ge2026-11-22T09:30:00.123Z", "2026-11-22T09:30:00.123Z", true},
      {"ge2026-11-22T09:30:00.123Z", "2026-11-22T09:30:00.122Z", false},
      {"lt2026-11-22T09:30:00.123Z", "2026-11-22T09:30:00.122Z", true},
      {"lt2026-11-22T09:30:00.123Z", "2026-11-22T09:30:00.123Z", false},
      {"le2026-11-22T09:30:00.123Z", "2026-11-22T09:30:00.123Z", true},
      {"eq2026-11-22", "2026-11-23", false},
      {"ne2026-11-22", "2026-11-23", true},
      {"gt2026-11-22", "2026-11-22T23:59:59Z", false},
      {"gt2026-11-22T10:00:00+01:00", "2026-11-22T09:00:01Z", true},
      {"lt2026-11-22T10:00:00+01:00", "2026-11-22T09:00:00Z", false},
      {"sa2026-11-22", "2026-11-23", true},
      {"eb2026-11-22", "2026-11-21", true},
      {"2026", "2026-02-28", true},
      {"2028-02", "2028-02-29T23:59:59.999Z", true},
  };
  for (const DateCase& one : kCases) {
    EXPECT_EQ(matches(ParameterKind::Date, one.asked, "\"" + std::string(one.found) + "\""), one.match)
        << one.asked << " against " << one.found;
  }
}

TEST(SearchDate, TakesAPeriodWithoutAnEndAsOpen) {
  EXPECT_TRUE(matches(ParameterKind::Date, "ge2030-01-01", R"({"start":"2026-01-01"})"));
  EXPECT_FALSE(matches(ParameterKind::Date, "lt2026-01-01", R"({"start":"2026-01-01","end":"2026-02-01"})"));
  EXPECT_TRUE(matches(ParameterKind::Date, "lt2026-01-01", R"({"end":"2026-02-01"})"));
  EXPECT_FALSE(matches(ParameterKind::Date, "2026-01-15", R"({"start":"2026-01-01","end":"2026-02-01"})"));
}

TEST(SearchDate, RefusesWhatIsNoDate) {
  const SearchParameter parameter{"Observation", "date", ParameterKind::Date, "x"};
  for (const char* text : {"yesterday", "2026-13-01", "2026-11-22T10:00:00 01:00", "xx2026", "ge", ""}) {
    EXPECT_FALSE(matcher(parameter, text, {}).ok()) << text;
  }
  EXPECT_EQ(matcher(parameter, "ap2026", {}).error().kind, Kind::Unsupported);
}

TEST(SearchToken, TellsAnySystemFromNoSystem) {
  const std::string identifier = R"([{"system":"urn:a","value":"1"},{"value":"2"}])";
  EXPECT_TRUE(matches(ParameterKind::Token, "1", identifier));
  EXPECT_TRUE(matches(ParameterKind::Token, "urn:a|1", identifier));
  EXPECT_FALSE(matches(ParameterKind::Token, "urn:b|1", identifier));
  EXPECT_FALSE(matches(ParameterKind::Token, "|1", identifier));
  EXPECT_TRUE(matches(ParameterKind::Token, "|2", identifier));
  EXPECT_TRUE(matches(ParameterKind::Token, "urn:a|", identifier));
  EXPECT_FALSE(matches(ParameterKind::Token, "urn:b|", identifier));
}

TEST(SearchToken, LooksIntoCodeableConceptsCodingsAndPlainCodes) {
  const std::string concept_node = R"({"coding":[{"system":"http://loinc.org","code":"44261-6"}],"text":"44249-1"})";
  EXPECT_TRUE(matches(ParameterKind::Token, "http://loinc.org|44261-6", concept_node));
  EXPECT_FALSE(matches(ParameterKind::Token, "44249-1", concept_node));
  EXPECT_TRUE(matches(ParameterKind::Token, "VR", R"({"system":"s","code":"VR"})"));
  EXPECT_TRUE(matches(ParameterKind::Token, "completed", R"("completed")"));
  EXPECT_FALSE(matches(ParameterKind::Token, "complete", R"("completed")"));
  EXPECT_TRUE(matches(ParameterKind::Token, "true", "true"));
}

TEST(SearchToken, KeepsAnEscapedSeparatorAsPartOfTheValue) {
  EXPECT_TRUE(matches(ParameterKind::Token, R"(urn:a|x\|y)", R"({"system":"urn:a","value":"x|y"})"));
  const auto parts = split_unescaped(R"(a\,b,c)", ',');
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(unescape(parts[0]), "a,b");
}

TEST(SearchReference, KnowsRelativeAbsoluteAndVersionedFormsAsTheSame) {
  for (const char* found : {"Patient/1", "http://ehr.example/fhir/Patient/1", "Patient/1/_history/4"}) {
    const std::string element = R"({"reference":")" + std::string(found) + R"("})";
    for (const char* asked : {"1", "Patient/1", "http://ehr.example/fhir/Patient/1"}) {
      EXPECT_TRUE(matches(ParameterKind::Reference, asked, element)) << asked << " in " << found;
    }
    EXPECT_FALSE(matches(ParameterKind::Reference, "11", element));
    EXPECT_FALSE(matches(ParameterKind::Reference, "Group/1", element));
    EXPECT_FALSE(matches(ParameterKind::Reference, "1", element, {}, "Group"));
    EXPECT_TRUE(matches(ParameterKind::Reference, "1", element, "Patient"));
  }
}

TEST(SearchReference, KeepsAForeignServersPatientApart) {
  const std::string element = R"({"reference":"http://other.example/fhir/Patient/1"})";
  EXPECT_FALSE(matches(ParameterKind::Reference, "1", element));
  EXPECT_FALSE(matches(ParameterKind::Reference, "Patient/1", element));
  EXPECT_TRUE(matches(ParameterKind::Reference, "http://other.example/fhir/Patient/1", element));
}

TEST(SearchCanonical, MatchesAnyVersionUnlessOneIsAskedFor) {
  EXPECT_TRUE(matches(ParameterKind::Canonical, "http://x/q", R"("http://x/q|1.0")"));
  EXPECT_TRUE(matches(ParameterKind::Canonical, "http://x/q|1.0", R"("http://x/q|1.0")"));
  EXPECT_FALSE(matches(ParameterKind::Canonical, "http://x/q|2.0", R"("http://x/q|1.0")"));
  EXPECT_FALSE(matches(ParameterKind::Canonical, "http://x/q", R"("http://x/q2")"));
}

TEST(SearchString, StartsWithWhateverTheCaseUnlessExact) {
  const std::string name = R"([{"use":"official","family":"Alder","given":["June"]}])";
  EXPECT_TRUE(matches(ParameterKind::String, "ald", name));
  EXPECT_TRUE(matches(ParameterKind::String, "JUNE", name));
  EXPECT_FALSE(matches(ParameterKind::String, "der", name));
  EXPECT_TRUE(matches(ParameterKind::String, "der", name, "contains"));
  EXPECT_FALSE(matches(ParameterKind::String, "alder", name, "exact"));
  EXPECT_FALSE(matches(ParameterKind::String, "offi", name)) << "the use of a name is no name";
}

}  // namespace
}  // namespace bhi::sim
