// bhi conformance fml: mapping cases in the format of a cases.json, on our engine.
#include "bhi/conformance.h"
#include "fhir/json.h"
#include "fhir/xml.h"
#include "fhirpath/expression.h"
#include "mapping/library.h"
#include "mapping/parser.h"
#include "mapping/structure_map_json.h"
#include "service/files.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <optional>

namespace bhi::tools {

namespace {

using fhir::Node;
using mapping::MapText;

// What a case may need that we do not have.
constexpr std::array<std::string_view, 1> kNotHere = {"cda-logical-model"};

// Where two values first differ, and what stands there.
struct Difference {
  std::string path, expected, found;
};

std::string shown(const Node* node) { return node == nullptr ? "nothing" : fhir::write_json(*node).substr(0, 160); }

// Engines that copy without converting leave the text "5" in an integer element; we write 5, as its type says.
bool is_text_for_literal(const Node& expected, const Node& found) {
  const bool literal = found.kind() == fhir::NodeKind::Number || found.kind() == fhir::NodeKind::Boolean;
  return expected.is_string() && literal && expected.text() == found.text();
}

// `texts`: the paths where only the JSON kind of a primitive differs, which is no difference.
std::optional<Difference> difference(const Node* expected, const Node* found, const std::string& path,
                                     std::vector<std::string>& texts) {
  if (expected == nullptr && found == nullptr) return std::nullopt;
  if (expected != nullptr && found != nullptr && is_text_for_literal(*expected, *found)) {
    texts.push_back(path);
    return std::nullopt;
  }
  if (expected == nullptr || found == nullptr || expected->kind() != found->kind()) {
    return Difference{path, shown(expected), shown(found)};
  }
  if (expected->is_object()) {
    for (const fhir::Member& member : expected->members()) {
      const auto inside = difference(&member.value, found->find(member.name->text),
                                     path + (path.empty() ? "" : ".") + std::string(member.name->text), texts);
      if (inside) return inside;
    }
    for (const fhir::Member& member : found->members()) {
      if (expected->find(member.name->text) != nullptr) continue;
      return Difference{path + (path.empty() ? "" : ".") + std::string(member.name->text), "nothing",
                        shown(&member.value)};
    }
    return std::nullopt;
  }
  if (expected->is_array()) {
    const auto left = expected->elements();
    const auto right = found->elements();
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
      const auto inside = difference(i < left.size() ? &left[i] : nullptr, i < right.size() ? &right[i] : nullptr,
                                     path + "[" + std::to_string(i) + "]", texts);
      if (inside) return inside;
    }
    return std::nullopt;
  }
  if (fhir::same(*expected, *found)) return std::nullopt;
  return Difference{path, shown(expected), shown(found)};
}

// The published results give logical models a resourceType, which ours have not.
Node without_logical_type(const Node& node, Arena& arena) {
  const std::string_view type = fhir::resource_type(node);
  if (type.empty() || fhir::Types::r4().find(type) != nullptr) return node;
  return fhir::without(node, fhir::intern("resourceType"), arena);
}

// "x = 'text'" for an engine that compares any two primitives by their text; nothing when it is of another shape.
std::optional<std::string> compared_as_text(std::string_view assertion) {
  const std::size_t equals = assertion.find(" = '");
  const bool alone = equals != std::string_view::npos && assertion.find('\'', equals + 4) == assertion.size() - 1;
  if (!alone) return std::nullopt;
  return "(" + std::string(assertion.substr(0, equals)) + ").toString()" + std::string(assertion.substr(equals));
}

Error failed(std::string what) { return {Kind::Incorrect, std::move(what)}; }

std::string all(const std::vector<mapping::Diagnostic>& problems) {
  std::string text;
  for (const mapping::Diagnostic& one : problems) text += (text.empty() ? "" : "\n  ") + to_text(one);
  return text;
}

struct Tally {
  std::size_t cases = 0;
  std::size_t passed = 0;
  std::size_t not_supported = 0;
};

class Suite {
 public:
  explicit Suite(std::string folder) : folder_(std::move(folder)) {}

  void run(const Node& one, Tally& tally) {
    ++tally.cases;
    const std::string id(one.text_of("id"));
    for (const Node& need : fhir::each(one.find("needs"))) {
      if (std::ranges::find(kNotHere, need.text()) == kNotHere.end()) continue;
      ++tally.not_supported;
      std::cout << id << ": not supported: needs " << need.text() << "\n";
      return;
    }
    const Result<void> done = one.text_of("kind") == "parse-only" ? parse(one) : transform(one);
    if (done) {
      ++tally.passed;
    } else {
      std::cout << id << "\n  " << done.error().message << "\n";
    }
  }

 private:
  Result<std::string> text_of(const Node& name) const {
    return service::read_file(folder_ + "/" + std::string(name.text()));
  }

  Result<std::vector<MapText>> maps_of(const Node& one) const {
    std::vector<MapText> maps;
    for (const Node& name : fhir::each(one.find("map"))) {
      BHI_TRY(auto text, text_of(name));
      maps.push_back({std::string(name.text()), std::move(text)});
    }
    if (maps.empty()) return failed("expected a map, found none");
    return maps;
  }

  // As it stands alone: for its url, and to see whether it can be read at all.
  static Result<mapping::StructureMap> read(const MapText& map) {
    std::vector<mapping::Diagnostic> problems;
    const bool json = map.text.find_first_not_of("\xEF\xBB\xBF \t\r\n") == map.text.find('{') && !map.text.empty();
    auto made = json ? mapping::parse_structure_map(map, problems) : mapping::parse_fml(map, problems);
    if (!made) return failed("expected a map\n  found " + all(problems));
    return *std::move(made);
  }

  Result<void> parse(const Node& one) const {
    BHI_TRY(const auto maps, maps_of(one));
    for (const MapText& map : maps) {
      BHI_TRY(const auto made, read(map));
      static_cast<void>(made);
    }
    return {};
  }

  // Definitions of logical models; a ConceptMap among them belongs to the maps.
  Result<std::shared_ptr<const fhir::Types>> types_of(const Node& one, std::vector<MapText>& maps) const {
    std::vector<fhir::DocumentPtr> documents;
    std::vector<const Node*> definitions;
    for (const Node& name : fhir::each(one.find("models"))) {
      BHI_TRY(auto text, text_of(name));
      BHI_TRY(auto read, fhir::read_document(text));
      if (fhir::resource_type(read->root()) == "ConceptMap") {
        maps.push_back({std::string(name.text()), std::move(text)});
        continue;
      }
      documents.push_back(std::move(read));
      definitions.push_back(&documents.back()->root());
    }
    return fhir::Types::with(definitions);
  }

  Result<void> transform(const Node& one) {
    BHI_TRY(auto maps, maps_of(one));
    BHI_TRY(const auto map, read(maps.front()));
    BHI_TRY(const auto types, types_of(one, maps));
    BHI_TRY(const auto library, mapping::Library::compile(maps, types));
    std::vector<fhir::DocumentPtr> sources;
    std::vector<mapping::Input> inputs;
    for (const Node& name : fhir::each(one.find("source"))) {
      BHI_TRY(auto text, text_of(name));
      BHI_TRY(auto read, fhir::read_document(std::move(text)));
      sources.push_back(std::move(read));
      inputs.push_back({"", &sources.back()->root(), nullptr});
    }
    Arena arena;
    const auto output = library->run(map.url, inputs, world(), arena);
    if (const Node* asserts = one.find("asserts")) {
      if (!output) return output.error();
      return hold(*asserts, output->root, *types, arena);
    }
    const Node* expected_name = one.find("expected");
    if (expected_name == nullptr) return failed("expected a result or assertions in the case, found neither");
    BHI_TRY(auto text, text_of(*expected_name));
    BHI_TRY(const auto expected, fhir::read_document(std::move(text)));
    if (fhir::resource_type(expected->root()) == "OperationOutcome") {
      return output ? Result<void>(failed("expected a failure\n  found " + shown(&output->root))) : Result<void>();
    }
    if (!output) return failed("expected a result\n  found " + output.error().message);
    const Node wanted = without_logical_type(expected->root(), arena);
    std::vector<std::string> texts;
    const auto apart = difference(&wanted, &output->root, "", texts);
    for (const std::string& path : texts) {
      std::cout << one.text_of("id") << ": " << path << " is expected as a text, found as the literal of its type\n";
    }
    if (!apart) return {};
    return failed(apart->path + "\n  expected " + apart->expected + "\n  found " + apart->found);
  }

  mapping::World world() {
    mapping::World made;
    made.now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    made.new_uuid = [this] {
      std::string count = std::to_string(++ids_);
      return "00000000-0000-4000-8000-" + std::string(12 - count.size(), '0') + count;
    };
    return made;
  }

  static Result<bool> holds(const std::string& assertion, const Node& made, const fhir::Types& types, Arena& arena) {
    const fhirpath::Item root = fhirpath::root_item(made, types);
    fhirpath::Environment environment;
    environment.resource = root;
    environment.types = &types;
    BHI_TRY(const auto expression, fhirpath::Expression::compile(assertion, {}));
    BHI_TRY(const auto found, expression.evaluate(root, environment, arena));
    BHI_TRY(const auto truth, fhirpath::as_boolean(found));
    return truth.value_or(false);
  }

  static Result<void> hold(const Node& asserts, const Node& made, const fhir::Types& types, Arena& arena) {
    for (const Node& assertion : fhir::each(&asserts)) {
      const std::string text(assertion.text());
      Result<bool> truth = holds(text, made, types, arena);
      if (const auto other = compared_as_text(text); other && (!truth || !*truth)) {
        truth = holds(*other, made, types, arena);
      }
      if (!truth) return failed("expected " + text + "\n  found " + truth.error().message);
      if (!*truth) return failed("expected " + text + "\n  found " + shown(&made));
    }
    return {};
  }

  std::string folder_;
  std::size_t ids_ = 0;
};

Result<void> run_suite(const std::string& file, Tally& tally) {
  BHI_TRY(auto text, service::read_file(file));
  BHI_TRY(const auto document, fhir::read_json(std::move(text), {.require_object = false}));
  const Node& root = document->root();
  const Node* cases = root.is_object() ? root.find("cases") : &root;
  if (cases == nullptr || !cases->is_array()) {
    return Error{Kind::Incorrect, file + ": expected a list of cases, found something else"};
  }
  const std::size_t slash = file.find_last_of('/');
  Suite suite(slash == std::string::npos ? "." : file.substr(0, slash));
  for (const Node& one : cases->elements()) suite.run(one, tally);
  return {};
}

}  // namespace

int run_fml_conformance(const std::vector<std::string>& suites) {
  Tally tally;
  for (const std::string& file : suites) {
    if (const auto done = run_suite(file, tally); !done) {
      std::cerr << "bhi conformance: " << done.error().message << "\n";
      return 2;
    }
  }
  if (tally.not_supported > 0) std::cout << "not supported " << tally.not_supported << " (named above)\n";
  std::cout << "passed " << tally.passed << " of " << tally.cases << "\n";
  return tally.passed + tally.not_supported == tally.cases ? 0 : 1;
}

}  // namespace bhi::tools
