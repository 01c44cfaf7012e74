#include "mapping/structure_map_json.h"

#include "fhir/json.h"
#include "mapping/words.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace bhi::mapping {

namespace {

using fhir::Member;
using fhir::Node;
using fhir::NodeKind;
using Kind = Parameter::Kind;
using Words = std::initializer_list<std::string_view>;

struct ValueRow {
  std::string_view name;  // value[x]
  Kind kind;
};

constexpr std::array kValues = std::to_array<ValueRow>({
    {"valueBoolean", Kind::Boolean},
    {"valueDate", Kind::Date},
    {"valueDateTime", Kind::DateTime},
    {"valueDecimal", Kind::Decimal},
    {"valueId", Kind::Variable},
    {"valueInteger", Kind::Integer},
    {"valueString", Kind::String},
    {"valueTime", Kind::Time},
});

std::string text_of(const Node& object, std::string_view name) { return std::string(object.text_of(name)); }

std::span<const Node> list_of(const Node& object, std::string_view name) { return fhir::each(object.find(name)); }

// 'text' with quotes and backslashes escaped
std::string quoted(std::string_view text) {
  std::string made = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') made += '\\';
    made += c;
  }
  return made + "'";
}

class Reader {
 public:
  explicit Reader(Reporter& reporter) : reporter_(reporter) {}

  StructureMap map(const Node& root) {
    StructureMap made;
    made.url = text_of(root, "url");
    made.name = text_of(root, "name");
    for (const Node& one : list_of(root, "structure")) made.uses.push_back(structure(one));
    for (const Node& one : list_of(root, "import")) made.imports.push_back({std::string(one.text()), {}});
    for (const Node& one : list_of(root, "const")) {
      made.constants.push_back({text_of(one, "name"), {text_of(one, "value"), {}}, {}});
    }
    for (const Node& one : list_of(root, "contained")) contained(one, made);
    for (const Node& one : list_of(root, "group")) made.groups.push_back(group(one));
    if (made.groups.empty()) problem("expected a group in StructureMap.group, found none");
    return made;
  }

 private:
  void problem(std::string text) { reporter_.error(Place{}, std::move(text)); }

  // What is not in `known` (nor of every element) would be lost.
  void expect_only(const Node& object, std::string_view path, Words known) {
    for (const Member& member : object.members()) {
      const std::string_view name = member.name->text;
      if (name == "id" || name == "extension" || name == "documentation" || name.starts_with('_')) continue;
      if (std::ranges::find(known, name) != known.end()) continue;
      problem("expected a known element of StructureMap." + std::string(path) + ", found '" + std::string(name) + "'");
    }
  }

  template <typename Table>
  auto word(const Table& table, std::string_view text, std::string_view path) {
    const auto* found = find_word(table, text);
    if (found == nullptr)
      problem("expected a known code in StructureMap." + std::string(path) + ", found '" + std::string(text) + "'");
    return found == nullptr ? table.front().second : found->second;
  }

  StructureUse structure(const Node& node) {
    expect_only(node, "structure", {"url", "mode", "alias"});
    return {
        text_of(node, "url"), text_of(node, "alias"), word(kModelModes, node.text_of("mode"), "structure.mode"), {}};
  }

  // A ConceptMap: R4 names the relation `equivalence`, R5 `relationship`.
  void contained(const Node& node, StructureMap& map) {
    if (fhir::resource_type(node) != "ConceptMap") return;
    ConceptMapText made;
    made.id = text_of(node, "id");
    for (const Node& group : list_of(node, "group")) {
      if (group.find("unmapped") != nullptr)
        problem("expected no 'unmapped' in ConceptMap '" + made.id + "' (not supported), found one");
      for (const Node& element : list_of(group, "element")) {
        for (const Node& target : list_of(element, "target")) {
          std::string relation = text_of(target, "equivalence") + text_of(target, "relationship");
          const bool apart = relation == "unmatched" || relation == "disjoint" || relation == "not-related-to";
          made.mappings.push_back({text_of(group, "source"), text_of(element, "code"), apart ? "!=" : "-",
                                   text_of(group, "target"), text_of(target, "code")});
        }
      }
    }
    map.concept_maps.push_back(std::move(made));
  }

  Group group(const Node& node) {
    Group made;
    made.name = text_of(node, "name");
    reporter_.rule = made.name;
    expect_only(node, "group", {"name", "extends", "typeMode", "input", "rule"});
    made.extends = text_of(node, "extends");
    const std::string_view mode = node.text_of("typeMode");
    if (mode == "types") made.type_mode = TypeMode::Types;
    if (mode == "type-and-types") made.type_mode = TypeMode::TypeAndTypes;
    for (const Node& input : list_of(node, "input")) {
      expect_only(input, "group.input", {"name", "type", "mode"});
      const bool target = input.text_of("mode") == "target";
      made.parameters.push_back(
          {target ? ParameterMode::Target : ParameterMode::Source, text_of(input, "name"), text_of(input, "type"), {}});
    }
    for (const Node& one : list_of(node, "rule")) made.rules.push_back(rule(one));
    reporter_.rule.clear();
    return made;
  }

  Rule rule(const Node& node) {
    Rule made;
    made.name = text_of(node, "name");
    reporter_.rule = made.name;
    expect_only(node, "group.rule", {"name", "source", "target", "rule", "dependent"});
    for (const Node& one : list_of(node, "source")) made.sources.push_back(source(one));
    if (made.sources.empty()) problem("expected a source in StructureMap.group.rule, found none");
    for (const Node& one : list_of(node, "target")) made.targets.push_back(target(one, made.sources));
    for (const Node& one : list_of(node, "dependent")) made.dependents.push_back(dependent(one));
    for (const Node& one : list_of(node, "rule")) made.rules.push_back(rule(one));
    reporter_.rule = made.name;
    return made;
  }

  static std::vector<std::string> path_of(const Node& node) {
    std::vector<std::string> path;
    std::string_view rest = node.text_of("element");
    while (!rest.empty()) {
      const std::size_t dot = rest.find('.');
      path.emplace_back(rest.substr(0, dot));
      rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot + 1);
    }
    return path;
  }

  RuleSource source(const Node& node) {
    RuleSource made;
    made.context = text_of(node, "context");
    made.path = path_of(node);
    made.type = text_of(node, "type");
    made.variable = text_of(node, "variable");
    made.where = {text_of(node, "condition"), {}};
    made.check = {text_of(node, "check"), {}};
    made.log = {text_of(node, "logMessage"), {}};
    if (const std::string_view mode = node.text_of("listMode"); !mode.empty()) {
      made.list_mode = word(kSourceListModes, mode, "group.rule.source.listMode");
    }
    made.has_cardinality = node.find("min") != nullptr || node.find("max") != nullptr;
    if (const Node* min = node.find("min")) made.min = number(min->text(), 0);
    if (const Node* max = node.find("max"); max != nullptr && max->text() != "*")
      made.max = number(max->text(), RuleSource::kUnbounded);
    for (const Member& member : node.members()) {
      if (member.name->text.starts_with("defaultValue")) made.default_value = {default_value(member), {}};
    }
    check_members(node);
    return made;
  }

  void check_members(const Node& source) {
    for (const Member& member : source.members()) {
      if (member.name->text.starts_with("defaultValue") && (member.value.is_object() || member.value.is_array())) {
        problem("expected a primitive in StructureMap.group.rule.source.defaultValue, found something else");
      }
    }
    expect_only(source, "group.rule.source",
                {"context", "min", "max", "type", "element", "listMode", "variable", "condition", "check", "logMessage",
                 "defaultValue", "defaultValueString", "defaultValueCode", "defaultValueUri", "defaultValueBoolean",
                 "defaultValueInteger", "defaultValueDecimal"});
  }

  // R5: an expression; R4: a value.
  static std::string default_value(const Member& member) {
    const bool expression = member.name->text == "defaultValue" || !member.value.is_string();
    return expression ? std::string(member.value.text()) : quoted(member.value.text());
  }

  static std::uint32_t number(std::string_view text, std::uint32_t otherwise) {
    std::uint64_t value = 0;
    if (text.empty() || text.size() > 9) return otherwise;
    for (const char c : text) {
      if (c < '0' || c > '9') return otherwise;
      value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return static_cast<std::uint32_t>(value);
  }

  RuleTarget target(const Node& node, const std::vector<RuleSource>& sources) {
    RuleTarget made;
    expect_only(node, "group.rule.target",
                {"context", "contextType", "element", "variable", "listMode", "listRuleId", "transform", "parameter"});
    if (const std::string_view type = node.text_of("contextType"); type == "type") {
      problem("expected contextType 'variable' in StructureMap.group.rule.target, found 'type' (not supported)");
    }
    made.context = text_of(node, "context");
    made.path = path_of(node);
    made.variable = text_of(node, "variable");
    for (const Node& mode : list_of(node, "listMode")) {
      made.list_mode = word(kTargetListModes, mode.text(), "group.rule.target.listMode");
    }
    made.share_id = text_of(node, "listRuleId");
    for (const Node& one : list_of(node, "parameter"))
      made.parameters.push_back(parameter(one, "group.rule.target.parameter"));
    const std::string_view name = node.text_of("transform");
    // "copy" alone copies the only source.
    if (name == "copy" && made.parameters.empty() && sources.size() == 1 && !sources.front().variable.empty()) {
      made.parameters.push_back({Kind::Variable, sources.front().variable, {}});
    }
    if (!name.empty()) transform(name, made);
    return made;
  }

  void transform(std::string_view name, RuleTarget& made) {
    const TransformEntry* entry = find_transform(name);
    if (entry == nullptr)
      return problem("expected a transform in StructureMap.group.rule.target, found '" + std::string(name) + "'");
    if (made.parameters.size() < entry->least || made.parameters.size() > entry->most) {
      return problem("expected another number of parameters of " + std::string(name) + "(), found " +
                     std::to_string(made.parameters.size()));
    }
    made.transform = entry->transform;
    // The last parameter of evaluate is an expression, kept as a string.
    if (entry->transform == Transform::Evaluate && made.parameters.back().kind == Kind::String) {
      made.parameters.back().kind = Kind::Expression;
    }
  }

  Parameter parameter(const Node& node, std::string_view path) {
    for (const ValueRow& row : kValues) {
      if (const Node* value = node.find(row.name)) return {row.kind, std::string(value->text()), {}};
    }
    problem("expected a value in StructureMap." + std::string(path) + ", found none that is known");
    return {};
  }

  Invocation dependent(const Node& node) {
    expect_only(node, "group.rule.dependent", {"name", "variable", "parameter"});
    Invocation made;
    made.group = text_of(node, "name");
    for (const Node& one : list_of(node, "variable"))
      made.parameters.push_back({Kind::Variable, std::string(one.text()), {}});
    for (const Node& one : list_of(node, "parameter"))
      made.parameters.push_back(parameter(one, "group.rule.dependent.parameter"));
    return made;
  }

  Reporter& reporter_;
};

}  // namespace

std::optional<StructureMap> parse_structure_map(const MapText& text, std::vector<Diagnostic>& problems) {
  const std::size_t before = problems.size();
  Reporter reporter(text.file, problems);
  std::string_view json = text.text;
  if (json.starts_with("\xEF\xBB\xBF")) json.remove_prefix(3);
  const auto document = fhir::read_json(std::string(json));
  if (!document) {
    reporter.error(Place{}, document.error());
    return std::nullopt;
  }
  const Node& root = (*document)->root();
  if (fhir::resource_type(root) != "StructureMap") {
    reporter.error(Place{}, "expected a StructureMap, found '" + std::string(fhir::resource_type(root)) + "'");
    return std::nullopt;
  }
  StructureMap map = Reader(reporter).map(root);
  if (problems.size() != before) return std::nullopt;
  map.file = text.file;
  return map;
}

}  // namespace bhi::mapping
