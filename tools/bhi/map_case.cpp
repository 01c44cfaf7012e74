#include "bhi/map_case.h"

#include "bhi/json_diff.h"
#include "fhirpath/suggestion.h"
#include "flow/nearby.h"
#include "mapping/parser.h"
#include "service/files.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace bhi::tools {

namespace {

namespace fs = std::filesystem;
using fhir::Node;

constexpr std::string_view kOwnMaps = "http://bhi-adapter.org/fhir/StructureMap/";
constexpr std::string_view kDefaultNow = "2026-01-01T00:00:00Z";
constexpr std::array<std::string_view, 5> kWords = {"about", "error", "issues", "map", "now"};

Error wrong(const fs::path& file, const std::string& text) { return {Kind::Incorrect, file.string() + ": " + text}; }

// The url of the one map that lies in the folder above `cases`.
Result<std::string> map_beside(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder.parent_path().parent_path(), error)) {
    const auto ending = entry.path().extension();
    if (ending == ".map" || ending == ".fml") found.push_back(entry.path());
  }
  if (found.size() != 1) {
    return wrong(folder, "expected one map in the folder above `cases`, found " + std::to_string(found.size()) +
                             "; say which in case.yaml: `map: URL`");
  }
  BHI_TRY(auto text, service::read_file(found.front()));
  std::vector<mapping::Diagnostic> problems;
  const auto map = mapping::parse_fml({found.front(), std::move(text)}, problems);
  if (!map) return Error{Kind::Incorrect, problems.empty() ? "no map" : to_text(problems.front())};
  return map->url;
}

Result<void> read_word(const fs::path& file, const std::string& word, const YAML::Node& value, MapCase& one) {
  const auto at = file.string() + ":" + std::to_string(value.Mark().line + 1);
  if (word == "issues" && value.IsSequence()) {
    for (const auto& issue : value) one.issues.push_back(issue.as<std::string>(""));
    return {};
  }
  if (std::ranges::find(kWords, word) == kWords.end()) {
    return Error{Kind::Incorrect, at + ": expected about, error, issues, map or now, found '" + word + "'" +
                                      fhirpath::suggestion(word, kWords)};
  }
  if (!value.IsScalar() || word == "issues") {
    return Error{Kind::Incorrect, at + ": " + word + ": expected " + (word == "issues" ? "a list of texts" : "a text")};
  }
  const auto text = value.Scalar();
  if (word == "error") one.error = text;
  if (word == "map") one.map = text.find(':') == std::string::npos ? std::string(kOwnMaps) + text : text;
  if (word == "now") {
    const auto now = instant_from(text);
    if (!now) return Error{Kind::Incorrect, at + ": now: expected a time such as " + std::string(kDefaultNow)};
    one.now = *now;
  }
  return {};
}

Result<void> read_yaml(const fs::path& file, MapCase& one) {
  if (std::error_code error; !fs::exists(file, error)) return {};
  BHI_TRY(const auto text, service::read_file(file));
  try {
    const auto root = YAML::Load(text);
    if (!root.IsMap()) return wrong(file, "expected `name: value` lines");
    for (const auto& pair : root) {
      BHI_CHECK(read_word(file, pair.first.as<std::string>(""), pair.second, one));
    }
  } catch (const YAML::Exception& problem) {
    return wrong(file, "not valid YAML: " + problem.msg);
  }
  return {};
}

// The inputs by the parameters of the map's first group; an absent file is an absent source.
Result<std::vector<mapping::Input>> inputs_of(const MapCase& one, const mapping::Library& library) {
  const mapping::MapInfo* map = library.find(one.map);
  if (map == nullptr) return Error{Kind::NotFound, "expected a map with the url '" + one.map + "', found none"};
  std::vector<mapping::Input> inputs;
  std::vector<std::string_view> names = {"input", "resolve"};
  for (const auto& parameter : map->parameters) {
    if (!parameter.source) continue;
    auto file = one.files.find(parameter.name);
    if (inputs.empty() && file == one.files.end()) file = one.files.find("input");
    names.push_back(parameter.name);
    mapping::Input input;
    input.name = parameter.name;
    if (file != one.files.end()) input.node = &file->second->root();
    inputs.push_back(input);
  }
  for (const auto& [name, document] : one.files) {
    if (std::ranges::find(names, name) != names.end()) continue;
    return Error{Kind::Incorrect, name + ".json: expected the name of a source of the map, input, resolve or expected" +
                                      fhirpath::suggestion(name, names)};
  }
  return inputs;
}

std::string to_line(const Issue& issue) {
  return std::string(name(issue.severity)) + " " + issue.code + " " + issue.path + ": " + issue.text;
}

void compare_issues(const MapCase& one, const Issues& issues, std::vector<std::string>& wrong) {
  for (std::size_t i = 0; i < std::max(one.issues.size(), issues.size()); ++i) {
    const std::string line = i < issues.size() ? to_line(issues[i]) : "nothing";
    if (i >= one.issues.size()) {
      wrong.push_back("issues[" + std::to_string(i) + "]: expected none, found " + line);
    } else if (line.find(one.issues[i]) == std::string::npos) {
      wrong.push_back("issues[" + std::to_string(i) + "]: expected one with '" + one.issues[i] + "', found " + line);
    }
  }
}

}  // namespace

Result<MapCase> read_case(const std::string& folder) {
  MapCase one;
  one.folder = folder;
  one.now = *instant_from(kDefaultNow);
  BHI_CHECK(read_yaml(fs::path(folder) / "case.yaml", one));
  if (one.map.empty()) {
    BHI_TRY(one.map, map_beside(folder));
  }
  for (const auto& file : service::files_in(folder, ".json")) {
    BHI_TRY(auto text, service::read_file(file));
    auto document = fhir::read_json(std::move(text), {.require_object = false});
    if (!document.ok()) return wrong(file, document.error().message);
    const auto name = fs::path(file).stem().string();
    if (name == "expected") {
      one.expected = *document;
    } else {
      one.files.emplace(name, *document);
    }
  }
  return one;
}

CaseOutcome run_case(const MapCase& one, const mapping::Library& library) {
  CaseOutcome outcome;
  const auto inputs = inputs_of(one, library);
  if (!inputs.ok()) return {{inputs.error().message}, {}};
  flow::Nearby nearby;
  for (const auto& [name, document] : one.files) nearby.add(document->root());
  mapping::World world;
  world.now = one.now;
  world.resolve = [&nearby](std::string_view reference) { return nearby.resolve(reference); };
  int made = 0;
  world.new_uuid = [&made] {  // the same in every run
    const std::string number = std::to_string(++made);
    return "00000000-0000-4000-8000-" + std::string(12 - std::min<std::size_t>(12, number.size()), '0') + number;
  };
  Arena arena;
  const auto output = library.run(one.map, *inputs, world, arena);
  if (!output.ok()) {
    const auto& message = output.error().message;
    if (one.error.empty()) outcome.wrong.push_back("expected a result, found the error: " + message);
    if (message.find(one.error) == std::string::npos)
      outcome.wrong.push_back("expected an error with '" + one.error + "', found: " + message);
    return outcome;
  }
  Node found = output->root;
  if (!output->more.empty()) {  // several targets: a list of them
    std::vector<Node> all = {output->root};
    all.insert(all.end(), output->more.begin(), output->more.end());
    found = Node::array(arena.copy(std::span<const Node>(all)));
  }
  if (!one.error.empty()) return {{"expected an error with '" + one.error + "', found a result"}, {}};
  compare_issues(one, output->issues, outcome.wrong);
  if (one.expected == nullptr) {
    outcome.wrong.push_back("expected.json: not there yet; `--bless` writes it");
  } else {
    auto lines = differences(one.expected->root(), found);
    outcome.wrong.insert(outcome.wrong.end(), lines.begin(), lines.end());
    if (lines.empty()) return outcome;
  }
  outcome.to_bless = fhir::write_json_pretty(found) + "\n";
  return outcome;
}

}  // namespace bhi::tools
