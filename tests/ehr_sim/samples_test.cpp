// The sample patients, and loading in general.
#include "ehr_sim/samples.h"
#include "fhir/types.h"
#include "tests/ehr_sim/support/world.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace bhi::sim::testing {
namespace {

using fhir::Node;

const std::string kSamples = BHI_SOURCE_DIR "/tools/ehr_sim/samples";

class Samples : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto loaded = load_files(world.simulator, kSamples, Dates::Expanded, world.now);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  }
  World world;
};

TEST(Dates, MoveWithTheDay) {
  const Instant now = at("2026-03-01T00:30:15.250Z");
  EXPECT_EQ(*expand_dates("{{today}} {{today-1}} {{today+31}}", now), "2026-03-01 2026-02-28 2026-04-01");
  EXPECT_EQ(*expand_dates("{{now}} {{now-2d}} {{now+90m}}|{{now-1h}}", now),
            "2026-03-01T00:30:15Z 2026-02-27T00:30:15Z 2026-03-01T02:00:15Z|2026-02-28T23:30:15Z");
  for (const char* bad :
       {"{{today", "{{tomorrow}}", "{{now-2}}", "{{now-2w}}", "{{}}", "{{today-999999}}", "{{now2d}}"}) {
    EXPECT_FALSE(expand_dates(bad, now).ok()) << bad;
  }
}

// Names, cardinality and choice types of a resource against the definitions of R4. Answers are problems.
void check(const Node& node, const fhir::TypeInfo& type, const std::string& path, std::vector<std::string>& problems) {
  std::map<const fhir::ElementInfo*, int> seen;
  for (const fhir::Member& member : node.members()) {
    if (member.name->text == "resourceType") continue;
    const fhir::TypeInfo* chosen = nullptr;
    const fhir::ElementInfo* element = type.element(*member.name, &chosen);
    const std::string here = path + "." + std::string(member.name->text);
    if (element == nullptr) {
      problems.push_back(here + " is not in R4");
      continue;
    }
    ++seen[element];
    if (element->many() != member.value.is_array()) problems.push_back(here + ": list or not");
    const fhir::TypeInfo* below = chosen != nullptr ? chosen : element->types.size() == 1 ? element->types[0] : nullptr;
    std::size_t index = 0;
    for (const Node& one : fhir::each(&member.value)) {
      const std::string place = here + "[" + std::to_string(index++) + "]";
      if (below == nullptr) continue;
      const bool primitive = below->kind == fhir::TypeKind::Primitive;
      if (primitive == one.is_object()) problems.push_back(place + ": object or not");
      if (one.is_object()) check(one, *below, place, problems);
      if (one.is_object() && one.members().empty()) problems.push_back(place + " is empty");
    }
  }
  for (const fhir::ElementInfo& element : type.elements) {
    if (element.min > 0 && seen[&element] == 0)
      problems.push_back(path + "." + std::string(element.name->text) + " is missing");
    if (seen[&element] > 1) problems.push_back(path + "." + std::string(element.name->text) + " is chosen twice");
  }
}

TEST_F(Samples, AreValidByTheElementTableOfR4) {
  std::size_t count = 0;
  for (const auto& type : world.simulator.counts()) {
    const auto found = parse(world.get(type.type + "?_count=1000"));
    for (const Node& entry : fhir::each(found->root().find("entry"))) {
      const Node& resource = *entry.find("resource");
      std::vector<std::string> problems;
      check(resource, *fhir::Types::r4().find(type.type), type.type + "/" + std::string(resource.text_of("id")),
            problems);
      for (const std::string& problem : problems) ADD_FAILURE() << problem;
      ++count;
    }
  }
  EXPECT_EQ(count, world.simulator.version_count());
  EXPECT_EQ(text_at(world.get("Patient?_summary=count"), "total"), "5");
}

void references_of(const Node& node, std::set<std::string>& found) {
  for (const Node& element : node.elements()) references_of(element, found);
  for (const fhir::Member& member : node.members()) {
    if (member.name->text == "reference" && member.value.is_string()) found.emplace(member.value.text());
    references_of(member.value, found);
  }
}

TEST_F(Samples, PointOnlyAtWhatIsThere) {
  std::set<std::string> references;
  for (const auto& type : world.simulator.counts())
    references_of(parse(world.get(type.type + "?_count=1000"))->root(), references);
  EXPECT_GT(references.size(), 10u);
  for (const std::string& reference : references) EXPECT_EQ(world.get(reference).status, 200) << reference;
}

// Sum of the ordinal values of the answers, by the form that the response names; the total item apart.
std::pair<int, int> score(World& world, std::string_view id) {
  const auto response = parse(world.get("QuestionnaireResponse/" + std::string(id)));
  const auto form = parse(world.get("Questionnaire?url=" + std::string(response->root().text_of("questionnaire"))));
  const Node& questionnaire = *form->root().find("entry")->elements()[0].find("resource");
  std::map<std::string, int, std::less<>> scores;
  for (const Node& item : questionnaire.find("item")->elements()) {
    for (const Node& option : fhir::each(item.find("answerOption"))) {
      const Node& coding = *option.find("valueCoding");
      if (const Node* extension = coding.find("extension")) {
        scores[std::string(item.text_of("linkId")) + " " + std::string(coding.text_of("code"))] =
            std::stoi(std::string(extension->elements()[0].find("valueDecimal")->text()));
      }
    }
  }
  int sum = 0;
  int stated = -1;
  for (const Node& item : response->root().find("item")->elements()) {
    const Node& answer = item.find("answer")->elements()[0];
    if (item.text_of("linkId") == "total")
      stated = std::stoi(std::string(answer.find("valueInteger")->text()));
    else if (item.text_of("linkId") != "difficulty") {
      const std::string key =
          std::string(item.text_of("linkId")) + " " + std::string(answer.find("valueCoding")->text_of("code"));
      EXPECT_TRUE(scores.contains(key)) << key;
      sum += scores[key];
    }
  }
  return {sum, stated};
}

TEST_F(Samples, TellTheirStories) {
  EXPECT_EQ(score(world, "june-phq9"), std::pair(14, 14));
  EXPECT_EQ(score(world, "marcus-gad7"), std::pair(11, 11));
  EXPECT_EQ(score(world, "tess-phq9"), std::pair(17, 17));
  EXPECT_EQ(score(world, "owen-auditc"), std::pair(7, 7));
  EXPECT_EQ(score(world, "ruth-phq9"), std::pair(5, 8)) << "her stated total differs on purpose";
  const auto ninth = [&](std::string_view id) {
    return text_at(world.get("QuestionnaireResponse/" + std::string(id)), "item.8.answer.0.valueCoding.code");
  };
  EXPECT_EQ(ninth("june-phq9"), "LA6568-5");
  EXPECT_EQ(ninth("tess-phq9"), "LA6569-3");
  EXPECT_EQ(text_at(world.get("QuestionnaireResponse/june-phq9"), "authored"), "2026-11-20T09:30:00Z");
  EXPECT_EQ(ids_of(world.get("MedicationRequest?patient=june-alder&code=312941")), "june-sertraline");
  EXPECT_EQ(ids_of(world.get("CarePlan?patient=june-alder&status=active&category=768835002")), "june-plan");
}

TEST(Loading, KeepsIdsOfACollectionAndResolvesItsFullUrls) {
  World world;
  const auto document = fhir::read_json(
      R"({"resourceType":"Bundle","type":"collection","entry":[)"
      R"({"fullUrl":"urn:uuid:1","resource":{"resourceType":"Patient","id":"p"}},)"
      R"({"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"urn:uuid:1"}}}]})");
  EXPECT_EQ(*world.simulator.load((*document)->root(), world.now), 2u);
  EXPECT_EQ(text_at(world.get("Observation?patient=p"), "entry.0.resource.subject.reference"), "Patient/p");
}

TEST(Loading, IsWholeOrNotAtAll) {
  World world;
  const auto document = fhir::read_json(
      R"({"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient"}},{"resource":{"resourceType":"Odd"}}]})");
  const auto loaded = world.simulator.load((*document)->root(), world.now);
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().message.find("Bundle.entry[1]"), std::string::npos) << loaded.error().message;
  EXPECT_EQ(world.simulator.version_count(), 0u);
  EXPECT_FALSE(load_files(world.simulator, "/nowhere/at/all.json", Dates::AsWritten, world.now).ok());
}

TEST(Loading, TakesTheTransactionsOfSynthea) {
  const char* fixtures = std::getenv("BHI_FIXTURES");
  const std::filesystem::path folder =
      std::filesystem::path(fixtures != nullptr ? fixtures : BHI_SOURCE_DIR "/../shared/fixtures") / "synthea";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no fixtures/synthea";
  std::size_t bundles = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json" || bundles == 6) continue;
    World world;
    const auto loaded = load_files(world.simulator, entry.path(), Dates::AsWritten, world.now);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_GT(*loaded, 10u);
    const std::string patient = ids_of(world.get("Patient"));
    EXPECT_GT(std::stoul(text_at(world.get("Observation?_summary=count&patient=" + patient), "total")), 0u)
        << entry.path();
    ++bundles;
  }
  EXPECT_GT(bundles, 0u);
}

}  // namespace
}  // namespace bhi::sim::testing
