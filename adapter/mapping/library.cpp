#include "mapping/library.h"

#include "base/hash.h"
#include "mapping/compiler.h"
#include "mapping/diagnostic.h"
#include "mapping/executor.h"
#include "mapping/parser.h"
#include "mapping/structure_map_json.h"

#include <algorithm>

namespace bhi::mapping {

struct Library::Parts {
  std::unique_ptr<Program> program;
  std::vector<Diagnostic> diagnostics;
};

Library::Library() : parts_(std::make_unique<Parts>()) {}
Library::~Library() = default;

namespace {

// A StructureMap resource begins with "{"; no FML text does.
bool is_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Error all_of(const std::vector<Diagnostic>& problems) {
  std::string text;
  for (const Diagnostic& problem : problems) {
    if (problem.severity == Severity::Warning) continue;
    text += (text.empty() ? "" : "\n") + to_text(problem);
  }
  return {Kind::Incorrect, std::move(text)};
}

}  // namespace

Result<std::shared_ptr<const Library>> Library::compile(std::span<const MapText> maps,
                                                        std::shared_ptr<const fhir::Types> types) {
  std::shared_ptr<Library> library(new Library());
  std::vector<Diagnostic>& problems = library->parts_->diagnostics;
  std::vector<StructureMap> read;
  for (const MapText& map : maps) {
    auto one = is_json(map.text) ? parse_structure_map(map, problems) : parse_fml(map, problems);
    if (!one) continue;
    one->hash = to_hex(sha256(map.text));
    read.push_back(std::move(*one));
  }
  if (has_errors(problems)) return all_of(problems);
  library->parts_->program = compile_maps(read, std::move(types), problems);
  if (has_errors(problems)) return all_of(problems);
  return std::shared_ptr<const Library>(std::move(library));
}

const std::vector<Diagnostic>& Library::diagnostics() const { return parts_->diagnostics; }
const fhir::Types& Library::types() const { return *parts_->program->types; }

bool Library::has(std::string_view map_url) const {
  return parts_->program->by_url.contains(map_url.substr(0, map_url.find('|')));
}

std::vector<std::string> Library::urls() const {
  std::vector<std::string> urls;
  for (const auto& [url, map] : parts_->program->by_url) urls.push_back(url);
  return urls;
}

Result<Output> Library::run(std::string_view map_url, std::span<const Input> sources, const World& world,
                            Arena& arena) const {
  const auto found = parts_->program->by_url.find(map_url.substr(0, map_url.find('|')));
  if (found == parts_->program->by_url.end()) {
    return Error{Kind::NotFound, "expected a map with the url '" + std::string(map_url) + "', found none"};
  }
  return Executor(*parts_->program, world, arena).run(*found->second, sources);
}

}  // namespace bhi::mapping
