#include "mapping/library.h"

#include "base/hash.h"
#include "mapping/compiler.h"
#include "mapping/diagnostic.h"
#include "mapping/executor.h"
#include "mapping/overlay.h"
#include "mapping/parser.h"
#include "mapping/structure_map_json.h"

#include <algorithm>

namespace bhi::mapping {

struct Library::Parts {
  std::unique_ptr<Program> program;
  std::vector<Diagnostic> diagnostics;
  std::vector<MapInfo> maps;          // in the order of their urls
  std::vector<StructureMap> written;  // in the order of CompiledMap::index
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

std::string_view without_version(std::string_view url) { return url.substr(0, url.find('|')); }

// A model may have the name of an R4 type; its url is its own.
std::string type_name(const fhir::TypeInfo* type) {
  if (type == nullptr) return {};
  return std::string(type->kind == fhir::TypeKind::Logical ? type->url : type->name);
}

MapInfo info_of(const CompiledMap& compiled, const StructureMap& written) {
  MapInfo info{compiled.url, compiled.name, {}, compiled.file, {}};
  for (const Metadata& one : written.metadata) {
    if (one.path == "title") info.title = one.value;
  }
  if (compiled.groups.empty()) return info;
  for (const CompiledGroupParameter& parameter : compiled.groups.front().parameters) {
    info.parameters.push_back({parameter.name, type_name(parameter.type), parameter.mode == ParameterMode::Source});
  }
  return info;
}

std::vector<MapInfo> infos(const Program& program, std::span<const StructureMap> written) {
  std::vector<MapInfo> maps;
  for (const CompiledMap& map : program.maps) {
    if (!map.url.empty() && !is_overlay_part(map.url)) maps.push_back(info_of(map, written[map.index]));
  }
  std::ranges::sort(maps, {}, &MapInfo::url);
  return maps;
}

}  // namespace

Result<std::shared_ptr<const Library>> Library::compile(std::span<const MapText> maps,
                                                        std::shared_ptr<const fhir::Types> types,
                                                        std::shared_ptr<const fhir::Terminology> terminology,
                                                        ConformsTo conforms_to) {
  std::shared_ptr<Library> library(new Library());
  std::vector<Diagnostic>& problems = library->parts_->diagnostics;
  std::vector<LayeredMap> layers;
  std::vector<ConceptMapText> concept_maps;
  for (const MapText& map : maps) {
    MappingResource one;
    if (is_json(map.text)) {
      one = parse_mapping_resource(map, problems);
    } else {
      one.map = parse_fml(map, problems);
    }
    if (one.map) {
      one.map->hash = to_hex(sha256(map.text));
      layers.push_back({std::move(*one.map), map.layer});
    }
    if (one.concept_map) concept_maps.push_back(std::move(*one.concept_map));
  }
  if (has_errors(problems)) return all_of(problems);
  std::vector<StructureMap> read = lay_over(std::move(layers), problems);
  if (has_errors(problems)) return all_of(problems);
  library->parts_->program = compile_maps(read, std::move(types), problems, concept_maps);
  if (has_errors(problems)) return all_of(problems);
  library->parts_->program->terminology = std::move(terminology);
  library->parts_->program->conforms_to = std::move(conforms_to);
  library->parts_->maps = infos(*library->parts_->program, read);
  library->parts_->written = std::move(read);
  return std::shared_ptr<const Library>(std::move(library));
}

const std::vector<Diagnostic>& Library::diagnostics() const { return parts_->diagnostics; }
const fhir::Types& Library::types() const { return *parts_->program->types; }

bool Library::has(std::string_view map_url) const { return find(map_url) != nullptr; }

const std::vector<MapInfo>& Library::maps() const { return parts_->maps; }

const MapInfo* Library::find(std::string_view map_url) const {
  const auto found = std::ranges::lower_bound(parts_->maps, without_version(map_url), {}, &MapInfo::url);
  return found == parts_->maps.end() || found->url != without_version(map_url) ? nullptr : &*found;
}

std::vector<std::string> Library::urls() const {
  std::vector<std::string> urls;
  for (const MapInfo& map : parts_->maps) urls.push_back(map.url);
  return urls;
}

Result<std::string> Library::structure_map(std::string_view map_url) const {
  const auto found = parts_->program->by_url.find(without_version(map_url));
  if (found == parts_->program->by_url.end()) {
    return Error{Kind::NotFound, "expected a map with the url '" + std::string(map_url) + "', found none"};
  }
  return write_structure_map(parts_->written[found->second->index], ResourceForm::R4);
}

Result<Output> Library::run(std::string_view map_url, std::span<const Input> sources, const World& world,
                            Arena& arena) const {
  const auto found = parts_->program->by_url.find(without_version(map_url));
  if (found == parts_->program->by_url.end()) {
    return Error{Kind::NotFound, "expected a map with the url '" + std::string(map_url) + "', found none"};
  }
  return Executor(*parts_->program, world, arena).run(*found->second, sources);
}

}  // namespace bhi::mapping
