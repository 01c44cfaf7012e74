// Short ways to compile maps and run them on JSON texts.
#pragma once

#include "fhir/json.h"
#include "mapping/library.h"
#include "tests/mapping/support/fixtures.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bhi::mapping::test {

using bhi::test::fixtures;
using bhi::test::read_file;

// Types without an owner: R4's own table lives for ever.
inline std::shared_ptr<const fhir::Types> r4() { return {std::shared_ptr<const fhir::Types>(), &fhir::Types::r4()}; }

// R4 and the logical models in the given JSON texts.
inline std::shared_ptr<const fhir::Types> types_with(const std::vector<std::string>& definitions) {
  std::vector<fhir::DocumentPtr> documents;
  std::vector<const fhir::Node*> nodes;
  for (const std::string& text : definitions) {
    auto read = fhir::read_json(text);
    if (!read) {
      ADD_FAILURE() << read.error().message;
      return r4();
    }
    documents.push_back(*read);
    nodes.push_back(&documents.back()->root());
  }
  auto types = fhir::Types::with(nodes);
  if (!types) {
    ADD_FAILURE() << types.error().message;
    return r4();
  }
  return *types;
}

inline Result<std::shared_ptr<const Library>> compile(std::string text,
                                                      std::shared_ptr<const fhir::Types> types = r4()) {
  const MapText map{"test.map", std::move(text)};
  return Library::compile({&map, 1}, std::move(types));
}

// What went wrong in compiling, or "" when nothing did.
inline std::string compile_error(std::string text, std::shared_ptr<const fhir::Types> types = r4()) {
  const auto library = compile(std::move(text), std::move(types));
  return library ? "" : library.error().message;
}

struct Ran {
  std::string json;   // of the first target
  std::string error;  // when it failed
  Kind kind = Kind::Fault;
  std::vector<std::string> more;
  Issues issues;
};

inline World plain_world() {
  World world;
  world.new_uuid = [] { return std::string("00000000-0000-4000-8000-000000000001"); };
  return world;
}

// Runs the map with the given url on JSON texts; "" is an absent source.
inline Ran run(const Library& library, std::string_view url, const std::vector<std::string>& sources,
               const World& world = plain_world()) {
  Ran ran;
  std::vector<fhir::DocumentPtr> documents;
  std::vector<Input> inputs;
  for (const std::string& text : sources) {
    if (text.empty()) {
      inputs.push_back({});
      continue;
    }
    auto read = fhir::read_json(text);
    if (!read) {
      ran.error = read.error().message;
      return ran;
    }
    documents.push_back(*read);
    inputs.push_back({"", &documents.back()->root(), nullptr});
  }
  Arena arena;
  auto output = library.run(url, inputs, world, arena);
  if (!output) {
    ran.error = output.error().message;
    ran.kind = output.error().kind;
    return ran;
  }
  documents.clear();  // the output must not need the sources
  ran.json = fhir::write_json(output->root);
  for (const fhir::Node& node : output->more) ran.more.push_back(fhir::write_json(node));
  ran.issues = output->issues;
  return ran;
}

constexpr std::string_view kUrl = "http://example.org/map";

// A map from QuestionnaireResponse to Basic or Patient: the rules alone are given.
inline std::string map_of(const std::string& rules, const std::string& target = "Patient",
                          const std::string& more = "") {
  return "map \"http://example.org/map\" = \"test\"\n"
         "uses \"http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse\" alias QR as source\n" +
         more + "group main(source src : QR, target tgt : " + target + ") {\n" + rules + "\n}\n";
}

inline Ran run_map(const std::string& map, const std::vector<std::string>& sources,
                   std::shared_ptr<const fhir::Types> types = r4(), const World& world = plain_world()) {
  const auto library = compile(map, std::move(types));
  if (!library) {
    Ran ran;
    ran.error = library.error().message;
    return ran;
  }
  return run(**library, kUrl, sources, world);
}

}  // namespace bhi::mapping::test
