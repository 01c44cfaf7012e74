// StructureMap resources, written. What each form can say: structure_map_json.h.
#include "fhir/json.h"
#include "mapping/json_extensions.h"
#include "mapping/literal_text.h"
#include "mapping/metadata.h"
#include "mapping/normal_form.h"
#include "mapping/rule_parser.h"
#include "mapping/structure_map_json.h"
#include "mapping/words.h"

#include <array>

namespace bhi::mapping {

namespace {

using fhir::Node;
using ParameterKind = Parameter::Kind;

// value[x]; R4 has none of dates and times.
struct ValueName {
  std::string_view name;
  bool in_r4;
};

constexpr ValueName value_name(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::String: return {"valueString", true};
    case ParameterKind::Integer: return {"valueInteger", true};
    case ParameterKind::Decimal: return {"valueDecimal", true};
    case ParameterKind::Boolean: return {"valueBoolean", true};
    case ParameterKind::Date: return {"valueDate", false};
    case ParameterKind::DateTime: return {"valueDateTime", false};
    case ParameterKind::Time: return {"valueTime", false};
    case ParameterKind::Variable: return {"valueId", true};
    case ParameterKind::Expression: return {"valueString", true};
  }
  return {"valueString", true};
}

class Writer {
 public:
  Writer(const StructureMap& map, ResourceForm form) : map_(map), r4_(form == ResourceForm::R4), form_(form) {}

  Result<std::string> write() {
    ObjectBuilder made(arena_);
    made.text("resourceType", "StructureMap").text("url", map_.url).text("name", map_.name);
    add_metadata(map_.metadata, made, arena_);
    std::vector<Node> list;
    for (const ConceptMapText& one : map_.concept_maps) list.push_back(concept_map_node(one, form_, arena_));
    made.list("contained", list);
    if (r4_) constants_in_r4(made);
    list.clear();
    for (const StructureUse& one : map_.uses) list.push_back(structure(one));
    made.list("structure", list);
    list.clear();
    for (const Import& one : map_.imports) list.push_back(text(one.url));
    made.list("import", list);
    if (!r4_) constants(made);
    list.clear();
    for (const Group& one : map_.groups) {
      BHI_TRY(const Node node, group(one));
      list.push_back(node);
    }
    made.list("group", list);
    return fhir::write_json_pretty(made.node());
  }

 private:
  Node text(std::string_view value) { return Node::string(arena_.copy(value)); }
  ObjectBuilder object() { return ObjectBuilder(arena_); }

  void constants(ObjectBuilder& to) {
    std::vector<Node> list;
    for (const Constant& one : map_.constants) {
      list.push_back(object().text("name", one.name).text("value", plain_expression(one.value.text)).node());
    }
    to.list("const", list);
  }

  void constants_in_r4(ObjectBuilder& to) {
    std::vector<Node> list;
    for (const Constant& one : map_.constants) {
      const Node name = object().text("url", "name").text("valueId", one.name).node();
      const Node value = object().text("url", "value").text("valueString", plain_expression(one.value.text)).node();
      list.push_back(object().text("url", kConstantInR4).list("extension", {name, value}).node());
    }
    to.list("extension", list);
  }

  Node structure(const StructureUse& use) {
    return object()
        .text("url", use.url)
        .text("mode", word_of(kModelModes, use.mode))
        .text("alias", use.alias)
        .text("documentation", use.documentation)
        .node();
  }

  Result<Node> group(const Group& group) {
    ObjectBuilder made = object();
    made.text("name", group.name).text("extends", group.extends);
    if (r4_ || group.type_mode != TypeMode::None) made.text("typeMode", word_of(kTypeModes, group.type_mode));
    made.text("documentation", group.documentation);
    std::vector<Node> inputs;
    for (const GroupParameter& one : group.parameters) {
      inputs.push_back(object()
                           .text("name", one.name)
                           .text("type", one.type)
                           .text("mode", word_of(kParameterModes, one.mode))
                           .text("documentation", one.documentation)
                           .node());
    }
    made.list("input", inputs);
    BHI_CHECK(rules(group.rules, made));
    return made.node();
  }

  Result<void> rules(const std::vector<Rule>& rules, ObjectBuilder& to) {
    std::vector<Node> list;
    for (const Rule& one : rules) {
      BHI_TRY(const Node node, rule(one));
      list.push_back(node);
    }
    to.list("rule", list);
    return {};
  }

  Result<Node> rule(const Rule& rule) {
    ObjectBuilder made = object();
    made.text("name", rule.name);
    std::vector<Node> list;
    for (const RuleSource& one : rule.sources) list.push_back(source(one, rule.simple_copy));
    made.list("source", list);
    list.clear();
    for (const RuleTarget& one : rule.targets) {
      if (one.invocation) {
        return Error{Kind::Unsupported, "rule '" + rule.name +
                                            "': expected calls of groups behind the targets and without a variable "
                                            "(StructureMap has no other place for them), found one"};
      }
      list.push_back(target(one, rule.simple_copy));
    }
    made.list("target", list);
    BHI_CHECK(rules(rule.rules, made));
    list.clear();
    for (const Invocation& one : rule.dependents) list.push_back(dependent(one));
    made.list("dependent", list).text("documentation", rule.documentation);
    return made.node();
  }

  // "a.b"; a name that itself has a dot stands in backticks, as in FML.
  static std::string element_of(const std::vector<std::string>& path) {
    std::string element;
    for (const std::string& step : path) {
      const bool plain = step.find_first_of(".`") == std::string::npos;
      element += (element.empty() ? "" : ".") + (plain ? step : quoted(step, '`'));
    }
    return element;
  }

  Node source(const RuleSource& source, bool simple_copy) {
    ObjectBuilder made = object();
    if (r4_ && source.default_value && !plain_default(source)) {
      made.list(
          "extension",
          {object().text("url", kDefaultInR4).text("valueString", plain_expression(source.default_value.text)).node()});
    }
    made.text("context", source.context);
    if (source.has_cardinality) {
      made.add("min", Node::number(arena_.copy(std::string_view(std::to_string(source.min)))));
      made.text("max", source.max == RuleSource::kUnbounded ? "*" : std::to_string(source.max));
    }
    made.text("type", source.type);
    if (source.default_value) default_value(source, made);
    return made.text("element", element_of(source.path))
        .text("listMode", word_of(kSourceListModes, source.list_mode))
        .text("variable", simple_copy ? kSimpleVariable : source.variable)
        .text("condition", plain_expression(source.where.text))
        .text("check", plain_expression(source.check.text))
        .text("logMessage", plain_expression(source.log.text))
        .node();
  }

  // A literal that R4 has a defaultValue[x] for.
  static std::optional<Parameter> plain_default(const RuleSource& source) {
    const auto read = parse_parameter(source.default_value.text);
    if (!read || read->kind == ParameterKind::Variable || read->kind == ParameterKind::Expression) return std::nullopt;
    // A text that reading would write otherwise stays an expression.
    if (ExpressionText{parameter_text(*read), {}} != source.default_value) return std::nullopt;
    return *read;
  }

  void default_value(const RuleSource& source, ObjectBuilder& to) {
    if (!r4_) {
      to.text("defaultValue", plain_expression(source.default_value.text));
    } else if (const auto plain = plain_default(source)) {
      to.add("defaultValue" + std::string(value_name(plain->kind).name.substr(5)), value(*plain));
    }
  }

  Node value(const Parameter& parameter) {
    const std::string_view text = arena_.copy(std::string_view(parameter.text));
    switch (parameter.kind) {
      case ParameterKind::Integer:
      case ParameterKind::Decimal: return Node::number(text);
      case ParameterKind::Boolean: return Node::boolean(text == "true");
      default: return Node::string(text);
    }
  }

  Node target(const RuleTarget& target, bool simple_copy) {
    ObjectBuilder made = object();
    made.text("context", target.context);
    if (r4_ && !target.context.empty()) made.text("contextType", "variable");
    made.text("element", element_of(target.path)).text("variable", simple_copy ? kSimpleVariable : target.variable);
    if (target.list_mode != TargetListMode::None) {
      const bool collate = r4_ && target.list_mode == TargetListMode::Single;
      made.list("listMode", {text(collate ? "collate" : word_of(kTargetListModes, target.list_mode))});
    }
    made.text("listRuleId", target.share_id);
    if (simple_copy) made.text("transform", entry_of(Transform::Create).name);
    if (!target.transform) return made.node();
    made.text("transform", entry_of(*target.transform).name);
    std::vector<Node> list;
    for (const Parameter& one : target.parameters) {
      const bool kept_as_text = *target.transform == Transform::Evaluate && &one == &target.parameters.back();
      list.push_back(kept_as_text ? object().text("valueString", plain_expression(one.text)).node() : parameter(one));
    }
    return made.list("parameter", list).node();
  }

  Node expression(const Parameter& parameter) {
    const Node value = object().text("language", "text/fhirpath").text("expression", parameter_text(parameter)).node();
    const Node extension = object().text("url", kExpression).add("valueExpression", value).node();
    return object().list("extension", {extension}).node();
  }

  Node parameter(const Parameter& parameter) {
    const ValueName name = value_name(parameter.kind);
    if (parameter.kind == ParameterKind::Expression || (r4_ && !name.in_r4)) {
      return object().add("_valueString", expression(parameter)).node();
    }
    return object().add(name.name, value(parameter)).node();
  }

  Node dependent(const Invocation& call) {
    ObjectBuilder made = object();
    made.text("name", call.group);
    std::vector<Node> list;
    if (!r4_) {
      for (const Parameter& one : call.parameters) list.push_back(parameter(one));
      return made.list("parameter", list).node();
    }
    std::vector<Node> beside;
    bool any = false;
    for (const Parameter& one : call.parameters) {
      const bool variable = one.kind == ParameterKind::Variable;
      list.push_back(variable ? text(one.text) : Node());
      beside.push_back(variable ? Node() : expression(one));
      any = any || !variable;
    }
    made.list("variable", list);
    if (any) made.list("_variable", beside);
    return made.node();
  }

  const StructureMap& map_;
  bool r4_;
  ResourceForm form_;
  Arena arena_;
};

}  // namespace

Result<std::string> write_structure_map(const StructureMap& map, ResourceForm form) {
  return Writer(map, form).write();
}

}  // namespace bhi::mapping
