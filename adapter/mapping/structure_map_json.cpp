#include "mapping/structure_map_json.h"

#include "fhir/json.h"
#include "mapping/concept_map_json.h"
#include "mapping/structure_map_reader.h"

namespace bhi::mapping {

MappingResource parse_mapping_resource(const MapText& text, std::vector<Diagnostic>& problems) {
  const std::size_t before = problems.size();
  Reporter reporter(text.file, problems);
  std::string_view json = text.text;
  if (json.starts_with("\xEF\xBB\xBF")) json.remove_prefix(3);
  const auto document = fhir::read_json(std::string(json));
  if (!document) {
    reporter.error(Place{}, document.error());
    return {};
  }
  const fhir::Node& root = (*document)->root();
  const std::string_view type = fhir::resource_type(root);
  MappingResource read;
  if (type == "StructureMap") {
    read.map = StructureMapReader(reporter).map(root);
    read.map->file = text.file;
  } else if (type == "ConceptMap") {
    read.concept_map = read_concept_map(root, reporter);
  } else {
    reporter.error(Place{}, "expected a StructureMap or a ConceptMap, found '" + std::string(type) + "'");
  }
  if (has_errors(std::span(problems).subspan(before))) return {};
  return read;
}

std::optional<StructureMap> parse_structure_map(const MapText& text, std::vector<Diagnostic>& problems) {
  MappingResource read = parse_mapping_resource(text, problems);
  if (read.concept_map) Reporter(text.file, problems).error(Place{}, "expected a StructureMap, found 'ConceptMap'");
  return std::move(read.map);
}

}  // namespace bhi::mapping
