// The published mapping cases (cases.json of fml-official and fml-matchbox): what others' engines make of others' maps.
// A case that we do not run stands in kNotRun with its reason; nothing else is left out.
#include "fhirpath/expression.h"
#include "mapping/parser.h"
#include "mapping/structure_map_json.h"
#include "tests/mapping/support/fixtures.h"
#include "tests/mapping/support/maps.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <map>

namespace bhi::mapping {
namespace {

namespace files = std::filesystem;
using fhir::Node;

const std::map<std::string, std::string, std::less<>> kNotRun = {
    {"official/qr2cda", "needs the CDA logical models, which are not here"},
    {"official/qr2cd-eval-json", "needs the CDA logical models, which are not here"},
    {"official/qr2cd-eval-fml", "needs the CDA logical models, which are not here"},
};

// Where the other engine copies the text of a number into an integer element; we convert it.
constexpr std::string_view kCopiedAsText = "tutorial/step4b.source4";

// Where the StructureMap JSON beside a map does not say the same as the map.
const std::map<std::string, std::string, std::less<>> kCompiledNotRun = {
    {"tutorial/step4b.source4b", "its condition is a text, so it always holds"},
    {"tutorial/step4c.source4", "its conditions look for a21 within a21"},
    {"tutorial/step4c.source4b", "its conditions look for a21 within a21"},
    {"tutorial/step13.source13", "it lacks the rule that sets the id"},
};

std::vector<std::string> texts_of(const Node* value, const files::path& folder) {
  std::vector<std::string> texts;
  for (const Node& name : fhir::each(value)) texts.push_back(test::read_file(folder / std::string(name.text())));
  return texts;
}

// The published results give logical models a resourceType, which ours have not.
Node without_logical_type(const Node& node, Arena& arena) {
  const std::string_view type = fhir::resource_type(node);
  if (type.empty() || fhir::Types::r4().find(type) != nullptr) return node;
  return fhir::without(node, fhir::intern("resourceType"), arena);
}

// The assertions were restated for an engine that compares any two primitives by their text.
std::string compared_as_text(std::string_view assertion) {
  const std::size_t equals = assertion.find(" = '");
  if (equals == std::string_view::npos) return std::string(assertion);
  return "(" + std::string(assertion.substr(0, equals)) + ").toString()" + std::string(assertion.substr(equals));
}

void check_assertions(const Node& made, const Node& asserts, Arena& arena) {
  const fhirpath::Item root = fhirpath::root_item(made, fhir::Types::r4());
  fhirpath::Environment environment;
  environment.resource = root;
  environment.types = &fhir::Types::r4();
  for (const Node& text : fhir::each(&asserts)) {
    auto expression = fhirpath::Expression::compile(compared_as_text(text.text()), {});
    ASSERT_TRUE(expression.ok()) << expression.error().message;
    auto found = expression->evaluate(root, environment, arena);
    ASSERT_TRUE(found.ok()) << found.error().message;
    auto truth = fhirpath::as_boolean(*found);
    ASSERT_TRUE(truth.ok()) << truth.error().message;
    EXPECT_EQ(*truth, std::optional<bool>(true)) << text.text() << "\n" << fhir::write_json_pretty(made);
  }
}

// `member`: "map" for the text, "compiled_map" for the same as StructureMap JSON.
void run_case(const Node& one, const files::path& folder, std::string_view member = "map") {
  std::vector<MapText> maps;
  std::vector<Diagnostic> problems;
  for (const Node& name : fhir::each(one.find(member))) {
    maps.push_back({std::string(name.text()), test::read_file(folder / std::string(name.text()))});
  }
  if (one.text_of("kind") == "parse-only") {
    for (const MapText& map : maps) EXPECT_TRUE(parse_fml(map, problems).has_value());
    for (const Diagnostic& problem : problems) ADD_FAILURE() << to_text(problem);
    return;
  }
  const auto types = test::types_with(texts_of(one.find("models"), folder));
  const auto library = Library::compile(maps, types);
  ASSERT_TRUE(library.ok()) << library.error().message;

  // The map of the case is the first that was given.
  const auto map = member == "map" ? parse_fml(maps.front(), problems) : parse_structure_map(maps.front(), problems);
  ASSERT_TRUE(map.has_value());
  const auto source = fhir::read_json(test::read_file(folder / std::string(one.text_of("source"))));
  ASSERT_TRUE(source.ok()) << source.error().message;
  const Input input{"", &(*source)->root(), nullptr};
  Arena arena;
  const auto output = (*library)->run(map->url, {&input, 1}, test::plain_world(), arena);

  if (const Node* asserts = one.find("asserts")) {
    ASSERT_TRUE(output.ok()) << output.error().message;
    check_assertions(output->root, *asserts, arena);
    return;
  }
  const auto expected = fhir::read_json(test::read_file(folder / std::string(one.text_of("expected"))));
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  const Node& wanted = (*expected)->root();
  if (fhir::resource_type(wanted) == "OperationOutcome") {
    EXPECT_FALSE(output.ok()) << "expected a failure";
    return;
  }
  ASSERT_TRUE(output.ok()) << output.error().message;
  if (one.text_of("id") == kCopiedAsText) {
    EXPECT_EQ(fhir::write_json(output->root), R"({"a21":12345})");
    return;
  }
  EXPECT_TRUE(fhir::same(output->root, without_logical_type(wanted, arena)))
      << fhir::write_json_pretty(output->root) << "\nexpected\n"
      << fhir::write_json_pretty(wanted);
}

void run_suite(const std::string& name) {
  const files::path folder = test::fixtures() / name;
  if (!files::exists(folder)) GTEST_SKIP() << "no fixtures: " << name;
  const auto cases = fhir::read_json(test::read_file(folder / "cases.json"), {.require_object = false});
  ASSERT_TRUE(cases.ok()) << cases.error().message;
  std::size_t run = 0;
  std::size_t total = 0;
  const Node& root = (*cases)->root();
  for (const Node& one : fhir::each(root.is_object() ? root.find("cases") : &root)) {
    ++total;
    const std::string id(one.text_of("id"));
    if (const auto skipped = kNotRun.find(id); skipped != kNotRun.end()) {
      std::cout << "not run: " << id << ": " << skipped->second << "\n";
      continue;
    }
    ++run;
    SCOPED_TRACE(id);
    run_case(one, folder);
    if (one.find("compiled_map") == nullptr) continue;
    if (const auto skipped = kCompiledNotRun.find(id); skipped != kCompiledNotRun.end()) {
      std::cout << "not run as StructureMap JSON: " << id << ": " << skipped->second << "\n";
      continue;
    }
    SCOPED_TRACE("as StructureMap JSON");
    run_case(one, folder, "compiled_map");
  }
  std::cout << name << ": ran " << run << " of " << total << "\n";
  EXPECT_GT(total, 0u);
}

TEST(Conformance, RunsTheOfficialCases) { run_suite("fml-official"); }
TEST(Conformance, RunsTheCasesOfMatchbox) { run_suite("fml-matchbox"); }

}  // namespace
}  // namespace bhi::mapping
