#include "mapping/structure_map_reader.h"

#include "mapping/concept_map_json.h"
#include "mapping/cursor.h"
#include "mapping/json_extensions.h"
#include "mapping/literal_text.h"
#include "mapping/metadata.h"
#include "mapping/normal_form.h"
#include "mapping/rule_parser.h"

#include <algorithm>

namespace bhi::mapping {

std::string StructureMapReader::documentation_of(const Node& node) {
  return clean_lines(node.text_of("documentation"));
}

StructureMap StructureMapReader::map(const fhir::Node& root) {
  StructureMap made;
  made.url = text_of(root, "url");
  made.name = text_of(root, "name");
  for (const Node& one : list_of(root, "structure")) made.uses.push_back(structure(one));
  for (const Node& one : list_of(root, "import")) made.imports.push_back({std::string(one.text()), {}});
  for (const Node& one : list_of(root, "const")) constant(one, made);
  for (const Node& one : list_of(root, "extension")) {
    if (one.text_of("url") == kConstantInR4) constant_in_r4(one, made);
  }
  for (const Node& one : list_of(root, "contained")) contained(one, made);
  for (const Member& member : root.members()) {
    const std::string name(member.name->text);
    if (!is_part_of_map(name)) metadata(name, member.value, made);
  }
  for (const Node& one : list_of(root, "group")) made.groups.push_back(group(one));
  normalise(made);
  if (made.groups.empty()) problem("expected a group in StructureMap.group, found none");
  return made;
}

// What is not in `known` (nor of every element) would be lost.
void StructureMapReader::expect_only(const Node& object, std::string_view path, Words known) {
  for (const Member& member : object.members()) {
    const std::string_view name = member.name->text;
    if (name == "id" || std::ranges::find(known, name) != known.end()) continue;
    if (name == "extension" || name.starts_with('_')) {
      extensions(member, path);
      continue;
    }
    problem("expected a known element of StructureMap." + std::string(path) + ", found '" + std::string(name) + "'");
  }
}

// Extensions that we read ourselves are no news.
void StructureMapReader::extensions(const Member& member, std::string_view path) {
  const std::string_view name = member.name->text;
  bool known = true;
  for (const Node& object : fhir::each(&member.value)) {
    for (const Node& one : name == "extension" ? std::span(&object, 1) : list_of(object, "extension")) {
      const std::string_view url = one.text_of("url");
      known = known && (url == kExpression || url == kDefaultInR4);
    }
  }
  if (known) return;
  reporter_.warning(Place{},
                    "expected no extension in StructureMap." + std::string(path) + ", found one, which is not kept");
}

// Every primitive with its path; a complex element is begun by an empty value.
void StructureMapReader::metadata(const std::string& path, const Node& value, StructureMap& map) {
  if (!is_metadata_path(path)) {
    return problem("expected names of elements in the metadata of StructureMap, found another");
  }
  for (const Node& one : fhir::each(&value)) {
    if (path == "extension" && one.text_of("url") == kConstantInR4) continue;
    map.metadata.push_back({path, one.is_object() ? std::string() : std::string(one.text())});
    for (const Member& member : one.members()) metadata(path + "." + std::string(member.name->text), member.value, map);
  }
}

void StructureMapReader::constant(const Node& node, StructureMap& map) {
  expect_only(node, "const", {"name", "value"});
  map.constants.push_back(
      {name_of(node, "name", "const"), expression_of(name_of(node, "value", "const"), "const.value"), {}});
}

void StructureMapReader::constant_in_r4(const Node& extension, StructureMap& map) {
  Constant made;
  for (const Node& part : list_of(extension, "extension")) {
    if (part.text_of("url") == "name") made.name = text_of(part, "valueId");
    if (part.text_of("url") == "value") made.value = expression_of(text_of(part, "valueString"), "const.value");
  }
  if (made.name.empty() || !made.value) problem("expected a name and a value in the extension for const, found less");
  map.constants.push_back(std::move(made));
}

// An expression must be one, else no text could be written of the map. Its names are for the compile step.
ExpressionText StructureMapReader::expression_of(std::string text, std::string_view path) {
  if (text.empty()) return {};
  Cursor cursor(text);
  const auto read = cursor.expression();
  if (!read) {
    problem("StructureMap." + std::string(path) + ": " + read.error().message);
  } else if (!cursor.at_end()) {
    problem("StructureMap." + std::string(path) + ": " +
            cursor.expected("an operator or the end of the expression").message);
  }
  return {std::move(text), {}};
}

std::string StructureMapReader::name_of(const Node& object, std::string_view name, std::string_view path) {
  std::string text = text_of(object, name);
  if (text.empty())
    problem("expected '" + std::string(name) + "' in StructureMap." + std::string(path) + ", found none");
  return text;
}

StructureUse StructureMapReader::structure(const Node& node) {
  expect_only(node, "structure", {"url", "mode", "alias", "documentation"});
  return {text_of(node, "url"),
          text_of(node, "alias"),
          word(kModelModes, node.text_of("mode"), "structure.mode"),
          documentation_of(node),
          {}};
}

void StructureMapReader::contained(const Node& node, StructureMap& map) {
  if (fhir::resource_type(node) == "ConceptMap") {
    map.concept_maps.push_back(read_concept_map(node, reporter_));
  } else {
    reporter_.warning(Place{}, "expected ConceptMaps in StructureMap.contained, found " +
                                   std::string(fhir::resource_type(node)) + ", which is not kept");
  }
}

Group StructureMapReader::group(const Node& node) {
  Group made;
  made.name = name_of(node, "name", "group");
  reporter_.rule = made.name;
  expect_only(node, "group", {"name", "extends", "typeMode", "documentation", "input", "rule"});
  made.documentation = documentation_of(node);
  made.extends = text_of(node, "extends");
  const std::string_view mode = node.text_of("typeMode");
  if (!mode.empty()) made.type_mode = word(kTypeModes, mode, "group.typeMode");
  for (const Node& input : list_of(node, "input")) {
    expect_only(input, "group.input", {"name", "type", "mode", "documentation"});
    made.parameters.push_back({word(kParameterModes, input.text_of("mode"), "group.input.mode"),
                               name_of(input, "name", "group.input"),
                               text_of(input, "type"),
                               comment_text(input.text_of("documentation")),
                               {}});
  }
  if (made.parameters.empty()) problem("expected an input in StructureMap.group.input, found none");
  for (const Node& one : list_of(node, "rule")) made.rules.push_back(rule(one));
  reporter_.rule.clear();
  return made;
}

}  // namespace bhi::mapping
