// Rules of a StructureMap in JSON: sources, targets, parameters, calls.
#include "mapping/cursor.h"
#include "mapping/json_extensions.h"
#include "mapping/literal_text.h"
#include "mapping/metadata.h"
#include "mapping/normal_form.h"
#include "mapping/rule_parser.h"
#include "mapping/structure_map_reader.h"

#include <algorithm>
#include <array>

namespace bhi::mapping {

namespace {

using fhir::NodeKind;
using Kind = Parameter::Kind;

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

}  // namespace

Rule StructureMapReader::rule(const Node& node) {
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
std::vector<std::string> StructureMapReader::path_of(const Node& node) {
  std::vector<std::string> path;
  std::string_view rest = node.text_of("element");
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find('.'), rest.size());
    if (rest.starts_with('`')) {
      Cursor cursor(rest);
      const auto name = cursor.at_name() ? cursor.name("a name") : Result<std::string>(Error{bhi::Kind::Incorrect, {}});
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

RuleSource StructureMapReader::source(const Node& node) {
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

void StructureMapReader::check_members(const Node& source) {
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
std::string StructureMapReader::default_value(const Member& member) {
  const std::string_view type = member.name->text.substr(std::string_view("defaultValue").size());
  const std::string text(member.value.text());
  if (type.empty() || !member.value.is_string()) return text;
  const auto row =
      std::ranges::find_if(kValues, [&](const ValueRow& one) { return one.name.substr(5) == type && type != "Id"; });
  return parameter_text({row == kValues.end() ? Kind::String : row->kind, text, {}});
}

std::uint32_t StructureMapReader::number(std::string_view text, std::uint32_t otherwise) {
  std::uint64_t value = 0;
  if (text.empty() || text.size() > 9) return otherwise;
  for (const char c : text) {
    if (c < '0' || c > '9') return otherwise;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return static_cast<std::uint32_t>(value);
}

RuleTarget StructureMapReader::target(const Node& node, const std::vector<RuleSource>& sources) {
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

void StructureMapReader::transform(std::string_view name, RuleTarget& made) {
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

Parameter StructureMapReader::parameter(const Node& node, std::string_view path) {
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
Parameter StructureMapReader::expression(const Node& beside, std::string_view path) {
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

Invocation StructureMapReader::dependent(const Node& node) {
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

}  // namespace bhi::mapping
