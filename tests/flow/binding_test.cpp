#include "flow/binding.h"

#include "fhir/json.h"
#include "flow/practice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace bhi::flow {
namespace {

// Element paths of a logical model; those of a Coding count as one ("Screening.codes" -> "Screening.codes.*").
std::set<std::string> model_paths(const std::string& kind) {
  std::ifstream file(std::filesystem::path(BHI_SOURCE_DIR) / "fhir_profiles/care" / (kind + ".json"));
  const auto document = fhir::read_json(std::string(std::istreambuf_iterator<char>(file), {}));
  std::set<std::string> paths;
  if (!document.ok()) return paths;
  for (const fhir::Node& element : fhir::each((*document)->root().find("differential")->find("element"))) {
    const std::string path(element.text_of("path"));
    if (path == kind) continue;
    paths.insert(path);
    if (fhir::each(element.find("type"))[0].text_of("code") == "Coding") paths.insert(path + ".*");
  }
  return paths;
}

// A list of system, code and display is a Coding for the struct, and may be spelt out in a model.
std::set<std::string> without_codings(std::set<std::string> paths) {
  std::erase_if(paths, [](const std::string& path) {
    return path.ends_with(".*") || path.find("identifiers.") != std::string::npos;
  });
  return paths;
}

TEST(Binding, CoversEveryElementOfEveryLogicalModelOnce) {
  // Every kind of entity there is, and the two shapes that are none.
  std::vector<std::string> kinds = {"ScreeningReport", "BillingMonth"};
  for (std::size_t i = 0; i < std::variant_size_v<care::Entity>; ++i) kinds.emplace_back(care::kind_at(i));
  for (const std::string& kind : kinds) {
    const auto bound = bound_paths(kind);
    const std::set<std::string> unique(bound.begin(), bound.end());
    EXPECT_EQ(unique.size(), bound.size()) << kind << " binds an element twice";
    EXPECT_FALSE(bound.empty()) << kind;
    EXPECT_EQ(without_codings(unique), without_codings(model_paths(kind))) << kind;
  }
}

TEST(Binding, CoversEveryElementOfThePractice) {
  for (const std::string kind :
       {"Practice", "TeamMember", "TrainingRecord", "CommunityPartner", "CrisisProtocol", "Baseline"}) {
    const auto bound = bound_practice_paths(kind);
    const std::set<std::string> unique(bound.begin(), bound.end());
    EXPECT_EQ(unique.size(), bound.size()) << kind << " binds an element twice";
    EXPECT_FALSE(bound.empty()) << kind;
    EXPECT_EQ(unique, model_paths(kind)) << kind;
  }
}

TEST(Binding, SaysTypeForTheKindOfAConsentOrAHandoff) {
  care::Consent consent;
  consent.id = "c1";
  consent.kind = "service";
  const auto read = entity_from_json(to_json(consent));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(std::get<care::Consent>(*read), consent);
  EXPECT_NE(to_json(consent).find(R"("kind":"Consent")"), std::string::npos);
  EXPECT_NE(to_json(consent).find(R"("type":"service")"), std::string::npos);
}

TEST(Binding, GivesBackTheScreeningItWrote) {
  care::Screening screening;
  screening.id = "s1";
  screening.patient = "p1";
  screening.instrument = "phq-9";
  screening.authored = "2026-11-01T10:00:00-05:00";
  screening.status = "completed";
  screening.source = {"main", "QuestionnaireResponse", "12", "3", "2026-11-01T15:00:00Z"};
  screening.items = {{1, "44250-9", "LA6570-1", 2}, {2, "44255-8", "", std::nullopt}};
  screening.stated_total = 13.5;
  screening.positive = false;
  screening.safety = {{"phq-9.item-9", "unknown"}};
  screening.issues = {{Severity::Warning, "value", "Screening/s1", "said \"13\""}};
  const auto read = entity_from_json(to_json(screening));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(std::get<care::Screening>(*read), screening);
}

TEST(Binding, SaysNullForATotalThatWasNotComputed) {
  EXPECT_NE(to_json(care::Screening{}).find("\"total\":null"), std::string::npos);
}

TEST(Binding, NamesTheElementThatIsUnknownOrOfTheWrongType) {
  const auto document = fhir::read_json(R"({"kind":"CarePlan","activities":[{"description":7,"colour":"red"}]})");
  ASSERT_TRUE(document.ok());
  const auto read = entity_from((*document)->root());
  ASSERT_TRUE(read.ok());
  ASSERT_EQ(read->issues.size(), 2u);
  EXPECT_EQ(read->issues[0].path, "CarePlan.activities[0].description");
  EXPECT_EQ(read->issues[1].text, "unknown element 'colour'");
}

TEST(Binding, RefusesAnEntityOfUnknownKind) {
  const auto read = entity_from_json(R"({"kind":"Spaceship"})");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().kind, Kind::Incorrect);
}

}  // namespace
}  // namespace bhi::flow
