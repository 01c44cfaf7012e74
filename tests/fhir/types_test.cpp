#include "fhir/types.h"

#include "fhir/json.h"

#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>

#include <map>

namespace bhi::fhir {
namespace {

const TypeInfo& r4(std::string_view name) {
  const TypeInfo* const found = Types::r4().find(name);
  EXPECT_NE(found, nullptr) << name;
  return *found;
}

const ElementInfo& element(std::string_view type, std::string_view name) {
  const ElementInfo* const found = r4(type).element(intern(name));
  EXPECT_NE(found, nullptr) << type << "." << name;
  return *found;
}

TEST(Types, KnowsEveryTypeOfR4) {
  EXPECT_EQ(resource_type_names().size(), 146u);
  EXPECT_TRUE(is_resource_type("QuestionnaireResponse"));
  EXPECT_FALSE(is_resource_type("DomainResource"));
  EXPECT_FALSE(is_resource_type("SubscriptionStatus"));
  EXPECT_EQ(r4("http://hl7.org/fhir/StructureDefinition/Patient|4.0.1").name, "Patient");
  EXPECT_EQ(r4("string").kind, TypeKind::Primitive);
  EXPECT_EQ(Types::r4().find("Patientt"), nullptr);
}

TEST(Types, SaysCardinalityBindingAndTargets) {
  const ElementInfo& gender = element("Patient", "gender");
  EXPECT_EQ(gender.strength, BindingStrength::Required);
  EXPECT_EQ(gender.value_set, "http://hl7.org/fhir/ValueSet/administrative-gender");
  EXPECT_FALSE(gender.many());
  const ElementInfo& subject = element("MedicationRequest", "subject");
  EXPECT_EQ(subject.min, 1);
  EXPECT_EQ(std::vector(subject.targets.begin(), subject.targets.end()),
            (std::vector<std::string_view>{"Patient", "Group"}));
  EXPECT_TRUE(element("Patient", "name").many());
  EXPECT_TRUE(element("Observation", "focus").targets.empty());
}

TEST(Types, InheritsElementsInOrder) {
  const auto elements = r4("Patient").elements;
  ASSERT_GT(elements.size(), 9u);
  EXPECT_EQ(elements[0].name->text, "id");
  EXPECT_EQ(elements[0].types[0]->name, "id");
  EXPECT_EQ(elements[4].name->text, "text");
  EXPECT_EQ(elements[8].name->text, "identifier");
  EXPECT_TRUE(r4("Patient").is(r4("DomainResource")));
  EXPECT_TRUE(r4("positiveInt").is(r4("integer")));
  EXPECT_FALSE(r4("Bundle").is(r4("DomainResource")));
  EXPECT_EQ(r4("code").elements.size(), 2u);
}

TEST(Types, FindsChoicesByTheirJsonName) {
  const TypeInfo* chosen = nullptr;
  const ElementInfo* const value = r4("Observation").element(intern("valueQuantity"), &chosen);
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(value->name->text, "value");
  EXPECT_EQ(chosen, &r4("Quantity"));
  EXPECT_EQ(choice_name(*value, r4("dateTime")).text, "valueDateTime");
  EXPECT_EQ(r4("Observation").element(intern("value"), &chosen), value);
  EXPECT_EQ(chosen, nullptr);
  EXPECT_EQ(r4("Observation").element(intern("valueAddress")), nullptr);
  EXPECT_EQ(r4("Observation").element(Name{"status", nullptr, false}), &element("Observation", "status"));
}

TEST(Types, ResolvesContentReferencesToTheSameInlineType) {
  const TypeInfo* const item = element("Questionnaire", "item").types[0];
  EXPECT_EQ(item->kind, TypeKind::Backbone);
  EXPECT_EQ(item->name, "Questionnaire.item");
  EXPECT_EQ(item->element(intern("item"))->types[0], item);
  EXPECT_NE(item->element(intern("modifierExtension")), nullptr);
  EXPECT_EQ(element("Timing", "repeat").types[0]->element(intern("modifierExtension")), nullptr);
}

DocumentPtr read(std::string text) { return read_json(std::move(text)).value(); }

const char* const kModel =
    R"({"resourceType":"StructureDefinition","url":"http://x.org/Screening","name":"ScreeningModel",
  "kind":"logical","type":"http://x.org/Screening","derivation":"specialization",
  "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Element","differential":{"element":[
  {"path":"Screening","min":0,"max":"*"},
  {"path":"Screening.total","min":0,"max":"1","type":[{"code":"integer"}]},
  {"path":"Screening.items","min":1,"max":"*","type":[{"code":"BackboneElement"}]},
  {"path":"Screening.items.answer[x]","min":0,"max":"1","type":[{"code":"string"},{"code":"Coding"}]},
  {"path":"Screening.patient","min":1,"max":"1","type":[{"code":"Reference","targetProfile":["http://x.org/pat"]}]},
  {"path":"Screening.next","min":0,"max":"1","type":[{"code":"http://x.org/Patient"}]},
  {"path":"Screening.self","min":0,"max":"1","type":[{"code":"http://x.org/Screening"}]}]}})";
const char* const kSameName = R"({"resourceType":"StructureDefinition","url":"http://x.org/Patient","name":"Patient",
  "kind":"logical","derivation":"specialization","snapshot":{"element":[{"path":"Patient"},
  {"path":"Patient.contact","min":0,"max":"*"},
  {"path":"Patient.contact.phone","min":0,"max":"1","type":[{"code":"string"}]}]}})";
const char* const kProfile = R"({"resourceType":"StructureDefinition","url":"http://x.org/pat","kind":"resource",
  "type":"Patient","derivation":"constraint"})";

TEST(Types, LoadsModelsAndProfiles) {
  const auto model = read(kModel), same = read(kSameName), profile = read(kProfile);
  const Node* const definitions[] = {&model->root(), &same->root(), &profile->root()};
  const auto types = Types::with(definitions);
  ASSERT_TRUE(types.ok()) << types.error().message;
  const TypeInfo* const screening = (*types)->find("Screening");
  ASSERT_NE(screening, nullptr);
  EXPECT_EQ(screening, (*types)->find("http://x.org/Screening"));
  EXPECT_EQ(screening->kind, TypeKind::Logical);
  const TypeInfo* chosen = nullptr;
  EXPECT_NE(screening->element(intern("items"))->types[0]->element(intern("answerCoding"), &chosen), nullptr);
  EXPECT_EQ(chosen->name, "Coding");
  EXPECT_EQ(screening->element(intern("patient"))->targets[0], "Patient");
  // The name stays R4's; the model of the same name is found by url, with its own inline types.
  EXPECT_EQ((*types)->find("Patient"), Types::r4().find("Patient"));
  EXPECT_EQ((*types)->find("http://x.org/pat"), Types::r4().find("Patient"));
  const TypeInfo* const patient = (*types)->find("http://x.org/Patient");
  EXPECT_EQ(screening->element(intern("next"))->types[0], patient);
  EXPECT_NE(patient->element(intern("contact"))->types[0]->element(intern("phone")), nullptr);
}

// Every member of an instance must be an element that its type knows. Names the first that is not.
std::string unknown_member(const Node& node, const TypeInfo& type, const std::string& path) {
  for (const Member& member : node.members()) {
    if (member.name->text == "resourceType") continue;
    const bool companion = member.name->text.starts_with('_');
    const Name* const name = companion ? member.name->companion : member.name;
    const std::string here = path + "." + std::string(member.name->text);
    const TypeInfo* chosen = nullptr;
    const ElementInfo* const element = name == nullptr ? nullptr : type.element(*name, &chosen);
    if (element == nullptr || chosen == nullptr) return here;
    if (!companion && member.value.is_array() != element->many()) return here + " (list)";
    if (companion) continue;
    for (const Node& value : each(&member.value)) {
      const TypeInfo* const actual = resource_type(value).empty() ? chosen : Types::r4().find(resource_type(value));
      const bool primitive = chosen->kind == TypeKind::Primitive;
      if (actual == nullptr || (primitive ? value.is_object() || value.is_array() : !value.is_object()))
        return here + " (kind)";
      if (std::string found = unknown_member(value, *actual, here); !found.empty()) return found;
    }
  }
  return {};
}

TEST(Types, KnowEveryMemberOfTheOfficialExamples) {
  BHI_NEEDS_FIXTURES("r4-examples");
  std::size_t resources = 0;
  for (const char* const folder : {"r4-examples", "us-core"}) {
    for (const auto& path : test::files_below(test::fixtures() / folder, ".json")) {
      const auto document = read(test::read_file(path));
      const TypeInfo* const type = Types::r4().find(resource_type(document->root()));
      if (type == nullptr) continue;
      EXPECT_EQ(unknown_member(document->root(), *type, std::string(type->name)), "") << path;
      ++resources;
    }
  }
  EXPECT_GT(resources, 400u);
}

TEST(Types, LoadsTheModelsOfTheMappingTutorial) {
  BHI_NEEDS_FIXTURES("fml-matchbox/tutorial");
  std::map<std::filesystem::path, std::vector<DocumentPtr>> steps;
  for (const auto& path : test::files_below(test::fixtures() / "fml-matchbox" / "tutorial", ".json")) {
    if (path.parent_path().filename() == "logical") steps[path.parent_path()].push_back(read(test::read_file(path)));
  }
  EXPECT_EQ(steps.size(), 12u);
  for (const auto& [folder, documents] : steps) {
    std::vector<const Node*> definitions;
    for (const DocumentPtr& document : documents) definitions.push_back(&document->root());
    const auto types = Types::with(definitions);
    ASSERT_TRUE(types.ok()) << folder << types.error().message;
    const TypeInfo* const left = (*types)->find("TLeft");
    ASSERT_NE(left, nullptr) << folder;
    EXPECT_TRUE(left->url.starts_with("http://hl7.org/fhir/StructureDefinition/tutorial-left-")) << left->url;
    EXPECT_EQ(left, (*types)->find(left->url));
    EXPECT_FALSE(left->elements.empty());
  }
}

TEST(Types, LoadsProfilesAsTheTypesTheyConstrain) {
  BHI_NEEDS_FIXTURES("validator-r4");
  std::size_t profiles = 0;
  for (const auto& path : test::files_below(test::fixtures() / "validator-r4", ".json")) {
    const auto document = read_json(test::read_file(path));
    if (!document.ok() || resource_type((*document)->root()) != "StructureDefinition") continue;
    const Node* const definitions[] = {&(*document)->root()};
    if ((*document)->root().text_of("derivation") != "constraint") continue;
    const auto types = Types::with(definitions);
    ASSERT_TRUE(types.ok()) << path << types.error().message;
    const auto* const type = (*types)->find((*document)->root().text_of("url"));
    ASSERT_NE(type, nullptr) << path;
    EXPECT_EQ(type->name, (*document)->root().text_of("type")) << path;
    ++profiles;
  }
  EXPECT_GT(profiles, 10u);
}

TEST(Types, RefusesAModelThatIsItsOwnBase) {
  const auto model = read(R"({"resourceType":"StructureDefinition","url":"http://x.org/A","kind":"logical",
    "baseDefinition":"http://x.org/A","derivation":"specialization","differential":{"element":[{"path":"A"}]}})");
  const Node* const definitions[] = {&model->root()};
  EXPECT_FALSE(Types::with(definitions).ok());
}

TEST(Types, NamesTheDefinitionAndElementThatIsWrong) {
  std::string text = kModel;
  text.replace(text.find("\"integer\""), 9, "\"integr\"");
  const auto model = read(text), same = read(kSameName);
  const Node* const definitions[] = {&model->root(), &same->root()};
  const auto types = Types::with(definitions);
  ASSERT_FALSE(types.ok());
  EXPECT_EQ(types.error().message,
            "StructureDefinition http://x.org/Screening: Screening.total: expected a known type, found 'integr'");
}

}  // namespace
}  // namespace bhi::fhir
