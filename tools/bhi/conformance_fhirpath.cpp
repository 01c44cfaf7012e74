// bhi conformance fhirpath: a suite in the official format (https://hl7.org/fhirpath/tests.html) on our evaluator.
#include "bhi/conformance.h"
#include "fhir/bundle.h"
#include "fhir/terminology.h"
#include "fhir/xml.h"
#include "fhir/xml_tree.h"
#include "fhirpath/ast.h"
#include "fhirpath/equality.h"
#include "fhirpath/expression.h"
#include "fhirpath/parser.h"
#include "fhirpath/value.h"
#include "service/files.h"

#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <vector>

namespace bhi::tools {

namespace {

using fhir::Node;
using fhir::XmlElement;
using fhirpath::Collection;
using fhirpath::Item;

constexpr fhir::XmlLimits kSuiteLimits{.max_bytes = std::size_t{64} << 20};

// How far an expression came, in the words of the suite's `invalid`.
enum class Stage : std::uint8_t { Syntax, Semantic, Execution, Done };

constexpr std::string_view name(Stage stage) {
  switch (stage) {
    case Stage::Syntax: return "syntax";
    case Stage::Semantic: return "semantic";
    case Stage::Execution: return "execution";
    case Stage::Done: return "false";
  }
  return "";
}

struct Output {
  std::string type;  // empty: not said
  std::string text;
};

struct Test {
  std::string name;
  std::string input;  // file name; may be empty
  std::string expression;
  std::string invalid;
  bool predicate = false;
  bool ordered = true;
  bool polymorphic = false;  // mode "lenient/polymorphics": valueQuantity for value is allowed
  std::vector<Output> outputs;
};

struct Outcome {
  Stage stage = Stage::Done;
  std::string error;
  Collection items;
  std::optional<fhirpath::Expression> expression;  // items may be its literals
};

Outcome failed(Stage stage, const Error& error) { return {stage, error.message, {}, std::nullopt}; }

// A type as the suite names it: FHIR's own name, and System types with a small letter (Quantity is called so by both).
std::string suite_type(const Item& item) {
  const fhir::TypeInfo* const type = fhirpath::known_type(item);
  if (type == nullptr) return "?";
  std::string name(type->name);
  if (fhirpath::is_system(type) && name != "Quantity") name[0] = static_cast<char>(name[0] | 0x20);
  return name;
}

std::string shown(const Item& item) { return suite_type(item) + " " + fhir::write_json(*item.node).substr(0, 120); }

std::string shown(Collection items) {
  std::string text;
  for (const Item& item : items) text += (text.empty() ? "" : ", ") + shown(item);
  return text.empty() ? "nothing" : text;
}

std::string shown(const Test& test) {
  if (!test.invalid.empty()) return "an error (" + test.invalid + ")";
  std::string text;
  for (const Output& output : test.outputs) text += (text.empty() ? "" : ", ") + output.type + " " + output.text;
  return text.empty() ? "nothing" : text;
}

// "1974-12-25" or "@1974-12-25", "1 'mg'", "1.0" as an expression that gives it.
std::string literal_of(const Output& output) {
  const bool at =
      output.type == "date" || output.type == "dateTime" || output.type == "time" || output.type == "instant";
  if (!at || output.text.starts_with('@')) return output.text;
  return (output.type == "time" ? "@T" : "@") + output.text;
}

bool fits(const Output& expected, const Item& found, Arena& arena) {
  if (!expected.type.empty() && expected.type != suite_type(found)) return false;
  if (!found.node->is_object() && found.node->text() == expected.text) return true;
  if (found.node->is_string() && fhirpath::value_kind(found) == fhirpath::ValueKind::String) return false;
  const auto literal = fhirpath::Expression::compile(literal_of(expected), {});
  if (!literal.ok()) return false;
  const auto value = literal->evaluate({}, {}, arena);
  fhirpath::Effort effort{1000};
  return value.ok() && value->size() == 1 && fhirpath::equal((*value)[0], found, effort) == true;
}

bool fits(const Test& test, Collection found, Arena& arena) {
  if (found.size() != test.outputs.size()) return false;
  std::vector<bool> used(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    std::size_t match = test.ordered ? i : 0;
    while (match < found.size() && (used[match] || !fits(test.outputs[i], found[match], arena))) {
      match = test.ordered ? found.size() : match + 1;
    }
    if (match == found.size()) return false;
    used[match] = true;
  }
  return true;
}

std::string attribute_or(const XmlElement& element, std::string_view name, std::string_view otherwise) {
  return std::string(element.attribute(name).value_or(otherwise));
}

Test read_test(const XmlElement& from) {
  const XmlElement expression = from.child("expression");
  Test test;
  test.name = attribute_or(from, "name", "?");
  test.input = attribute_or(from, "inputfile", "");
  test.predicate = attribute_or(from, "predicate", "false") == "true";
  test.ordered = attribute_or(from, "ordered", "true") != "false";
  test.polymorphic = attribute_or(from, "mode", "").ends_with("polymorphics");
  if (expression) {
    test.expression = expression.text();
    test.invalid = attribute_or(expression, "invalid", "");
    if (test.invalid == "false") test.invalid.clear();
  }
  for (XmlElement output = from.child("output"); output; output = output.next()) {
    if (output.name() == "output") test.outputs.push_back({attribute_or(output, "type", ""), output.text()});
  }
  return test;
}

class Runner {
 public:
  explicit Runner(std::string inputs) : inputs_(std::move(inputs)) {}

  void run(const Test& test, const std::string& group) {
    ++tests_;
    Arena arena;
    std::string found;
    if (passes(test, arena, found)) {
      ++passed_;
      return;
    }
    std::cout << group << "/" << test.name << ": " << one_line(test.expression) << "\n  expected " << shown(test)
              << "\n  found " << found << "\n";
  }

  int finish() const {
    std::cout << "passed " << passed_ << " of " << tests_ << "\n";
    return passed_ == tests_ ? 0 : 1;
  }

 private:
  static std::string one_line(std::string text) {
    for (char& c : text) {
      if (c == '\n' || c == '\r' || c == '\t') c = ' ';
    }
    return text;
  }

  bool passes(const Test& test, Arena& arena, std::string& found) {
    const Node* root = nullptr;
    if (!test.input.empty()) {
      const auto input = document(test.input);
      if (!input.ok()) {
        found = "no input: " + input.error().message;
        return false;
      }
      root = &(*input)->root();
    }
    Outcome outcome = evaluate(test, root, arena);
    if (outcome.stage != Stage::Done) {
      found = "an error (" + std::string(name(outcome.stage)) + "): " + outcome.error;
      return test.invalid == name(outcome.stage) || (test.invalid == "true" && outcome.stage != Stage::Syntax);
    }
    found = shown(outcome.items);
    return test.invalid.empty() && fits(test, outcome.items, arena);
  }

  Outcome evaluate(const Test& test, const Node* root, Arena& arena) const {
    fhirpath::Lexer lexer(test.expression, fhirpath::Dialect::FhirPath);
    fhirpath::Ast syntax;
    if (const auto parsed = fhirpath::parse_expression(lexer, syntax); !parsed.ok())
      return failed(Stage::Syntax, parsed.error());
    if (lexer.peek().kind != fhirpath::TokenKind::End) {
      return failed(Stage::Syntax, lexer.expected("an operator or the end"));
    }

    const fhir::Types& types = fhir::Types::r4();
    const Item focus = root == nullptr ? Item() : fhirpath::root_item(*root, types);
    const fhirpath::CompileOptions options{
        .types = &types, .context = focus.type, .variables = {}, .strict = !test.polymorphic};
    auto expression = fhirpath::Expression::compile(test.expression, options);
    if (!expression.ok()) return failed(Stage::Semantic, expression.error());

    fhirpath::Environment environment;
    environment.types = &types;
    environment.resource = focus;
    fhirpath::answer_from(fhir::Terminology::r4(), environment);
    environment.now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
    environment.resolve = [root](std::string_view reference) {
      return root == nullptr ? nullptr : resolve(*root, reference);
    };
    auto items = expression->evaluate(focus, environment, arena);
    if (items.ok() && test.predicate) {
      const auto value = fhirpath::as_boolean(*items);
      if (!value.ok()) return failed(Stage::Execution, value.error());
      const Item truth = fhirpath::boolean_item(value->value_or(false));
      return {Stage::Done, {}, arena.copy(Collection(&truth, 1)), std::nullopt};
    }
    if (!items.ok()) return failed(Stage::Execution, items.error());
    return {Stage::Done, {}, *items, *std::move(expression)};
  }

  // "#id" among the contained, else Type/id or fullUrl among the entries of a Bundle.
  static const Node* resolve(const Node& root, std::string_view reference) {
    for (const Node& one : fhir::each(root.find("contained"))) {
      if (reference.starts_with('#') && one.text_of("id") == reference.substr(1)) return &one;
    }
    for (const Node& entry : fhir::each(root.find("entry"))) {
      const Node* const resource = entry.find("resource");
      if (resource == nullptr) continue;
      const std::string relative =
          std::string(fhir::resource_type(*resource)) + "/" + std::string(resource->text_of("id"));
      if (reference == relative || reference == entry.text_of("fullUrl")) return resource;
    }
    return nullptr;
  }

  // The JSON form of an input where there is one.
  Result<fhir::DocumentPtr> document(const std::string& file) {
    if (const auto known = documents_.find(file); known != documents_.end()) return known->second;
    std::filesystem::path path = std::filesystem::path(inputs_) / file;
    std::filesystem::path json = path;
    if (std::filesystem::exists(json.replace_extension(".json"))) path = json;
    BHI_TRY(auto text, service::read_file(path.string()));
    BHI_TRY(auto read, fhir::read_document(std::move(text)));
    documents_.emplace(file, read);
    return read;
  }

  std::string inputs_;
  std::map<std::string, fhir::DocumentPtr> documents_;
  std::size_t tests_ = 0;
  std::size_t passed_ = 0;
};

int unreadable(const Error& error) {
  std::cerr << "bhi conformance: " << error.message << "\n";
  return 2;
}

}  // namespace

int run_fhirpath_conformance(const std::string& suite, const std::string& inputs) {
  auto text = service::read_file(suite);
  if (!text.ok()) return unreadable(text.error());
  const auto tree = fhir::XmlTree::read(*std::move(text), kSuiteLimits);
  if (!tree.ok()) return unreadable(tree.error());
  if (tree->root().name() != "tests" || !tree->root().child("group")) {
    return unreadable(tree->error_at(tree->root().offset(), "expected tests with groups, found another document"));
  }
  Runner runner(inputs);
  for (XmlElement group = tree->root().first_child(); group; group = group.next()) {
    if (group.name() != "group") continue;
    for (XmlElement test = group.first_child(); test; test = test.next()) {
      if (test.name() == "test") runner.run(read_test(test), attribute_or(group, "name", "?"));
    }
  }
  return runner.finish();
}

}  // namespace bhi::tools
