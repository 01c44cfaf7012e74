#include "mapping/structure_map_json.h"

#include "fhir/json.h"
#include "mapping/cursor.h"
#include "mapping/json_extensions.h"
#include "mapping/literal_text.h"
#include "mapping/metadata.h"
#include "mapping/normal_form.h"
#include "mapping/rule_parser.h"
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

class Reader {
 public:
  explicit Reader(Reporter& reporter) : reporter_(reporter) {}

  StructureMap map(const Node& root) {
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

 private:
  void problem(std::string text) { reporter_.error(Place{}, std::move(text)); }

  // What is not in `known` (nor of every element) would be lost.
  void expect_only(const Node& object, std::string_view path, Words known) {
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
  void extensions(const Member& member, std::string_view path) {
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
  void metadata(const std::string& path, const Node& value, StructureMap& map) {
    if (!is_metadata_path(path)) {
      return problem("expected names of elements in the metadata of StructureMap, found another");
    }
    for (const Node& one : fhir::each(&value)) {
      if (path == "extension" && one.text_of("url") == kConstantInR4) continue;
      map.metadata.push_back({path, one.is_object() ? std::string() : std::string(one.text())});
      for (const Member& member : one.members())
        metadata(path + "." + std::string(member.name->text), member.value, map);
    }
  }

  void constant(const Node& node, StructureMap& map) {
    expect_only(node, "const", {"name", "value"});
    map.constants.push_back(
        {name_of(node, "name", "const"), expression_of(name_of(node, "value", "const"), "const.value"), {}});
  }

  void constant_in_r4(const Node& extension, StructureMap& map) {
    Constant made;
    for (const Node& part : list_of(extension, "extension")) {
      if (part.text_of("url") == "name") made.name = text_of(part, "valueId");
      if (part.text_of("url") == "value") made.value = expression_of(text_of(part, "valueString"), "const.value");
    }
    if (made.name.empty() || !made.value) problem("expected a name and a value in the extension for const, found less");
    map.constants.push_back(std::move(made));
  }

  // An expression must be one, else no text could be written of the map. Its names are for the compile step.
  ExpressionText expression_of(std::string text, std::string_view path) {
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

  std::string name_of(const Node& object, std::string_view name, std::string_view path) {
    std::string text = text_of(object, name);
    if (text.empty())
      problem("expected '" + std::string(name) + "' in StructureMap." + std::string(path) + ", found none");
    return text;
  }

  template <typename Table>
  auto word(const Table& table, std::string_view text, std::string_view path) {
    const auto* found = find_word(table, text);
    if (found == nullptr)
      problem("expected a known code in StructureMap." + std::string(path) + ", found '" + std::string(text) + "'");
    return found == nullptr ? table.front().second : found->second;
  }

  StructureUse structure(const Node& node) {
    expect_only(node, "structure", {"url", "mode", "alias", "documentation"});
    return {text_of(node, "url"),
            text_of(node, "alias"),
            word(kModelModes, node.text_of("mode"), "structure.mode"),
            documentation_of(node),
            {}};
  }

  void contained(const Node& node, StructureMap& map) {
    if (fhir::resource_type(node) == "ConceptMap") {
      map.concept_maps.push_back(read_concept_map(node, reporter_));
    } else {
      reporter_.warning(Place{}, "expected ConceptMaps in StructureMap.contained, found " +
                                     std::string(fhir::resource_type(node)) + ", which is not kept");
    }
  }

  static std::string documentation_of(const Node& node) { return clean_lines(node.text_of("documentation")); }

  Group group(const Node& node) {
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
    for (const Node& one : list_of(node, "rule")) made.rules.push_back(rule(one));
    reporter_.rule.clear();
    return made;
  }

  Rule rule(const Node& node) {
    Rule made;
    made.name = text_of(node, "name");
    reporter_.rule = made.name;
    expect_only(node, "group.rule", {"name", "source", "target", "rule", "dependent", "documentation"});
    made.documentation = documentation_of(node);
    for (const Node& one : list_of(node, "source")) made.sources.push_back(source(one));
    if (made.sources.empty()) problem("expected a source in StructureMap.group.rule, found none");
    for (const Node& one : list_of(node, "target")) made.targets.push_back(target(one, made.sources));
    for (const Node& one : list_of(node, "dependent")) made.dependents.push_back(dependent(one));
    for (const Node& one : list_of(node, "rule")) made.rules.push_back(rule(one));
    normalise(made);
    reporter_.rule = made.name;
    return made;
  }

  // "a.b"; a name that itself has a dot stands in backticks, as in FML.
  std::vector<std::string> path_of(const Node& node) {
    std::vector<std::string> path;
    std::string_view rest = node.text_of("element");
    while (!rest.empty()) {
      std::size_t end = std::min(rest.find('.'), rest.size());
      if (rest.starts_with('`')) {
        Cursor cursor(rest);
        const auto name =
            cursor.at_name() ? cursor.name("a name") : Result<std::string>(Error{bhi::Kind::Incorrect, {}});
        end = cursor.taken();
        const bool proper = name && (end == rest.size() || rest[end] == '.');
        if (!proper) {
          problem("expected names of elements in 'element', found a backtick without its other");
          return path;
        }
        path.push_back(*name);
      } else {
        path.emplace_back(rest.substr(0, end));
      }
      rest = rest.substr(std::min(end + 1, rest.size()));
    }
    return path;
  }

  RuleSource source(const Node& node) {
    RuleSource made;
    made.context = name_of(node, "context", "group.rule.source");
    made.path = path_of(node);
    made.type = text_of(node, "type");
    made.variable = text_of(node, "variable");
    made.where = expression_of(text_of(node, "condition"), "group.rule.source.condition");
    made.check = expression_of(text_of(node, "check"), "group.rule.source.check");
    made.log = expression_of(text_of(node, "logMessage"), "group.rule.source.logMessage");
    if (const std::string_view mode = node.text_of("listMode"); !mode.empty()) {
      made.list_mode = word(kSourceListModes, mode, "group.rule.source.listMode");
    }
    made.has_cardinality = node.find("min") != nullptr || node.find("max") != nullptr;
    if (const Node* min = node.find("min")) made.min = number(min->text(), 0);
    if (const Node* max = node.find("max"); max != nullptr && max->text() != "*")
      made.max = number(max->text(), RuleSource::kUnbounded);
    for (const Member& member : node.members()) {
      if (member.name->text.starts_with("defaultValue")) {
        made.default_value = expression_of(default_value(member), "group.rule.source.defaultValue");
      }
    }
    for (const Node& one : list_of(node, "extension")) {
      if (one.text_of("url") == kDefaultInR4) {
        made.default_value = expression_of(text_of(one, "valueString"), "group.rule.source.defaultValue");
      }
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
                {"context",
                 "min",
                 "max",
                 "type",
                 "element",
                 "listMode",
                 "variable",
                 "condition",
                 "check",
                 "logMessage",
                 "defaultValue",
                 "defaultValueString",
                 "defaultValueCode",
                 "defaultValueUri",
                 "defaultValueId",
                 "defaultValueBoolean",
                 "defaultValueInteger",
                 "defaultValueDecimal",
                 "defaultValueDate",
                 "defaultValueDateTime",
                 "defaultValueTime"});
  }

  // R5: an expression; R4: a value.
  static std::string default_value(const Member& member) {
    const std::string_view type = member.name->text.substr(std::string_view("defaultValue").size());
    const std::string text(member.value.text());
    if (type.empty() || !member.value.is_string()) return text;
    const auto row =
        std::ranges::find_if(kValues, [&](const ValueRow& one) { return one.name.substr(5) == type && type != "Id"; });
    return parameter_text({row == kValues.end() ? Kind::String : row->kind, text, {}});
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
    if (list_of(node, "listMode").size() > 1)
      problem("expected one listMode in StructureMap.group.rule.target, found several (not supported)");
    for (const Node& mode : list_of(node, "listMode")) {
      made.list_mode = word(kTargetListModes, mode.text(), "group.rule.target.listMode");
    }
    made.share_id = text_of(node, "listRuleId");
    if (!made.share_id.empty() && made.list_mode != TargetListMode::Share)
      problem("expected listMode 'share' with listRuleId in StructureMap.group.rule.target, found another");
    for (const Node& one : list_of(node, "parameter"))
      made.parameters.push_back(parameter(one, "group.rule.target.parameter"));
    const std::string_view name = node.text_of("transform");
    // "copy" alone copies the only source.
    if (name == "copy" && made.parameters.empty() && sources.size() == 1 && !sources.front().variable.empty()) {
      made.parameters.push_back({Kind::Variable, sources.front().variable, {}});
    }
    if (!name.empty()) transform(name, made);
    if (name.empty() && !made.parameters.empty())
      problem("expected a transform for the parameters in StructureMap.group.rule.target, found none");
    if (made.context.empty() && (name.empty() || !made.path.empty()))
      problem("expected a context or only a transform in StructureMap.group.rule.target, found neither");
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
    if (entry->transform == Transform::Evaluate && made.parameters.back().kind == Kind::String) {
      made.parameters.back().kind = Kind::Expression;  // kept as a string
      expression_of(made.parameters.back().text, "group.rule.target.parameter");
    }
    normalise(made);
  }

  Parameter parameter(const Node& node, std::string_view path) {
    for (const ValueRow& row : kValues) {
      if (const Node* value = node.find(row.name)) {
        Parameter made{row.kind, std::string(value->text()), {}};
        const auto read = parse_parameter(parameter_text(made));  // "1e3" is no decimal of FML, "x y" no date
        if (!read || *read != made)
          problem("expected a proper " + std::string(row.name) + " in StructureMap." + std::string(path) +
                  ", found another value");
        return made;
      }
    }
    if (const Node* beside = node.find("_valueString")) return expression(*beside, path);
    problem("expected a value in StructureMap." + std::string(path) + ", found none that is known");
    return {};
  }

  // cqf-expression in place of a value
  Parameter expression(const Node& beside, std::string_view path) {
    for (const Node& one : list_of(beside, "extension")) {
      const Node* value = one.text_of("url") == kExpression ? one.find("valueExpression") : nullptr;
      if (value == nullptr) continue;
      const auto read = parse_parameter(value->text_of("expression"));
      if (read) return {read->kind, read->text, {}};
      problem("StructureMap." + std::string(path) + ": " + read.error().message);
    }
    problem("expected an expression in StructureMap." + std::string(path) + ", found none");
    return {};
  }

  Invocation dependent(const Node& node) {
    expect_only(node, "group.rule.dependent", {"name", "variable", "parameter"});
    Invocation made;
    made.group = name_of(node, "name", "group.rule.dependent");
    const auto beside = list_of(node, "_variable");
    const auto variables = list_of(node, "variable");
    for (std::size_t i = 0; i < std::max(variables.size(), beside.size()); ++i) {
      if (i < variables.size() && !variables[i].is_null()) {
        if (variables[i].text().empty())
          problem("expected a name in StructureMap.group.rule.dependent.variable, found none");
        made.parameters.push_back({Kind::Variable, std::string(variables[i].text()), {}});
      } else {
        made.parameters.push_back(expression(i < beside.size() ? beside[i] : Node(), "group.rule.dependent.variable"));
      }
    }
    for (const Node& one : list_of(node, "parameter"))
      made.parameters.push_back(parameter(one, "group.rule.dependent.parameter"));
    return made;
  }

  Reporter& reporter_;
};

}  // namespace

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
  const Node& root = (*document)->root();
  const std::string_view type = fhir::resource_type(root);
  MappingResource read;
  if (type == "StructureMap") {
    read.map = Reader(reporter).map(root);
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
