// Our side of the FHIRPath bench: expressions compiled once, evaluated over documents that are read already.
//
// Reads the plan named on the command line, then answers one line for each order on its input: `answers ROW`, `run ROW
// SECONDS` (see compare.py, which gives the same orders to fhirpath.js).
#include "fhir/json.h"
#include "fhirpath/expression.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace bhi;

template <typename T>
using ByText = std::map<std::string, T, std::less<>>;

[[noreturn]] void give_up(std::string_view what) {
  std::cerr << what << '\n';
  std::exit(2);
}

fhir::DocumentPtr read(std::string_view path) {
  std::ifstream in{std::string(path), std::ios::binary};
  auto document = fhir::read_json({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()});
  if (!document.ok()) give_up(document.error().message);
  return *document;
}

struct Row {
  fhirpath::Expression expression;
  std::span<const fhir::DocumentPtr> resources;
};

struct Plan {
  ByText<std::vector<fhir::DocumentPtr>> sets;
  ByText<fhir::DocumentPtr> references;
  ByText<ByText<std::set<std::string, std::less<>>>> value_sets;  // url, system ("" is any), code
  std::vector<Row> rows;
};

Plan read_plan(std::string_view path) {
  Plan plan;
  const auto document = read(path);
  const fhir::Node& root = document->root();
  for (const fhir::Member& set : root.find("sets")->members()) {
    auto& documents = plan.sets[std::string(set.name->text)];
    for (const fhir::Node& file : set.value.elements()) documents.push_back(read(file.text()));
  }
  for (const fhir::Member& reference : root.find("references")->members()) {
    plan.references[std::string(reference.name->text)] = read(reference.value.text());
  }
  for (const fhir::Member& value_set : root.find("value_sets")->members()) {
    auto& systems = plan.value_sets[std::string(value_set.name->text)];
    for (const fhir::Node& pair : value_set.value.elements()) {
      const std::string code(pair.elements()[1].text());
      systems[std::string(pair.elements()[0].text())].insert(code);
      systems[""].insert(code);
    }
  }
  const fhir::Types& types = fhir::Types::r4();
  for (const fhir::Node& row : root.find("expressions")->elements()) {
    const auto& resources = plan.sets.find(row.text_of("set"))->second;
    const fhir::TypeInfo* const type = types.find(fhir::resource_type(resources.front()->root()));
    auto expression = fhirpath::Expression::compile(row.text_of("expr"), {&types, type, {}, true});
    if (!expression.ok()) give_up(expression.error().message);
    plan.rows.push_back({*std::move(expression), resources});
  }
  return plan;
}

fhirpath::Environment environment_of(const Plan& plan) {
  fhirpath::Environment environment;
  environment.resolve = [&plan](std::string_view reference) -> const fhir::Node* {
    const auto found = plan.references.find(reference);
    return found == plan.references.end() ? nullptr : &found->second->root();
  };
  environment.member_of = [&plan](std::string_view url, std::string_view system,
                                  std::string_view code) -> std::optional<bool> {
    const auto value_set = plan.value_sets.find(url);
    if (value_set == plan.value_sets.end()) return std::nullopt;
    const auto codes = value_set->second.find(system);
    return codes != value_set->second.end() && codes->second.contains(code);
  };
  return environment;
}

fhirpath::Collection evaluate(const Row& row, const fhir::Document& resource, const fhirpath::Environment& environment,
                              Arena& arena) {
  arena.reset();
  const auto items =
      row.expression.evaluate(fhirpath::root_item(resource.root(), fhir::Types::r4()), environment, arena);
  if (!items.ok()) give_up(items.error().message);
  return *items;
}

std::string answers(const Row& row, const fhirpath::Environment& environment) {
  Arena arena;
  std::string out = "[";
  for (const auto& resource : row.resources) {
    out += out.size() > 1 ? ",[" : "[";
    bool first = true;
    for (const fhirpath::Item& item : evaluate(row, *resource, environment, arena)) {
      if (item.node->is_null()) continue;  // only an id or extensions: fhirpath.js leaves it out of the result
      if (!first) out += ',';
      first = false;
      out += fhir::write_json(*item.node);
    }
    out += ']';
  }
  return out + "]";
}

std::string run(const Row& row, const fhirpath::Environment& environment, double seconds) {
  using Clock = std::chrono::steady_clock;
  Arena arena;
  const auto begin = Clock::now();
  std::size_t count = 0;
  double taken = 0;
  while (taken < seconds) {
    for (int i = 0; i < 16; ++i) {  // a look at the clock costs as much as a short expression
      for (const auto& resource : row.resources) evaluate(row, *resource, environment, arena);
    }
    count += 16 * row.resources.size();
    taken = std::chrono::duration<double>(Clock::now() - begin).count();
  }
  return std::to_string(count) + " " + std::to_string(taken);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) give_up("expected the path of a plan");
  const Plan plan = read_plan(arguments[1]);
  const fhirpath::Environment environment = environment_of(plan);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string order;
    std::size_t index = 0;
    double seconds = 0;
    words >> order >> index >> seconds;
    const Row& row = plan.rows.at(index);
    std::cout << (order == "answers" ? answers(row, environment) : run(row, environment, seconds)) << std::endl;
  }
}
