#include "flow/fhir_export.h"

#include "fhir/bundle.h"
#include "fhir/json.h"
#include "flow/binding.h"
#include "flow/export_links.h"
#include "flow/inbound.h"
#include "flow/structure.h"
#include "tests/flow/support/engine.h"
#include "tests/flow/support/temp_store.h"
#include "tests/flow/support/whole_record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>

namespace bhi::flow {
namespace {

using fhir::Node;

const Instant kNow = *instant_from("2026-11-22T12:00:00Z");
class Exported : public ::testing::Test {
 protected:
  static fhir::DocumentPtr bundle(const LabelPolicy& labels = {}) {
    Issues issues;
    const auto made = entities_as_fhir(test::engine(), test::whole_record(), kNow, issues, labels);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
    EXPECT_TRUE(issues.empty());
    return *fhir::read_json(made.ok() ? *made : std::string("{}"));
  }

  static std::vector<const Node*> resources(const fhir::DocumentPtr& document) {
    std::vector<const Node*> all;
    for (const Node& one : fhir::each(document->root().find("entry"))) all.push_back(one.find("resource"));
    return all;
  }
};

std::string identifier_of(const Node& resource) {
  for (const Node& identifier : fhir::each(resource.find("identifier"))) {
    if (identifier.text_of("system") == "urn:bhi-adapter:test") return std::string(identifier.text_of("value"));
  }
  return {};
}

std::set<std::string> labels(const Node& node) {
  std::set<std::string> codes;
  if (const Node* meta = node.find("meta")) {
    for (const Node& label : fhir::each(meta->find("security"))) codes.emplace(label.text_of("code"));
  }
  return codes;
}

void each_object(const Node& node, const std::function<void(const Node&)>& visit) {
  if (node.is_object()) visit(node);
  for (const fhir::Member& member : node.members()) each_object(member.value, visit);
  for (const Node& element : node.elements()) each_object(element, visit);
}

TEST_F(Exported, EveryKindOfEntityIsThereAndEveryResourceIsWhatItsTypeDemands) {
  const auto document = bundle();
  std::set<std::string> artifacts;
  for (const Node* resource : resources(document)) {
    const Issues issues = check_structure(*resource, fhir::Types::r4());
    EXPECT_TRUE(issues.empty()) << fhir::resource_type(*resource) << " " << identifier_of(*resource) << " "
                                << (issues.empty() ? "" : issues[0].path + ": " + issues[0].text);
    const std::string value = identifier_of(*resource);
    artifacts.insert(value.empty() ? std::string(fhir::resource_type(*resource)) : value.substr(0, value.find('/')));
  }
  EXPECT_EQ(artifacts, (std::set<std::string>{"assignment",      "care-plan", "case-flag",     "case-review",
                                              "consent",         "contact",   "crisis-step",   "decision",
                                              "episode",         "feedback",  "handoff",       "medication",
                                              "partnership",     "patient",   "Provenance",    "questionnaire-response",
                                              "recommendation",  "referral",  "referral-task", "safety",
                                              "screening-result"}));
}

TEST(OutboundMaps, MakeInEveryCaseWhatItsTypeDemands) {
  std::size_t cases = 0;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(std::filesystem::path(BHI_SOURCE_DIR) / "mappings/core")) {
    if (file.path().filename() != "expected.json" || file.path().string().find("/care-to-") == std::string::npos)
      continue;
    std::ifstream text(file.path());
    const auto document = fhir::read_json(std::string(std::istreambuf_iterator<char>(text), {}));
    ASSERT_TRUE(document.ok()) << file.path();
    const Issues issues = check_structure((*document)->root(), fhir::Types::r4());
    EXPECT_TRUE(issues.empty()) << file.path() << " " << (issues.empty() ? "" : issues[0].path + ": " + issues[0].text);
    ++cases;
  }
  EXPECT_GE(cases, 40u);
}

TEST_F(Exported, RequiredElementsAreThere) {
  const std::map<std::string, std::vector<std::string>> required = {
      {"CarePlan", {"status", "intent", "subject"}},
      {"CareTeam", {"participant"}},
      {"Communication", {"status"}},
      {"Consent", {"status", "scope", "category", "policyRule"}},
      {"Encounter", {"status", "class"}},
      {"EpisodeOfCare", {"status", "patient"}},
      {"Flag", {"status", "code", "subject"}},
      {"MedicationStatement", {"status", "medicationCodeableConcept", "subject"}},
      {"Observation", {"status", "code"}},
      {"Patient", {"identifier"}},
      {"Procedure", {"status", "subject"}},
      {"Provenance", {"target", "recorded", "agent"}},
      {"QuestionnaireResponse", {"status"}},
      {"ServiceRequest", {"status", "intent", "subject"}},
      {"Task", {"status", "intent", "for"}}};
  const auto document = bundle();
  for (const Node* resource : resources(document)) {
    const std::string type(fhir::resource_type(*resource));
    ASSERT_TRUE(required.contains(type)) << type;
    for (const std::string& element : required.at(type))
      EXPECT_NE(resource->find(element), nullptr) << identifier_of(*resource) << " lacks " << element;
  }
}

TEST_F(Exported, ReferencesLeadToAResourceOfTheBundleOrAreByIdentifier) {
  const auto document = bundle();
  std::set<std::string> urls;
  for (const Node& one : fhir::each(document->root().find("entry"))) urls.emplace(one.text_of("fullUrl"));
  EXPECT_EQ(urls.size(), resources(document).size());
  std::size_t links = 0;
  for (const Node* resource : resources(document)) {
    each_object(*resource, [&](const Node& node) {
      const std::string_view reference = node.text_of("reference");
      if (reference.empty()) return;
      ++links;
      EXPECT_TRUE(urls.contains(std::string(reference))) << identifier_of(*resource) << " -> " << reference;
    });
  }
  EXPECT_GT(links, resources(document).size()) << "every resource names at least its patient";
}

TEST_F(Exported, WhatOnlyTheEhrHoldsIsNamedByIdentifier) {
  const auto document = bundle();
  for (const Node* resource : resources(document)) {
    if (identifier_of(*resource) != "care-plan/c1") continue;
    const Node& goal = fhir::each(resource->find("goal"))[0];
    EXPECT_EQ(goal.find("reference"), nullptr);
    EXPECT_EQ(goal.find("identifier")->text_of("system"), "urn:bhi-adapter:source:main");
    EXPECT_EQ(goal.find("identifier")->text_of("value"), "Goal/1");
    return;
  }
  FAIL() << "no CarePlan";
}

TEST_F(Exported, EveryResourceIsLabelledAndTheBundleTakesTheHighestMark) {
  const std::set<std::string> substance_use = {"screening-result/s2", "medication/d2", "referral/j1", "consent/k1"};
  const auto document = bundle({true});
  for (const Node* resource : resources(document)) {
    const std::string value = identifier_of(*resource);
    if (fhir::resource_type(*resource) == "Patient") {
      EXPECT_EQ(labels(*resource), (std::set<std::string>{"N"}));
    } else if (substance_use.contains(value)) {
      EXPECT_EQ(labels(*resource), (std::set<std::string>{"R", "SUD", "42CFRPart2", "NORDSCLCD"})) << value;
    } else if (!value.empty() && value != "referral-task/j1") {
      EXPECT_EQ(labels(*resource), (std::set<std::string>{"R", "MH"})) << value;
    }
    EXPECT_FALSE(labels(*resource).empty()) << value;
  }
  EXPECT_EQ(labels(document->root()), (std::set<std::string>{"R", "MH", "SUD", "42CFRPart2", "NORDSCLCD"}));
  EXPECT_FALSE(labels(bundle()->root()).contains("42CFRPart2"));
}

TEST_F(Exported, TheLastAnswerToARecommendationStandsAndAnAnswerWithoutItsReviewIsNotLost) {
  std::map<std::string, std::string> statuses;
  const auto document = bundle();
  for (const Node* resource : resources(document)) {
    if (const std::string value = identifier_of(*resource); value.starts_with("recommendation/"))
      statuses[value] = std::string(resource->text_of("status"));
  }
  EXPECT_EQ(statuses, (std::map<std::string, std::string>{{"recommendation/gone/5", "rejected"},
                                                          {"recommendation/r1/1", "accepted"},
                                                          {"recommendation/r1/2", "requested"}}));
}

TEST_F(Exported, TheActsOfAnEpisodeAreItsHistory) {
  const auto document = bundle();
  for (const Node* resource : resources(document)) {
    if (identifier_of(*resource) != "episode/e1") continue;
    const auto history = fhir::each(resource->find("statusHistory"));
    ASSERT_EQ(history.size(), 2u);
    EXPECT_EQ(history[0].find("period")->text_of("end"), "2026-01-20");
    EXPECT_EQ(history[1].find("period")->find("end"), nullptr);
    return;
  }
  FAIL() << "no EpisodeOfCare";
}

TEST_F(Exported, EntitiesOfAnUnknownPatientAreLeftOutAndNamed) {
  Issues issues;
  care::CaseFlag flag;
  flag.id = "f9";
  flag.patient = "nobody";
  const std::vector<care::Entity> all = {flag};
  const auto made = entities_as_fhir(test::engine(), all, kNow, issues);
  ASSERT_TRUE(made.ok());
  ASSERT_EQ(issues.size(), 1u);
  EXPECT_EQ(issues[0].path, "CaseFlag/f9");
}

TEST(PatientAsFhir, GivesTheSameBytesForTheSameRecordFromTheStore) {
  test::TempStore store;
  Worked worked;
  for (const care::Entity& entity : test::whole_record()) {
    StoredEntity row;
    row.kind = std::string(care::kind_of(entity));
    std::visit([&](const auto& value) { row.id = value.id; }, entity);
    row.patient = "x1";
    row.body = to_json(entity);
    worked.entities.push_back(std::move(row));
  }
  ASSERT_TRUE(store->commit(worked).ok());
  const auto once = patient_as_fhir(test::engine(), *store, "x1", kNow);
  const auto again = patient_as_fhir(test::engine(), *store, "x1", kNow);
  ASSERT_TRUE(once.ok()) << once.error().message;
  EXPECT_EQ(*once, *again);
  Issues issues;
  EXPECT_EQ(*once, *entities_as_fhir(test::engine(), test::whole_record(), kNow, issues));
  const auto nobody = patient_as_fhir(test::engine(), *store, "x2", kNow);
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().kind, Kind::NotFound);
}

// ---- and back ------------------------------------------------------------------------------------------------------

// Without what a resource has no place for: who entered it (a Provenance), and where it comes from now.
template <typename T>
T facts(T entity) {
  if constexpr (requires { entity.recorded; }) entity.recorded = {};
  if constexpr (requires { entity.source; }) entity.source = {};
  entity.patient.clear();
  return entity;
}

TEST_F(Exported, ReadsBackAsTheSameFacts) {
  const auto document = bundle();
  Arena arena;
  const auto split = fhir::split(document->root(), arena);
  ASSERT_TRUE(split.ok());
  EXPECT_TRUE(split->issues.empty());
  std::map<std::string, const Node*> held;
  for (const fhir::Entry& one : split->entries)
    held[std::string(fhir::resource_type(one.resource)) + "/" + std::string(one.resource.text_of("id"))] =
        &one.resource;
  const Surroundings around{[&](std::string_view type, std::string_view id) -> const Node* {
                              const auto found = held.find(std::string(type) + "/" + std::string(id));
                              return found == held.end() ? nullptr : found->second;
                            },
                            {}};
  std::map<std::string, care::Change> back;  // by kind and id
  for (const auto& [key, resource] : held) {
    const Inbound inbound = map_inbound(test::engine(), *resource,
                                        {"main", std::string(resource->text_of("id")), "", ""}, around, kNow, arena);
    EXPECT_NE(inbound.what, Inbound::What::Invalid) << identifier_of(*resource);
    if (inbound.what != Inbound::What::Change) continue;
    std::vector<care::Change> changes = inbound.others;
    changes.push_back(*inbound.change);
    for (const care::Change& change : changes) {
      std::visit(
          [&](const auto& value) {
            using T = std::remove_cvref_t<decltype(value)>;
            if constexpr (requires(T t) { t.source; } && !std::is_same_v<T, care::ScreeningReport>) {
              std::string id;
              if constexpr (std::is_same_v<T, care::RecommendationAnswer>) {
                id = value.review + "/" + value.recommendation;
              } else if constexpr (requires(T t) { t.recorded; } && !std::is_same_v<T, care::TeamAssignment>) {
                id = value.id;
              }
              back.insert_or_assign(std::string(care::kind_of<T>()) + "/" + id, change);
            }
          },
          change);
    }
  }

  std::set<std::string> compared;
  for (const care::Entity& entity : test::whole_record()) {
    std::visit(
        [&](const auto& value) {
          using T = std::remove_cvref_t<decltype(value)>;
          if constexpr (std::is_same_v<T, care::Consent> || std::is_same_v<T, care::Contact> ||
                        std::is_same_v<T, care::Referral> || std::is_same_v<T, care::Handoff> ||
                        std::is_same_v<T, care::CaseFlag>) {
            const std::string key = std::string(care::kind_of<T>()) + "/" + value.id;
            if (key == "Contact/t2") return;  // a Procedure: nobody was met
            ASSERT_TRUE(back.contains(key)) << key;
            EXPECT_EQ(to_json(care::Entity(facts(std::get<T>(back.at(key))))), to_json(care::Entity(facts(value))))
                << key;
            compared.insert(key);
          } else if constexpr (std::is_same_v<T, care::TeamAssignment>) {
            const auto assignment = std::get<T>(back.at("TeamAssignment/"));
            EXPECT_EQ(assignment.role, value.role);
            EXPECT_EQ(assignment.member, value.member);
            EXPECT_EQ(assignment.clinic, value.clinic);
            EXPECT_EQ(assignment.ended, value.ended);
          } else if constexpr (std::is_same_v<T, care::Episode>) {
            const auto episode = std::get<T>(back.at("Episode/"));
            EXPECT_EQ(episode.state, value.state);
            EXPECT_EQ(episode.start, value.start);
            EXPECT_EQ(episode.program, value.program);
          } else if constexpr (std::is_same_v<T, care::Patient>) {
            const auto patient = std::get<T>(back.at("Patient/"));
            EXPECT_EQ(patient.name, value.name);
            EXPECT_EQ(patient.gender, value.gender);
            EXPECT_EQ(patient.birth_date, value.birth_date);
            EXPECT_EQ(patient.identifiers.back(), value.identifiers.back());
          }
        },
        entity);
  }
  EXPECT_EQ(compared.size(), 7u);
  for (const care::Entity& entity : test::whole_record()) {
    const auto* said = std::get_if<care::RecommendationAnswer>(&entity);
    if (said == nullptr || said->id == "w0") continue;  // w1 stands in its place
    const std::string key = "RecommendationAnswer/" + said->review + "/" + said->recommendation;
    ASSERT_TRUE(back.contains(key)) << key;
    const auto answer = std::get<care::RecommendationAnswer>(back.at(key));
    EXPECT_EQ(answer.answer, said->answer);
    EXPECT_EQ(answer.reason, said->reason);
    EXPECT_EQ(answer.recorded, said->recorded);
  }
}

TEST(BillingMonthAsFhir, GivesAChargeForEachLineWithTheContactsItCounts) {
  care::BillingMonth month;
  month.patient = "x1";
  month.episode = "e1";
  month.month = "2028-02";
  month.minutes = 25;
  month.ready = true;
  month.pieces = {{"t1", "m-ana", "care-manager", "2028-02-05T19:30:00Z", 25, 25, ""},
                  {"t2", "m-ana", "care-manager", "2028-02-06T15:00:00Z", 25, 0, "clerical"}};
  month.lines = {{"99493", 1, false, ""}, {"99494", 2, true, "twice"}};
  care::Record record;
  for (const care::Entity& entity : test::whole_record()) care::add(record, entity);
  const auto made = billing_month_as_fhir(test::engine(), record, month, kNow);
  ASSERT_TRUE(made.ok()) << made.error().message;
  const auto document = *fhir::read_json(*made);
  std::map<std::string, const Node*> charges;
  std::size_t contacts = 0;
  for (const Node& one : fhir::each(document->root().find("entry"))) {
    const Node& resource = *one.find("resource");
    EXPECT_TRUE(check_structure(resource, fhir::Types::r4()).empty()) << identifier_of(resource);
    contacts += identifier_of(resource).starts_with("contact/") ? 1u : 0u;
    if (fhir::resource_type(resource) == "ChargeItem")
      charges[std::string(fhir::each(resource.find("code")->find("coding"))[0].text_of("code"))] = &resource;
  }
  EXPECT_EQ(contacts, 1u) << "only what is counted";
  ASSERT_EQ(charges.size(), 2u);
  EXPECT_EQ(charges["99493"]->text_of("status"), "billable");
  EXPECT_EQ(charges["99494"]->text_of("status"), "planned");
  EXPECT_EQ(charges["99493"]->find("occurrencePeriod")->text_of("end"), "2028-02-29");
  const auto origins = fhir::each(charges["99494"]->find("supportingInformation"));
  ASSERT_EQ(origins.size(), 1u);
  EXPECT_TRUE(origins[0].text_of("reference").starts_with("urn:uuid:"));
  EXPECT_EQ(origins[0].find("identifier")->text_of("value"), "contact/t1");
}

TEST(Labels, OfSeveralTakeTheHighestConfidentiality) {
  const std::string system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
  const std::vector<std::vector<care::Code>> some = {
      {{system, "N", ""}}, {{system, "R", ""}, {"x", "MH", ""}}, {{system, "L", ""}, {"x", "MH", ""}}};
  const auto all = joined(some);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].code, "R");
}

TEST(ExportLinks, MakesTheSameUuidOfTheSamePartsOnly) {
  EXPECT_EQ(urn_of({"a", "bc"}), urn_of({"a", "bc"}));
  EXPECT_NE(urn_of({"a", "bc"}), urn_of({"ab", "c"}));
  EXPECT_EQ(urn_of({"a"}).size(), std::string_view("urn:uuid:00000000-0000-8000-8000-000000000000").size());
  EXPECT_EQ(urn_of({"a"})[23], '8');
}

}  // namespace
}  // namespace bhi::flow
