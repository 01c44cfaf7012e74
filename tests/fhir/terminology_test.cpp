#include "fhir/terminology.h"

#include "fhir/json.h"
#include "fhir/types.h"

#include "tests/fhir/support/fixtures.h"

#include <gtest/gtest.h>

#include <set>

namespace bhi::fhir {
namespace {

using Truth = std::optional<bool>;
constexpr Truth kUnknown = std::nullopt;

std::shared_ptr<const Terminology> loaded(std::initializer_list<std::string_view> texts) {
  std::vector<DocumentPtr> documents;
  std::vector<const Node*> roots;
  for (const std::string_view text : texts) {
    auto document = read_json(std::string(text));
    if (!document.ok()) {
      ADD_FAILURE() << document.error().message;
      return nullptr;
    }
    documents.push_back(*document);
    roots.push_back(&(*document)->root());
  }
  auto made = Terminology::with(roots);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().message);
  return made.ok() ? *made : nullptr;
}

constexpr std::string_view kTree = R"({"resourceType":"CodeSystem","url":"u:tree","version":"2","content":"complete",
  "hierarchyMeaning":"is-a","valueSet":"u:all","concept":[
  {"code":"a","concept":[{"code":"a1","property":[{"code":"kind","valueCode":"small"}]},
                         {"code":"a2","concept":[{"code":"a2x"}]}]},
  {"code":"b","property":[{"code":"kind","valueString":"large"},{"code":"status","valueCode":"retired"}]},
  {"code":"c","property":[{"code":"parent","valueCode":"a2"},{"code":"parent","valueCode":"b"}]}]})";

std::string value_set(std::string_view compose) {
  return R"({"resourceType":"ValueSet","url":"u:vs","version":"1","compose":)" + std::string(compose) + "}";
}

TEST(Terminology, HasTheRequiredListsOfR4) {
  const Terminology& r4 = Terminology::r4();
  constexpr std::string_view kGender = "http://hl7.org/fhir/ValueSet/administrative-gender";
  EXPECT_EQ(r4.member_of(kGender, "", "female"), true);
  EXPECT_EQ(r4.member_of(kGender, "http://hl7.org/fhir/administrative-gender", "female"), true);
  EXPECT_EQ(r4.member_of(kGender, "http://hl7.org/fhir/other", "female"), false);
  EXPECT_EQ(r4.member_of(kGender, "", "Female"), false);
  EXPECT_EQ(r4.member_of(std::string(kGender) + "|4.0.1", "", "female"), true);
  EXPECT_EQ(r4.member_of(std::string(kGender) + "|3.0.2", "", "female"), kUnknown);
  EXPECT_EQ(r4.member_of(kGender, "", ""), kUnknown);
  constexpr std::string_view kClinical = "http://terminology.hl7.org/CodeSystem/condition-clinical";
  EXPECT_EQ(r4.member_of("http://hl7.org/fhir/ValueSet/condition-clinical", kClinical, "relapse"), true);
  EXPECT_EQ(r4.subsumes(kClinical, "active", "relapse"), true);
  EXPECT_EQ(r4.subsumes(kClinical, "relapse", "active"), false);
  EXPECT_EQ(r4.subsumes(kClinical, "active", "nonsense"), kUnknown);
  EXPECT_EQ(r4.member_of("http://hl7.org/fhir/ValueSet/units-of-time", "", "wk"), true);
  EXPECT_EQ(r4.member_of("http://hl7.org/fhir/ValueSet/task-intent", "", "unknown"), true);
  EXPECT_EQ(r4.member_of("http://hl7.org/fhir/ValueSet/task-intent", "http://hl7.org/fhir/request-intent", "directive"),
            false);
}

TEST(Terminology, KnowsWhatItDoesNotKnow) {
  const Terminology& r4 = Terminology::r4();
  EXPECT_EQ(r4.member_of("http://hl7.org/fhir/ValueSet/mimetypes", "", "text/plain"), kUnknown);
  EXPECT_EQ(r4.member_of("http://example.org/none", "", "x"), kUnknown);
  EXPECT_EQ(r4.has_code("http://snomed.info/sct", "35489007"), kUnknown);
  EXPECT_EQ(r4.subsumes("http://snomed.info/sct", "1", "2"), kUnknown);
}

void add_unknown_bindings(const TypeInfo& type, std::set<std::string_view>& unknown) {
  for (const ElementInfo& element : type.elements) {
    const bool is_inline = element.types.size() == 1 && element.types[0]->kind == TypeKind::Backbone;
    // contentReferences lead back up: only what is defined right here is walked
    if (is_inline && element.types[0]->name.size() > type.name.size()) add_unknown_bindings(*element.types[0], unknown);
    if (element.strength != BindingStrength::Required) continue;
    if (!Terminology::r4().member_of(element.value_set, "u:none", "none")) unknown.insert(element.value_set);
  }
}

// Every required binding of the element table is answered, but for the lists that nobody can hold.
TEST(Terminology, AnswersTheRequiredBindingsOfTheElementTable) {
  std::set<std::string_view> unknown;
  for (const std::string_view name : Types::r4().names()) add_unknown_bindings(*Types::r4().find(name), unknown);
  EXPECT_EQ(unknown, (std::set<std::string_view>{
                         "http://hl7.org/fhir/ValueSet/currencies", "http://hl7.org/fhir/ValueSet/mimetypes",
                         "http://hl7.org/fhir/ValueSet/spdx-license", "http://hl7.org/fhir/ValueSet/ucum-units",
                         "http://loinc.org/vs/LL379-9"}));
}

TEST(ValueSets, IncludeSystemsConceptsAndFilters) {
  struct Case {
    std::string compose;
    std::string_view yes;  // codes of u:tree
    std::string_view no;
  };
  for (
      const Case& one : std::vector<Case>{
          {R"({"include":[{"system":"u:tree"}]})", "a a1 a2x c", "x"},
          {R"({"include":[{"system":"u:tree","concept":[{"code":"a"},{"code":"q"}]}]})", "a q", "a1 b"},
          {R"({"include":[{"system":"u:tree","filter":[{"property":"concept","op":"is-a","value":"a2"}]}]})",
           "a2 a2x c", "a a1 b x"},
          {R"({"include":[{"system":"u:tree","filter":[{"property":"concept","op":"descendent-of","value":"a"}]}]})",
           "a1 a2 a2x c", "a b"},
          {R"({"include":[{"system":"u:tree","filter":[{"property":"concept","op":"is-not-a","value":"a"}]}]})", "b",
           "a a1 c"},
          {R"({"include":[{"system":"u:tree","filter":[{"property":"concept","op":"generalizes","value":"a2x"}]}]})",
           "a a2 a2x", "a1 b c"},
          {R"({"include":[{"system":"u:tree","filter":[{"property":"kind","op":"=","value":"small"}]}]})", "a1", "a b"},
          {R"({"include":[{"system":"u:tree","filter":[{"property":"kind","op":"in","value":"small, large"}]}]})",
           "a1 b", "a"},
          {R"({"include":[{"system":"u:tree","filter":[{"property":"kind","op":"exists","value":"false"}]}]})", "a c",
           "a1 b"},
          {R"({"include":[{"system":"u:tree","filter":[{"property":"concept","op":"is-a","value":"a"},
                                                        {"property":"kind","op":"=","value":"small"}]}]})",
           "a1", "a a2 b"},
          {R"({"include":[{"system":"u:tree"}],"exclude":[{"system":"u:tree","concept":[{"code":"b"}]}]})", "a c", "b"},
          {R"({"inactive":false,"include":[{"system":"u:tree"}]})", "a c", "b"},
          {R"({"include":[{"valueSet":["u:all"]}]})", "a b", "x"},
          {R"({"include":[{"system":"u:tree","version":"2"}]})", "a", "x"},
          {R"({"include":[{"system":"u:else","concept":[{"code":"z"}]},{"system":"u:tree","concept":[{"code":"b"}]}]})",
           "b", "z a"},
      }) {
    const auto terms = loaded({kTree, value_set(one.compose)});
    ASSERT_NE(terms, nullptr);
    for (const auto& [codes, expected] : {std::pair(one.yes, true), std::pair(one.no, false)}) {
      for (std::size_t at = 0; at < codes.size();) {
        const std::size_t end = std::min(codes.find(' ', at), codes.size());
        const std::string_view code = codes.substr(at, end - at);
        EXPECT_EQ(terms->member_of("u:vs", "u:tree", code), expected) << one.compose << " " << code;
        at = end + 1;
      }
    }
  }
}

TEST(ValueSets, AreUnknownWhereTheyCannotBeTold) {
  for (const std::string_view compose :
       {R"({"include":[{"system":"http://snomed.info/sct"}]})",
        R"({"include":[{"system":"u:tree","filter":[{"property":"concept","op":"regex","value":"a.*"}]}]})",
        R"({"include":[{"system":"u:tree","filter":[{"property":"concept","op":"is-a","value":"nobody"}]}]})",
        R"({"include":[{"system":"u:tree","version":"1"}]})", R"({"include":[{"valueSet":["u:none"]}]})",
        R"({"include":[{"valueSet":["u:vs"]}]})", R"({"exclude":[{"system":"u:tree","concept":[{"code":"b"}]}]})"}) {
    const auto terms = loaded({kTree, value_set(compose)});
    ASSERT_NE(terms, nullptr);
    EXPECT_EQ(terms->member_of("u:vs", "", "a"), kUnknown) << compose;
  }
  // A yes of one part counts whatever is not known of another; a no needs all.
  const auto terms = loaded(
      {kTree, value_set(R"({"include":[{"valueSet":["u:none"]},{"system":"u:tree","concept":[{"code":"a"}]}]})")});
  EXPECT_EQ(terms->member_of("u:vs", "u:tree", "a"), true);
  EXPECT_EQ(terms->member_of("u:vs", "u:tree", "b"), kUnknown);
  EXPECT_EQ(terms->member_of("u:vs|1", "u:tree", "a"), true);
  EXPECT_EQ(terms->member_of("u:vs|2", "u:tree", "a"), kUnknown);
}

TEST(ValueSets, UseAnExpansion) {
  const auto expanded = [](std::string_view more) {
    return loaded({R"({"resourceType":"ValueSet","url":"u:vs","expansion":{)" + std::string(more) +
                   R"("contains":[{"system":"s","code":"1"},{"system":"s","abstract":true,"code":"up",
                      "contains":[{"system":"s","code":"2"}]}]}})"});
  };
  const auto whole = expanded("");
  EXPECT_EQ(whole->member_of("u:vs", "s", "2"), true);
  EXPECT_EQ(whole->member_of("u:vs", "", "1"), true);
  EXPECT_EQ(whole->member_of("u:vs", "s", "up"), false);
  EXPECT_EQ(whole->member_of("u:vs", "t", "1"), false);
  for (const std::string_view part : {"\"total\":9,", "\"offset\":2,", R"("parameter":[{"name":"count"}],)"}) {
    EXPECT_EQ(expanded(part)->member_of("u:vs", "s", "1"), true) << part;
    EXPECT_EQ(expanded(part)->member_of("u:vs", "s", "9"), kUnknown) << part;
  }
}

TEST(CodeSystems, ThatAreNotWholeSayYesOnly) {
  const auto terms = loaded({R"({"resourceType":"CodeSystem","url":"u:part","content":"fragment","caseSensitive":false,
      "hierarchyMeaning":"part-of","concept":[{"code":"Up","concept":[{"code":"down"}]}]})",
                             value_set(R"({"include":[{"system":"u:part"}]})")});
  EXPECT_EQ(terms->member_of("u:vs", "u:part", "UP"), true);
  EXPECT_EQ(terms->member_of("u:vs", "u:part", "other"), kUnknown);
  EXPECT_EQ(terms->subsumes("u:part", "Up", "UP"), true);
  EXPECT_EQ(terms->subsumes("u:part", "Up", "down"), kUnknown);
}

TEST(CodeSystems, StandAboveByNestingAndByProperties) {
  const auto terms = loaded({kTree});
  EXPECT_EQ(terms->subsumes("u:tree", "a", "a2x"), true);
  EXPECT_EQ(terms->subsumes("u:tree", "b", "c"), true);
  EXPECT_EQ(terms->subsumes("u:tree", "a", "c"), true);
  EXPECT_EQ(terms->subsumes("u:tree", "c", "a"), false);
  EXPECT_EQ(terms->subsumes("u:tree", "a1", "a2"), false);
}

TEST(CodeSystems, MayBeCircular) {
  const auto terms = loaded({R"({"resourceType":"CodeSystem","url":"u:ring","content":"complete","concept":[
      {"code":"a","property":[{"code":"parent","valueCode":"b"}]},
      {"code":"b","property":[{"code":"parent","valueCode":"a"}]},{"code":"c"}]})"});
  EXPECT_EQ(terms->subsumes("u:ring", "a", "b"), true);
  EXPECT_EQ(terms->subsumes("u:ring", "c", "b"), false);
}

TEST(Terminology, RefusesWhatItCannotRead) {
  const auto message = [](std::string_view text) {
    const auto document = read_json(std::string(text));
    const Node* const root = &(*document)->root();
    const auto made = Terminology::with({&root, 1});
    return made.ok() ? std::string() : made.error().message;
  };
  EXPECT_EQ(message(R"({"resourceType":"Patient"})"), "expected a CodeSystem or ValueSet, found another resource");
  EXPECT_EQ(message(R"({"resourceType":"ValueSet"})"), "ValueSet : expected a url, found none");
  EXPECT_EQ(message(R"({"resourceType":"CodeSystem","url":"u","content":"supplement"})"),
            "CodeSystem u: expected a code system, found a supplement to one");
  EXPECT_EQ(message(R"({"resourceType":"ValueSet","url":"u","compose":{"include":[{"concept":[{"code":"a"}]}]}})"),
            "ValueSet u: expected a system or value sets in each part, found neither");
}

// Value sets that others wrote load, each on its own.
TEST(Terminology, ReadsPublishedValueSets) {
  BHI_NEEDS_FIXTURES("sdc");
  int read = 0;
  for (const auto& path : test::files_below(test::fixtures(), ".json")) {
    if (path.string().find("hostile") != std::string::npos || path.string().find("json_test") != std::string::npos) {
      continue;
    }
    const auto document = read_json(test::read_file(path));
    if (!document.ok()) continue;
    const Node* const root = &(*document)->root();
    const std::string_view type = resource_type(*root);
    if (type != "ValueSet" && type != "CodeSystem") continue;
    if (root->text_of("url").empty() || root->text_of("content") == "supplement") continue;
    const auto made = Terminology::with({&root, 1});
    EXPECT_TRUE(made.ok()) << path << ": " << (made.ok() ? "" : made.error().message);
    ++read;
  }
  EXPECT_GE(read, 10);
}

}  // namespace
}  // namespace bhi::fhir
